#include "fuzz_forge.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "sctp/assoc.h"
#include "sctp/crc32c.h"

enum { CHUNK_MAX = 1100, FAR = 600 /* what a variant's distances are multiplied by */ };

/* Near what is expected, before or after it. */
static uint32_t take_near(struct arguments *in, uint8_t step)
{
    int near = (int8_t)take_u8(in);
    return (uint32_t)(step & SCRIPT_VARIANT ? near * FAR : near);
}

/* Nearer still: most should be acceptable. */
static uint32_t take_close(struct arguments *in, int part)
{
    int near = (int8_t)take_u8(in);
    return (uint32_t)(near / part);
}

static size_t put_raw(uint8_t *p, struct arguments *in)
{
    uint8_t type = take_u8(in);
    uint8_t flags = take_u8(in);
    size_t len = CHUNK_HEADER_LEN + take_u8(in);
    for (size_t i = CHUNK_HEADER_LEN; i < len; i++)
        p[i] = take_u8(in);
    chunk_put_header(p, type, flags, len);
    return len;
}

static size_t put_data(uint8_t *p, const struct sctp_assoc *a, uint8_t step, struct arguments *in)
{
    struct chunk_data d = {
        .tsn = (uint32_t)a->in.map.cum + take_near(in, step),
        .stream = take_u8(in) % 9, /* one too many */
        .flags = take_u8(in) & 15,
        .interleaved = a->interleaving,
        .mid = (uint32_t)(int8_t)take_u8(in),
        .fsn = take_u8(in) % 16,
        .ppid = 51,
    };
    size_t len = take_u8(in) * 4u;
    size_t header = chunk_data_encode(p, &d);
    memset(p + header, take_u8(in), len);
    chunk_put_header(p, p[0], p[1], header + len);
    return header + len;
}

static size_t put_init(uint8_t *p, const struct sctp_assoc *a, uint8_t step, struct arguments *in)
{
    static const uint16_t types[] = {PARAM_STATE_COOKIE,
                                     PARAM_UNRECOGNIZED,
                                     PARAM_ZERO_CHECKSUM,
                                     PARAM_SUPPORTED_EXTENSIONS,
                                     PARAM_FORWARD_TSN,
                                     5 /* IPv4 address */,
                                     0x4003 /* unknown: stop, report */,
                                     0xC123 /* unknown: skip, report */};
    uint8_t kind = take_u8(in);
    put_u32be(p + 4, kind & 2 ? a->peer.tag : kind >> 2);
    put_u32be(p + 8, take_u8(in) * 1024u);
    put_u16be(p + 12, take_u8(in));
    put_u16be(p + 14, take_u8(in));
    put_u32be(p + 16, (uint32_t)a->in.map.cum + take_near(in, step));
    size_t len = INIT_HEADER_LEN;
    for (size_t n = take_u8(in) % INIT_PARAMS; n > 0; n--) {
        uint16_t type = types[take_u8(in) % 8];
        size_t value = take_u8(in) % 64;
        memset(p + len + PARAM_HEADER_LEN, take_u8(in), pad4(value));
        param_put_header(p + len, type, PARAM_HEADER_LEN + value);
        len += PARAM_HEADER_LEN + pad4(value);
    }
    chunk_put_header(p, kind & 1 ? CHUNK_INIT_ACK : CHUNK_INIT, 0, len);
    return len;
}

static size_t put_sack(uint8_t *p, const struct sctp_assoc *a, struct arguments *in)
{
    size_t gaps = take_u8(in) % SACK_GAPS;
    size_t dups = take_u8(in) % SACK_DUPLICATES;
    size_t len = SACK_HEADER_LEN + 4 * (gaps + dups);
    uint32_t first = (uint32_t)a->flight.first;
    chunk_put_header(p, CHUNK_SACK, 0, len);
    put_u32be(p + 4, first - 1 + take_close(in, 4));
    put_u32be(p + 8, (uint32_t)take_u16(in) * 16);
    put_u16be(p + 12, (uint16_t)gaps);
    put_u16be(p + 14, (uint16_t)dups);
    p += SACK_HEADER_LEN;
    for (; gaps > 0; gaps--, p += 4) {
        uint16_t start = take_u8(in);
        put_u16be(p, start);
        put_u16be(p + 2, (uint16_t)(start + take_u8(in) % 8));
    }
    for (; dups > 0; dups--, p += 4)
        put_u32be(p, first - take_u8(in));
    return len;
}

