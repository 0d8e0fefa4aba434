/*
 * Why the tunnel is down, in the words that a 503 carries.
 */
#ifndef TUNNEL_OUTAGE_H
#define TUNNEL_OUTAGE_H

#include "tunnel/keeper.h"
#include "tunnel/problem.h"

/* All zero before the first status. */
struct outage {
    bool has_failed;        /* since the tunnel was up: why that was stays true meanwhile */
    bool is_lasting;        /* for minutes nothing is tried: no client need wait for it */
    uint64_t retry_at_us;   /* the next try; 0: there is one now, or it depends on others */
    char text[PROBLEM_MAX]; /* what clients are told; "" while it is up, and before */
};

/* True when clients are to be told something else. is_provider: who this is. */
bool outage_update(struct outage *outage, bool is_provider, const struct keeper_status *status,
                   uint64_t now_us);

#endif
