/*
 * Loss recovery after RFC 8985, with TSNs for sequence numbers.
 *
 * RACK: a chunk is lost when one that was sent after it has arrived and it
 * had a round trip plus the reordering window of time to arrive itself. The
 * flight is kept in the order of sending, so only what is lost is looked at.
 * The window is nothing until reordering is seen, then a quarter of the least
 * round trip, more after each retransmission that proved needless.
 *
 * TLP: when nothing is heard for two round trips, one more chunk is sent, so
 * that loss at the end of a burst is found by RACK and not by the timeout.
 *
 * RTO: when that fails too, everything that had its time is lost. It starts
 * anew whenever the peer acknowledges something.
 *
 * Undo: each loss is counted; a duplicate report, an acknowledgement before
 * the retransmission, or one sooner after it than any round trip, takes one
 * back. When none is left the congestion response is undone.
 */
#include "sctp/assoc.h"

enum {
    DUP_THRESHOLD = 3,    /* TSNs past a hole: loss, though nothing reordered */
    REORDER_MULT_MAX = 4, /* the reordering window is at most a round trip */
    REORDER_PERSIST = 16, /* recoveries until it shrinks again */
    BACKOFF_MAX = 8,
};

void rtt_init(struct rtt *r)
{
    *r = (struct rtt){.min_us = UINT64_MAX, .rto_us = RTO_INITIAL_US};
}

void rtt_sample(struct rtt *r, uint64_t sample_us)
{
    if (sample_us == 0)
        sample_us = 1;
    if (sample_us < r->min_us)
        r->min_us = sample_us;
    if (r->srtt_us == 0) {
        r->srtt_us = sample_us;
        r->var_us = sample_us / 2;
    } else {
        uint64_t off = r->srtt_us > sample_us ? r->srtt_us - sample_us : sample_us - r->srtt_us;
        r->var_us = (3 * r->var_us + off) / 4;
        r->srtt_us = (7 * r->srtt_us + sample_us) / 8;
        if (r->srtt_us == 0)
            r->srtt_us = 1;
    }
    uint64_t rto = r->srtt_us + 4 * r->var_us;
    r->rto_us = rto < RTO_MIN_US ? RTO_MIN_US : rto > RTO_MAX_US ? RTO_MAX_US : rto;
}

void recovery_init(struct sctp_assoc *a)
{
    a->recovery = (struct recovery){.reorder_mult = 1};
}

bool recovery_count_error(struct sctp_assoc *a)
{
    if (++a->recovery.errors <= a->config.max_retransmit)
        return false;
    close_now(a, SCTP_CLOSED_TIMEOUT);
    return true;
}

static void loss_was_spurious(struct sctp_assoc *a)
{
    if (a->recovery.undo_count > 0)
        a->recovery.undo_count--;
}

void recovery_on_acked(struct sctp_assoc *a, uint64_t tsn, uint64_t now_us)
{
    struct recovery *r = &a->recovery;
    const struct sent_chunk *c = flight_at(&a->flight, tsn);
    uint64_t rtt_us = now_us - c->sent_us;
    if (c->state == CHUNK_LOST) {
        loss_was_spurious(a); /* it arrived by itself */
        r->reordering_seen = true;
    }
    if (c->transmissions > 1 && a->rtt.min_us != UINT64_MAX && rtt_us < a->rtt.min_us) {
        /* The acknowledgement of an earlier transmission. It says nothing
         * about the time of the latest. */
        if (c->state == CHUNK_IN_FLIGHT && tsn != r->probe_tsn)
            loss_was_spurious(a);
        return;
    }
    if (c->transmissions == 1 && tsn < r->highest_acked)
        r->reordering_seen = true;
    if (tsn > r->highest_acked)
        r->highest_acked = tsn;
    if (c->sent_us > r->xmit_us || (c->sent_us == r->xmit_us && tsn > r->end_tsn)) {
        r->xmit_us = c->sent_us;
        r->end_tsn = tsn;
        r->rtt_us = rtt_us;
    }
}

void recovery_on_duplicate(struct sctp_assoc *a, uint64_t tsn, uint64_t now_us)
{
    struct recovery *r = &a->recovery;
    (void)now_us;
    if (r->probe_tsn == tsn && r->probe_is_retransmission) {
        r->probe_tsn = 0; /* the original had arrived: nothing was lost */
        return;
    }
    if (r->undo_count == 0)
        return; /* the network doubles packets */
    loss_was_spurious(a);
    r->reordering_seen = true;
    if (tsn >= r->mult_round) {
        r->mult_round = a->flight.next;
        if (r->reorder_mult < REORDER_MULT_MAX)
            r->reorder_mult++;
        r->reorder_persist = REORDER_PERSIST;
    }
}

