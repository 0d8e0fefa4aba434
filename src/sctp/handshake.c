/*
 * The four-way handshake (RFC 9260 section 5). Our tag and first TSN are
 * drawn once, when the association is made, and stand in every INIT and
 * INIT-ACK that it sends. So when both ends send INIT at once (section 5.2.1)
 * both handshakes agree on the same four numbers, and whichever COOKIE-ECHO
 * arrives first completes it; the tie tags of the RFC are not needed.
 *
 * A restart of a live association (section 5.2.2) is refused with ABORT: above
 * DTLS the peer that lost its state has lost its keys as well.
 */
#include "sctp/handshake.h"

#include <string.h>

#include "base/bytes.h"
#include "sctp/assoc.h"
#include "sctp/cookie.h"
#include "sctp/heartbeat.h"
#include "sctp/offer.h"

#define COOKIE_LIFE_US (60 * US_PER_S)

void handshake_init(struct handshake *h)
{
    buf_init(&h->cookie, MAX_COOKIE);
}

void handshake_deinit(struct handshake *h)
{
    buf_deinit(&h->cookie);
}

/* The offers of both sides are known: sending is possible. */
static void agree(struct sctp_assoc *a, const struct peer_offer *peer)
{
    a->peer = *peer;
    a->interleaving = a->config.interleaving && peer->interleaving;
    a->forward_tsn = peer->forward_tsn;
    a->out.tag = peer->tag;
    a->out.zero_checksum = a->config.zero_checksum && peer->zero_checksum;
    a->out_streams = a->config.streams < peer->in_streams ? a->config.streams : peer->in_streams;
    a->in_streams = a->config.streams < peer->out_streams ? a->config.streams : peer->out_streams;
    a->peer_window = peer->window;
    a->sendq.interleaved = a->interleaving;
    sendq_limit_streams(&a->sendq, a->out_streams);
}

static void establish(struct sctp_assoc *a, uint64_t now_us)
{
    const struct peer_offer *peer = &a->peer;
    uint64_t cum = (UINT64_C(1) << 32) + peer->first_tsn - 1;
    receive_start(&a->in, cum, a->in_streams, a->interleaving, now_us);
    reconfig_init(&a->reconfig, (uint32_t)a->my_first_tsn, peer->first_tsn);
    assoc_start_cc(a, a->cc.mss, now_us);
    assoc_disarm(a, TIMER_HANDSHAKE);
    handshake_deinit(&a->handshake);
    assoc_set_state(a, ASSOC_ESTABLISHED);
    a->last_sent_us = now_us;
    heartbeat_start(a, now_us);
    a->is_due = true;
    a->handlers.on_connected(a->arg);
}

void handshake_start(struct sctp_assoc *a)
{
    assoc_set_state(a, ASSOC_COOKIE_WAIT);
    a->handshake.due = true;
    a->is_due = true;
}

void handshake_skip(struct sctp_assoc *a, const struct peer_offer *peer, uint64_t now_us)
{
    agree(a, peer);
    establish(a, now_us);
}

static void write_init(struct sctp_assoc *a)
{
    uint8_t init[OFFER_MAX];
    size_t len = offer_encode(init, CHUNK_INIT, &a->config, a->my_tag, (uint32_t)a->my_first_tsn);
    output_close(&a->out);
    memcpy(output_chunk(&a->out, len), init, len);
    output_close_as(&a->out, 0);
}

static void write_cookie_echo(struct sctp_assoc *a)
{
    struct span cookie = buf_bytes(&a->handshake.cookie);
    size_t len = CHUNK_HEADER_LEN + cookie.len;
    output_close(&a->out);
    uint8_t *p = output_chunk(&a->out, len);
    chunk_put_header(p, CHUNK_COOKIE_ECHO, 0, len);
    memcpy(p + CHUNK_HEADER_LEN, cookie.data, cookie.len);
    a->out.needs_checksum = true; /* RFC 9653 section 5.2 */
}

void handshake_write(struct sctp_assoc *a, uint64_t now_us)
{
    struct handshake *h = &a->handshake;
    if (!h->due)
        return;
    h->due = false;
    if (a->state == ASSOC_COOKIE_WAIT)
        write_init(a);
    else if (a->state == ASSOC_COOKIE_ECHOED)
        write_cookie_echo(a);
    else
        return;
    h->sent_us = now_us;
    assoc_arm(a, TIMER_HANDSHAKE, now_us + rtt_backed_off_us(&a->rtt, h->tries));
}

void handshake_on_timer(struct sctp_assoc *a)
{
    if (a->state != ASSOC_COOKIE_WAIT && a->state != ASSOC_COOKIE_ECHOED)
        return;
    if (++a->handshake.tries > a->config.max_retransmit) {
        assoc_close(a, SCTP_CLOSED_TIMEOUT);
        return;
    }
    a->handshake.due = true;
    a->is_due = true;
}

static void reply_init_ack(struct sctp_assoc *a, const struct peer_offer *offer, struct buf *report,
                           uint64_t now_us)
{
    struct cookie cookie = {
        .made_us = now_us,
        .my_tag = a->my_tag,
        .my_first_tsn = (uint32_t)a->my_first_tsn,
        .peer = *offer,
    };
    uint8_t ack[OFFER_MAX + PARAM_HEADER_LEN + COOKIE_LEN];
    size_t len =
        offer_encode(ack, CHUNK_INIT_ACK, &a->config, a->my_tag, (uint32_t)a->my_first_tsn);
    param_put_header(ack + len, PARAM_STATE_COOKIE, PARAM_HEADER_LEN + COOKIE_LEN);
    cookie_encode(a->config.seed, &cookie, ack + len + PARAM_HEADER_LEN);
    len += PARAM_HEADER_LEN + COOKIE_LEN;
    if (report->len > 0 && len + report->len <= sizeof ack) {
        memcpy(ack + len, buf_bytes(report).data, report->len);
        len += report->len;
    }
    chunk_put_header(ack, CHUNK_INIT_ACK, 0, len);
    assoc_reply_alone(a, span_of(ack, len), offer->tag);
}

