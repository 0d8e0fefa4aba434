/*
 * Two associations of one process against each other under a fake clock.
 * usrsctp is one machine for the process, so all tests here share its clock,
 * which therefore only goes forward.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>

#include "base/random.h"
#include "rtc/sctp.h"
#include "wire.h"

enum { MTU = 1160, MESSAGE_MAX = 64 << 10, SEND_HIGH = 1 << 20, SEND_LOW = 256 << 10, PPID = 53 };

static uint64_t fake_now_us = 1000 * US_PER_S;

struct end {
    struct sctp *sctp;
    struct wire out;
    bool is_connected;
    bool is_closed;
    char text[128];
    unsigned received;
    size_t received_bytes;
    uint32_t hash; /* FNV-1a over all that was received */
    uint16_t stream_id;
    uint32_t ppid;
    unsigned writable;
    int reset_stream;
    bool aborts_on_message;
};

struct pair {
    struct end ends[2];
};

static uint32_t hash_bytes(uint32_t hash, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        hash = (hash ^ bytes.data[i]) * 16777619u;
    return hash;
}

static void on_packet(struct span packet, void *arg)
{
    struct end *end = arg;
    wire_push(&end->out, packet, fake_now_us);
}

static void on_connected(void *arg)
{
    struct end *end = arg;
    end->is_connected = true;
}

static void on_message(uint16_t stream_id, uint32_t ppid, struct span message, void *arg)
{
    struct end *end = arg;
    assert_false(end->is_closed);
    end->received++;
    end->received_bytes += message.len;
    end->hash = hash_bytes(end->hash, message);
    end->stream_id = stream_id;
    end->ppid = ppid;
    if (end->aborts_on_message)
        sctp_abort(end->sctp, fake_now_us);
}

static void on_writable(void *arg)
{
    struct end *end = arg;
    end->writable++;
}

static void on_stream_reset(uint16_t stream_id, void *arg)
{
    struct end *end = arg;
    end->reset_stream = stream_id;
}

static void on_closed(const char *text, void *arg)
{
    struct end *end = arg;
    assert_false(end->is_closed);
    end->is_closed = true;
    snprintf(end->text, sizeof end->text, "%s", text);
}

static const struct sctp_handlers handlers = {on_packet,   on_connected,    on_message,
                                              on_writable, on_stream_reset, on_closed};
static const struct sctp_config config = {5000, 5000, MTU, MESSAGE_MAX, SEND_HIGH, SEND_LOW};

static int setup(void **state)
{
    struct pair *pair = xcalloc(1, sizeof *pair);
    for (int i = 0; i < 2; i++) {
        struct end *end = &pair->ends[i];
        wire_init(&end->out, 5 * US_PER_MS);
        end->out.seed = (uint32_t)i + 1;
        end->sctp = sctp_new(&config, &handlers, end);
        end->reset_stream = -1;
    }
    *state = pair;
    return 0;
}

