/*
 * A packet received: is it ours, is it whole, and which part of the engine is
 * each of its chunks for. Replies are queued; nothing is sent from here.
 */
#include <string.h>

#include "base/bytes.h"
#include "sctp/ack.h"
#include "sctp/assoc.h"
#include "sctp/crc32c.h"
#include "sctp/heartbeat.h"
#include "sctp/inbound.h"

static void on_error(struct sctp_assoc *a, const struct chunk *c)
{
    struct span rest = c->value;
    struct param cause;
    while (param_next(&rest, &cause) > 0) {
        if (cause.type == CAUSE_STALE_COOKIE)
            handshake_on_stale_cookie(a);
    }
}

/* Section 3.2: the two high bits say what to do. False: drop the packet. */
static bool on_unknown(struct sctp_assoc *a, const struct chunk *c)
{
    if (c->type & UNKNOWN_REPORT) {
        uint8_t error[CHUNK_HEADER_LEN + PARAM_HEADER_LEN + 64];
        size_t quoted = c->whole.len < 64 ? c->whole.len : 64;
        size_t len = CHUNK_HEADER_LEN + PARAM_HEADER_LEN + quoted;
        chunk_put_header(error, CHUNK_ERROR, 0, len);
        param_put_header(error + CHUNK_HEADER_LEN, CAUSE_UNRECOGNIZED_CHUNK,
                         PARAM_HEADER_LEN + quoted);
        memcpy(error + CHUNK_HEADER_LEN + PARAM_HEADER_LEN, c->whole.data, quoted);
        assoc_reply(a, span_of(error, len));
    }
    return (c->type & UNKNOWN_SKIP) != 0;
}

/* Its cumulative TSN acknowledges as a SACK's does. */
static void on_shutdown(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us)
{
    if (c->value.len < 4)
        return;
    ack_on_cum(a, get_u32be(c->value.data), now_us);
    shutdown_on_shutdown(a);
}

/* What needs an established association. False: drop the packet's rest. */
static bool on_chunk(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us)
{
    struct chunk_sack sack;
    switch (c->type) {
    case CHUNK_DATA:
    case CHUNK_IDATA:
        inbound_on_data(a, c, now_us);
        return true;
    case CHUNK_SACK:
        if (chunk_sack_decode(c, &sack) == 0)
            ack_on_sack(a, &sack, now_us);
        return true;
    case CHUNK_HEARTBEAT:
        heartbeat_on_chunk(a, c);
        return true;
    case CHUNK_HEARTBEAT_ACK:
        heartbeat_on_ack(a, c, now_us);
        return true;
    case CHUNK_SHUTDOWN:
        on_shutdown(a, c, now_us);
        return true;
    case CHUNK_SHUTDOWN_ACK:
        shutdown_on_ack(a);
        return true;
    case CHUNK_RECONFIG:
        reconfig_on_chunk(a, c, now_us);
        return true;
    case CHUNK_FORWARD_TSN:
    case CHUNK_I_FORWARD_TSN:
        inbound_on_forward(a, c);
        return true;
    case CHUNK_INIT:
    case CHUNK_INIT_ACK:
    case CHUNK_COOKIE_ACK:
    case CHUNK_PAD:
        return true; /* too late for these, or nothing to do */
    default:
        return on_unknown(a, c);
    }
}

/* Chunks of any state. True when it was one. */
static bool on_early_chunk(struct sctp_assoc *a, const struct chunk *c, uint32_t tag,
                           uint64_t now_us)
{
    switch (c->type) {
    case CHUNK_INIT_ACK:
        if (a->state == ASSOC_COOKIE_WAIT) {
            handshake_on_init_ack(a, c, now_us);
            return true;
        }
        return false;
    case CHUNK_COOKIE_ECHO:
        handshake_on_cookie_echo(a, c, tag, now_us);
        return true;
    case CHUNK_COOKIE_ACK:
        handshake_on_cookie_ack(a, now_us);
        return true;
    case CHUNK_ABORT:
        assoc_close(a, SCTP_CLOSED_PEER_ABORTED);
        return true;
    case CHUNK_ERROR:
        on_error(a, c);
        return true;
    case CHUNK_SHUTDOWN_COMPLETE:
        shutdown_on_complete(a);
        return true;
    default:
        return false;
    }
}

static bool is_checksum_good(const struct sctp_assoc *a, struct span packet, uint8_t first_type)
{
    const uint8_t *p = packet.data;
    uint32_t field = p[8] | (uint32_t)p[9] << 8 | (uint32_t)p[10] << 16 | (uint32_t)p[11] << 24;
    if (field == 0 && a->config.zero_checksum && first_type != CHUNK_INIT &&
        first_type != CHUNK_COOKIE_ECHO)
        return true;
    return field == crc32c_of_packet(packet);
}

/* Section 8.5: whose packet it is. A reflected tag (T bit) is the peer's. */
static bool is_tag_good(const struct sctp_assoc *a, uint32_t tag, const struct chunk *first)
{
    if (first->type == CHUNK_INIT)
        return tag == 0;
    if ((first->type == CHUNK_ABORT || first->type == CHUNK_SHUTDOWN_COMPLETE) &&
        (first->flags & FLAG_T))
        return tag == a->peer.tag && a->peer.tag != 0;
    return tag == a->my_tag;
}

static void feed_chunks(struct sctp_assoc *a, struct span rest, uint32_t tag, uint64_t now_us)
{
    struct chunk c;
    while (a->state != ASSOC_DONE && chunk_next(&rest, &c) > 0) {
        if (on_early_chunk(a, &c, tag, now_us))
            continue;
        if (!assoc_is_open(a) || !on_chunk(a, &c, now_us))
            break;
    }
    if (assoc_is_open(a))
        inbound_on_packet_end(a, now_us);
}

void sctp_assoc_feed(struct sctp_assoc *a, struct span packet, uint64_t now_us)
{
    if (packet.len < SCTP_HEADER_LEN + CHUNK_HEADER_LEN)
        return;
    const uint8_t *p = packet.data;
    struct span rest = span_skip(packet, SCTP_HEADER_LEN);
    struct span peek = rest;
    struct chunk first;
    if (chunk_next(&peek, &first) <= 0 || get_u16be(p) != a->config.remote_port ||
        get_u16be(p + 2) != a->config.local_port)
        return;
    uint32_t tag = get_u32be(p + 4);
    if (!is_tag_good(a, tag, &first) || !is_checksum_good(a, packet, first.type))
        return;
    a->stats.received_packets++;
    a->depth++;
    if (a->state == ASSOC_DONE) {
        if (first.type == CHUNK_SHUTDOWN_ACK)
            shutdown_when_done(a);
    } else if (first.type == CHUNK_INIT) {
        if (peek.len == 0) /* it must be alone */
            handshake_on_init(a, &first, now_us);
    } else {
        feed_chunks(a, rest, tag, now_us);
    }
    a->depth--;
}