void handshake_on_init(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us)
{
    struct peer_offer offer;
    struct span cookie = {0};
    struct buf report;
    buf_init(&report, OFFER_MAX / 2);
    if (offer_decode(c, &offer, &cookie, &report) < 0)
        goto out;
    if (a->state <= ASSOC_COOKIE_ECHOED) {
        reply_init_ack(a, &offer, &report, now_us);
    } else if (offer.tag != a->peer.tag) {
        /* An old duplicate has the tag that we know; this is a restart. */
        uint8_t refusal[CHUNK_HEADER_LEN];
        chunk_put_header(refusal, CHUNK_ABORT, 0, sizeof refusal);
        assoc_reply_alone(a, span_of(refusal, sizeof refusal), offer.tag);
    }
out:
    buf_deinit(&report);
}

/* Tells the peer which of its parameters are not known here. */
static void reply_unrecognized(struct sctp_assoc *a, const struct buf *report)
{
    uint8_t error[CHUNK_HEADER_LEN + PARAM_HEADER_LEN + OFFER_MAX];
    size_t len = CHUNK_HEADER_LEN + PARAM_HEADER_LEN + report->len;
    chunk_put_header(error, CHUNK_ERROR, 0, len);
    param_put_header(error + CHUNK_HEADER_LEN, CAUSE_UNRECOGNIZED_PARAMS,
                     PARAM_HEADER_LEN + report->len);
    memcpy(error + CHUNK_HEADER_LEN + PARAM_HEADER_LEN, buf_bytes(report).data, report->len);
    assoc_reply(a, span_of(error, len));
}

static void take_init_ack(struct sctp_assoc *a, const struct peer_offer *offer, struct span cookie,
                          const struct buf *report, uint64_t now_us)
{
    struct handshake *h = &a->handshake;
    if (h->tries == 0)
        rtt_sample(&a->rtt, now_us - h->sent_us);
    agree(a, offer);
    buf_clear(&h->cookie);
    buf_append(&h->cookie, cookie);
    if (report->len > 0)
        reply_unrecognized(a, report);
    h->tries = 0;
    h->due = true;
    a->is_due = true;
    assoc_set_state(a, ASSOC_COOKIE_ECHOED);
}

void handshake_on_init_ack(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us)
{
    if (a->state != ASSOC_COOKIE_WAIT)
        return;
    struct peer_offer offer = {0};
    struct span cookie = {0};
    struct buf report;
    buf_init(&report, OFFER_MAX);
    int error = offer_decode(c, &offer, &cookie, &report);
    size_t echo_len = SCTP_HEADER_LEN + CHUNK_HEADER_LEN + cookie.len;
    if (error < 0 || cookie.len == 0 || cookie.len > MAX_COOKIE || echo_len > a->config.mtu) {
        a->peer.tag = a->out.tag = offer.tag;
        assoc_close_violated(a, cookie.len == 0 ? CAUSE_MISSING_PARAM : CAUSE_INVALID_PARAM);
    } else {
        take_init_ack(a, &offer, cookie, &report, now_us);
    }
    buf_deinit(&report);
}

static void reply_stale(struct sctp_assoc *a, uint64_t age_us, uint32_t tag)
{
    uint8_t stale[CHUNK_HEADER_LEN + PARAM_HEADER_LEN + 4];
    chunk_put_header(stale, CHUNK_ERROR, 0, sizeof stale);
    param_put_header(stale + 4, CAUSE_STALE_COOKIE, PARAM_HEADER_LEN + 4);
    put_u32be(stale + 8, (uint32_t)(age_us < UINT32_MAX ? age_us : UINT32_MAX));
    assoc_reply_alone(a, span_of(stale, sizeof stale), tag);
}

static void reply_cookie_ack(struct sctp_assoc *a)
{
    uint8_t ack[CHUNK_HEADER_LEN];
    chunk_put_header(ack, CHUNK_COOKIE_ACK, 0, sizeof ack);
    assoc_reply(a, span_of(ack, sizeof ack));
}

void handshake_on_cookie_echo(struct sctp_assoc *a, const struct chunk *c, uint32_t tag,
                              uint64_t now_us)
{
    struct cookie cookie;
    if (cookie_decode(a->config.seed, c->value, &cookie) < 0 || cookie.my_tag != tag)
        return;
    uint64_t age_us = now_us - cookie.made_us;
    if (a->state > ASSOC_COOKIE_ECHOED) {
        if (cookie.peer.tag == a->peer.tag)
            reply_cookie_ack(a); /* ours was lost */
    } else if (age_us > COOKIE_LIFE_US) {
        reply_stale(a, age_us, cookie.peer.tag);
    } else {
        agree(a, &cookie.peer);
        if (a->rtt.srtt_us == 0)
            rtt_sample(&a->rtt, age_us);
        reply_cookie_ack(a);
        establish(a, now_us);
    }
}

void handshake_on_cookie_ack(struct sctp_assoc *a, uint64_t now_us)
{
    if (a->state == ASSOC_COOKIE_ECHOED)
        establish(a, now_us);
}

void handshake_on_stale_cookie(struct sctp_assoc *a)
{
    if (a->state != ASSOC_COOKIE_ECHOED)
        return;
    /* Section 5.2.6: a fresh INIT; the tries go on counting. */
    a->handshake.tries++;
    handshake_start(a);
}
