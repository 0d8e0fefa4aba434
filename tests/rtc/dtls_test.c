/*
 * Two engines in memory under a fake clock. OpenSSL reads the time by
 * gettimeofday(), which this program therefore defines: a lost flight is
 * retransmitted when the test says that it is time.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <sys/time.h>

#include "rtc/cert.h"
#include "rtc/dtls.h"
#include "rtc/dtls_record.h"
#include "wire.h"

static uint64_t fake_now_us = 1000 * US_PER_S;

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    (void)zone;
    tv->tv_sec = (time_t)(fake_now_us / US_PER_S);
    tv->tv_usec = (suseconds_t)(fake_now_us % US_PER_S);
    return 0;
}

struct end {
    struct cert *cert;
    struct dtls *dtls;
    struct wire out;
    bool is_connected;
    bool is_closed;
    int error;
    char text[256];
    unsigned received;
    size_t received_bytes;
    uint8_t last[DTLS_PLAINTEXT_MAX];
    struct span greeting; /* sent under on_connected */
    bool is_eager;        /* under on_early instead, */
    bool was_early;       /* as has happened, */
    unsigned greeting_at; /* in the datagram of that number */
};

struct pair {
    struct end ends[2]; /* client, server */
};

static void on_datagram(struct span datagram, void *arg)
{
    struct end *end = arg;
    wire_push(&end->out, datagram, fake_now_us);
}

static void on_early(void *arg)
{
    struct end *end = arg;
    assert_true(end->is_eager && !end->was_early && !end->is_connected);
    end->was_early = true;
    end->greeting_at = end->out.sent;
    assert_true(dtls_can_send(end->dtls));
    assert_false(dtls_is_connected(end->dtls));
    assert_int_equal(dtls_send(end->dtls, end->greeting), 0);
}

static void on_connected(void *arg)
{
    struct end *end = arg;
    assert_false(end->is_connected);
    end->is_connected = true;
    if (end->greeting.len > 0 && !end->is_eager)
        assert_int_equal(dtls_send(end->dtls, end->greeting), 0);
}

static void on_data(struct span plaintext, uint64_t now_us, void *arg)
{
    (void)now_us;
    struct end *end = arg;
    assert_true(end->is_connected);
    assert_true(plaintext.len <= sizeof end->last);
    memcpy(end->last, plaintext.data, plaintext.len);
    end->received++;
    end->received_bytes += plaintext.len;
}

static void on_closed(int error, const char *text, void *arg)
{
    struct end *end = arg;
    assert_false(end->is_closed);
    end->is_closed = true;
    end->error = error;
    snprintf(end->text, sizeof end->text, "%s", text);
}

static const struct dtls_handlers handlers = {
    .on_datagram = on_datagram,
    .on_connected = on_connected,
    .on_data = on_data,
    .on_closed = on_closed,
};

static int setup(void **state)
{
    struct pair *pair = xcalloc(1, sizeof *pair);
    for (int i = 0; i < 2; i++) {
        pair->ends[i].cert = cert_new();
        wire_init(&pair->ends[i].out, US_PER_MS);
    }
    *state = pair;
    return 0;
}

static void make_engine(struct end *end, const struct end *other, enum dtls_role role)
{
    struct dtls_handlers used = handlers;
    used.on_early = end->is_eager ? on_early : NULL;
    end->dtls = dtls_new(end->cert, role, cert_fingerprint(other->cert), &used, end);
}

static void make_engines(struct pair *pair)
{
    make_engine(&pair->ends[0], &pair->ends[1], DTLS_CLIENT);
    make_engine(&pair->ends[1], &pair->ends[0], DTLS_SERVER);
}