/* Those with little inside: parameter or cause, TSN, or nothing. */
static size_t put_control(uint8_t *p, const struct sctp_assoc *a, uint8_t step,
                          struct arguments *in)
{
    static const uint8_t types[] = {
        CHUNK_HEARTBEAT,         CHUNK_HEARTBEAT_ACK, CHUNK_ABORT,
        CHUNK_SHUTDOWN,          CHUNK_SHUTDOWN_ACK,  CHUNK_ERROR,
        CHUNK_COOKIE_ECHO,       CHUNK_COOKIE_ACK,    CHUNK_PAD,
        CHUNK_SHUTDOWN_COMPLETE,
    };
    uint8_t type = types[take_u8(in) % sizeof types];
    size_t len = CHUNK_HEADER_LEN + take_u8(in);
    uint8_t value = take_u8(in);
    uint32_t tsn = (uint32_t)a->flight.first - 1 + take_close(in, 4);
    memset(p, 0, len + 4);
    if (type == CHUNK_SHUTDOWN) /* acknowledges, too */
        put_u32be(p + 4, tsn);
    else
        param_put_header(p + 4, value % 16, len - CHUNK_HEADER_LEN);
    chunk_put_header(p, type, step & SCRIPT_VARIANT ? FLAG_T : 0, len);
    return len;
}

static size_t put_forward(uint8_t *p, const struct sctp_assoc *a, uint8_t step,
                          struct arguments *in)
{
    size_t streams = take_u8(in) % FORWARD_STREAMS;
    size_t size = a->interleaving ? 8 : 4;
    size_t len = 8 + streams * size;
    chunk_put_header(p, a->interleaving ? CHUNK_I_FORWARD_TSN : CHUNK_FORWARD_TSN, 0, len);
    put_u32be(p + 4, (uint32_t)a->in.map.cum + take_near(in, step));
    for (p += 8; streams > 0; streams--, p += size) {
        put_u16be(p, take_u8(in) % 10);
        put_u16be(p + 2, take_u8(in));
        uint8_t mid = take_u8(in);
        if (size == 8)
            put_u32be(p + 4, (uint32_t)(int8_t)mid);
    }
    return len;
}

static size_t put_reconfig(uint8_t *p, const struct sctp_assoc *a, uint8_t step,
                           struct arguments *in)
{
    uint16_t type = PARAM_OUTGOING_RESET + take_u8(in) % 6;
    size_t streams = take_u8(in) % RESET_STREAMS;
    size_t len = CHUNK_HEADER_LEN + PARAM_HEADER_LEN + 12 + 2 * streams;
    const struct reconfig *r = &a->reconfig;
    chunk_put_header(p, CHUNK_RECONFIG, 0, len);
    param_put_header(p + 4, type, len - CHUNK_HEADER_LEN);
    put_u32be(p + 8, (type == PARAM_RECONFIG_RESPONSE ? r->next_request : r->peer_request) +
                         take_close(in, 32));
    put_u32be(p + 12, take_u8(in) % 8);
    put_u32be(p + 16, (uint32_t)a->in.map.cum + take_near(in, step));
    for (p += 20; streams > 0; streams--, p += 2)
        put_u16be(p, take_u8(in) % 10);
    return len;
}

void forge_packet(struct forge *f, struct span packet, uint64_t now_us)
{
    assert(packet.len >= SCTP_HEADER_LEN);
    /* An exact copy, so that a read past the end is seen. */
    uint8_t *p = malloc(packet.len);
    assert(p);
    memcpy(p, packet.data, packet.len);
    bool is_init = packet.len > SCTP_HEADER_LEN && p[SCTP_HEADER_LEN] == CHUNK_INIT;
    put_u16be(p, 5000);
    put_u16be(p + 2, 5000);
    put_u32be(p + 4, is_init ? 0 : f->target->my_tag);
    put_u32be(p + 8, 0);
    uint32_t crc = crc32c_of_packet(span_of(p, packet.len));
    for (int i = 0; i < 4; i++)
        p[8 + i] = (uint8_t)(crc >> (8 * i));
    sctp_assoc_feed(f->target, span_of(p, packet.len), now_us);
    free(p);
}

static size_t put_chunk(uint8_t *p, const struct sctp_assoc *a, uint8_t step, struct arguments *in)
{
    switch (step % SCRIPT_OPS) {
    case SCRIPT_RAW:
        return put_raw(p, in);
    case SCRIPT_DATA:
        return put_data(p, a, step, in);
    case SCRIPT_INIT:
        return put_init(p, a, step, in);
    case SCRIPT_SACK:
        return put_sack(p, a, in);
    case SCRIPT_CONTROL:
        return put_control(p, a, step, in);
    case SCRIPT_FORWARD:
        return put_forward(p, a, step, in);
    default:
        return put_reconfig(p, a, step, in);
    }
}

void forge_chunk(struct forge *f, uint8_t step, struct arguments *in, uint64_t now_us)
{
    uint8_t chunk[CHUNK_MAX] = {0};
    size_t len = put_chunk(chunk, f->target, step, in);
    assert(len <= CHUNK_MAX);
    if (f->len == 0 || f->len + pad4(len) > sizeof f->packet)
        f->len = SCTP_HEADER_LEN; /* what was held is lost */
    memcpy(f->packet + f->len, chunk, pad4(len));
    f->len += pad4(len);
    if (step & SCRIPT_HOLD)
        return;
    for (int times = step & SCRIPT_TWICE ? 2 : 1; times > 0; times--)
        forge_packet(f, span_of(f->packet, f->len), now_us);
    f->len = 0;
}
