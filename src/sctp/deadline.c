/*
 * When to do what. Nothing is sent while a batch is fed; flush() then decides
 * once about everything, so that a batch costs one SACK and one burst. The
 * deadline is the least of all timers; what expired only says what the flush
 * that follows has to do.
 */
#include "sctp/assoc.h"
#include "sctp/heartbeat.h"
#include "sctp/loss.h"
#include "sctp/transmit.h"

static void finish(struct sctp_assoc *a)
{
    output_write_queued(&a->out);
    output_close(&a->out);
    output_send(&a->out);
    if (a->close_pending) {
        a->close_pending = false;
        a->handlers.on_closed(a->arg, a->close_reason);
    }
}

void sctp_assoc_flush(struct sctp_assoc *a, uint64_t now_us)
{
    if (a->is_flushing) {
        a->is_due = true;
        return;
    }
    a->is_flushing = true;
    a->depth++;
    do {
        a->is_due = false;
        if (a->state != ASSOC_DONE)
            transmit(a, now_us);
        if (a->state == ASSOC_DONE)
            finish(a);
        else
            output_send(&a->out);
        if (a->wants_writable && a->state <= ASSOC_ESTABLISHED &&
            a->sendq.charged < assoc_queue_limit(a) / 2) {
            a->wants_writable = false;
            a->handlers.on_writable(a->arg);
        }
    } while (a->is_due);
    a->depth--;
    a->is_flushing = false;
}

uint64_t sctp_assoc_deadline(const struct sctp_assoc *a)
{
    if (a->is_due)
        return 0;
    uint64_t least = TIME_NEVER;
    for (int i = 0; i < TIMER_COUNT; i++)
        least = a->timers[i] < least ? a->timers[i] : least;
    return least;
}

static void on_timer(struct sctp_assoc *a, enum timer timer, uint64_t now_us)
{
    switch (timer) {
    case TIMER_HANDSHAKE:
        handshake_on_timer(a);
        break;
    case TIMER_REORDER:
        loss_on_reorder_timer(a, now_us);
        break;
    case TIMER_PROBE:
        transmit_probe(a, now_us);
        break;
    case TIMER_RTO:
        loss_on_timeout(a, now_us);
        break;
    case TIMER_SACK:
    case TIMER_REPEAT:
        receive_want_sack(&a->in);
        break;
    case TIMER_FORWARD:
        forward_on_timer(a);
        break;
    case TIMER_RECONFIG:
        reconfig_on_timer(a);
        break;
    case TIMER_HEARTBEAT:
        heartbeat_on_timer(a, now_us);
        break;
    case TIMER_PMTU:
        heartbeat_on_search_timer(a, now_us);
        break;
    case TIMER_SHUTDOWN:
        shutdown_on_timer(a);
        break;
    case TIMER_PACE:
    case TIMER_EXPIRE:
    case TIMER_COUNT:
        break; /* the flush that follows does it */
    }
}

void sctp_assoc_on_deadline(struct sctp_assoc *a, uint64_t now_us)
{
    a->depth++;
    for (int i = 0; i < TIMER_COUNT && a->state != ASSOC_DONE; i++) {
        if (a->timers[i] > now_us)
            continue;
        assoc_disarm(a, (enum timer)i);
        on_timer(a, (enum timer)i, now_us);
    }
    a->depth--;
    sctp_assoc_flush(a, now_us);
}