static int teardown(void **state)
{
    struct pair *pair = *state;
    for (int i = 0; i < 2; i++) {
        dtls_free(pair->ends[i].dtls);
        cert_free(pair->ends[i].cert);
        wire_deinit(&pair->ends[i].out);
    }
    free(pair);
    return 0;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Runs to the next event. False when nothing will happen any more. */
static bool step(struct pair *pair)
{
    uint64_t next = TIME_NEVER;
    for (int i = 0; i < 2; i++) {
        next = earlier(next, wire_next_us(&pair->ends[i].out));
        if (!dtls_is_connected(pair->ends[i].dtls))
            next = earlier(next, dtls_deadline_us(pair->ends[i].dtls));
    }
    if (next == TIME_NEVER)
        return false;
    if (next > fake_now_us)
        fake_now_us = next;
    for (int i = 0; i < 2; i++) {
        struct wire_packet *p;
        while ((p = wire_pop(&pair->ends[i].out, fake_now_us)) != NULL) {
            struct guard g = guard_new(p->data, p->len);
            dtls_feed(pair->ends[1 - i].dtls, g.bytes, fake_now_us);
            guard_free(&g);
            free(p);
        }
        if (dtls_deadline_us(pair->ends[i].dtls) <= fake_now_us)
            dtls_on_deadline(pair->ends[i].dtls, fake_now_us);
    }
    return true;
}

static void run(struct pair *pair)
{
    int steps = 0;
    while (step(pair))
        assert_true(steps++ < 1000);
}

static void start(struct pair *pair)
{
    make_engines(pair);
    dtls_start(pair->ends[1].dtls, fake_now_us);
    dtls_start(pair->ends[0].dtls, fake_now_us);
}

static void assert_connected(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        assert_true(pair->ends[i].is_connected);
        assert_false(pair->ends[i].is_closed);
        assert_true(pair->ends[i].out.largest <= DTLS_MTU);
    }
}

static void test_connects_and_carries_data(void **state)
{
    struct pair *pair = *state;
    start(pair);
    assert_int_equal(dtls_send(pair->ends[0].dtls, SPAN_LITERAL("early")), -ENOTCONN);
    run(pair);
    assert_connected(pair);
    uint8_t bytes[DTLS_PLAINTEXT_MAX + 1];
    memset(bytes, 'x', sizeof bytes);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(dtls_send(pair->ends[i].dtls, span_of(bytes, 1)), 0);
        assert_int_equal(dtls_send(pair->ends[i].dtls, span_of(bytes, DTLS_PLAINTEXT_MAX)), 0);
        assert_int_equal(dtls_send(pair->ends[i].dtls, span_of(bytes, sizeof bytes)), -EMSGSIZE);
    }
    run(pair);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pair->ends[i].received, 2);
        assert_int_equal(pair->ends[i].received_bytes, 1 + DTLS_PLAINTEXT_MAX);
    }
}

/* Each datagram of the handshake lost in turn, alone, on either side. */
static void test_survives_each_lost_datagram(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        for (unsigned lost = 0; lost < 8; lost++) {
            void *fresh;
            setup(&fresh);
            struct pair *pair = fresh;
            pair->ends[side].out.drop_mask = 1u << lost;
            uint64_t begin_us = fake_now_us;
            start(pair);
            run(pair);
            assert_connected(pair);
            assert_true(fake_now_us - begin_us < 2 * US_PER_S);
            assert_int_equal(dtls_send(pair->ends[1 - side].dtls, SPAN_LITERAL("ping")), 0);
            run(pair);
            assert_int_equal(pair->ends[side].received, 1);
            teardown(&fresh);
        }
    }
}

static void test_survives_heavy_loss(void **state)
{
    struct pair *pair = *state;
    for (int i = 0; i < 2; i++)
        pair->ends[i].out.loss_per_mille = 300;
    start(pair);
    run(pair);
    assert_connected(pair);
}

/* What is lost by its size comes again in smaller pieces, whoever's it is. */
static void test_goes_through_small_paths(void **state)
{
    struct pair *pair = *state;
    uint64_t begin_us = fake_now_us;
    for (int i = 0; i < 2; i++)
        pair->ends[i].out.mtu = DTLS_MTU_LEAST;
    start(pair);
    run(pair);
    assert_connected(pair);
    /* Or nothing was lost, and this shows nothing. */
    assert_true(pair->ends[1].out.largest > DTLS_MTU_LEAST);
    assert_true(fake_now_us - begin_us < US_PER_S);
}

