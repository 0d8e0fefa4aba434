/*
 * The ends of an association (RFC 9260 section 9). Whatever ends it, the last
 * packet is written by the flush that follows, and then on_closed is called.
 */
#include "sctp/assoc.h"

#include "base/bytes.h"

void close_now(struct sctp_assoc *a, enum sctp_close_reason reason)
{
    if (a->state == ASSOC_DONE)
        return;
    assoc_set_state(a, ASSOC_DONE);
    for (int i = 0; i < TIMER_COUNT; i++)
        assoc_disarm(a, (enum timer)i);
    a->close_reason = reason;
    a->close_pending = true;
    a->is_due = true;
}

void close_violated(struct sctp_assoc *a, uint16_t cause)
{
    uint8_t abort_chunk[CHUNK_HEADER_LEN + PARAM_HEADER_LEN];
    chunk_put_header(abort_chunk, CHUNK_ABORT, 0, sizeof abort_chunk);
    param_put_header(abort_chunk + CHUNK_HEADER_LEN, cause, PARAM_HEADER_LEN);
    output_queue_alone(a, span_of(abort_chunk, sizeof abort_chunk), a->peer.tag);
    close_now(a, SCTP_CLOSED_PEER_VIOLATED);
}

static bool has_unsent(const struct sctp_assoc *a)
{
    return a->sendq.queued > 0 || !flight_is_empty(&a->flight);
}

/* Everything queued was acknowledged: on to the next state. */
void close_advance(struct sctp_assoc *a, uint64_t now_us)
{
    (void)now_us;
    if (has_unsent(a))
        return;
    if (a->state == ASSOC_SHUTDOWN_PENDING)
        assoc_set_state(a, ASSOC_SHUTDOWN_SENT);
    else if (a->state == ASSOC_SHUTDOWN_RECEIVED)
        assoc_set_state(a, ASSOC_SHUTDOWN_ACK_SENT);
    else
        return;
    a->shutdown_due = true;
    a->shutdown_tries = 0;
}

void close_write(struct sctp_assoc *a, uint64_t now_us)
{
    if (!a->shutdown_due)
        return;
    a->shutdown_due = false;
    if (a->state == ASSOC_SHUTDOWN_SENT) {
        uint8_t *p = output_chunk(a, 8);
        chunk_put_header(p, CHUNK_SHUTDOWN, 0, 8);
        put_u32be(p + 4, (uint32_t)a->in.map.cum);
    } else if (a->state == ASSOC_SHUTDOWN_ACK_SENT) {
        chunk_put_header(output_chunk(a, 4), CHUNK_SHUTDOWN_ACK, 0, 4);
    } else {
        return;
    }
    uint64_t wait = a->rtt.rto_us << (a->shutdown_tries < 8 ? a->shutdown_tries : 8);
    assoc_arm(a, TIMER_SHUTDOWN, now_us + (wait < RTO_MAX_US ? wait : RTO_MAX_US));
}

void close_on_timer(struct sctp_assoc *a, uint64_t now_us)
{
    (void)now_us;
    if (++a->shutdown_tries > a->config.max_retransmit) {
        close_now(a, SCTP_CLOSED_TIMEOUT);
        return;
    }
    a->shutdown_due = true;
    a->is_due = true;
}

void close_on_shutdown(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us)
{
    if (c->value.len < 4 || a->state < ASSOC_ESTABLISHED)
        return;
    ack_on_cum(a, get_u32be(c->value.data), now_us);
    if (a->state == ASSOC_ESTABLISHED || a->state == ASSOC_SHUTDOWN_PENDING) {
        assoc_set_state(a, ASSOC_SHUTDOWN_RECEIVED);
    } else if (a->state == ASSOC_SHUTDOWN_SENT) {
        assoc_set_state(a, ASSOC_SHUTDOWN_ACK_SENT);
        a->shutdown_due = true;
    } else if (a->state == ASSOC_SHUTDOWN_ACK_SENT) {
        a->shutdown_due = true; /* ours was lost */
    }
    a->is_due = true;
}

void close_on_shutdown_ack(struct sctp_assoc *a, uint64_t now_us)
{
    (void)now_us;
    if (a->state != ASSOC_SHUTDOWN_SENT && a->state != ASSOC_SHUTDOWN_ACK_SENT)
        return;
    uint8_t complete[CHUNK_HEADER_LEN];
    chunk_put_header(complete, CHUNK_SHUTDOWN_COMPLETE, 0, sizeof complete);
    output_queue(a, span_of(complete, sizeof complete));
    close_now(a, SCTP_CLOSED_SHUTDOWN);
}

void close_on_shutdown_complete(struct sctp_assoc *a)
{
    if (a->state == ASSOC_SHUTDOWN_ACK_SENT)
        close_now(a, SCTP_CLOSED_SHUTDOWN);
}
