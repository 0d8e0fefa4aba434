/*
 * What goes out, in the order of its urgency: replies, handshake, SACK, what
 * moves the peer's window (FORWARD-TSN), resets, then data: first what was
 * lost, then what is new, as far as congestion window, peer's window and
 * pacer allow.
 */
#include "sctp/transmit.h"

#include <string.h>

#include "sctp/assoc.h"
#include "sctp/inbound.h"
#include "sctp/loss.h"

static size_t data_header(const struct sctp_assoc *a)
{
    return a->interleaving ? IDATA_HEADER_LEN : DATA_HEADER_LEN;
}

static struct pacer_rate pacer_rate(const struct sctp_assoc *a)
{
    size_t quantum = a->cc.send_quantum;
    return (struct pacer_rate){
        .bytes_per_s = a->cc.pacing_rate,
        .held = quantum > a->out.mtu ? quantum - a->out.mtu : 0,
    };
}

static bool window_allows(const struct sctp_assoc *a, size_t wire)
{
    return a->flight.bytes + wire <= a->cc.cwnd || a->flight.bytes == 0;
}

/* Writes the chunk of a record and puts it in flight. */
static void write_chunk(struct sctp_assoc *a, uint64_t tsn, bool immediate, uint64_t now_us)
{
    struct sent_chunk *c = flight_at(&a->flight, tsn);
    const struct sctp_message *m = c->message;
    struct chunk_data d = {
        .tsn = (uint32_t)tsn,
        .stream = m->stream,
        .flags = (uint8_t)(c->flags | (m->unordered ? DATA_UNORDERED : 0) |
                           (immediate ? DATA_IMMEDIATE : 0)),
        .interleaved = a->interleaving,
        .mid = m->mid,
        .fsn = c->fsn,
        .ppid = m->ppid,
        .payload = {m->data + c->offset, c->len},
    };
    chunk_data_encode(output_chunk_with(&a->out, data_header(a), d.payload), &d);
    if (c->transmissions > 0)
        a->stats.retransmitted++;
    else
        a->stats.sent_bytes += c->len;
    if (a->flight.bytes == 0 && a->idle_since_us != 0) {
        a->cc.ops->on_restart(&a->cc, now_us - a->idle_since_us, now_us);
        a->idle_since_us = 0;
    }
    size_t before = a->flight.bytes - (c->state == CHUNK_IN_FLIGHT ? c->wire : 0);
    rate_on_sent(&a->rate, c, now_us, (uint32_t)before);
    flight_sent(&a->flight, tsn, now_us);
    a->last_sent_us = now_us;
}

/* Makes a record for the next fragment of a message. */
static uint64_t push_fragment(struct sctp_assoc *a, struct sctp_message *m, size_t len)
{
    uint64_t tsn;
    struct sent_chunk *c = flight_push(&a->flight, &tsn);
    c->message = m;
    c->offset = m->sent;
    c->fsn = m->next_fsn;
    c->len = (uint16_t)len;
    c->wire = (uint16_t)pad4(data_header(a) + len);
    c->flags =
        (uint8_t)((m->sent == 0 ? DATA_BEGIN : 0) | (m->sent + len == m->len ? DATA_END : 0));
    sendq_take(&a->sendq, m, len);
    return tsn;
}

/* How much of the message goes into the packet now; 0: start a new packet. */
static size_t fragment_len(const struct sctp_assoc *a, const struct sctp_message *m)
{
    size_t header = data_header(a);
    size_t full = (a->out.mtu - SCTP_HEADER_LEN - header) & ~(size_t)3;
    size_t room = output_room(&a->out);
    room = room > header ? (room - header) & ~(size_t)3 : 0;
    size_t rest = m->len - m->sent;
    if (rest <= room)
        return rest;
    if (rest <= full && a->out.packet)
        return 0; /* whole in the next one */
    return room >= LEAST_FRAGMENT || !a->out.packet ? room : 0;
}

/* One lost chunk again. False when it does not go into this packet. */
static bool send_lost(struct sctp_assoc *a, uint64_t now_us)
{
    uint64_t tsn = flight_next_lost(&a->flight);
    struct sent_chunk *c = flight_at(&a->flight, tsn);
    if (a->out.packet && c->wire > output_room(&a->out))
        return false;
    write_chunk(a, tsn, true, now_us);
    return true;
}

/* One new chunk. False when it does not go into this packet or must wait. */
static bool send_new(struct sctp_assoc *a, struct sctp_message *m, uint64_t now_us)
{
    size_t len = fragment_len(a, m);
    if (len == 0)
        return false;
    uint64_t tsn = push_fragment(a, m, len);
    write_chunk(a, tsn, a->sendq.queued == 0, now_us);
    return true;
}

/* What is not acknowledged cumulatively is held, whatever gap blocks say. */
static bool may_hold_more(struct sctp_assoc *a)
{
    size_t held = (size_t)(a->flight.next - a->flight.first) * a->out.mtu;
    return held < SENT_FIRST + a->sent.used || budget_take(&a->sent, SENT_STEP);
}

enum verdict { SEND, NOTHING, HELD_BY_CWND, HELD_BY_PEER };

