/*
 * What concerns no stream: the handshake, and whether the other side lives.
 */
#include "mux_pair.h"

#include <stdlib.h>

#include "tunnel/frame.h"

static void test_wrong_roles(void **state)
{
    struct pair *pair = *state;
    feed(&pair->consumer, FRAME_HELLO, 0, "{}");
    assert_story(&pair->consumer,
                 "dead (role): the other side is a consumer (`tunnel proxy`), as we are; ");
    feed(&pair->provider, FRAME_AGREE, 0, "{}");
    assert_story(&pair->provider,
                 "dead (role): the other side is a provider (`tunnel serve`), as we are; ");
}

static void test_no_common_version(void **state)
{
    (void)state;
    struct side side;
    side_init(&side, MUX_PROVIDER, FEATURE_SSE);
    mux_start(side.mux, (struct span){0}, 0);
    feed(&side, FRAME_HELLO, 0, "{\"proto\":\"httptunnel\",\"min_version\":2,\"max_version\":9}");
    assert_story(&side, "dead: the other side does not speak version 1; ");
    struct frame frame;
    struct span sent = span_skip(buf_bytes(&side.out), PREFIX_LEN);
    assert_int_equal(frame_decode(sent, &frame), 0);
    assert_int_equal(frame.type, FRAME_ERROR);
    side_deinit(&side);
}

static void test_hello_timeout(void **state)
{
    (void)state;
    struct side side;
    side_init(&side, MUX_CONSUMER, FEATURE_SSE);
    mux_start(side.mux, (struct span){0}, 0);
    assert_int_equal(mux_deadline_us(side.mux), MUX_HELLO_TIMEOUT_US);
    mux_on_deadline(side.mux, MUX_HELLO_TIMEOUT_US);
    assert_story(&side, "dead: the other side did not answer HELLO; is it a tunnel?; ");
    assert_int_equal(mux_deadline_us(side.mux), TIME_NEVER);
    side_deinit(&side);
}

/* Runs a side's deadlines up to a time, without the other side. */
static void run_alone(struct side *side, uint64_t until_us)
{
    for (;;) {
        uint64_t deadline_us = mux_deadline_us(side->mux);
        if (deadline_us > until_us)
            return;
        mux_on_deadline(side->mux, deadline_us);
    }
}

static void feed_at(struct side *side, uint8_t type, uint64_t now_us)
{
    const uint8_t frame[] = {type, 0, 0, 0, 0};
    mux_feed(side->mux, 0, span_of(frame, sizeof frame), now_us);
}

static void test_silence_is_death(void **state)
{
    struct pair *pair = *state;
    end(open_stream(pair, "/"));
    run_alone(&pair->consumer, pair->now_us + MUX_DEAD_AFTER_US - 1);
    assert_story(&pair->consumer, "");
    run_alone(&pair->consumer, pair->now_us + MUX_DEAD_AFTER_US);
    assert_story(&pair->consumer, "dead: the other side went silent; ");
    mux_fail(pair->consumer.mux, "lost");
    assert_story(&pair->consumer, "error lost; ");
}

static void test_pings_keep_alive(void **state)
{
    struct pair *pair = *state;
    for (int i = 0; i < 100; i++) {
        pair->now_us += MUX_PING_INTERVAL_US;
        run_alone(&pair->consumer, pair->now_us);
        run_alone(&pair->provider, pair->now_us);
        deliver_all(pair);
    }
    assert_story(&pair->consumer, "");
    assert_story(&pair->provider, "");
}

static void test_silence_while_not_reading(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *stream = open_stream(pair, "/");
    deliver_all(pair);
    mux_stream_set_held(stream, HELD_MAX + 1, pair->now_us);
    uint64_t late_us = pair->now_us + 10 * MUX_DEAD_AFTER_US;
    run_alone(&pair->consumer, late_us);
    assert_story(&pair->consumer, "");
    mux_stream_set_held(stream, 0, pair->now_us);
    run_alone(&pair->consumer, late_us + MUX_DEAD_AFTER_US - MUX_PING_INTERVAL_US);
    assert_story(&pair->consumer, "");
    run_alone(&pair->consumer, late_us + 2 * MUX_DEAD_AFTER_US);
    assert_story(&pair->consumer, "dead: the other side went silent; ");
}

