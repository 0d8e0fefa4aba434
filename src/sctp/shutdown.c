/*
 * Who wants to end sends SHUTDOWN once everything of its own was acknowledged;
 * the other answers SHUTDOWN-ACK once it has come as far.
 */
#include "sctp/shutdown.h"

#include "base/bytes.h"
#include "sctp/assoc.h"

static bool has_unsent(const struct sctp_assoc *a)
{
    return a->sendq.queued > 0 || !flight_is_empty(&a->flight);
}

void shutdown_advance(struct sctp_assoc *a)
{
    if (has_unsent(a))
        return;
    if (a->state == ASSOC_SHUTDOWN_PENDING)
        assoc_set_state(a, ASSOC_SHUTDOWN_SENT);
    else if (a->state == ASSOC_SHUTDOWN_RECEIVED)
        assoc_set_state(a, ASSOC_SHUTDOWN_ACK_SENT);
    else
        return;
    a->shutdown.due = true;
    a->shutdown.tries = 0;
}

void shutdown_write(struct sctp_assoc *a, uint64_t now_us)
{
    if (!a->shutdown.due)
        return;
    a->shutdown.due = false;
    if (a->state == ASSOC_SHUTDOWN_SENT) {
        uint8_t *p = output_chunk(&a->out, 8);
        chunk_put_header(p, CHUNK_SHUTDOWN, 0, 8);
        put_u32be(p + 4, (uint32_t)a->in.map.cum);
    } else if (a->state == ASSOC_SHUTDOWN_ACK_SENT) {
        chunk_put_header(output_chunk(&a->out, 4), CHUNK_SHUTDOWN_ACK, 0, 4);
    } else {
        return;
    }
    assoc_arm(a, TIMER_SHUTDOWN, now_us + rtt_backed_off_us(&a->rtt, a->shutdown.tries));
}

void shutdown_on_timer(struct sctp_assoc *a)
{
    if (++a->shutdown.tries > a->config.max_retransmit) {
        assoc_close(a, SCTP_CLOSED_TIMEOUT);
        return;
    }
    a->shutdown.due = true;
    a->is_due = true;
}

void shutdown_on_data(struct sctp_assoc *a)
{
    if (a->state == ASSOC_SHUTDOWN_SENT)
        a->shutdown.due = true; /* section 9.2: with each SACK */
}

void shutdown_on_shutdown(struct sctp_assoc *a)
{
    if (a->state == ASSOC_ESTABLISHED || a->state == ASSOC_SHUTDOWN_PENDING) {
        assoc_set_state(a, ASSOC_SHUTDOWN_RECEIVED);
    } else if (a->state == ASSOC_SHUTDOWN_SENT) {
        assoc_set_state(a, ASSOC_SHUTDOWN_ACK_SENT);
        a->shutdown.due = true;
    } else if (a->state == ASSOC_SHUTDOWN_ACK_SENT) {
        a->shutdown.due = true; /* ours was lost */
    }
    a->is_due = true;
}

static void reply_complete(struct sctp_assoc *a)
{
    uint8_t complete[CHUNK_HEADER_LEN];
    chunk_put_header(complete, CHUNK_SHUTDOWN_COMPLETE, 0, sizeof complete);
    assoc_reply(a, span_of(complete, sizeof complete));
}

void shutdown_on_ack(struct sctp_assoc *a)
{
    if (a->state != ASSOC_SHUTDOWN_SENT && a->state != ASSOC_SHUTDOWN_ACK_SENT)
        return;
    reply_complete(a);
    assoc_close(a, SCTP_CLOSED_SHUTDOWN);
}

void shutdown_on_complete(struct sctp_assoc *a)
{
    if (a->state == ASSOC_SHUTDOWN_ACK_SENT)
        assoc_close(a, SCTP_CLOSED_SHUTDOWN);
}

void shutdown_when_done(struct sctp_assoc *a)
{
    if (a->close_reason == SCTP_CLOSED_SHUTDOWN)
        reply_complete(a);
}