/* Where it is known from the start, nothing is lost. */
static void test_keeps_to_the_limit(void **state)
{
    struct pair *pair = *state;
    uint64_t begin_us = fake_now_us;
    make_engines(pair);
    for (int i = 0; i < 2; i++) {
        pair->ends[i].out.mtu = 600;
        dtls_limit_datagrams(pair->ends[i].dtls, 600);
        dtls_start(pair->ends[i].dtls, fake_now_us);
    }
    run(pair);
    assert_connected(pair);
    assert_in_range(pair->ends[1].out.largest, DTLS_MTU_LEAST - 100, 600);
    assert_true(fake_now_us - begin_us < 100 * US_PER_MS);
}

/* A datagram for each record, but for one. */
static void feed_records(struct dtls *to, struct span datagram, int lost)
{
    struct dtls_record record;
    for (int i = 0; dtls_record_take(&datagram, &record) == 0; i++) {
        if (i != lost)
            dtls_feed(to, record.whole, fake_now_us);
    }
}

/* werift sends the very bytes again, record numbers and all. What was of no
 * use the first time (ChangeCipherSpec ahead of its time) must count then. */
static void test_flight_comes_again_as_it_was(void **state)
{
    (void)state;
    for (int lost = 0; lost < 5; lost++) {
        void *fresh;
        setup(&fresh);
        struct pair *pair = fresh;
        start(pair);
        uint64_t begin_us = fake_now_us;
        struct dtls *server = pair->ends[1].dtls;
        while (wire_next_us(&pair->ends[0].out) == TIME_NEVER || pair->ends[1].out.sent == 0)
            assert_true(step(pair));
        fake_now_us += US_PER_MS;
        struct wire_packet *flight = wire_pop(&pair->ends[0].out, fake_now_us);
        assert_non_null(flight);
        feed_records(server, span_of(flight->data, flight->len), lost);
        assert_false(pair->ends[1].is_connected);
        feed_records(server, span_of(flight->data, flight->len), -1);
        assert_true(pair->ends[1].is_connected);
        free(flight);
        run(pair);
        assert_connected(pair);
        assert_true(fake_now_us - begin_us < 100 * US_PER_MS); /* nobody's time was up */
        teardown(&fresh);
    }
}

static void test_gives_up_on_silence(void **state)
{
    struct pair *pair = *state;
    pair->ends[0].out.loss_per_mille = 1000;
    uint64_t begin_us = fake_now_us;
    start(pair);
    run(pair);
    assert_true(pair->ends[0].is_closed);
    assert_true(pair->ends[0].error < 0);
    assert_in_range(fake_now_us - begin_us, 10 * US_PER_S, 40 * US_PER_S);
    assert_true(dtls_deadline_us(pair->ends[0].dtls) == TIME_NEVER);
}

static void test_wrong_fingerprint(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        void *fresh;
        setup(&fresh);
        struct pair *pair = fresh;
        make_engines(pair);
        struct end *end = &pair->ends[side];
        uint8_t wrong[CERT_FINGERPRINT_LEN];
        memcpy(wrong, cert_fingerprint(pair->ends[1 - side].cert), sizeof wrong);
        wrong[31] ^= 1;
        dtls_free(end->dtls);
        end->dtls =
            dtls_new(end->cert, side == 0 ? DTLS_CLIENT : DTLS_SERVER, wrong, &handlers, end);
        dtls_start(pair->ends[0].dtls, fake_now_us);
        run(pair);
        assert_true(end->is_closed);
        assert_false(end->is_connected);
        assert_int_equal(end->error, -EACCES);
        assert_non_null(strstr(end->text, "fingerprint"));
        /* The other side is told by an alert. */
        assert_true(pair->ends[1 - side].is_closed);
        teardown(&fresh);
    }
}

