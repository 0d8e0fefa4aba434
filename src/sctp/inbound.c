/*
 * receive.c takes data in and says what it was. Here the peer is told, or the
 * association closed; and the delayed acknowledgement is timed.
 */
#include "sctp/inbound.h"

#include "base/bytes.h"
#include "sctp/assoc.h"
#include "sctp/heartbeat.h"

static void report_invalid_stream(struct sctp_assoc *a, uint16_t stream)
{
    uint8_t error[CHUNK_HEADER_LEN + PARAM_HEADER_LEN + 4];
    chunk_put_header(error, CHUNK_ERROR, 0, sizeof error);
    param_put_header(error + 4, CAUSE_INVALID_STREAM, PARAM_HEADER_LEN + 4);
    put_u16be(error + 8, stream);
    put_u16be(error + 10, 0);
    assoc_reply(a, span_of(error, sizeof error));
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* New data of so many bytes: is the window wide enough for it? */
static void measure(struct sctp_assoc *a, size_t bytes, uint64_t now_us)
{
    a->stats.received_bytes += bytes;
    uint64_t rtt_us = later(a->rtt.srtt_us, a->path.rtt_us);
    uint64_t quiet_us = now_us - later(a->last_sent_us, a->path.heartbeat_sent_us);
    bool asks = receive_measure(&a->in, bytes, rtt_us, quiet_us, now_us);
    if (asks && a->config.heartbeat_us > 0 && a->path.nonce == 0)
        heartbeat_ask(a, now_us);
}

void inbound_on_data(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us)
{
    struct chunk_data d;
    if (chunk_data_decode(c, &d) < 0) {
        assoc_close_violated(a, CAUSE_PROTOCOL_VIOLATION);
        return;
    }
    switch (receive_data(&a->in, &d)) {
    case RECEIVE_NO_STREAM:
        report_invalid_stream(a, d.stream); /* but it counts as received */
        measure(a, d.payload.len, now_us);
        break;
    case RECEIVE_TAKEN:
        measure(a, d.payload.len, now_us);
        break;
    case RECEIVE_IGNORED:
        break;
    case RECEIVE_EMPTY:
        assoc_close_violated(a, CAUSE_NO_USER_DATA);
        break;
    case RECEIVE_VIOLATES:
        assoc_close_violated(a, CAUSE_PROTOCOL_VIOLATION);
        break;
    }
}

void inbound_on_forward(struct sctp_assoc *a, const struct chunk *c)
{
    if (receive_forward(&a->in, c) == RECEIVE_VIOLATES)
        assoc_close_violated(a, CAUSE_PROTOCOL_VIOLATION);
}

void inbound_on_packet_end(struct sctp_assoc *a, uint64_t now_us)
{
    if (!receive_packet_end(&a->in, now_us))
        return;
    if (a->in.packets_unacked == 1)
        assoc_arm(a, TIMER_SACK, now_us + SACK_DELAY_US);
    shutdown_on_data(a);
    a->is_due = true;
}

void inbound_write_sack(struct sctp_assoc *a, uint64_t now_us)
{
    bool again = receive_write_sack(&a->in, &a->out, now_us);
    assoc_disarm(a, TIMER_SACK);
    assoc_arm(a, TIMER_REPEAT, again ? now_us + SACK_REPEAT_US : TIME_NEVER);
}
