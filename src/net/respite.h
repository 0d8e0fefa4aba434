/*
 * When a loop leaves its descriptors alone for a moment, because what comes is
 * of no urgency, as the answers of a crowd to pings are. Looking for one event
 * costs as much as taking it does, and that the loop sleeps until the next; so
 * where they come one by one, many a moment, they are looked for together.
 *
 *   an event now and then     taken as it comes
 *   several, and all of them  one look at all descriptors a rest
 *   can wait
 *   any other among them      as they come
 *
 * What comes within a rest waits for its end, whatever it is. Sans-I/O;
 * embedded in its owner.
 */
#ifndef NET_RESPITE_H
#define NET_RESPITE_H

#include <stdint.h>

#include "base/clock.h"

#define RESPITE_US US_PER_MS

/* All zero is a fresh one. */
struct respite {
    unsigned events;   /* in this turn */
    unsigned patient;  /* of them, those that could have waited */
    unsigned last;     /* the last of these */
    uint64_t began_us; /* when the last turn with nothing else began */
};

/* An event is about to be taken. */
void respite_on_event(struct respite *respite);

/* The one under way could have waited. As often as one likes for each. */
void respite_on_patience(struct respite *respite);

/* At the end of a turn whose events had come at began_us: for how long to rest,
 * RESPITE_US or 0. */
uint64_t respite_end_turn(struct respite *respite, uint64_t began_us);

#endif
