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
#include "sctp/assoc.h"

#include <errno.h>

#include "base/bytes.h"
#include "sctp/cookie.h"

enum {
    EXTENSIONS_MAX = 8,
    ZERO_CHECKSUM_DTLS = 1, /* error detection method of RFC 9653 section 4 */
    PARAMS_MAX = 512,       /* of our INIT-ACK, with what we report */
};

/* Writes what we offer; returns its length. */
static size_t put_offers(const struct sctp_assoc *a, uint8_t *p)
{
    uint8_t types[EXTENSIONS_MAX];
    size_t count = 0;
    types[count++] = CHUNK_RECONFIG;
    types[count++] = CHUNK_FORWARD_TSN;
    if (a->config.interleaving) {
        types[count++] = CHUNK_IDATA;
        types[count++] = CHUNK_I_FORWARD_TSN;
    }
    param_put_header(p, PARAM_SUPPORTED_EXTENSIONS, PARAM_HEADER_LEN + count);
    memset(p + PARAM_HEADER_LEN, 0, pad4(count));
    memcpy(p + PARAM_HEADER_LEN, types, count);
    size_t len = PARAM_HEADER_LEN + pad4(count);
    param_put_header(p + len, PARAM_FORWARD_TSN, PARAM_HEADER_LEN);
    len += PARAM_HEADER_LEN;
    if (a->config.zero_checksum) {
        param_put_header(p + len, PARAM_ZERO_CHECKSUM, PARAM_HEADER_LEN + 4);
        put_u32be(p + len + PARAM_HEADER_LEN, ZERO_CHECKSUM_DTLS);
        len += PARAM_HEADER_LEN + 4;
    }
    return len;
}

/* Header and fixed fields of INIT or INIT-ACK; offers follow. */
static size_t put_init(const struct sctp_assoc *a, uint8_t *p, uint8_t type)
{
    put_u32be(p + 4, a->my_tag);
    put_u32be(p + 8, (uint32_t)a->config.recv_window);
    put_u16be(p + 12, a->config.streams);
    put_u16be(p + 14, a->config.streams);
    put_u32be(p + 16, (uint32_t)a->my_first_tsn);
    size_t len = INIT_HEADER_LEN + put_offers(a, p + INIT_HEADER_LEN);
    chunk_put_header(p, type, 0, len);
    return len;
}

void handshake_start(struct sctp_assoc *a, uint64_t now_us)
{
    (void)now_us;
    assoc_set_state(a, ASSOC_COOKIE_WAIT);
    a->handshake_due = true;
    a->is_due = true;
}

void handshake_write(struct sctp_assoc *a, uint64_t now_us)
{
    if (!a->handshake_due)
        return;
    a->handshake_due = false;
    if (a->state == ASSOC_COOKIE_WAIT) {
        uint8_t init[PARAMS_MAX];
        size_t len = put_init(a, init, CHUNK_INIT);
        output_close(a);
        memcpy(output_chunk(a, len), init, len);
        output_close_as(a, 0);
    } else if (a->state == ASSOC_COOKIE_ECHOED) {
        size_t len = CHUNK_HEADER_LEN + a->cookie.len;
        output_close(a);
        uint8_t *p = output_chunk(a, len);
        chunk_put_header(p, CHUNK_COOKIE_ECHO, 0, len);
        memcpy(p + CHUNK_HEADER_LEN, buf_bytes(&a->cookie).data, a->cookie.len);
        a->out.needs_checksum = true; /* RFC 9653 section 5.2 */
    } else {
        return;
    }
    a->handshake_sent_us = now_us;
    uint64_t wait = a->rtt.rto_us << (a->handshake_tries < 8 ? a->handshake_tries : 8);
    assoc_arm(a, TIMER_HANDSHAKE, now_us + (wait < RTO_MAX_US ? wait : RTO_MAX_US));
}

void handshake_on_timer(struct sctp_assoc *a, uint64_t now_us)
{
    (void)now_us;
    if (a->state != ASSOC_COOKIE_WAIT && a->state != ASSOC_COOKIE_ECHOED)
        return;
    if (++a->handshake_tries > a->config.max_retransmit) {
        close_now(a, SCTP_CLOSED_TIMEOUT);
        return;
    }
    a->handshake_due = true;
    a->is_due = true;
}

