/*
 * A SACK received (RFC 9260 section 6.2.1): what is newly acked leaves the
 * flight, feeds the measurements, and the rest may turn out lost.
 *
 * Each SACK repeats all gap blocks, and a long flight with loss has many; so
 * blocks are compared with what is known 64 TSNs at a time, and only new ones
 * are looked at.
 *
 * A peer may take a gap block back (renege). It then reports as cumulative
 * TSN the one before a TSN that it had reported in a block, which no order of
 * arrival can explain otherwise: that is how it is noticed.
 */
#include "sctp/ack.h"

#include "base/bytes.h"
#include "sctp/assoc.h"
#include "sctp/loss.h"

enum { MANY_GAPS = 64 /* a SACK with more may not tell of all */ };

/* What one SACK brings, while it is read. */
struct news {
    struct rate_gather gather;
    size_t acked;
    size_t acked_here; /* of these, what was sent on this path */
    uint64_t rtt_us;   /* of the latest of these that was sent once */
    uint64_t rtt_sent_us;
    bool cum_moved;
};

static void newly_acked(struct sctp_assoc *a, struct news *n, uint64_t tsn, uint64_t now_us)
{
    struct sent_chunk *c = flight_at(&a->flight, tsn);
    n->acked += c->wire;
    bool is_of_this_path = c->sent_us >= a->path.since_us;
    n->acked_here += is_of_this_path ? c->wire : 0;
    if (c->transmissions == 1 && is_of_this_path && c->sent_us >= n->rtt_sent_us) {
        n->rtt_sent_us = c->sent_us;
        n->rtt_us = now_us > c->sent_us ? now_us - c->sent_us : 1;
    }
    recovery_on_acked(&a->recovery, &a->rtt, c, tsn, now_us);
    rate_on_acked(&a->rate, &n->gather, c, now_us);
    flight_ack(&a->flight, tsn);
}

static void take_cum(struct sctp_assoc *a, struct news *n, uint64_t cum, uint64_t now_us)
{
    while (a->flight.first <= cum) {
        struct sent_chunk *c = flight_at(&a->flight, a->flight.first);
        if (c->state == CHUNK_IN_FLIGHT || c->state == CHUNK_LOST)
            newly_acked(a, n, a->flight.first, now_us);
        struct sctp_message *m = c->message;
        flight_pop(&a->flight);
        sendq_release(&a->sendq, m);
        n->cum_moved = true;
    }
}

/* Everything from start to end is acked by a gap block. */
static void take_gap(struct sctp_assoc *a, struct news *n, uint64_t start, uint64_t end,
                     uint64_t now_us)
{
    for (uint64_t at = start & ~UINT64_C(63); at <= end; at += 64) {
        uint64_t mask = ~UINT64_C(0);
        if (at < start)
            mask &= ~UINT64_C(0) << (start & 63);
        if (end - at < 63)
            mask &= (UINT64_C(1) << (end - at + 1)) - 1;
        uint64_t fresh = mask & ~*flight_acked_word(&a->flight, at);
        while (fresh) {
            uint64_t tsn = at + (uint64_t)__builtin_ctzll(fresh);
            fresh &= fresh - 1;
            if (flight_at(&a->flight, tsn)->state != CHUNK_ABANDONED)
                newly_acked(a, n, tsn, now_us);
        }
    }
}

static void take_gaps(struct sctp_assoc *a, struct news *n, const struct chunk_sack *s,
                      uint64_t cum, uint64_t now_us)
{
    recovery_set_visible(&a->recovery, UINT64_MAX);
    for (size_t i = 0; i < s->gaps; i++) {
        uint64_t start = cum + get_u16be(s->gap_bytes + 4 * i);
        uint64_t end = cum + get_u16be(s->gap_bytes + 4 * i + 2);
        if (start <= cum || end < start || end >= a->flight.next)
            return; /* nonsense; the next SACK may have sense */
        take_gap(a, n, start, end, now_us);
        if (s->gaps >= MANY_GAPS)
            recovery_set_visible(&a->recovery, end);
    }
}