static uint64_t reorder_window(const struct sctp_assoc *a)
{
    const struct recovery *r = &a->recovery;
    if (!r->reordering_seen) {
        if (r->in_recovery)
            return 0;
        /* Fewer than three later TSNs could still be small reordering. */
        if (r->highest_acked >= a->flight.first + DUP_THRESHOLD)
            return 0;
    }
    uint64_t window = a->rtt.min_us == UINT64_MAX ? 0 : a->rtt.min_us / 4 * r->reorder_mult;
    return window < a->rtt.srtt_us ? window : a->rtt.srtt_us;
}

static void enter_recovery(struct sctp_assoc *a, uint64_t now_us)
{
    struct recovery *r = &a->recovery;
    if (r->in_recovery)
        return;
    r->in_recovery = true;
    r->end = a->flight.next;
    r->can_undo = true;
    r->undo_count = 0;
    a->cc.ops->on_recovery(&a->cc, a->flight.bytes, now_us);
}

/* One chunk is lost: to be sent again, or given up. */
static size_t lose(struct sctp_assoc *a, uint64_t tsn, uint64_t now_us)
{
    struct sent_chunk *c = flight_at(&a->flight, tsn);
    a->rate.lost += c->wire;
    a->stats.lost++;
    struct cc_loss loss = {
        .now_us = now_us,
        .delivered = a->rate.delivered,
        .bytes = c->wire,
        .tx_in_flight = c->mark.in_flight,
        .lost_since = a->rate.lost - c->mark.lost,
        .is_app_limited = c->mark.is_app_limited,
        .starts_range = tsn != a->recovery.last_lost + 1,
    };
    size_t wire = c->wire;
    a->recovery.last_lost = tsn;
    a->recovery.undo_count++;
    flight_lose(&a->flight, tsn);
    if (forward_is_spent(a, c))
        forward_abandon(a, c->message, now_us);
    a->cc.ops->on_loss(&a->cc, &loss);
    return wire;
}

size_t recovery_detect(struct sctp_assoc *a, uint64_t now_us)
{
    struct recovery *r = &a->recovery;
    size_t lost = 0;
    assoc_disarm(a, TIMER_REORDER);
    uint64_t window = reorder_window(a);
    uint64_t next;
    for (uint64_t tsn = a->flight.by_time.oldest; tsn != 0; tsn = next) {
        struct sent_chunk *c = flight_at(&a->flight, tsn);
        next = c->newer;
        if (c->sent_us > r->xmit_us || (c->sent_us == r->xmit_us && tsn > r->end_tsn))
            break;
        if (tsn > r->visible_to)
            continue; /* it may have arrived: there was no room to say so */
        uint64_t late_us = c->sent_us + r->rtt_us + window;
        if (late_us > now_us) {
            assoc_arm(a, TIMER_REORDER, late_us);
            break;
        }
        enter_recovery(a, now_us);
        lost += lose(a, tsn, now_us);
        if (next != 0 && flight_at(&a->flight, next)->state != CHUNK_IN_FLIGHT)
            next = a->flight.by_time.oldest; /* its message was given up as a whole */
    }
    return lost;
}

void recovery_on_reorder_timer(struct sctp_assoc *a, uint64_t now_us)
{
    recovery_detect(a, now_us);
    a->is_due = true;
}

/* The tail probe was answered. If it was a retransmission and no duplicate
 * was reported, it repaired a loss, which congestion control must hear of. */
static void check_probe(struct sctp_assoc *a, uint64_t now_us)
{
    struct recovery *r = &a->recovery;
    if (r->probe_tsn == 0 || a->flight.first <= r->probe_tsn)
        return;
    if (r->probe_is_retransmission && !r->in_recovery) {
        a->cc.ops->on_recovery(&a->cc, a->flight.bytes, now_us);
        a->cc.ops->on_recovered(&a->cc, now_us);
    }
    r->probe_tsn = 0;
}

static void undo(struct sctp_assoc *a, uint64_t now_us)
{
    struct recovery *r = &a->recovery;
    a->cc.ops->on_undo(&a->cc, now_us);
    a->stats.undone++;
    r->can_undo = false;
    r->in_recovery = false;
    r->errors = 0; /* everything had arrived: the peer is there */
}

void recovery_after_sack(struct sctp_assoc *a, bool progress, uint64_t now_us)
{
    struct recovery *r = &a->recovery;
    check_probe(a, now_us);
    if (progress) {
        r->progress_us = now_us;
        r->backoff = 0;
        r->errors = 0;
    }
    if (r->can_undo && r->undo_count == 0 && !flight_has_lost(&a->flight))
        undo(a, now_us);
    if (!r->in_recovery || a->flight.first < r->end)
        return;
    r->in_recovery = false;
    r->can_undo = r->undo_count > 0 ? r->can_undo : false;
    if (r->reorder_persist > 0 && --r->reorder_persist == 0)
        r->reorder_mult = 1;
    a->cc.ops->on_recovered(&a->cc, now_us);
}

