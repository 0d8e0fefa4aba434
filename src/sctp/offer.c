/*
 * Parameters that are not known are told to the sender or not, skipped or not,
 * as the two high bits of their type say (RFC 9260 section 3.2.1).
 */
#include "sctp/offer.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"

enum {
    EXTENSIONS_MAX = 8,
    ZERO_CHECKSUM_DTLS = 1, /* error detection method of RFC 9653 section 4 */
};

/* Writes what we offer; returns its length. */
static size_t put_offers(const struct sctp_assoc_config *config, uint8_t *p)
{
    uint8_t types[EXTENSIONS_MAX];
    size_t count = 0;
    types[count++] = CHUNK_RECONFIG;
    types[count++] = CHUNK_FORWARD_TSN;
    if (config->interleaving) {
        types[count++] = CHUNK_IDATA;
        types[count++] = CHUNK_I_FORWARD_TSN;
    }
    param_put_header(p, PARAM_SUPPORTED_EXTENSIONS, PARAM_HEADER_LEN + count);
    memset(p + PARAM_HEADER_LEN, 0, pad4(count));
    memcpy(p + PARAM_HEADER_LEN, types, count);
    size_t len = PARAM_HEADER_LEN + pad4(count);
    param_put_header(p + len, PARAM_FORWARD_TSN, PARAM_HEADER_LEN);
    len += PARAM_HEADER_LEN;
    if (config->zero_checksum) {
        param_put_header(p + len, PARAM_ZERO_CHECKSUM, PARAM_HEADER_LEN + 4);
        put_u32be(p + len + PARAM_HEADER_LEN, ZERO_CHECKSUM_DTLS);
        len += PARAM_HEADER_LEN + 4;
    }
    return len;
}

size_t offer_encode(uint8_t *p, uint8_t type, const struct sctp_assoc_config *config, uint32_t tag,
                    uint32_t first_tsn)
{
    put_u32be(p + 4, tag);
    put_u32be(p + 8, (uint32_t)config->recv_window);
    put_u16be(p + 12, config->streams);
    put_u16be(p + 14, config->streams);
    put_u32be(p + 16, first_tsn);
    size_t len = INIT_HEADER_LEN + put_offers(config, p + INIT_HEADER_LEN);
    chunk_put_header(p, type, 0, len);
    return len;
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

static void report_param(struct buf *report, const struct param *p)
{
    static const uint8_t zero[3];
    uint8_t head[PARAM_HEADER_LEN];
    if (buf_room(report) < sizeof head + pad4(p->whole.len))
        return;
    param_put_header(head, PARAM_UNRECOGNIZED, PARAM_HEADER_LEN + p->whole.len);
    buf_append(report, span_of(head, sizeof head));
    buf_append(report, p->whole);
    buf_append(report, span_of(zero, pad4(p->whole.len) - p->whole.len));
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
            report_param(report, &p);
        }
        bool is_known = p.type < 16 || (p.type & 0x8000);
        if (!is_known && !(p.type & (UNKNOWN_SKIP << 8)))
            break; /* section 3.2.1: stop at an unknown one with a clear high bit */
    }
    return got < 0 ? got : 0;
}

int offer_decode(const struct chunk *c, struct peer_offer *offer, struct span *cookie,
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

int offer_decode_alone(struct span init, struct peer_offer *offer)
{
    struct chunk c;
    struct span cookie;
    struct buf report; /* there is nobody to tell */
    buf_init(&report, 0);
    if (chunk_next(&init, &c) <= 0 || init.len > 0 || c.type != CHUNK_INIT)
        return -EBADMSG;
    return offer_decode(&c, offer, &cookie, &report);
}
