/*
 * A live association fed by a script: the input is a list of steps, each an
 * operation and its arguments, that forge chunks near what the association
 * would accept (TSNs relative to its own, valid tags and checksums), damage
 * real packets, move the time and call the API. So random bytes reach deep
 * states, and every mutation of them is again a valid script.
 *
 * Checked beside the sanitizers: memory stays bounded, the engine never wants
 * to be called forever, and it reports its end only once.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "sctp/assoc.h"
#include "sctp/crc32c.h"

enum {
    PACKET_MAX = 2048,
    QUEUE_PACKETS = 64,
    MEMORY_MAX = 24 << 20, /* windows of 1 MiB, parts of 16 messages, queues */
    CALLS_AT_ONCE = 1000,
    STEPS_MAX = 4000,
};

struct wire {
    uint8_t data[QUEUE_PACKETS][PACKET_MAX];
    size_t len[QUEUE_PACKETS];
    size_t count;
};

struct side {
    struct sctp_assoc *a;
    struct wire *out;
    unsigned closed;
    bool toggles_reading;
    uint64_t *now_us;
};

struct input {
    const uint8_t *p;
    size_t len;
};

static uint8_t take_u8(struct input *in)
{
    if (in->len == 0)
        return 0;
    in->len--;
    return *in->p++;
}

static uint16_t take_u16(struct input *in)
{
    uint16_t high = take_u8(in);
    return (uint16_t)(high << 8 | take_u8(in));
}

static void on_packets(void *arg, const struct sctp_packet *packets, size_t count)
{
    struct side *s = arg;
    for (size_t i = 0; i < count; i++) {
        struct wire *w = s->out;
        assert(packets[i].len >= SCTP_HEADER_LEN + CHUNK_HEADER_LEN);
        if (w->count == QUEUE_PACKETS || packets[i].len > PACKET_MAX)
            continue;
        memcpy(w->data[w->count], packets[i].data, packets[i].len);
        w->len[w->count++] = packets[i].len;
    }
}

static void on_message(void *arg, const struct sctp_message_info *info, struct span m)
{
    struct side *s = arg;
    assert(m.len > 0 && s->closed == 0);
    /* Calls from within a handler. */
    struct sctp_outgoing out = {.stream = info->stream, .ppid = 1, .body = m};
    if (m.len < 64)
        sctp_assoc_send(s->a, &out, *s->now_us);
    if (s->toggles_reading && m.data[0] % 16 == 1)
        sctp_assoc_set_reading(s->a, false, *s->now_us);
}

static void on_nothing(void *arg)
{
    (void)arg;
}

static void on_stream_reset(void *arg, uint16_t stream, enum sctp_reset_side side)
{
    struct side *s = arg;
    (void)side;
    assert(s->closed == 0);
    if (stream % 2)
        sctp_assoc_reset_stream(s->a, stream, *s->now_us);
}

static void on_closed(void *arg, enum sctp_close_reason reason)
{
    struct side *s = arg;
    (void)reason;
    assert(s->closed == 0);
    s->closed++;
}

static void settle(struct side *s, uint64_t now_us)
{
    unsigned calls = 0;
    sctp_assoc_flush(s->a, now_us);
    while (sctp_assoc_deadline(s->a) <= now_us) {
        sctp_assoc_on_deadline(s->a, now_us);
        assert(++calls < CALLS_AT_ONCE);
    }
    struct sctp_stats stats;
    sctp_assoc_stats(s->a, &stats);
    assert(stats.memory < MEMORY_MAX);
}

static void exchange(struct side *sides, uint64_t now_us)
{
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 2; i++) {
            struct wire *w = sides[i].out;
            for (size_t n = 0; n < w->count; n++)
                sctp_assoc_feed(sides[1 - i].a, span_of(w->data[n], w->len[n]), now_us);
            w->count = 0;
            settle(&sides[1 - i], now_us);
        }
    }
}

/* A chunk of this length goes to the target with everything around it right. */
static void forge(struct side *target, uint8_t *packet, size_t len, uint64_t now_us)
{
    struct sctp_assoc *a = target->a;
    put_u16be(packet, 5000);
    put_u16be(packet + 2, 5000);
    put_u32be(packet + 4, packet[SCTP_HEADER_LEN] == CHUNK_INIT ? 0 : a->my_tag);
    put_u32be(packet + 8, 0);
    size_t total = SCTP_HEADER_LEN + pad4(len);
    uint32_t crc = crc32c_of_packet(span_of(packet, total));
    for (int i = 0; i < 4; i++)
        packet[8 + i] = (uint8_t)(crc >> (8 * i));
    /* An exact copy, so that a read past the end is seen. */
    uint8_t *exact = malloc(total);
    assert(exact);
    memcpy(exact, packet, total);
    sctp_assoc_feed(a, span_of(exact, total), now_us);
    free(exact);
}