static void test_probe(void **state)
{
    struct pair *pair = *state;
    mux_probe(pair->consumer.mux, pair->now_us);
    deliver_all(pair);
    run_alone(&pair->consumer, pair->now_us + MUX_PROBE_US);
    assert_story(&pair->consumer, "alive; ");
    mux_probe(pair->consumer.mux, pair->now_us);
    run_alone(&pair->consumer, pair->now_us + MUX_PROBE_US);
    assert_story(&pair->consumer, "dead: the other side went silent; ");
}

/* What was on its way when the other side died answers nothing: neither a
 * frame, nor the PONG to another PING. */
static void test_probe_is_answered_by_its_own(void **state)
{
    struct pair *pair = *state;
    struct side *consumer = &pair->consumer;
    pair->now_us += MUX_PING_INTERVAL_US;
    run_alone(consumer, pair->now_us);
    feed_at(consumer, FRAME_PING, pair->now_us);
    mux_probe(consumer->mux, pair->now_us);
    feed_at(consumer, FRAME_PONG, pair->now_us);
    feed_at(consumer, FRAME_PING, pair->now_us + MUX_FLIGHT_US - 1);
    assert_story(consumer, "");
    feed_at(consumer, FRAME_PONG, pair->now_us + MUX_FLIGHT_US - 1);
    assert_story(consumer, "alive; ");
    mux_probe(consumer->mux, pair->now_us);
    feed_at(consumer, FRAME_PING, pair->now_us + MUX_FLIGHT_US - 1);
    run_alone(consumer, pair->now_us + MUX_PROBE_US);
    assert_story(consumer, "dead: the other side went silent; ");
}

/* Of a peer that owes an answer from before, other frames must do. */
static void test_probe_is_answered_by_what_comes_late(void **state)
{
    struct pair *pair = *state;
    struct side *consumer = &pair->consumer;
    mux_probe(consumer->mux, pair->now_us);
    mux_probe(consumer->mux, pair->now_us); /* of these it answers one */
    feed_at(consumer, FRAME_PONG, pair->now_us);
    assert_story(consumer, "");
    feed_at(consumer, FRAME_PING, pair->now_us + MUX_FLIGHT_US);
    assert_story(consumer, "alive; ");
    run_alone(consumer, pair->now_us + MUX_PROBE_US);
    assert_story(consumer, "");
}

/* We cannot hear an answer, so nobody dies of silence. */
static void test_probe_while_not_reading(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *stream = open_stream(pair, "/");
    deliver_all(pair);
    mux_stream_set_held(stream, HELD_MAX + 1, pair->now_us);
    mux_probe(pair->consumer.mux, pair->now_us);
    run_alone(&pair->consumer, pair->now_us + MUX_PROBE_US);
    assert_story(&pair->consumer, "");
    mux_stream_set_held(stream, 0, pair->now_us);
    deliver_all(pair);
    assert_story(&pair->consumer, "alive; ");
}

static void test_refusal(void **state)
{
    struct pair *pair = *state;
    mux_refuse(pair->provider.mux, "there is another one");
    deliver_all(pair);
    assert_story(&pair->consumer, "dead: the other side ended the session: there is another one; ");
}

/* After a short sleep the other side is asked; after a long one it has given us
 * up, whatever has come from before. */
static void test_sleep(void **state)
{
    struct pair *pair = *state;
    uint64_t since_us = pair->now_us;
    pair->now_us += MUX_DEAD_AFTER_US / 2;
    mux_wake(pair->consumer.mux, since_us, pair->now_us);
    deliver_all(pair);
    run_alone(&pair->consumer, pair->now_us + MUX_PROBE_US);
    assert_story(&pair->consumer, "alive; ");

    mux_probe(pair->provider.mux, pair->now_us);
    since_us = pair->now_us;
    pair->now_us += MUX_DEAD_AFTER_US;
    deliver_all(pair);
    mux_wake(pair->consumer.mux, since_us, pair->now_us);
    run_alone(&pair->consumer, pair->now_us);
    assert_story(&pair->consumer, "dead: the other side went silent; ");
}

