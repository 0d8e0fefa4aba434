/*
 * A walk through what is in flight, least recently sent first, for what is
 * lost by now.
 */
#ifndef SCTP_RECOVERY_WALK_H
#define SCTP_RECOVERY_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "sctp/flight.h"
#include "sctp/recovery.h"
#include "sctp/rtt.h"

struct recovery_walk {
    uint64_t next;    /* TSN to look at */
    uint64_t wait_us; /* what a chunk has to arrive in */
    uint64_t now_us;
    uint64_t until_us; /* beyond what was sent then, or with this TSN: nothing */
    uint64_t until_tsn;
    uint64_t visible_to;
    bool takes_first;     /* whatever its age */
    uint64_t deadline_us; /* when the one that ended the walk is lost, or TIME_NEVER */
};

/* What RACK gives up. */
struct recovery_walk recovery_walk_late(const struct recovery *r, const struct flight *f,
                                        const struct rtt *rtt, uint64_t now_us);
/* What had a round trip's time; what was just sent may be under way. */
struct recovery_walk recovery_walk_overdue(const struct recovery *r, const struct flight *f,
                                           const struct rtt *rtt, bool takes_first,
                                           uint64_t now_us);

/* The next lost one, or 0. Until the next call the caller may lose it, and
 * abandon others. */
uint64_t recovery_next_lost(const struct flight *f, struct recovery_walk *w);

#endif
