/*
 * A path that congestion control is driven along without an engine: a rate, a
 * round trip, a queue that holds what is too much, in steps of a millisecond.
 */
#ifndef TESTS_SCTP_CC_PATH_H
#define TESTS_SCTP_CC_PATH_H

#include "base/clock.h"
#include "sctp/cc.h"

enum {
    CC_PATH_MSS = 1180,
    CC_PATH_MS = 1 << 17, /* most that a test lasts */
    CC_PATH_BEGIN = 1000, /* so that a round trip before is no negative time */
};

struct cc_path {
    struct cc cc;
    uint64_t rate; /* bytes a second */
    uint64_t rtt_ms;
    uint64_t now_ms;
    /* In bytes, by the end of each millisecond. */
    uint64_t sent[CC_PATH_MS];
    uint64_t left[CC_PATH_MS]; /* the queue */
    uint64_t acked[CC_PATH_MS];
    uint64_t oldest_ms; /* when what is acknowledged next was sent */
};

static inline uint64_t cc_path_bdp(const struct cc_path *p)
{
    return p->rate * p->rtt_ms / 1000;
}

static inline size_t cc_path_in_flight(const struct cc_path *p)
{
    return (size_t)(p->sent[p->now_ms] - p->acked[p->now_ms]);
}

static inline void cc_path_send(struct cc_path *p)
{
    uint64_t in_flight = cc_path_in_flight(p);
    uint64_t paced = p->cc.pacing_rate ? p->cc.pacing_rate / 1000 : p->cc.cwnd;
    uint64_t room = p->cc.cwnd > in_flight ? p->cc.cwnd - in_flight : 0;
    p->sent[p->now_ms] += paced < room ? paced : room;
}

static inline void cc_path_init(struct cc_path *p, const struct cc_ops *ops, uint64_t rate,
                                uint64_t rtt_ms)
{
    *p = (struct cc_path){.rate = rate,
                          .rtt_ms = rtt_ms,
                          .now_ms = CC_PATH_BEGIN,
                          .oldest_ms = CC_PATH_BEGIN};
    cc_init(&p->cc, ops, CC_PATH_MSS, 1, p->now_ms * US_PER_MS);
    cc_path_send(p);
}

/* A millisecond later: what has left the queue, what is acknowledged. Returns
 * how much that is. */
static inline uint64_t cc_path_advance(struct cc_path *p)
{
    uint64_t at = ++p->now_ms;
    p->sent[at] = p->sent[at - 1];
    uint64_t waiting = p->sent[at] - p->left[at - 1];
    uint64_t serves = p->rate / 1000;
    p->left[at] = p->left[at - 1] + (waiting < serves ? waiting : serves);
    uint64_t arrived = p->left[at - p->rtt_ms];
    p->acked[at] = arrived > p->acked[at - 1] ? arrived : p->acked[at - 1];
    while (p->sent[p->oldest_ms] < p->acked[at])
        p->oldest_ms++;
    return p->acked[at] - p->acked[at - 1];
}

static inline void cc_path_step(struct cc_path *p)
{
    uint64_t acked = cc_path_advance(p);
    uint64_t rtt_ms = p->now_ms - p->oldest_ms;
    uint64_t prior = p->acked[p->oldest_ms];
    struct cc_ack ack = {
        .now_us = p->now_ms * US_PER_MS,
        .rtt_us = rtt_ms * US_PER_MS,
        .srtt_us = rtt_ms * US_PER_MS,
        .delivered = p->acked[p->now_ms],
        .acked = (size_t)acked,
        .in_flight = cc_path_in_flight(p),
        .prior_in_flight = cc_path_in_flight(p) + (size_t)acked,
        .is_cwnd_limited = true,
        .has_backlog = true,
        .rate = {.bytes_per_s = (p->acked[p->now_ms] - prior) * 1000 / (rtt_ms ? rtt_ms : 1),
                 .prior_delivered = prior,
                 .delivered = p->acked[p->now_ms] - prior,
                 .tx_in_flight = (uint32_t)(p->sent[p->oldest_ms] - prior)},
    };
    if (acked > 0)
        p->cc.ops->on_ack(&p->cc, &ack);
    cc_path_send(p);
}

static inline void cc_path_run(struct cc_path *p, uint64_t ms)
{
    for (uint64_t i = 0; i < ms; i++)
        cc_path_step(p);
}

#endif
