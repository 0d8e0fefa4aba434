/*
 * Against usrsctp: both roles and both at once, bulk both ways, loss between,
 * I-DATA, stream resets and shutdown from either side. Time moves by
 * milliseconds for both.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "sctp/sctp.h"
#include "sctp/usr_peer.h"

enum { LINE = 8192, DELAY_MS = 5, STREAMS = 5, HEAD = 8, LIMIT_MS = 300000 };

enum role { WE_CONNECT, THEY_CONNECT, BOTH_CONNECT };

struct packet {
    uint64_t at_ms;
    size_t len;
    uint8_t *data;
};

struct line {
    struct packet packets[LINE];
    size_t head;
    size_t count;
};

struct counts {
    unsigned sent;
    unsigned got;
    unsigned got_stream[STREAMS];
    unsigned reset_in;
    unsigned reset_out;
    bool connected;
    bool closed;
};

struct fixture {
    struct sctp_assoc *ours;
    struct usr_peer *theirs;
    struct line to_us;
    struct line to_them;
    struct counts us;
    struct counts them;
    unsigned total;
    unsigned loss_percent;
    uint64_t now_ms;
    uint32_t random;
    bool interleaving;
};

static uint32_t draw(struct fixture *f)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 17;
    f->random ^= f->random << 5;
    return f->random;
}

static void put(struct fixture *f, struct line *l, struct span packet)
{
    if (draw(f) % 100 < f->loss_percent || l->count == LINE)
        return;
    struct packet *p = &l->packets[(l->head + l->count++) % LINE];
    *p = (struct packet){.at_ms = f->now_ms + DELAY_MS, .len = packet.len};
    p->data = malloc(packet.len);
    assert_non_null(p->data);
    memcpy(p->data, packet.data, packet.len);
}

static struct packet *get(struct fixture *f, struct line *l)
{
    if (l->count == 0 || l->packets[l->head].at_ms > f->now_ms)
        return NULL;
    struct packet *p = &l->packets[l->head];
    l->head = (l->head + 1) % LINE;
    l->count--;
    return p;
}

/* Sizes from tiny to several fragments. */
static size_t size_of(unsigned n)
{
    static const size_t sizes[] = {8, 100, 1168, 1169, 5000, 64 << 10, 20, 30000};
    return sizes[n % 8];
}

static struct span message(unsigned n)
{
    static uint8_t body[128 << 10];
    size_t len = size_of(n);
    put_u32be(body, n);
    put_u32be(body + 4, n / STREAMS);
    for (size_t i = HEAD; i < len; i++)
        body[i] = (uint8_t)(n + i * 3 + (i >> 8));
    return span_of(body, len);
}

static void check(struct counts *c, uint16_t stream, uint32_t ppid, struct span m)
{
    unsigned n = get_u32be(m.data);
    assert_int_equal(m.len, size_of(n));
    assert_int_equal(stream, n % STREAMS);
    assert_int_equal(ppid, n + 1);
    assert_int_equal(c->got_stream[stream]++, get_u32be(m.data + 4));
    for (size_t i = HEAD; i < m.len; i++)
        assert_int_equal(m.data[i], (uint8_t)(n + i * 3 + (i >> 8)));
    c->got++;
}

/* ---- our side ---- */

static void our_packets(void *arg, const struct sctp_packet *packets, size_t count)
{
    struct fixture *f = arg;
    for (size_t i = 0; i < count; i++)
        put(f, &f->to_them, span_of(packets[i].data, packets[i].len));
}

static void our_message(void *arg, const struct sctp_message_info *info, struct span m)
{
    struct fixture *f = arg;
    check(&f->us, info->stream, info->ppid, m);
}

static void our_connected(void *arg)
{
    struct fixture *f = arg;
    f->us.connected = true;
}

static void our_writable(void *arg)
{
    (void)arg;
}