static void take_extensions(struct peer_offer *offer, struct span types)
{
    bool idata = false;
    bool i_forward = false;
    for (size_t i = 0; i < types.len; i++) {
        idata |= types.data[i] == CHUNK_IDATA;
        i_forward |= types.data[i] == CHUNK_I_FORWARD_TSN;
        offer->reconfig |= types.data[i] == CHUNK_RECONFIG;
        offer->forward_tsn |= types.data[i] == CHUNK_FORWARD_TSN;
    }
    /* RFC 8260 section 2.2.1 wants both. A peer without partial reliability
     * may list I-DATA alone; it is then never sent an I-FORWARD-TSN. */
    offer->interleaving |= idata;
    offer->forward_tsn |= i_forward;
}

/* Reads the parameters of INIT or INIT-ACK. Those that ask to be reported go
 * to *report; *cookie is empty when there is none. */
static int take_params(struct span params, struct peer_offer *offer, struct span *cookie,
                       struct buf *report)
{
    struct param p;
    int got;
    while ((got = param_next(&params, &p)) > 0) {
        if (p.type == PARAM_SUPPORTED_EXTENSIONS) {
            take_extensions(offer, p.value);
        } else if (p.type == PARAM_FORWARD_TSN) {
            offer->forward_tsn = true;
        } else if (p.type == PARAM_ZERO_CHECKSUM) {
            if (p.value.len >= 4 && get_u32be(p.value.data) == ZERO_CHECKSUM_DTLS)
                offer->zero_checksum = true;
        } else if (p.type == PARAM_STATE_COOKIE) {
            *cookie = p.value;
        } else if (p.type & (UNKNOWN_REPORT << 8)) {
            static const uint8_t zero[3];
            uint8_t head[PARAM_HEADER_LEN];
            param_put_header(head, PARAM_UNRECOGNIZED, PARAM_HEADER_LEN + p.whole.len);
            if (buf_room(report) >= sizeof head + pad4(p.whole.len)) {
                buf_append(report, span_of(head, sizeof head));
                buf_append(report, p.whole);
                buf_append(report, span_of(zero, pad4(p.whole.len) - p.whole.len));
            }
        }
        bool is_known = p.type < 16 || (p.type & 0x8000);
        if (!is_known && !(p.type & (UNKNOWN_SKIP << 8)))
            break; /* section 3.2.1: stop at an unknown one with a clear high bit */
    }
    return got < 0 ? got : 0;
}

static int decode_offer(const struct chunk *c, struct peer_offer *offer, struct span *cookie,
                        struct buf *report)
{
    struct chunk_init init;
    if (chunk_init_decode(c, &init) < 0 || init.tag == 0 || init.out_streams == 0 ||
        init.in_streams == 0)
        return -EBADMSG;
    *offer = (struct peer_offer){
        .tag = init.tag,
        .window = init.window,
        .first_tsn = init.first_tsn,
        .out_streams = init.out_streams,
        .in_streams = init.in_streams,
    };
    return take_params(init.params, offer, cookie, report);
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
    uint8_t ack[PARAMS_MAX + PARAM_HEADER_LEN + COOKIE_LEN];
    size_t len = put_init(a, ack, CHUNK_INIT_ACK);
    param_put_header(ack + len, PARAM_STATE_COOKIE, PARAM_HEADER_LEN + COOKIE_LEN);
    cookie_encode(a->config.seed, &cookie, ack + len + PARAM_HEADER_LEN);
    len += PARAM_HEADER_LEN + COOKIE_LEN;
    if (report->len > 0 && len + report->len <= sizeof ack) {
        memcpy(ack + len, buf_bytes(report).data, report->len);
        len += report->len;
    }
    chunk_put_header(ack, CHUNK_INIT_ACK, 0, len);
    output_queue_alone(a, span_of(ack, len), offer->tag);
}

void handshake_on_init(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us)
{
    struct peer_offer offer;
    struct span cookie = {0};
    struct buf report;
    buf_init(&report, PARAMS_MAX / 2);
    if (decode_offer(c, &offer, &cookie, &report) < 0)
        goto out;
    if (a->state <= ASSOC_COOKIE_ECHOED) {
        reply_init_ack(a, &offer, &report, now_us);
    } else if (offer.tag != a->peer.tag) {
        /* An old duplicate has the tag that we know; this is a restart. */
        uint8_t refusal[CHUNK_HEADER_LEN];
        chunk_put_header(refusal, CHUNK_ABORT, 0, sizeof refusal);
        output_queue_alone(a, span_of(refusal, sizeof refusal), offer.tag);
    }
out:
    buf_deinit(&report);
}