/* Sets probe and timeout for what is in flight now. */
void recovery_rearm(struct sctp_assoc *a, uint64_t now_us)
{
    struct recovery *r = &a->recovery;
    assoc_disarm(a, TIMER_RTO);
    assoc_disarm(a, TIMER_PROBE);
    if (a->flight.bytes == 0) {
        /* Lost chunks that nothing lets out would wait forever. */
        if (flight_has_lost(&a->flight) && a->timers[TIMER_PACE] == TIME_NEVER)
            assoc_arm(a, TIMER_RTO, now_us + a->rtt.rto_us);
        return;
    }
    uint64_t oldest_us = flight_at(&a->flight, a->flight.by_time.oldest)->sent_us;
    uint64_t base_us = oldest_us > r->progress_us ? oldest_us : r->progress_us;
    /* Also anew from each expiry, or the next of a train of chunks that are
     * all this old would expire at once. */
    if (base_us < r->expired_us)
        base_us = r->expired_us;
    uint64_t rto_us = a->rtt.rto_us << r->backoff;
    rto_us = rto_us < RTO_MAX_US ? rto_us : RTO_MAX_US;
    assoc_arm(a, TIMER_RTO, base_us + rto_us);
    if (r->in_recovery || r->probe_tsn != 0 || r->backoff > 0 || a->rtt.srtt_us == 0 ||
        flight_has_lost(&a->flight))
        return;
    uint64_t newest_us = flight_at(&a->flight, a->flight.by_time.newest)->sent_us;
    base_us = newest_us > r->progress_us ? newest_us : r->progress_us;
    uint64_t wait_us = 2 * a->rtt.srtt_us + PEER_SACK_DELAY_US;
    if (base_us + wait_us < a->timers[TIMER_RTO])
        assoc_arm(a, TIMER_PROBE, base_us + wait_us);
}

void recovery_on_probe_timer(struct sctp_assoc *a, uint64_t now_us)
{
    struct recovery *r = &a->recovery;
    if (a->flight.bytes == 0)
        return;
    r->probe_tsn = transmit_probe(a, &r->probe_is_retransmission, now_us);
    a->stats.tail_probes++;
    a->is_due = true;
}

/* All that had a round trip's time is lost; what was just sent may be under
 * way. The oldest: whatever its age. */
static void lose_overdue(struct sctp_assoc *a, bool oldest, uint64_t now_us)
{
    uint64_t next;
    for (uint64_t tsn = a->flight.by_time.oldest; tsn != 0; tsn = next) {
        struct sent_chunk *c = flight_at(&a->flight, tsn);
        next = c->newer;
        if (!oldest && c->sent_us + a->rtt.srtt_us + reorder_window(a) > now_us)
            break;
        oldest = false;
        lose(a, tsn, now_us);
        if (next != 0 && flight_at(&a->flight, next)->state != CHUNK_IN_FLIGHT)
            next = a->flight.by_time.oldest;
    }
}

void recovery_on_window_opened(struct sctp_assoc *a, uint64_t now_us)
{
    struct recovery *r = &a->recovery;
    if (r->backoff == 0)
        return; /* no timeout yet: what is in flight may be taken in */
    r->backoff = 0;
    lose_overdue(a, false, now_us);
    a->cc.ops->on_undo(&a->cc, now_us);
    a->pace_next_ns = 0;
}

void recovery_on_rto(struct sctp_assoc *a, uint64_t now_us)
{
    struct recovery *r = &a->recovery;
    a->is_due = true;
    if (a->flight.bytes == 0)
        return;
    a->stats.timeouts++;
    r->expired_us = now_us;
    if (recovery_count_error(a))
        return;
    if (r->backoff < BACKOFF_MAX)
        r->backoff++;
    if (!r->turned_away) /* what a closed window turned away did get there */
        path_on_timeout(a, now_us);
    r->turned_away = false;
    r->probe_tsn = 0;
    bool is_first = !r->in_recovery || r->errors == 1;
    if (is_first) {
        r->can_undo = true;
        r->undo_count = 0;
    }
    r->in_recovery = true;
    r->end = a->flight.next;
    lose_overdue(a, true, now_us);
    a->cc.ops->on_timeout(&a->cc, a->flight.bytes, now_us);
    a->rate.app_limited = 0;
    /* Nothing holds back the one packet that is to find out. */
    a->pace_next_ns = 0;
}

void sctp_assoc_try_path(struct sctp_assoc *a, uint64_t now_us)
{
    struct recovery *r = &a->recovery;
    if (!assoc_is_open(a) || r->backoff == 0)
        return;
    /* The silence said something about another path. */
    r->backoff = 0;
    r->errors = 0;
    recovery_rearm(a, now_us);
}