static void our_reset(void *arg, uint16_t stream, enum sctp_reset_side side)
{
    struct fixture *f = arg;
    assert_int_not_equal(side, SCTP_RESET_REFUSED);
    *(side == SCTP_RESET_INCOMING ? &f->us.reset_in : &f->us.reset_out) |= 1u << stream;
    if (side == SCTP_RESET_INCOMING)
        f->us.got_stream[stream] = 0;
}

static void our_closed(void *arg, enum sctp_close_reason reason)
{
    struct fixture *f = arg;
    assert_int_equal(reason, SCTP_CLOSED_SHUTDOWN);
    f->us.closed = true;
}

/* ---- their side ---- */

static void their_packet(void *arg, struct span packet)
{
    struct fixture *f = arg;
    put(f, &f->to_us, packet);
}

static void their_message(void *arg, uint16_t stream, uint32_t ppid, bool unordered, struct span m)
{
    struct fixture *f = arg;
    assert_false(unordered);
    check(&f->them, stream, ppid, m);
}

static void their_reset(void *arg, uint16_t stream, bool incoming)
{
    struct fixture *f = arg;
    *(incoming ? &f->them.reset_in : &f->them.reset_out) |= 1u << stream;
}

static void their_connected(void *arg)
{
    struct fixture *f = arg;
    f->them.connected = true;
}

static void their_closed(void *arg)
{
    struct fixture *f = arg;
    f->them.closed = true;
}

static void step(struct fixture *f)
{
    struct packet *p;
    f->now_ms++;
    uint64_t now_us = f->now_ms * US_PER_MS;
    while ((p = get(f, &f->to_us)) != NULL) {
        sctp_assoc_feed(f->ours, span_of(p->data, p->len), now_us);
        free(p->data);
    }
    sctp_assoc_flush(f->ours, now_us);
    if (sctp_assoc_deadline(f->ours) <= now_us)
        sctp_assoc_on_deadline(f->ours, now_us);
    while ((p = get(f, &f->to_them)) != NULL) {
        usr_peer_feed(f->theirs, span_of(p->data, p->len));
        free(p->data);
    }
    usr_peer_tick(1);
    usr_peer_poll(f->theirs);
}

static void run_until(struct fixture *f, bool (*done)(struct fixture *f))
{
    uint64_t limit = f->now_ms + LIMIT_MS;
    while (!done(f)) {
        step(f);
        if (f->now_ms >= limit)
            fail_msg("stalled: we got %u, they got %u of %u", f->us.got, f->them.got, f->total);
    }
}

static struct fixture *setup(enum role role, bool interleaving, unsigned loss_percent)
{
    static const struct sctp_assoc_handlers ours = {
        .on_packets = our_packets,
        .on_message = our_message,
        .on_connected = our_connected,
        .on_writable = our_writable,
        .on_stream_reset = our_reset,
        .on_closed = our_closed,
    };
    static const struct usr_handlers theirs = {
        .on_packet = their_packet,
        .on_message = their_message,
        .on_reset = their_reset,
        .on_connected = their_connected,
        .on_closed = their_closed,
    };
    static uint8_t arena_bytes[1 << 17];
    static struct sctp_arena arena = {.data = arena_bytes, .len = sizeof arena_bytes};
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->random = 12345 + loss_percent + role;
    f->now_ms = 1000;
    f->loss_percent = loss_percent;
    f->interleaving = interleaving;
    struct sctp_assoc_config config;
    sctp_assoc_config_init(&config);
    config.arena = &arena;
    config.seed[3] = (uint8_t)(1 + role + loss_percent);
    config.mtu_max = 1200;
    f->ours = sctp_assoc_new(&config, &ours, f);
    struct usr_options options = {.interleaving = interleaving, .buffer = 1 << 20, .mtu = 1200};
    f->theirs = usr_peer_new(&options, &theirs, f);
    if (role == WE_CONNECT)
        usr_peer_listen(f->theirs);
    else
        usr_peer_connect(f->theirs);
    if (role != THEY_CONNECT)
        sctp_assoc_connect(f->ours, f->now_ms * US_PER_MS);
    return f;
}

