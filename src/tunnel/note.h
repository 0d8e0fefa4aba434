/*
 * What the rendezvous tells the log alone, and the line that it becomes.
 */
#ifndef TUNNEL_NOTE_H
#define TUNNEL_NOTE_H

#include <stdbool.h>

enum note {
    NOTE_SIGNAL_BACK,
    NOTE_SIGNAL_AWAY, /* text: how it was lost; a session is up */
    NOTE_SIGNAL_SAYS, /* text: about a message of ours */
    NOTE_OLD_GOES_ON, /* beside a session; text: the last problem, which its owner has */
    NOTE_OF_NO_USE,   /* text: why, of a description for a session that stands */
    NOTE_RESTART,     /* text: why */
    NOTE_NO_RESTART,  /* the other side does not take part in it */
    NOTE_NEWCOMER,    /* another process was refused, since the one before it answers */
    NOTE_NO_PLACE,    /* one was refused, since there are as many as there may be; text: who,
                         which its owner knows */
    NOTE_OTHERS_GO_ON /* text: the last problem, as above; it was with another partner */
};

/* text: as above, or NULL. */
void note_log(enum note note, const char *text);

/* Its text is the last problem. */
bool note_is_of_problem(enum note note);

#endif
