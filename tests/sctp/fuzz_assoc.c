/*
 * A live association fed by a script (fuzz_script.h): forged chunks near what
 * it would accept, damaged real packets, time, and calls of the API. So
 * random bytes reach deep states, and every mutation of them is again a valid
 * script.
 *
 * Checked beside the sanitizers: memory stays bounded, the engine never wants
 * to be called forever, and it reports its end only once.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "fuzz_forge.h"
#include "fuzz_script.h"
#include "sctp/chunk.h"

enum {
    QUEUE_PACKETS = 64,
    MEMORY_MAX = 24 << 20, /* windows of 1 MiB, parts of 16 messages, queues */
    CALLS_AT_ONCE = 1000,
    STEPS_MAX = 4000,
};

struct wire {
    uint8_t data[QUEUE_PACKETS][FORGE_PACKET_MAX];
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

static void on_packets(void *arg, const struct sctp_packet *packets, size_t count)
{
    struct side *s = arg;
    for (size_t i = 0; i < count; i++) {
        struct wire *w = s->out;
        assert(packets[i].len >= SCTP_HEADER_LEN + CHUNK_HEADER_LEN);
        if (w->count == QUEUE_PACKETS || packets[i].len > FORGE_PACKET_MAX)
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

/* A packet of the peer arrives with some bits turned, perhaps cut off, but
 * with the checksum that fits. */
static void damage(struct side *sides, struct forge *f, struct arguments *in, uint64_t now_us)
{
    struct wire *w = sides[1].out;
    uint8_t which = take_u8(in);
    uint16_t offset = take_u16(in);
    uint8_t mask = take_u8(in);
    bool cuts = take_u8(in) % 4 == 0;
    uint8_t part = take_u8(in);
    if (w->count == 0)
        return;
    size_t n = which % w->count;
    size_t len = w->len[n];
    w->data[n][offset % len] ^= mask;
    if (cuts)
        len = SCTP_HEADER_LEN + (len - SCTP_HEADER_LEN) * part / 256;
    if (len >= SCTP_HEADER_LEN + CHUNK_HEADER_LEN)
        forge_packet(f, span_of(w->data[n], len), now_us);
}

/* What is under way from one side is lost, or (held) turned around. */
static void lose(struct wire *w, bool reverses)
{
    static struct wire turned;
    if (!reverses) {
        w->count = 0;
        return;
    }
    turned.count = w->count;
    for (size_t i = 0; i < w->count; i++) {
        size_t from = w->count - 1 - i;
        turned.len[i] = w->len[from];
        memcpy(turned.data[i], w->data[from], w->len[from]);
    }
    *w = turned;
}

static void send_message(struct side *s, struct arguments *in, uint64_t now_us)
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

static void turn(struct side *sides, uint8_t step, uint64_t now_us)
{
    switch (step >> 4 & 7) {
    case 0:
        sctp_assoc_shutdown(sides[0].a, now_us);
        break;
    case 1:
        sctp_assoc_abort(sides[0].a, now_us);
        break;
    case 2:
        sctp_assoc_connect(sides[1].a, now_us);
        break;
    case 3:
        sctp_assoc_shutdown(sides[1].a, now_us);
        break;
    case 4:
        sctp_assoc_try_path(sides[0].a, now_us);
        break;
    case 5:
        sctp_assoc_change_path(sides[0].a, 1200, now_us);
        break;
    default:
        sctp_assoc_change_path(sides[0].a, 1432, now_us);
        break;
    }
}

static void run_step(struct side *sides, struct forge *f, struct arguments *in, uint64_t *now_us)
{
    uint8_t step = take_u8(in);
    struct side *t = &sides[0];
    switch (step % SCRIPT_OPS) {
    case SCRIPT_DAMAGE:
        damage(sides, f, in, *now_us);
        break;
    case SCRIPT_EXCHANGE:
        exchange(sides, *now_us);
        break;
    case SCRIPT_WAIT:
        *now_us += (uint64_t)take_u16(in) * (step & SCRIPT_VARIANT ? 1000 : 10);
        break;
    case SCRIPT_SEND:
        send_message(t, in, *now_us);
        break;
    case SCRIPT_PEER_SEND:
        send_message(&sides[1], in, *now_us);
        break;
    case SCRIPT_READING:
        sctp_assoc_set_reading(t->a, step & SCRIPT_VARIANT, *now_us);
        break;
    case SCRIPT_RESET:
        sctp_assoc_reset_stream(t->a, take_u8(in) % 10, *now_us);
        break;
    case SCRIPT_LOSE:
        lose(sides[step & SCRIPT_VARIANT ? 1 : 0].out, step & SCRIPT_HOLD);
        break;
    case SCRIPT_TURN:
        turn(sides, step, *now_us);
        break;
    default:
        forge_chunk(f, step, in, *now_us);
        break;
    }
    if (step & SCRIPT_SETTLE)
        settle(t, *now_us);
}

static void run_steps(struct side *sides, struct arguments script, uint64_t *now_us)
{
    struct forge f = {.target = sides[0].a};
    for (unsigned n = 0; script.len > 0 && n < STEPS_MAX; n++) {
        size_t len = script_step_len(script.p, script.len);
        struct arguments in = {script.p, len};
        run_step(sides, &f, &in, now_us);
        script.p += len;
        script.len -= len;
    }
}

static void begin(struct side *side, struct sctp_arena *arena, int number, uint8_t options)
{
    static const struct sctp_assoc_handlers handlers = {
        .on_packets = on_packets,
        .on_message = on_message,
        .on_connected = on_nothing,
        .on_writable = on_nothing,
        .on_stream_reset = on_stream_reset,
        .on_closed = on_closed,
    };
    struct sctp_assoc_config config;
    sctp_assoc_config_init(&config);
    config.arena = arena;
    config.streams = 8;
    config.seed[0] = (uint8_t)number;
    config.first_tsn = options & 1 ? UINT32_MAX - 20 : 0;
    config.interleaving = options & 2;
    config.zero_checksum = options & 4;
    config.cc = options & 8 ? SCTP_CC_CUBIC : SCTP_CC_BBR;
    config.recv_window = 64 << 10;
    config.recv_window_max = 1 << 20;
    config.heartbeat_us = options & 16 ? US_PER_S : 0;
    side->out->count = 0;
    side->a = sctp_assoc_new(&config, &handlers, side);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct wire wires[2];
    static uint8_t arena_bytes[1 << 16];
    struct arguments in = {data, size};
    struct sctp_arena arena = {.data = arena_bytes, .len = sizeof arena_bytes};
    uint64_t now_us = US_PER_S;
    struct side sides[2] = {{.out = &wires[0], .now_us = &now_us},
                            {.out = &wires[1], .now_us = &now_us}};
    uint8_t options = take_u8(&in);
    for (int i = 0; i < 2; i++)
        begin(&sides[i], &arena, i, options);
    sides[0].toggles_reading = options & 32;
    static const uint8_t early[100] = {1};
    struct sctp_outgoing out = {.stream = 1, .ppid = 53, .body = span_of(early, sizeof early)};
    for (int i = 0; i < 2 && options & 128; i++)
        sctp_assoc_send(sides[i].a, &out, now_us); /* rides with the handshake */
    sctp_assoc_connect(sides[0].a, now_us);
    if (!(options & 64))
        exchange(sides, now_us);
    run_steps(sides, in, &now_us);
    /* Whatever was done to it, time passes and it comes to rest. */
    for (int n = 0; n < 20; n++) {
        now_us += 500 * US_PER_MS;
        settle(&sides[0], now_us);
    }
    for (int i = 0; i < 2; i++)
        sctp_assoc_free(sides[i].a);
    return 0;
}