static void forge_raw(struct side *t, struct input *in, uint64_t now_us)
{
    uint8_t packet[PACKET_MAX] = {0};
    uint8_t *p = packet + SCTP_HEADER_LEN;
    uint8_t type = take_u8(in);
    uint8_t flags = take_u8(in);
    size_t len = 4 + take_u8(in);
    for (size_t i = 4; i < len; i++)
        p[i] = take_u8(in);
    chunk_put_header(p, type, flags, len);
    forge(t, packet, len, now_us);
}

static void forge_data(struct side *t, struct input *in, uint64_t now_us)
{
    uint8_t packet[PACKET_MAX] = {0};
    struct sctp_assoc *a = t->a;
    struct chunk_data d = {
        .tsn = (uint32_t)a->in.map.cum + (uint32_t)(int8_t)take_u8(in),
        .stream = take_u8(in) % 8,
        .flags = take_u8(in) & 15,
        .interleaved = a->interleaving,
        .mid = (uint32_t)(int8_t)take_u8(in),
        .fsn = take_u8(in) % 16,
        .ppid = 51,
    };
    size_t len = 1 + take_u8(in) * 4u;
    static const uint8_t zeros[1100];
    d.payload = span_of(zeros, len);
    size_t header = chunk_data_encode(packet + SCTP_HEADER_LEN, &d);
    memset(packet + SCTP_HEADER_LEN + header, take_u8(in), len);
    forge(t, packet, header + len, now_us);
}

static void forge_sack(struct side *t, struct input *in, uint64_t now_us)
{
    uint8_t packet[PACKET_MAX] = {0};
    uint8_t *p = packet + SCTP_HEADER_LEN;
    size_t gaps = take_u8(in) % 8;
    size_t dups = take_u8(in) % 4;
    size_t len = SACK_HEADER_LEN + 4 * (gaps + dups);
    chunk_put_header(p, CHUNK_SACK, 0, len);
    put_u32be(p + 4, (uint32_t)t->a->flight.first - 1 + (uint32_t)(int8_t)take_u8(in) / 4);
    put_u32be(p + 8, (uint32_t)take_u16(in) * 16);
    put_u16be(p + 12, (uint16_t)gaps);
    put_u16be(p + 14, (uint16_t)dups);
    for (size_t i = 0; i < gaps; i++) {
        uint16_t start = take_u8(in);
        put_u16be(p + 16 + 4 * i, start);
        put_u16be(p + 18 + 4 * i, (uint16_t)(start + take_u8(in) % 8));
    }
    for (size_t i = 0; i < dups; i++)
        put_u32be(p + 16 + 4 * (gaps + i), (uint32_t)t->a->flight.first - take_u8(in));
    forge(t, packet, len, now_us);
}

static void forge_forward(struct side *t, struct input *in, uint64_t now_us)
{
    uint8_t packet[PACKET_MAX] = {0};
    uint8_t *p = packet + SCTP_HEADER_LEN;
    size_t entries = take_u8(in) % 4;
    size_t size = t->a->interleaving ? 8 : 4;
    size_t len = 8 + entries * size;
    chunk_put_header(p, t->a->interleaving ? CHUNK_I_FORWARD_TSN : CHUNK_FORWARD_TSN, 0, len);
    put_u32be(p + 4, (uint32_t)t->a->in.map.cum + (uint32_t)(int8_t)take_u8(in));
    for (size_t i = 0; i < entries; i++) {
        put_u16be(p + 8 + i * size, take_u8(in) % 10);
        put_u16be(p + 10 + i * size, take_u8(in));
        if (size == 8)
            put_u32be(p + 12 + i * size, (uint32_t)(int8_t)take_u8(in));
    }
    forge(t, packet, len, now_us);
}

static void forge_reconfig(struct side *t, struct input *in, uint64_t now_us)
{
    uint8_t packet[PACKET_MAX] = {0};
    uint8_t *p = packet + SCTP_HEADER_LEN;
    uint16_t type = 13 + take_u8(in) % 6;
    size_t streams = take_u8(in) % 6;
    size_t len = 4 + 4 + 12 + 2 * streams;
    chunk_put_header(p, CHUNK_RECONFIG, 0, len);
    param_put_header(p + 4, type, len - 4);
    bool response = type == PARAM_RECONFIG_RESPONSE;
    put_u32be(p + 8, (response ? t->a->reconfig.next_request : t->a->reconfig.peer_request) +
                         (uint32_t)(int8_t)take_u8(in) / 32);
    put_u32be(p + 12, take_u8(in) % 8);
    put_u32be(p + 16, (uint32_t)t->a->in.map.cum + (uint32_t)(int8_t)take_u8(in));
    for (size_t i = 0; i < streams; i++)
        put_u16be(p + 20 + 2 * i, take_u8(in) % 10);
    forge(t, packet, len, now_us);
}