static void test_ping_flood_is_bounded(void **state)
{
    struct pair *pair = *state;
    pair->provider.capacity = 0;
    size_t pings = 0;
    while (pair->provider.story[0] == '\0') {
        feed(&pair->provider, FRAME_PING, 0, "");
        pings++;
        assert_true(pings < MUX_CONTROL_QUEUE_MAX);
    }
    assert_story(&pair->provider, "dead: the other side makes us answer but does not read; ");
}

static void test_handshake(void **state)
{
    (void)state;
    static const struct {
        unsigned consumer, provider, both;
    } rows[] = {
        {FEATURES_ALL, FEATURES_ALL, FEATURES_ALL},
        {FEATURES_ALL, FEATURE_SSE, FEATURE_SSE},
        {FEATURE_SSE, FEATURES_ALL, FEATURE_SSE},
        {FEATURES_ALL, FEATURE_FLOW | FEATURE_INTERIM | FEATURE_UPGRADE, FEATURE_FLOW},
        {FEATURES_ALL, FEATURE_FIELDS | FEATURE_INTERIM, FEATURE_FIELDS | FEATURE_INTERIM},
        {FEATURE_INTERIM, FEATURES_ALL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        void *made;
        pair_setup_with(&made, rows[i].consumer, rows[i].provider);
        struct pair *pair = made;
        for (unsigned bit = 0; bit < FEATURE_COUNT; bit++) {
            bool is_agreed = rows[i].both & 1u << bit;
            assert_int_equal(mux_has(pair->consumer.mux, 1 << bit), is_agreed);
            assert_int_equal(mux_has(pair->provider.mux, 1 << bit), is_agreed);
        }
        pair_teardown(&made);
    }
}

/* --- a promise ------------------------------------------------------------ */

/* Nothing is delivered yet. */
static int promised_setup(void **state)
{
    struct pair *pair = calloc(1, sizeof *pair);
    pair->now_us = 1000;
    side_init(&pair->consumer, MUX_CONSUMER, FEATURES_ALL);
    side_init(&pair->provider, MUX_PROVIDER, FEATURES_ALL & ~FEATURE_FORWARDED);
    char *promise = mux_promise(pair->provider.mux);
    mux_start(pair->consumer.mux, span_from_string(promise), pair->now_us);
    mux_start(pair->provider.mux, (struct span){0}, pair->now_us);
    free(promise);
    assert_story(&pair->consumer, "ready; ");
    *state = pair;
    return 0;
}

/* Behind HELLO, and on its channel: nothing of it may overtake that. */
static void test_promise(void **state)
{
    struct pair *pair = *state;
    assert_true(mux_has(pair->consumer.mux, FEATURE_FIELDS));
    assert_false(mux_has(pair->consumer.mux, FEATURE_FORWARDED));
    struct mux_stream *stream = open_stream(pair, "/early");
    mux_stream_write(stream, SPAN_LITERAL("content"));
    end(stream);
    for (size_t messages = 0; messages < 4; messages++) { /* HELLO, a head, a body, an end */
        assert_int_equal(next_channel(&pair->consumer), 0);
        assert_true(deliver_one(pair, &pair->consumer, &pair->provider));
    }
    assert_story(&pair->provider, "ready; 1 GET /early; body content; end; ");
    respond(pair->provider.stream[0], 200);
    end(pair->provider.stream[0]);
    deliver_all(pair);
    assert_story(&pair->consumer, "head 200; end; "); /* ready but once */
    open_stream(pair, "/late");
    assert_int_equal(next_channel(&pair->consumer), 1 + 2 % MUX_CHANNELS);
}

/* The answer comes on the stream's own channel, and may overtake AGREE. */
static void test_answer_before_agree(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *stream = open_stream(pair, "/early");
    deliver_one(pair, &pair->consumer, &pair->provider);
    deliver_one(pair, &pair->consumer, &pair->provider);
    struct span agree = buf_bytes(&pair->provider.out);
    uint8_t kept[512];
    size_t len = pair->provider.out.len;
    assert_true(len <= sizeof kept);
    memcpy(kept, agree.data, len);
    buf_consume(&pair->provider.out, len);
    respond(pair->provider.stream[0], 200);
    assert_int_equal(next_channel(&pair->provider), 1 + 1 % MUX_CHANNELS);
    deliver_one(pair, &pair->provider, &pair->consumer);
    assert_story(&pair->consumer, "head 200; ");
    buf_append(&pair->provider.out, span_of(kept, len));
    cancel(stream, "enough");
    assert_int_equal(next_channel(&pair->consumer), 0);
    deliver_all(pair);
    assert_story(&pair->consumer, "");
}

/* The PING that asks goes out behind AGREE, and its PONG answers. */
static void test_probe_before_agree(void **state)
{
    struct pair *pair = *state;
    mux_probe(pair->consumer.mux, pair->now_us);
    feed_at(&pair->consumer, FRAME_PING, pair->now_us);
    assert_story(&pair->consumer, "");
    deliver_all(pair);
    assert_story(&pair->consumer, "alive; ");
    run_alone(&pair->consumer, pair->now_us + MUX_HELLO_TIMEOUT_US);
    assert_story(&pair->consumer, "");
}

static void test_dead_before_agree(void **state)
{
    struct pair *pair = *state;
    mux_probe(pair->consumer.mux, pair->now_us);
    run_alone(&pair->consumer, pair->now_us + MUX_PROBE_US);
    assert_story(&pair->consumer, "dead: the other side did not answer HELLO; is it a tunnel?; ");
}

static void test_promise_without_agree(void **state)
{
    struct pair *pair = *state;
    open_stream(pair, "/");
    mux_on_deadline(pair->consumer.mux, pair->now_us + MUX_HELLO_TIMEOUT_US);
    assert_story(&pair->consumer, "dead: the other side did not answer HELLO; is it a tunnel?; ");
}

static void test_broken_promise(void **state)
{
    struct pair *pair = *state;
    feed(&pair->consumer, FRAME_AGREE, 0, "{\"version\":1,\"features\":[\"sse\"]}");
    assert_story(&pair->consumer,
                 "dead: the other side agreed to something else than its description says; ");
}

static void test_no_promise(void **state)
{
    static const char *const none[] = {"", "{", "{\"version\":2}", "{\"features\":[]}",
                                       "{\"version\":1,\"window\":0}"};
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct side side;
        side_init(&side, MUX_CONSUMER, FEATURES_ALL);
        mux_start(side.mux, span_from_string(none[i]), 0);
        assert_story(&side, "");
        side_deinit(&side);
    }
}

#define PROMISED(f) cmocka_unit_test_setup_teardown(f, promised_setup, pair_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_wrong_roles),
        cmocka_unit_test(test_no_common_version),
        cmocka_unit_test(test_hello_timeout),
        TEST(test_silence_is_death),
        TEST(test_pings_keep_alive),
        TEST(test_silence_while_not_reading),
        TEST(test_probe),
        TEST(test_probe_is_answered_by_its_own),
        TEST(test_probe_is_answered_by_what_comes_late),
        TEST(test_probe_while_not_reading),
        TEST(test_refusal),
        TEST(test_sleep),
        TEST(test_ping_flood_is_bounded),
        EXTENDED(test_silence_is_death),
        EXTENDED(test_pings_keep_alive),
        EXTENDED(test_ping_flood_is_bounded),
        cmocka_unit_test(test_handshake),
        PROMISED(test_promise),
        PROMISED(test_answer_before_agree),
        PROMISED(test_probe_before_agree),
        PROMISED(test_dead_before_agree),
        PROMISED(test_promise_without_agree),
        PROMISED(test_broken_promise),
        cmocka_unit_test(test_no_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