/*
 * Splits a ClientHello into two handshake fragments, each in a record and a
 * datagram of its own (RFC 6347 section 4.2.3), as Chromium's and Firefox's
 * come with a post-quantum key share.
 *
 *   record:    type, version, epoch, sequence, length            13 bytes
 *   handshake: type, length, sequence, offset, fragment length   12 bytes
 */
static void split_hello(const uint8_t *hello, size_t len, struct wire *out)
{
    enum { RECORD = 13, HEADER = 12 };
    assert_true(len > RECORD + HEADER + 40);
    size_t body = len - RECORD - HEADER;
    size_t cut = body / 2;
    for (int part = 0; part < 2; part++) {
        size_t offset = part == 0 ? 0 : cut;
        size_t part_len = part == 0 ? cut : body - cut;
        uint8_t packet[2048];
        memcpy(packet, hello, RECORD + HEADER);
        /* The client's own next records have 1, 2, …: not to be taken for
         * replays of these. */
        packet[10] = (uint8_t)(part * 20);
        packet[11] = (uint8_t)((part_len + HEADER) >> 8);
        packet[12] = (uint8_t)(part_len + HEADER);
        packet[RECORD + 6] = 0;
        packet[RECORD + 7] = (uint8_t)(offset >> 8);
        packet[RECORD + 8] = (uint8_t)offset;
        packet[RECORD + 9] = 0;
        packet[RECORD + 10] = (uint8_t)(part_len >> 8);
        packet[RECORD + 11] = (uint8_t)part_len;
        memcpy(packet + RECORD + HEADER, hello + RECORD + HEADER + offset, part_len);
        wire_push(out, span_of(packet, RECORD + HEADER + part_len), fake_now_us);
    }
}

static void test_client_hello_over_two_datagrams(void **state)
{
    struct pair *pair = *state;
    make_engines(pair);
    uint64_t begin_us = fake_now_us;
    dtls_start(pair->ends[0].dtls, fake_now_us);
    fake_now_us += 2 * US_PER_MS;
    struct wire_packet *hello = wire_pop(&pair->ends[0].out, fake_now_us);
    assert_non_null(hello);
    split_hello(hello->data, hello->len, &pair->ends[0].out);
    free(hello);
    run(pair);
    assert_connected(pair);
    assert_true(fake_now_us - begin_us < 100 * US_PER_MS); /* no retransmission was needed */
}

/* The server's Finished is lost and its first data is not: the client keeps
 * the data until the handshake is done. */
static void test_early_data_is_kept(void **state)
{
    struct pair *pair = *state;
    pair->ends[1].greeting = SPAN_LITERAL("hello");
    make_engines(pair);
    dtls_start(pair->ends[0].dtls, fake_now_us);
    while (!pair->ends[1].is_connected)
        assert_true(step(pair));
    /* In flight now: Finished, then the greeting. Swap them. */
    struct list *flight = &pair->ends[1].out.flight;
    struct list *finished = list_first(flight);
    list_remove(finished);
    list_append(flight, finished);
    assert_false(pair->ends[0].is_connected);
    run(pair);
    assert_connected(pair);
    assert_int_equal(pair->ends[0].received, 1);
    assert_memory_equal(pair->ends[0].last, "hello", 5);
}

/* The client's data comes right behind its Finished: a round trip earlier. */
static void test_client_sends_early(void **state)
{
    struct pair *pair = *state;
    pair->ends[0].greeting = SPAN_LITERAL("hello");
    for (int i = 0; i < 2; i++)
        pair->ends[i].is_eager = true; /* of a server that changes nothing */
    start(pair);
    while (pair->ends[1].received == 0)
        assert_true(step(pair));
    assert_false(pair->ends[0].is_connected);
    assert_memory_equal(pair->ends[1].last, "hello", 5);
    run(pair);
    assert_connected(pair);
    assert_int_equal(pair->ends[1].received, 1);
}

/* Its numbers go on behind a Finished that has to be sent again, and the data
 * waits for that at the server. */