static void damage(struct side *sides, struct input *in, uint64_t now_us)
{
    struct wire *w = sides[1].out;
    if (w->count == 0)
        return;
    size_t n = take_u8(in) % w->count;
    size_t len = w->len[n];
    w->data[n][take_u16(in) % len] ^= take_u8(in);
    if (take_u8(in) % 4 == 0)
        len = SCTP_HEADER_LEN + (len - SCTP_HEADER_LEN) * take_u8(in) / 256;
    uint8_t packet[PACKET_MAX] = {0};
    memcpy(packet, w->data[n], len);
    if (len >= SCTP_HEADER_LEN + CHUNK_HEADER_LEN)
        forge(&sides[0], packet, (len - SCTP_HEADER_LEN) & ~(size_t)3, now_us);
}

static void send_message(struct side *s, struct input *in, uint64_t now_us)
{
    static const uint8_t body[20000];
    uint8_t kind = take_u8(in);
    size_t len = 1 + take_u16(in) % (kind & 1 ? sizeof body - 1 : 100);
    struct sctp_outgoing out = {
        .stream = take_u8(in) % 8,
        .unordered = (kind & 2) != 0,
        .limit_retransmits = (kind & 4) != 0,
        .max_retransmits = kind >> 6,
        .lifetime_us = kind & 8 ? 30000 : 0,
        .ppid = 53,
        .body = span_of(body, len),
    };
    sctp_assoc_send(s->a, &out, now_us);
}

static void step(struct side *sides, struct input *in, uint64_t *now_us)
{
    uint8_t op = take_u8(in);
    struct side *t = &sides[0];
    switch (op % 16) {
    case 0:
        forge_raw(t, in, *now_us);
        break;
    case 1:
    case 2:
        forge_data(t, in, *now_us);
        break;
    case 3:
    case 4:
        forge_sack(t, in, *now_us);
        break;
    case 5:
        forge_forward(t, in, *now_us);
        break;
    case 6:
        forge_reconfig(t, in, *now_us);
        break;
    case 7:
        damage(sides, in, *now_us);
        break;
    case 8:
        exchange(sides, *now_us);
        break;
    case 9:
        *now_us += (uint64_t)take_u16(in) * (op & 16 ? 1000 : 10);
        break;
    case 10:
        send_message(t, in, *now_us);
        break;
    case 11:
        send_message(&sides[1], in, *now_us);
        break;
    case 12:
        sctp_assoc_set_reading(t->a, op & 16, *now_us);
        break;
    case 13:
        sctp_assoc_reset_stream(t->a, take_u8(in) % 10, *now_us);
        break;
    case 14: /* loses what is under way */
        sides[op & 16 ? 1 : 0].out->count = 0;
        break;
    case 15:
        if (op == 15)
            sctp_assoc_shutdown(t->a, *now_us);
        else if (op == 31)
            sctp_assoc_abort(t->a, *now_us);
        else if (op == 47)
            sctp_assoc_connect(&sides[1].a[0], *now_us);
        break;
    }
    if (op & 32)
        settle(t, *now_us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct wire wires[2];
    static uint8_t arena_bytes[1 << 16];
    static const struct sctp_assoc_handlers handlers = {
        .on_packets = on_packets,
        .on_message = on_message,
        .on_connected = on_nothing,
        .on_writable = on_nothing,
        .on_stream_reset = on_stream_reset,
        .on_closed = on_closed,
    };
    struct input in = {data, size};
    struct sctp_arena arena = {.data = arena_bytes, .len = sizeof arena_bytes};
    uint64_t now_us = US_PER_S;
    struct side sides[2] = {{.out = &wires[0], .now_us = &now_us},
                            {.out = &wires[1], .now_us = &now_us}};
    uint8_t options = take_u8(&in);
    for (int i = 0; i < 2; i++) {
        struct sctp_assoc_config config;
        sctp_assoc_config_init(&config);
        config.arena = &arena;
        config.streams = 8;
        config.seed[0] = (uint8_t)i;
        config.first_tsn = options & 1 ? UINT32_MAX - 20 : 0;
        config.interleaving = options & 2;
        config.zero_checksum = options & 4;
        config.cc = options & 8 ? SCTP_CC_CUBIC : SCTP_CC_BBR;
        config.recv_window = 64 << 10;
        config.recv_window_max = 1 << 20;
        config.heartbeat_us = options & 16 ? US_PER_S : 0;
        wires[i].count = 0;
        sides[i].a = sctp_assoc_new(&config, &handlers, &sides[i]);
    }
    sides[0].toggles_reading = options & 32;
    sctp_assoc_connect(sides[0].a, now_us);
    if (!(options & 64))
        exchange(sides, now_us);
    for (unsigned n = 0; in.len > 0 && n < STEPS_MAX; n++)
        step(sides, &in, &now_us);
    /* Whatever was done to it, time passes and it comes to rest. */
    for (int n = 0; n < 20; n++) {
        now_us += 500 * US_PER_MS;
        settle(&sides[0], now_us);
    }
    for (int i = 0; i < 2; i++)
        sctp_assoc_free(sides[i].a);
    return 0;
}
