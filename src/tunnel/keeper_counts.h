/*
 * What a keeper has come to so far: how its negotiations went, what its
 * sessions carried, how long round trips were. Figures only grow.
 */
#ifndef TUNNEL_KEEPER_COUNTS_H
#define TUNNEL_KEEPER_COUNTS_H

#include "base/histogram.h"
#include "tunnel/problem.h"
#include "tunnel/traffic.h"

struct keeper_counts {
    uint64_t direct;              /* sessions that came up so */
    uint64_t relayed;             /* likewise */
    uint64_t pathless;            /* negotiations that found no path */
    uint64_t failed;              /* that came to nothing otherwise */
    uint64_t ended;               /* sessions that were up and broke off */
    uint64_t signal_losses;       /* the signal server was gone, or refused us */
    struct traffic traffic;       /* of sessions */
    struct histogram round_trips; /* by PING */
};

/* A session is up. */
void keeper_counts_on_up(struct keeper_counts *counts, const struct peer *peer);
void keeper_counts_on_problem(struct keeper_counts *counts, enum problem_kind kind);
void keeper_counts_add(struct keeper_counts *counts, const struct keeper_counts *more);

#endif