static void test_early_sender_loses_each_datagram(void **state)
{
    (void)state;
    for (unsigned lost = 0; lost < 14; lost++) {
        void *fresh;
        setup(&fresh);
        struct pair *pair = fresh;
        pair->ends[0].greeting = SPAN_LITERAL("hello");
        pair->ends[0].is_eager = true;
        pair->ends[lost % 2].out.drop_mask = 1u << lost / 2;
        start(pair);
        run(pair);
        assert_connected(pair);
        pair->ends[lost % 2].out.drop_mask = 0;
        for (int i = 0; i < 2; i++)
            assert_int_equal(dtls_send(pair->ends[i].dtls, SPAN_LITERAL("ping")), 0);
        run(pair);
        bool is_greeting = lost % 2 == 0 && lost / 2 == pair->ends[0].greeting_at;
        assert_int_equal(pair->ends[1].received, is_greeting ? 1 : 2);
        assert_int_equal(pair->ends[0].received, 1);
        teardown(&fresh);
    }
}

/* Somebody in between has the server choose another suite: what is sent early
 * is for the server alone, who does not take it, and neither is ever
 * connected. */
static void test_early_sender_is_tampered_with(void **state)
{
    static const uint8_t suite[] = {0xc0, 0x2b}, other[] = {0xc0, 0x2c};
    struct pair *pair = *state;
    pair->ends[0].greeting = pair->ends[1].greeting = SPAN_LITERAL("hello");
    pair->ends[0].is_eager = true;
    make_engines(pair);
    dtls_start(pair->ends[0].dtls, fake_now_us);
    struct wire_packet *hello =
        LIST_ENTRY(list_first(&pair->ends[0].out.flight), struct wire_packet, link);
    uint8_t *at = memmem(hello->data, hello->len, suite, sizeof suite);
    assert_non_null(at);
    memcpy(at, other, sizeof other);
    run(pair);
    assert_true(pair->ends[0].was_early);
    for (int i = 0; i < 2; i++) {
        assert_false(pair->ends[i].is_connected);
        assert_true(pair->ends[i].is_closed);
        assert_int_equal(pair->ends[i].received, 0);
    }
}

static void test_close_is_noticed(void **state)
{
    struct pair *pair = *state;
    start(pair);
    run(pair);
    dtls_send_close(pair->ends[0].dtls);
    assert_int_equal(dtls_send(pair->ends[0].dtls, SPAN_LITERAL("x")), -ENOTCONN);
    run(pair);
    assert_true(pair->ends[1].is_closed);
    assert_int_equal(pair->ends[1].error, 0);
    assert_false(pair->ends[0].is_closed);
}

static void test_garbage_is_dropped(void **state)
{
    struct pair *pair = *state;
    make_engines(pair);
    uint8_t garbage[64] = {22, 254, 253};
    for (size_t len = 0; len < sizeof garbage; len++) {
        struct guard g = guard_new(garbage, len);
        dtls_feed(pair->ends[1].dtls, g.bytes, fake_now_us);
        guard_free(&g);
    }
    assert_false(pair->ends[1].is_closed);
    dtls_start(pair->ends[0].dtls, fake_now_us);
    run(pair);
    assert_connected(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_connects_and_carries_data, setup, teardown),
        cmocka_unit_test(test_survives_each_lost_datagram),
        cmocka_unit_test_setup_teardown(test_survives_heavy_loss, setup, teardown),
        cmocka_unit_test_setup_teardown(test_goes_through_small_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keeps_to_the_limit, setup, teardown),
        cmocka_unit_test(test_flight_comes_again_as_it_was),
        cmocka_unit_test_setup_teardown(test_gives_up_on_silence, setup, teardown),
        cmocka_unit_test(test_wrong_fingerprint),
        cmocka_unit_test_setup_teardown(test_client_hello_over_two_datagrams, setup, teardown),
        cmocka_unit_test_setup_teardown(test_early_data_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_client_sends_early, setup, teardown),
        cmocka_unit_test(test_early_sender_loses_each_datagram),
        cmocka_unit_test_setup_teardown(test_early_sender_is_tampered_with, setup, teardown),
        cmocka_unit_test_setup_teardown(test_close_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_garbage_is_dropped, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