static void notice_reneging(struct sctp_assoc *a)
{
    struct flight *f = &a->flight;
    if (flight_is_empty(f) || flight_at(f, f->first)->state != CHUNK_ACKED)
        return;
    for (uint64_t tsn = f->first; tsn < f->next; tsn++) {
        if (flight_at(f, tsn)->state == CHUNK_ACKED)
            flight_unack(f, tsn);
    }
}

static void tell_congestion_control(struct sctp_assoc *a, const struct news *n, size_t lost,
                                    size_t prior_in_flight, uint64_t now_us)
{
    /* One HEARTBEAT that was held up would have every sample of the bandwidth
     * look too short to be true. */
    uint64_t min_rtt_us = a->rtt.has_data ? a->rtt.min_us : 0;
    struct cc_ack ack = {
        .now_us = now_us,
        .rtt_us = n->rtt_us,
        .srtt_us = a->rtt.srtt_us,
        .acked = n->acked_here,
        .lost = lost,
        .prior_in_flight = prior_in_flight,
        .in_flight = a->flight.bytes,
        .in_recovery = a->recovery.in_recovery,
        .is_cwnd_limited = a->is_cwnd_limited,
        .has_backlog = a->has_backlog,
        .rate = rate_finish(&a->rate, &n->gather, min_rtt_us),
        .delivered = a->rate.delivered,
    };
    /* What the path before carried, and how fast, says nothing of this one. */
    if (n->gather.sent_us < a->path.since_us)
        ack.rate.bytes_per_s = 0;
    a->cc.ops->on_ack(&a->cc, &ack);
}

/* cum is not behind what is known, and everything it covers was sent. */
static void take(struct sctp_assoc *a, const struct chunk_sack *s, uint64_t cum, uint64_t now_us)
{
    struct news n = {0};
    size_t prior_in_flight = a->flight.bytes;
    take_cum(a, &n, cum, now_us);
    take_gaps(a, &n, s, cum, now_us);
    if (n.rtt_us > 0) {
        rtt_sample(&a->rtt, n.rtt_us);
        a->rtt.has_data = true;
    }
    for (size_t i = 0; i < s->duplicates && i < MAX_DUPLICATES; i++) {
        uint32_t tsn = get_u32be(s->duplicate_bytes + 4 * i);
        recovery_on_duplicate(&a->recovery, serial_extend(a->flight.next, tsn), a->flight.next);
    }
    bool progress = n.acked > 0 || n.cum_moved;
    notice_reneging(a);
    size_t lost = loss_detect(a, now_us);
    loss_after_sack(a, progress, now_us);
    if (n.acked > 0 || lost > 0)
        tell_congestion_control(a, &n, lost, prior_in_flight, now_us);
    if (a->flight.bytes == 0 && prior_in_flight > 0)
        a->idle_since_us = now_us;
    forward_advance(a);
}

void ack_on_sack(struct sctp_assoc *a, const struct chunk_sack *s, uint64_t now_us)
{
    uint64_t cum = serial_extend(a->flight.first - 1, s->cum_tsn);
    if (cum + 1 < a->flight.first)
        return; /* overtaken by a newer one */
    if (cum >= a->flight.next) {
        assoc_close_violated(a, CAUSE_PROTOCOL_VIOLATION); /* acks what was never sent */
        return;
    }
    bool is_opened = a->peer_window < BASE_MTU && s->window >= BASE_MTU;
    a->peer_window = s->window;
    take(a, s, cum, now_us);
    if (is_opened)
        loss_on_window_opened(a, now_us);
    /* A peer that is there but does not read is not dead. */
    recovery_on_window(&a->recovery, s->window < a->out.mtu, s->window < BASE_MTU);
    a->is_due = true;
}

void ack_on_cum(struct sctp_assoc *a, uint32_t cum_tsn, uint64_t now_us)
{
    struct chunk_sack s = {.cum_tsn = cum_tsn, .window = (uint32_t)a->peer_window};
    ack_on_sack(a, &s, now_us);
}
