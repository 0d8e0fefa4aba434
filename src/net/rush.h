/*
 * Who of a loop sends in which of its turns, where several have much to send at
 * once. They stand in a line. The first sends until it has sent a burst, in as
 * many turns as it takes to get it: a piece each, while what it has read is in
 * the processor's cache. Then it goes to the line's end.
 *
 *   turns 1 to 4   [A] B C D        turns 5 to 8   [B] C D A
 *
 * Who is held up by its own windows or pace in the midst of a burst is not who
 * the machine holds up: it leaves the line, and what is left of its burst it
 * sends beside whoever is first, whenever it can.
 *
 * Large bursts cost less than small ones: the other end, once awake, finds more
 * of them. And a turn stays short, whoever waits: a word of another goes
 * between two pieces.
 *
 * Pure. Embedded in the loop, which says when a turn ends.
 */
#ifndef NET_RUSH_H
#define NET_RUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

enum {
    /* What one call of UDP carries, headers left aside. A burst is so many of
     * them, without a packet alone behind the last one. */
    RUSH_BURST_LEAST = 63 << 10,
    RUSH_BURST_MAX = 192 * RUSH_BURST_LEAST,
    /* Until all have had a burst. */
    RUSH_ROUND_BYTES = 8 * RUSH_BURST_MAX,
    /* The same on a machine that is not so fast. */
    RUSH_BURST_US_MAX = 8000,
    RUSH_ROUND_US = 8 * RUSH_BURST_US_MAX,
    /* A piece, and what who waits has ready: it leaves the cache. */
    RUSH_QUEUE = 8 * RUSH_BURST_LEAST
};

/* Bytes that were sent, of which most may go; SIZE_MAX: nobody else is in line.
 * Who has more comes again under it. */
typedef size_t rush_send(void *arg, size_t most);

struct rush {
    struct list line;   /* of places */
    struct list beside; /* of those who were held up, and have come */
    unsigned count;     /* in line */
    unsigned ready;     /* who have come */
};

enum rush_where { RUSH_OUTSIDE, RUSH_IN_LINE, RUSH_BESIDE };

/* Embedded in who sends. */
struct rush_place {
    struct list link;
    enum rush_where where;
    bool has_come;     /* since it sent last */
    bool is_held;      /* as it sent last */
    size_t left;       /* of its burst, outside as well; 0: it has not begun */
    uint64_t until_us; /* when its burst ends at the latest */
    rush_send *send;
    void *arg;
};

void rush_init(struct rush *rush);
void rush_place_init(struct rush_place *place, rush_send *send, void *arg);

/* There is something to send: send() follows, in this turn or a later one. */
void rush_come(struct rush *rush, struct rush_place *place);

/* Under send(): its own windows or pace hold it up. */
void rush_hold(struct rush_place *place);

/* Whether nobody else is in line. */
bool rush_is_alone(const struct rush *rush, const struct rush_place *place);

/* Whether the send() of who has come follows in this turn. */
bool rush_is_next(const struct rush *rush, const struct rush_place *place);

/* All beside it send, and one of the line, until one is not held up. Who was
 * first and has not come since leaves. */
void rush_end_turn(struct rush *rush, uint64_t now_us);

/* Whether the next turn has somebody to call: nothing is to be waited for. */
bool rush_is_ready(const struct rush *rush);

/* With it goes what is left of a burst. Harmless outside. */
void rush_leave(struct rush *rush, struct rush_place *place);

#endif
