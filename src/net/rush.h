/*
 * How many are busy in the same turns of a loop. Each that has something to
 * send says so, however often in a turn, and learns how many do, itself among
 * them: so many share what a turn may take.
 */
#ifndef NET_RUSH_H
#define NET_RUSH_H

#include <stdint.h>

#include "net/loop.h"

/* Embedded in the loop; all zeros is none. */
struct rush {
    uint64_t turn; /* of the last who came; from 1 on */
    unsigned here; /* in that turn */
    unsigned before;
};

/* *joined is the caller's: the turn of its last call, 0 at first. Whoever has
 * not come yet in this turn counts as in the last. */
unsigned rush_join(struct rush *rush, uint64_t turn, uint64_t *joined);

/* The same, in this turn of the loop. */
unsigned loop_rush(struct loop *loop, uint64_t *joined);

#endif
