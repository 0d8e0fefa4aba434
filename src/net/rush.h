/*
 * Who of a loop sends in which of its turns, where several have much to send at
 * once. They stand in a line. So many from its head as a turn has time for send
 * a burst each, and go to its end; the others wait.
 *
 *   turn 1   [A] B C D E F G H        turn 2   [B] C D E F G H A
 *
 * That is one, or several smaller bursts where many are in line.
 *
 * A few large bursts cost less than a small one of each: the other end, once
 * awake, finds more of it, and what is sent is in the processor's cache. And a
 * turn stays short, whoever waits.
 *
 * Pure. Embedded in the loop, which says when a turn begins.
 */
#ifndef NET_RUSH_H
#define NET_RUSH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"

enum {
    /* What one call of UDP carries, headers left aside. A burst is so many of
     * them, without a packet alone behind the last one. */
    RUSH_BURST_LEAST = 63 << 10,
    RUSH_BURST_MAX = 8 * RUSH_BURST_LEAST,
    /* Some 300 us of our time, for which a word of another waits. */
    RUSH_TURN_BYTES = RUSH_BURST_MAX,
    /* Until all have had a turn: what one with much to send has to say besides
     * waits so long. */
    RUSH_ROUND_BYTES = 8 << 20
};

struct rush {
    struct list line; /* of places */
    unsigned count;   /* in it */
    unsigned due;     /* in this turn, those that have sent among them */
};

enum rush_state { RUSH_OUTSIDE, RUSH_WAITING, RUSH_DUE, RUSH_SERVED };

/* Embedded in who sends; all zeros is outside. */
struct rush_place {
    struct list link;
    enum rush_state state;
    bool has_come; /* in this turn */
};

void rush_init(struct rush *rush);

/* Who has not come in the turn before has left the line. */
void rush_begin_turn(struct rush *rush);

/* How many bytes may go now, of one that has some: to be asked again in the
 * next turn if that is less than all. SIZE_MAX: nobody else is in line. */
size_t rush_take(struct rush *rush, struct rush_place *place);

/* Harmless outside. */
void rush_leave(struct rush *rush, struct rush_place *place);

#endif
