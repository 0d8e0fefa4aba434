/*
 * One row a note: how loud, and the words around its text.
 */
#include "tunnel/note.h"

#include "base/log.h"

void note_log(enum note note, const char *text)
{
    static const struct {
        enum log_level level;
        const char *before;
        const char *after;
    } notes[] = {
        [NOTE_SIGNAL_BACK] = {LOG_INFO, "tunnel: back at ", ""},
        [NOTE_SIGNAL_AWAY] = {LOG_WARN, "tunnel: ", "; the connection stays up without it"},
        [NOTE_SIGNAL_SAYS] = {LOG_WARN, "tunnel: the signal server says: ", ""},
        [NOTE_OLD_GOES_ON] = {LOG_WARN, "tunnel: a new session was not established (",
                              "); the old one goes on"},
        [NOTE_OF_NO_USE] = {LOG_DEBUG, "keeper: a description of a session is of no use: ", ""},
        [NOTE_RESTART] = {LOG_INFO, "tunnel: ", "; looking for another path"},
        [NOTE_NO_RESTART] = {LOG_DEBUG, "keeper: the other side takes no part in a restart", ""},
        [NOTE_NEWCOMER] = {LOG_WARN, "tunnel: refused another process that came into the room",
                           ": the one that we are connected to answers"},
        [NOTE_NO_PLACE] = {LOG_WARN, "tunnel: turned ",
                           " away: we have as many partners as we take"},
        [NOTE_OTHERS_GO_ON] = {LOG_INFO, "tunnel: no session with another one (",
                               "); those that are up go on"},
    };
    log_write(notes[note].level, "%s%s%s", notes[note].before, text ? text : "", notes[note].after);
}

bool note_is_of_problem(enum note note)
{
    return note == NOTE_OLD_GOES_ON || note == NOTE_OTHERS_GO_ON;
}
