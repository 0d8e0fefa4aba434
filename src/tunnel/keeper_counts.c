#include "tunnel/keeper_counts.h"

void keeper_counts_on_up(struct keeper_counts *counts, const struct peer *peer)
{
    struct peer_path path;
    if (peer_get_path(peer, &path) && path.is_relayed)
        counts->relayed++;
    else
        counts->direct++;
}

void keeper_counts_on_problem(struct keeper_counts *counts, enum problem_kind kind)
{
    switch (kind) {
    case PROBLEM_NO_PATH_IN_TIME:
        counts->pathless++;
        break;
    case PROBLEM_NO_OFFER:
    case PROBLEM_BAD_OFFER:
    case PROBLEM_BAD_ANSWER:
    case PROBLEM_LEFT:
    case PROBLEM_EXPIRED:
    case PROBLEM_NO_SESSION:
    case PROBLEM_SAME_JOB:
        counts->failed++;
        break;
    case PROBLEM_ENDED:
        counts->ended++;
        break;
    case PROBLEM_SIGNAL_LOST:
    case PROBLEM_SIGNAL_REFUSES:
    case PROBLEM_ROOM_FULL:
        counts->signal_losses++;
        break;
    case PROBLEM_SIGNAL_SLOW:
    case PROBLEM_GOODBYE:
        break;
    }
}

void keeper_counts_add(struct keeper_counts *counts, const struct keeper_counts *more)
{
    counts->direct += more->direct;
    counts->relayed += more->relayed;
    counts->pathless += more->pathless;
    counts->failed += more->failed;
    counts->ended += more->ended;
    counts->signal_losses += more->signal_losses;
    traffic_add(&counts->traffic, &more->traffic);
    histogram_merge(&counts->round_trips, &more->round_trips);
}
