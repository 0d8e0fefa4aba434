/*
 * RACK: a chunk is lost when one that was sent after it has arrived and it
 * had a round trip plus the reordering window of time to arrive itself. The
 * flight is kept in the order of sending, so only what is lost is looked at.
 * The window is nothing until reordering is seen, then a quarter of the least
 * round trip, more after each retransmission that proved needless.
 */
#include "sctp/recovery_walk.h"

enum { DUP_THRESHOLD = 3 /* TSNs past a hole: loss, though nothing reordered */ };

static uint64_t reorder_window(const struct recovery *r, const struct flight *f,
                               const struct rtt *rtt)
{
    if (!r->reordering_seen) {
        if (r->in_recovery)
            return 0;
        /* Fewer than three later TSNs could still be small reordering. */
        if (r->highest_acked >= f->first + DUP_THRESHOLD)
            return 0;
    }
    uint64_t window = rtt->min_us == UINT64_MAX ? 0 : rtt->min_us / 4 * r->reorder_mult;
    return window < rtt->srtt_us ? window : rtt->srtt_us;
}

struct recovery_walk recovery_walk_late(const struct recovery *r, const struct flight *f,
                                        const struct rtt *rtt, uint64_t now_us)
{
    return (struct recovery_walk){
        .next = f->by_time.oldest,
        .wait_us = r->rtt_us + reorder_window(r, f, rtt),
        .now_us = now_us,
        .until_us = r->xmit_us,
        .until_tsn = r->end_tsn,
        .visible_to = r->visible_to,
        .deadline_us = TIME_NEVER,
    };
}

struct recovery_walk recovery_walk_overdue(const struct recovery *r, const struct flight *f,
                                           const struct rtt *rtt, bool takes_first, uint64_t now_us)
{
    return (struct recovery_walk){
        .next = f->by_time.oldest,
        .wait_us = rtt->srtt_us + reorder_window(r, f, rtt),
        .now_us = now_us,
        .until_us = UINT64_MAX,
        .visible_to = UINT64_MAX,
        .takes_first = takes_first,
        .deadline_us = TIME_NEVER,
    };
}

uint64_t recovery_next_lost(const struct flight *f, struct recovery_walk *w)
{
    if (w->next != 0 && flight_at(f, w->next)->state != CHUNK_IN_FLIGHT)
        w->next = f->by_time.oldest; /* its message was given up as a whole */
    while (w->next != 0) {
        uint64_t tsn = w->next;
        const struct sent_chunk *c = flight_at(f, tsn);
        if (c->sent_us > w->until_us || (c->sent_us == w->until_us && tsn > w->until_tsn))
            return 0;
        w->next = c->newer;
        if (tsn > w->visible_to)
            continue; /* it may have arrived: there was no room to say so */
        if (!w->takes_first && c->sent_us + w->wait_us > w->now_us) {
            w->deadline_us = c->sent_us + w->wait_us;
            return 0;
        }
        w->takes_first = false;
        return tsn;
    }
    return 0;
}