/* Whether there is a chunk to send and the windows let it go. */
static enum verdict next_chunk(struct sctp_assoc *a, struct sctp_message **m)
{
    *m = NULL;
    if (flight_has_lost(&a->flight)) {
        const struct sent_chunk *c = flight_at(&a->flight, flight_next_lost(&a->flight));
        return window_allows(a, c->wire) ? SEND : HELD_BY_CWND;
    }
    *m = sendq_peek(&a->sendq);
    if (!*m)
        return NOTHING;
    size_t rest = (*m)->len - (*m)->sent;
    size_t most = a->out.mtu - SCTP_HEADER_LEN - data_header(a);
    size_t len = rest < most ? rest : most;
    /* Into a closed window only one chunk at a time goes, to find out when it
     * opens (RFC 9260 section 6.1 rule A). */
    if (a->flight.payload + len > a->peer_window && !flight_is_empty(&a->flight))
        return HELD_BY_PEER;
    if (flight_is_full(&a->flight) || !may_hold_more(a))
        return HELD_BY_PEER;
    return window_allows(a, data_header(a) + len) ? SEND : HELD_BY_CWND;
}

static enum verdict fill_packet(struct sctp_assoc *a, uint64_t now_us)
{
    struct sctp_message *m;
    enum verdict v;
    size_t before = output_len(&a->out);
    while ((v = next_chunk(a, &m)) == SEND) {
        bool fits = m ? send_new(a, m, now_us) : send_lost(a, now_us);
        if (!fits)
            break;
    }
    if (output_len(&a->out) > before) {
        pacer_spend(&a->pacer, pacer_rate(a), output_len(&a->out) - before, now_us);
        output_close(&a->out);
    } else if (v == SEND) {
        output_close(&a->out); /* only control chunks were in it: the next is empty */
    }
    return v;
}

static void spend_burst(struct sctp_assoc *a, uint64_t bytes)
{
    a->burst_left -= bytes < a->burst_left ? (size_t)bytes : a->burst_left;
}

static void send_data(struct sctp_assoc *a, uint64_t now_us)
{
    if (!assoc_can_carry_data(a))
        return;
    if (a->forward.has_expiring)
        forward_expire(a, now_us);
    struct sctp_message *m;
    enum verdict v = next_chunk(a, &m);
    assoc_disarm(a, TIMER_PACE);
    if (v == SEND && a->in.packets_unacked > 0 && pacer_allows(&a->pacer, pacer_rate(a), now_us))
        inbound_write_sack(a, now_us); /* it rides along */
    uint64_t before = a->stats.sent_bytes;
    while (v == SEND && pacer_allows(&a->pacer, pacer_rate(a), now_us) &&
           (a->stats.sent_bytes - before < a->burst_left || sendq_has_fresh(&a->sendq)))
        v = fill_packet(a, now_us);
    spend_burst(a, a->stats.sent_bytes - before);
    if (v == SEND && !pacer_allows(&a->pacer, pacer_rate(a), now_us))
        assoc_arm(a, TIMER_PACE, pacer_deadline_us(&a->pacer, pacer_rate(a)));
    a->is_cwnd_limited = v == HELD_BY_CWND;
    a->has_backlog = v == SEND || v == HELD_BY_CWND;
    /* A peer's closed window says as little about the path as an application
     * with nothing to say. */
    if ((v == NOTHING || v == HELD_BY_PEER) && a->flight.bytes < a->cc.cwnd)
        rate_set_app_limited(&a->rate, (uint32_t)a->flight.bytes);
}

/* What is queued already rides with the first COOKIE-ECHO as far as it fits
 * that packet (RFC 9260 section 5.1): a round trip less until it arrives. When
 * the packet is lost, only the cookie is sent again by the handshake's timer,
 * and the data by recovery's, once the association is up. */
static void send_early(struct sctp_assoc *a, uint64_t now_us)
{
    if (a->state == ASSOC_COOKIE_ECHOED && a->out.packet && flight_is_empty(&a->flight))
        fill_packet(a, now_us);
}

void transmit(struct sctp_assoc *a, uint64_t now_us)
{
    handshake_write(a, now_us);
    send_early(a, now_us);
    output_write_queued(&a->out);
    if (a->state >= ASSOC_ESTABLISHED) {
        if (receive_wants_sack(&a->in))
            inbound_write_sack(a, now_us);
        forward_write(a, now_us);
        send_data(a, now_us);
        reconfig_write(a, now_us);
        shutdown_advance(a);
        shutdown_write(a, now_us);
        loss_rearm(a, now_us);
    }
    output_close(&a->out);
}

/* The newest in flight by number: what ends the flight is what nobody would
 * miss. 0: there is none. */
static uint64_t last_in_flight(const struct flight *f)
{
    for (uint64_t tsn = f->next; tsn-- > f->first;) {
        if (flight_at(f, tsn)->state == CHUNK_IN_FLIGHT)
            return tsn;
    }
    return 0;
}

static bool can_probe_with_new(const struct sctp_assoc *a, const struct sctp_message *m)
{
    return m && a->flight.payload + m->len - m->sent <= a->peer_window &&
           !flight_is_full(&a->flight);
}

void transmit_probe(struct sctp_assoc *a, uint64_t now_us)
{
    if (a->flight.bytes == 0)
        return;
    struct sctp_message *m = sendq_peek(&a->sendq);
    bool is_new = can_probe_with_new(a, m);
    output_close(&a->out);
    uint64_t tsn = is_new ? push_fragment(a, m, fragment_len(a, m)) : last_in_flight(&a->flight);
    write_chunk(a, tsn, true, now_us);
    output_close(&a->out);
    output_send(&a->out); /* what follows may give up the message */
    recovery_on_probe(&a->recovery, tsn, !is_new);
    a->stats.tail_probes++;
    a->is_due = true;
}