static void teardown(struct fixture *f)
{
    usr_peer_free(f->theirs);
    sctp_assoc_free(f->ours);
    for (struct packet *p; f->now_ms += 1000, (p = get(f, &f->to_us)) != NULL;)
        free(p->data);
    for (struct packet *p; f->now_ms += 1000, (p = get(f, &f->to_them)) != NULL;)
        free(p->data);
    free(f);
}

static bool both_connected(struct fixture *f)
{
    return f->us.connected && f->them.connected;
}

static bool all_arrived(struct fixture *f)
{
    uint64_t now_us = f->now_ms * US_PER_MS;
    while (f->us.sent < f->total) {
        unsigned n = f->us.sent;
        struct sctp_outgoing out = {.stream = (uint16_t)(n % STREAMS),
                                    .ppid = n + 1,
                                    .body = message(n)};
        if (sctp_assoc_send(f->ours, &out, now_us) < 0)
            break;
        f->us.sent++;
    }
    while (f->them.sent < f->total) {
        unsigned n = f->them.sent;
        if (!usr_peer_send(f->theirs, (uint16_t)(n % STREAMS), n + 1, false, message(n)))
            break;
        f->them.sent++;
    }
    return f->us.got == f->total && f->them.got == f->total;
}

static bool resets_done(struct fixture *f)
{
    return f->us.reset_in == 2 && f->us.reset_out == 2 && f->them.reset_in == 2 &&
           f->them.reset_out == 2;
}

static bool both_closed(struct fixture *f)
{
    return f->us.closed && f->them.closed;
}

static void play(enum role role, bool interleaving, unsigned loss_percent)
{
    struct fixture *f = setup(role, interleaving, loss_percent);
    run_until(f, both_connected);
    f->total = 400;
    run_until(f, all_arrived);
    struct sctp_stats stats;
    sctp_assoc_stats(f->ours, &stats);
    assert_int_equal(stats.interleaved, interleaving);
    /* A channel closes: each resets its side; then the stream is used anew. */
    sctp_assoc_reset_stream(f->ours, 1, f->now_ms * US_PER_MS);
    usr_peer_reset(f->theirs, 1);
    run_until(f, resets_done);
    memset(f->us.got_stream, 0, sizeof f->us.got_stream);
    memset(f->them.got_stream, 0, sizeof f->them.got_stream);
    f->us.got = f->them.got = f->us.sent = f->them.sent = 0;
    f->total = 40;
    run_until(f, all_arrived);
    if (role == THEY_CONNECT)
        usr_peer_shutdown(f->theirs);
    else
        sctp_assoc_shutdown(f->ours, f->now_ms * US_PER_MS);
    run_until(f, both_closed);
    print_message("%u %% loss: %.1f s\n", loss_percent, (double)(f->now_ms - 1000) / 1e3);
    teardown(f);
}

static void we_connect(void **state)
{
    (void)state;
    play(WE_CONNECT, false, 0);
}

static void they_connect(void **state)
{
    (void)state;
    play(THEY_CONNECT, false, 0);
}

static void both_connect(void **state)
{
    (void)state;
    play(BOTH_CONNECT, false, 0);
}

static void loss(void **state)
{
    (void)state;
    play(WE_CONNECT, false, 2);
    play(THEY_CONNECT, false, 2);
    play(BOTH_CONNECT, false, 5);
}

static void interleaved(void **state)
{
    (void)state;
    play(WE_CONNECT, true, 0);
    play(THEY_CONNECT, true, 0);
    play(BOTH_CONNECT, true, 0);
}

static void interleaved_loss(void **state)
{
    (void)state;
    play(WE_CONNECT, true, 2);
    play(THEY_CONNECT, true, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(we_connect),   cmocka_unit_test(they_connect),
        cmocka_unit_test(both_connect), cmocka_unit_test(loss),
        cmocka_unit_test(interleaved),  cmocka_unit_test(interleaved_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