static int teardown(void **state)
{
    struct pair *pair = *state;
    for (int i = 0; i < 2; i++) {
        sctp_free(pair->ends[i].sctp);
        wire_deinit(&pair->ends[i].out);
    }
    free(pair);
    return 0;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Runs to the next event, or to the limit. */
static void step(struct pair *pair, uint64_t limit_us)
{
    uint64_t next = limit_us;
    for (int i = 0; i < 2; i++) {
        next = earlier(next, wire_next_us(&pair->ends[i].out));
        next = earlier(next, sctp_deadline_us(pair->ends[i].sctp));
    }
    if (next > fake_now_us)
        fake_now_us = next;
    for (int i = 0; i < 2; i++) {
        struct wire_packet *p;
        while ((p = wire_pop(&pair->ends[i].out, fake_now_us)) != NULL) {
            struct guard g = guard_new(p->data, p->len);
            sctp_feed(pair->ends[1 - i].sctp, g.bytes, fake_now_us);
            guard_free(&g);
            free(p);
        }
        if (sctp_deadline_us(pair->ends[i].sctp) <= fake_now_us)
            sctp_on_deadline(pair->ends[i].sctp, fake_now_us);
    }
}

static void run_for(struct pair *pair, uint64_t duration_us)
{
    uint64_t limit_us = fake_now_us + duration_us;
    while (fake_now_us < limit_us)
        step(pair, limit_us);
}

/* Runs until the condition is true; fails after that much time. */
#define RUN_UNTIL(pair, condition, most_us)              \
    do {                                                 \
        uint64_t limit = fake_now_us + (most_us);        \
        while (!(condition)) {                           \
            step((pair), limit);                         \
            if (!(condition) && fake_now_us >= limit)    \
                fail_msg("%s: not in time", #condition); \
        }                                                \
    } while (0)

static void connect_both(struct pair *pair)
{
    sctp_connect(pair->ends[0].sctp, fake_now_us);
    sctp_connect(pair->ends[1].sctp, fake_now_us);
    RUN_UNTIL(pair, pair->ends[0].is_connected && pair->ends[1].is_connected, 60 * US_PER_S);
}

static int send_bytes(struct end *end, const uint8_t *bytes, size_t len)
{
    size_t head = len < 5 ? len : 5;
    return sctp_send(end->sctp, 1, PPID, span_of(bytes, head), span_of(bytes + head, len - head),
                     fake_now_us);
}

static void test_connects_and_carries_messages(void **state)
{
    struct pair *pair = *state;
    struct end *a = &pair->ends[0];
    struct end *b = &pair->ends[1];
    assert_int_equal(send_bytes(a, (const uint8_t *)"x", 1), -ENOTCONN);
    assert_true(sctp_deadline_us(a->sctp) == TIME_NEVER);
    connect_both(pair);
    static uint8_t bytes[MESSAGE_MAX + 1];
    random_bytes(bytes, sizeof bytes);
    static const size_t lens[] = {1, 2, 5, 100, MTU - 28, MTU, 5000, MESSAGE_MAX - 1, MESSAGE_MAX};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        for (int side = 0; side < 2; side++) {
            struct end *from = &pair->ends[side];
            struct end *to = &pair->ends[1 - side];
            unsigned before = to->received;
            to->received_bytes = 0;
            to->hash = 0;
            assert_int_equal(send_bytes(from, bytes, lens[i]), 0);
            RUN_UNTIL(pair, to->received == before + 1, US_PER_S);
            assert_int_equal(to->received_bytes, lens[i]);
            assert_int_equal(to->hash, hash_bytes(0, span_of(bytes, lens[i])));
            assert_int_equal(to->stream_id, 1);
            assert_int_equal(to->ppid, PPID);
        }
    }
    assert_int_equal(send_bytes(a, bytes, MESSAGE_MAX + 1), -EMSGSIZE);
    assert_true(a->out.largest <= MTU && b->out.largest <= MTU);
    assert_true(a->out.largest > MTU - 16); /* packets are full */
    run_for(pair, US_PER_S);
    assert_int_equal(sctp_queued(a->sctp), 0);
}

static void test_one_side_connects_late(void **state)
{
    struct pair *pair = *state;
    sctp_connect(pair->ends[0].sctp, fake_now_us);
    run_for(pair, 300 * US_PER_MS);
    assert_false(pair->ends[0].is_connected);
    sctp_connect(pair->ends[1].sctp, fake_now_us);
    RUN_UNTIL(pair, pair->ends[0].is_connected && pair->ends[1].is_connected, US_PER_S);
}

/* Sends as fast as the marks allow until so much is received. */
static void transfer(struct pair *pair, struct end *from, struct end *to, size_t total)
{
    static uint8_t bytes[60000];
    uint32_t hash = to->hash = 0;
    to->received_bytes = 0;
    size_t sent = 0;
    uint64_t limit_us = fake_now_us + 600 * US_PER_S;
    while (to->received_bytes < total) {
        while (sent < total && sctp_queued(from->sctp) <= SEND_HIGH) {
            size_t len = total - sent < sizeof bytes ? total - sent : sizeof bytes;
            memset(bytes, (int)(sent % 251), len);
            assert_int_equal(send_bytes(from, bytes, len), 0);
            hash = hash_bytes(hash, span_of(bytes, len));
            sent += len;
        }
        step(pair, limit_us);
        if (fake_now_us >= limit_us)
            fail_msg("%zu of %zu bytes arrived", to->received_bytes, total);
    }
    assert_int_equal(to->hash, hash);
}

static void test_bulk(void **state)
{
    struct pair *pair = *state;
    connect_both(pair);
    transfer(pair, &pair->ends[0], &pair->ends[1], 8 << 20);
    assert_true(pair->ends[0].writable > 0);
    transfer(pair, &pair->ends[1], &pair->ends[0], 8 << 20);
}

static void test_bulk_with_loss(void **state)
{
    struct pair *pair = *state;
    pair->ends[0].out.loss_per_mille = pair->ends[1].out.loss_per_mille = 10;
    connect_both(pair);
    transfer(pair, &pair->ends[0], &pair->ends[1], 1 << 20);
}

static void test_many_small_messages_fill_the_queue(void **state)
{
    struct pair *pair = *state;
    struct end *from = &pair->ends[0];
    connect_both(pair);
    unsigned sent = 0;
    while (sctp_queued(from->sctp) <= SEND_HIGH) {
        assert_int_equal(send_bytes(from, (const uint8_t *)"x", 1), 0);
        assert_true(sent++ < SEND_HIGH / 64);
    }
    RUN_UNTIL(pair, pair->ends[1].received == sent, 60 * US_PER_S);
    run_for(pair, 100 * US_PER_MS);
    assert_int_equal(from->writable, 1);
    assert_int_equal(sctp_queued(from->sctp), 0);
}

static void test_pause_closes_the_window(void **state)
{
    struct pair *pair = *state;
    struct end *from = &pair->ends[0];
    struct end *to = &pair->ends[1];
    connect_both(pair);
    sctp_set_reading(to->sctp, false, fake_now_us);
    static uint8_t bytes[60000];
    size_t sent = 0;
    for (int i = 0; i < 300; i++) {
        while (sctp_queued(from->sctp) <= SEND_HIGH) {
            assert_int_equal(send_bytes(from, bytes, sizeof bytes), 0);
            sent += sizeof bytes;
        }
        run_for(pair, 20 * US_PER_MS);
    }
    assert_int_equal(to->received, 0);
    assert_true(sent < 6 << 20); /* receive window, send queue and one message */
    unsigned writable = from->writable;
    run_for(pair, 5 * US_PER_S);
    assert_int_equal(from->writable, writable);
    sctp_set_reading(to->sctp, true, fake_now_us);
    RUN_UNTIL(pair, to->received_bytes == sent, 60 * US_PER_S);
    RUN_UNTIL(pair, from->writable > writable, US_PER_S);
}

static void test_abort_is_noticed(void **state)
{
    struct pair *pair = *state;
    connect_both(pair);
    sctp_abort(pair->ends[0].sctp, fake_now_us);
    RUN_UNTIL(pair, pair->ends[1].is_closed, 20 * US_PER_MS);
    assert_non_null(strstr(pair->ends[1].text, "closed"));
    assert_false(pair->ends[0].is_closed);
    assert_int_equal(send_bytes(&pair->ends[1], (const uint8_t *)"x", 1), -ENOTCONN);
    assert_true(sctp_deadline_us(pair->ends[1].sctp) == TIME_NEVER);
}

static void test_abort_is_noticed_while_paused(void **state)
{
    struct pair *pair = *state;
    connect_both(pair);
    sctp_set_reading(pair->ends[1].sctp, false, fake_now_us);
    assert_int_equal(send_bytes(&pair->ends[0], (const uint8_t *)"unread", 6), 0);
    run_for(pair, 100 * US_PER_MS);
    sctp_abort(pair->ends[0].sctp, fake_now_us);
    RUN_UNTIL(pair, pair->ends[1].is_closed, 20 * US_PER_MS);
    assert_int_equal(pair->ends[1].received, 0);
}

static void test_abort_under_a_handler(void **state)
{
    struct pair *pair = *state;
    connect_both(pair);
    pair->ends[1].aborts_on_message = true;
    for (int i = 0; i < 5; i++)
        assert_int_equal(send_bytes(&pair->ends[0], (const uint8_t *)"x", 1), 0);
    RUN_UNTIL(pair, pair->ends[0].is_closed, 100 * US_PER_MS);
    assert_int_equal(pair->ends[1].received, 1);
}

static void test_too_large_message_ends_the_association(void **state)
{
    struct pair *pair = *state;
    struct sctp_config small = config;
    small.message_max = 1000;
    sctp_free(pair->ends[1].sctp);
    pair->ends[1].sctp = sctp_new(&small, &handlers, &pair->ends[1]);
    connect_both(pair);
    static uint8_t bytes[MESSAGE_MAX];
    assert_int_equal(send_bytes(&pair->ends[0], bytes, 1000), 0);
    RUN_UNTIL(pair, pair->ends[1].received == 1, US_PER_S);
    assert_int_equal(send_bytes(&pair->ends[0], bytes, 60000), 0);
    RUN_UNTIL(pair, pair->ends[1].is_closed, US_PER_S);
    assert_int_equal(pair->ends[1].received, 1);
}

static void test_stream_reset(void **state)
{
    struct pair *pair = *state;
    connect_both(pair);
    assert_int_equal(send_bytes(&pair->ends[0], (const uint8_t *)"x", 1), 0);
    run_for(pair, 100 * US_PER_MS);
    sctp_reset_stream(pair->ends[0].sctp, 1, fake_now_us);
    RUN_UNTIL(pair, pair->ends[1].reset_stream == 1, US_PER_S);
    assert_false(pair->ends[1].is_closed);
}

static void test_silence_ends_it(void **state)
{
    struct pair *pair = *state;
    connect_both(pair);
    pair->ends[1].out.loss_per_mille = 1000;
    assert_int_equal(send_bytes(&pair->ends[0], (const uint8_t *)"x", 1), 0);
    RUN_UNTIL(pair, pair->ends[0].is_closed, 900 * US_PER_S);
    assert_non_null(strstr(pair->ends[0].text, "no answer"));
}

static void test_rests_when_idle(void **state)
{
    struct pair *pair = *state;
    connect_both(pair);
    run_for(pair, 5 * US_PER_S);
    unsigned steps = 0;
    uint64_t limit_us = fake_now_us + 10 * US_PER_S;
    while (fake_now_us < limit_us) {
        step(pair, limit_us);
        steps++;
    }
    assert_true(steps < 60);
}

static void test_garbage_is_dropped(void **state)
{
    struct pair *pair = *state;
    connect_both(pair);
    uint8_t garbage[64];
    for (size_t len = 0; len < sizeof garbage; len++) {
        random_bytes(garbage, len);
        struct guard g = guard_new(garbage, len);
        sctp_feed(pair->ends[0].sctp, g.bytes, fake_now_us);
        guard_free(&g);
    }
    assert_int_equal(send_bytes(&pair->ends[0], (const uint8_t *)"x", 1), 0);
    RUN_UNTIL(pair, pair->ends[1].received == 1, US_PER_S);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_connects_and_carries_messages),
        TEST(test_one_side_connects_late),
        TEST(test_bulk),
        TEST(test_bulk_with_loss),
        TEST(test_many_small_messages_fill_the_queue),
        TEST(test_pause_closes_the_window),
        TEST(test_abort_is_noticed),
        TEST(test_abort_is_noticed_while_paused),
        TEST(test_abort_under_a_handler),
        TEST(test_too_large_message_ends_the_association),
        TEST(test_stream_reset),
        TEST(test_silence_ends_it),
        TEST(test_rests_when_idle),
        TEST(test_garbage_is_dropped),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