void handshake_on_init_ack(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us)
{
    if (a->state != ASSOC_COOKIE_WAIT)
        return;
    struct peer_offer offer = {0};
    struct span cookie = {0};
    struct buf report;
    buf_init(&report, PARAMS_MAX);
    if (decode_offer(c, &offer, &cookie, &report) < 0 || cookie.len == 0 ||
        cookie.len > MAX_COOKIE ||
        cookie.len + SCTP_HEADER_LEN + CHUNK_HEADER_LEN > a->config.mtu) {
        a->peer.tag = offer.tag;
        close_violated(a, cookie.len == 0 ? CAUSE_MISSING_PARAM : CAUSE_INVALID_PARAM);
        goto out;
    }
    a->peer = offer;
    if (a->handshake_tries == 0)
        rtt_sample(&a->rtt, now_us - a->handshake_sent_us);
    buf_clear(&a->cookie);
    buf_append(&a->cookie, cookie);
    if (report.len > 0) {
        uint8_t head[CHUNK_HEADER_LEN + PARAM_HEADER_LEN];
        chunk_put_header(head, CHUNK_ERROR, 0, sizeof head + report.len);
        param_put_header(head + CHUNK_HEADER_LEN, CAUSE_UNRECOGNIZED_PARAMS,
                         PARAM_HEADER_LEN + report.len);
        struct buf error;
        buf_init(&error, sizeof head + PARAMS_MAX);
        buf_append(&error, span_of(head, sizeof head));
        buf_append(&error, buf_bytes(&report));
        output_queue(a, buf_bytes(&error));
        buf_deinit(&error);
    }
    a->handshake_tries = 0;
    a->handshake_due = true;
    a->is_due = true;
    assoc_negotiated(a);
    assoc_set_state(a, ASSOC_COOKIE_ECHOED);
out:
    buf_deinit(&report);
}

bool handshake_on_cookie_echo(struct sctp_assoc *a, const struct chunk *c, uint32_t tag,
                              uint64_t now_us)
{
    struct cookie cookie;
    if (cookie_decode(a->config.seed, c->value, &cookie) < 0 || cookie.my_tag != tag)
        return false;
    uint8_t ack[CHUNK_HEADER_LEN];
    chunk_put_header(ack, CHUNK_COOKIE_ACK, 0, sizeof ack);
    if (a->state > ASSOC_COOKIE_ECHOED) {
        if (cookie.peer.tag == a->peer.tag)
            output_queue(a, span_of(ack, sizeof ack)); /* ours was lost */
        return cookie.peer.tag == a->peer.tag;
    }
    uint64_t age = now_us - cookie.made_us;
    if (age > COOKIE_LIFE_US) {
        uint8_t stale[CHUNK_HEADER_LEN + PARAM_HEADER_LEN + 4];
        chunk_put_header(stale, CHUNK_ERROR, 0, sizeof stale);
        param_put_header(stale + 4, CAUSE_STALE_COOKIE, PARAM_HEADER_LEN + 4);
        put_u32be(stale + 8, (uint32_t)(age < UINT32_MAX ? age : UINT32_MAX));
        output_queue_alone(a, span_of(stale, sizeof stale), cookie.peer.tag);
        return false;
    }
    a->peer = cookie.peer;
    if (a->rtt.srtt_us == 0)
        rtt_sample(&a->rtt, age);
    output_queue(a, span_of(ack, sizeof ack));
    assoc_established(a, now_us);
    return true;
}

void handshake_on_cookie_ack(struct sctp_assoc *a, uint64_t now_us)
{
    if (a->state == ASSOC_COOKIE_ECHOED)
        assoc_established(a, now_us);
}

void handshake_on_stale_cookie(struct sctp_assoc *a, uint64_t now_us)
{
    if (a->state != ASSOC_COOKIE_ECHOED)
        return;
    /* Section 5.2.6: a fresh INIT; the tries go on counting. */
    a->handshake_tries++;
    handshake_start(a, now_us);
}
