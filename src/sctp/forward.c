/*
 * Giving up messages of limited reliability (RFC 3758, RFC 7496). Their
 * chunks become abandoned; once the lowest outstanding TSN is one of those,
 * the peer is told with FORWARD-TSN, or I-FORWARD-TSN when messages are
 * interleaved, not to wait for them, again each round trip until its SACK
 * shows that it heard.
 */
#include "sctp/forward.h"

#include <string.h>

#include "base/bytes.h"
#include "sctp/assoc.h"

enum { MAX_FORWARDED = 64 }; /* messages named in one chunk */

bool forward_is_spent(const struct sctp_assoc *a, const struct sent_chunk *c)
{
    return a->forward_tsn && c->message->limit_retransmits &&
           c->transmissions > c->message->max_retransmits;
}

/* A TSN for the rest of a message that is begun and will not be finished:
 * what was sent of it may all be acknowledged, and then there would be no TSN
 * to forward over, and nothing to make the peer drop its part. */
static void push_ending(struct sctp_assoc *a, struct sctp_message *m)
{
    uint64_t tsn;
    struct sent_chunk *c = flight_push(&a->flight, &tsn);
    c->message = m;
    c->offset = m->sent;
    m->refs++;
    flight_abandon(&a->flight, tsn);
}

void forward_abandon(struct sctp_assoc *a, struct sctp_message *m)
{
    if (m->is_abandoned)
        return;
    if (m->sent > 0 && m->sent < m->len) {
        if (flight_is_full(&a->flight))
            return; /* the next timer or loss comes back to it */
        push_ending(a, m);
    }
    m->refs++; /* it may be gone with its queue's reference */
    sendq_abandon(&a->sendq, m);
    for (uint64_t tsn = a->flight.first; tsn < a->flight.next; tsn++) {
        struct sent_chunk *c = flight_at(&a->flight, tsn);
        if (c->message == m && c->state != CHUNK_ABANDONED)
            flight_abandon(&a->flight, tsn);
    }
    sendq_release(&a->sendq, m);
    forward_advance(a);
}

void forward_advance(struct sctp_assoc *a)
{
    const struct flight *f = &a->flight;
    uint64_t to = f->first - 1;
    uint64_t last = 0;
    size_t named = 0;
    while (to + 1 < f->next && flight_at(f, to + 1)->state == CHUNK_ABANDONED) {
        const struct sctp_message *m = flight_at(f, to + 1)->message;
        if ((uintptr_t)m != last && named++ == MAX_FORWARDED)
            break;
        last = (uintptr_t)m;
        to++;
    }
    if (to < f->first) {
        assoc_disarm(a, TIMER_FORWARD);
        a->forward.due = false;
        return;
    }
    if (to == a->forward.to)
        return; /* told; the timer tells again */
    a->forward.to = to;
    a->forward.due = true;
    a->is_due = true;
}

/* One entry a message; a later one of the same stream makes the peer skip
 * the earlier ones as well, which are then only repeated. */
static size_t put_entries(const struct sctp_assoc *a, uint8_t *p)
{
    const struct sctp_message *last = NULL;
    size_t len = 0;
    for (uint64_t tsn = a->flight.first; tsn <= a->forward.to; tsn++) {
        const struct sctp_message *m = flight_at(&a->flight, tsn)->message;
        if (m == last)
            continue;
        last = m;
        put_u16be(p + len, m->stream);
        if (a->interleaving) {
            put_u16be(p + len + 2, m->unordered ? 1 : 0);
            put_u32be(p + len + 4, m->mid);
            len += 8;
        } else if (!m->unordered) {
            put_u16be(p + len + 2, (uint16_t)m->mid);
            len += 4;
        }
    }
    return len;
}

void forward_write(struct sctp_assoc *a, uint64_t now_us)
{
    if (!a->forward.due)
        return;
    a->forward.due = false;
    if (a->forward.to < a->flight.first)
        return;
    uint8_t chunk[8 + 8 * (MAX_FORWARDED + 1)];
    size_t len = 8 + put_entries(a, chunk + 8);
    chunk_put_header(chunk, a->interleaving ? CHUNK_I_FORWARD_TSN : CHUNK_FORWARD_TSN, 0, len);
    put_u32be(chunk + 4, (uint32_t)a->forward.to);
    memcpy(output_chunk(&a->out, len), chunk, len);
    assoc_arm(a, TIMER_FORWARD, now_us + a->rtt.rto_us);
}

void forward_on_timer(struct sctp_assoc *a)
{
    a->forward.due = true;
}

/* Gives up what has outlived its time: at the head of the turns and in
 * flight; sets the timer for the rest. */
void forward_expire(struct sctp_assoc *a, uint64_t now_us)
{
    uint64_t next_us = TIME_NEVER;
    struct sctp_message *m;
    while ((m = sendq_peek(&a->sendq)) != NULL && m->expires_us <= now_us) {
        if (m->sent == 0)
            sendq_abandon(&a->sendq, m); /* it has no TSN: nobody to tell */
        else if (a->forward_tsn && !flight_is_full(&a->flight))
            forward_abandon(a, m);
        else
            break; /* the peer cannot be told, or an acknowledgement comes first */
    }
    if (m && m->expires_us > now_us)
        next_us = m->expires_us;
    if (a->forward_tsn) {
        for (uint64_t tsn = a->flight.first; tsn < a->flight.next; tsn++) {
            struct sent_chunk *c = flight_at(&a->flight, tsn);
            if (c->state != CHUNK_IN_FLIGHT && c->state != CHUNK_LOST)
                continue;
            if (c->message->expires_us <= now_us)
                forward_abandon(a, c->message);
            else if (c->message->expires_us < next_us)
                next_us = c->message->expires_us;
        }
    }
    a->forward.has_expiring = a->sendq.queued > 0 || next_us != TIME_NEVER;
    assoc_arm(a, TIMER_EXPIRE, next_us);
}
