/*
 * recovery.c says what is lost, when to probe and what turned out to be none;
 * here the flight, the measurements, congestion control and the timers follow.
 */
#include "sctp/loss.h"

#include "sctp/assoc.h"
#include "sctp/heartbeat.h"
#include "sctp/recovery_walk.h"

/* One chunk is lost: to be sent again, or given up. */
static size_t lose(struct sctp_assoc *a, uint64_t tsn, uint64_t now_us)
{
    struct sent_chunk *c = flight_at(&a->flight, tsn);
    size_t wire = c->wire;
    a->rate.lost += wire;
    a->stats.lost++;
    struct cc_loss loss = {
        .now_us = now_us,
        .delivered = a->rate.delivered,
        .bytes = wire,
        .tx_in_flight = c->mark.in_flight,
        .lost_since = a->rate.lost - c->mark.lost,
        .is_app_limited = c->mark.is_app_limited,
        .starts_range = recovery_on_lost(&a->recovery, tsn),
    };
    flight_lose(&a->flight, tsn);
    if (forward_is_spent(a, c))
        forward_abandon(a, c->message);
    a->cc.ops->on_loss(&a->cc, &loss);
    return wire;
}

size_t loss_detect(struct sctp_assoc *a, uint64_t now_us)
{
    struct recovery_walk walk = recovery_walk_late(&a->recovery, &a->flight, &a->rtt, now_us);
    size_t lost = 0;
    uint64_t tsn;
    while ((tsn = recovery_next_lost(&a->flight, &walk)) != 0) {
        if (recovery_enter(&a->recovery, a->flight.next))
            a->cc.ops->on_recovery(&a->cc, a->flight.bytes, now_us);
        lost += lose(a, tsn, now_us);
    }
    assoc_arm(a, TIMER_REORDER, walk.deadline_us);
    return lost;
}

static void lose_overdue(struct sctp_assoc *a, bool takes_first, uint64_t now_us)
{
    struct recovery_walk walk =
        recovery_walk_overdue(&a->recovery, &a->flight, &a->rtt, takes_first, now_us);
    uint64_t tsn;
    while ((tsn = recovery_next_lost(&a->flight, &walk)) != 0)
        lose(a, tsn, now_us);
}

void loss_after_sack(struct sctp_assoc *a, bool progress, uint64_t now_us)
{
    unsigned verdict = recovery_after_sack(&a->recovery, &a->flight, progress, now_us);
    if (verdict & RECOVERY_REPAIRED) {
        a->cc.ops->on_recovery(&a->cc, a->flight.bytes, now_us);
        a->cc.ops->on_recovered(&a->cc, now_us);
    }
    if (verdict & RECOVERY_UNDONE) {
        a->cc.ops->on_undo(&a->cc, now_us);
        a->stats.undone++;
    }
    if (verdict & RECOVERY_ENDED)
        a->cc.ops->on_recovered(&a->cc, now_us);
}

void loss_on_window_opened(struct sctp_assoc *a, uint64_t now_us)
{
    if (!recovery_on_window_opened(&a->recovery))
        return;
    lose_overdue(a, false, now_us);
    a->cc.ops->on_undo(&a->cc, now_us);
    pacer_reset(&a->pacer);
}

void loss_rearm(struct sctp_assoc *a, uint64_t now_us)
{
    struct recovery_times times = recovery_deadlines(&a->recovery, &a->flight, &a->rtt,
                                                     assoc_is_armed(a, TIMER_PACE), now_us);
    assoc_arm(a, TIMER_RTO, times.rto_us);
    assoc_arm(a, TIMER_PROBE, times.probe_us);
}

void loss_on_reorder_timer(struct sctp_assoc *a, uint64_t now_us)
{
    loss_detect(a, now_us);
    a->is_due = true;
}

void loss_on_timeout(struct sctp_assoc *a, uint64_t now_us)
{
    a->is_due = true;
    if (a->flight.bytes == 0)
        return;
    a->stats.timeouts++;
    if (assoc_count_error(a))
        return;
    if (recovery_on_timeout(&a->recovery, a->flight.next, now_us))
        heartbeat_on_timeout(a, now_us);
    lose_overdue(a, true, now_us);
    a->cc.ops->on_timeout(&a->cc, a->flight.bytes, now_us);
    rate_clear_app_limited(&a->rate);
    /* Nothing holds back the one packet that is to find out. */
    pacer_reset(&a->pacer);
}
