/*
 * Offers that nobody has answered are said again, with their candidates: who
 * they were for may come back by another socket, as the same member, and the
 * signal server has passed them on to the one before, which was dead already.
 * To be used where it is sealed: what has come there once is dropped as
 * replayed when it comes again, and changes nothing (tunnel/seal.h).
 *
 *   offer ─► after 3 s ─► after 6 s more ─► after 12 s more ─► given up
 *
 * An engine: no socket, no clock. Embedded in its owner.
 */
#ifndef TUNNEL_REPEAT_H
#define TUNNEL_REPEAT_H

#include "base/clock.h"
#include "base/list.h"
#include "tunnel/seal.h"

/* The wait for the first time; the others twice as long as the one before. */
#define REPEAT_FIRST_US (3 * US_PER_S)
enum { REPEAT_TIMES = 3 };

enum { REPEAT_BYTES_MAX = 256 << 10 }; /* of all together; what is over it is not said again */

struct repeats {
    struct list list; /* one for each member */
    size_t bytes;
};

void repeats_init(struct repeats *all);
void repeats_deinit(struct repeats *all);

/* That was said to the member, sealed: an offer, which takes the place of the
 * one before, or a candidate, which belongs to it. Of what answers nothing is
 * kept. */
void repeats_add(struct repeats *all, const char *peer, enum seal_type type, const char *wire,
                 uint64_t now_us);

/* The member was heard. */
void repeats_forget(struct repeats *all, const char *peer);
void repeats_clear(struct repeats *all);

uint64_t repeats_due_us(const struct repeats *all); /* TIME_NEVER: nothing is left */

/* Says what is due, in the order in which it was said. say must not call. */
void repeats_run(struct repeats *all, uint64_t now_us,
                 void (*say)(const char *peer, enum seal_type type, const char *wire, void *arg),
                 void *arg);

#endif
