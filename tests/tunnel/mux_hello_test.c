/*
 * The handshake, with and without a promise.
 */
#include "mux_pair.h"

#include <stdio.h>
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

/* Two providers, one of version 1: each waits for the other's HELLO. What the
 * first to lose its patience says ends the other's session, too. */
static void test_no_hello(void **state)
{
    (void)state;
    struct side side;
    struct frame frame;
    side_init(&side, MUX_PROVIDER, FEATURE_SSE);
    mux_start(side.mux, (struct span){0}, 0);
    mux_on_deadline(side.mux, MUX_HELLO_TIMEOUT_US);
    assert_story(&side,
                 "dead (role?): the other side did not say HELLO; is it a `tunnel proxy`?; ");
    assert_int_equal(frame_decode(span_skip(buf_bytes(&side.out), PREFIX_LEN), &frame), 0);
    assert_int_equal(frame.type, FRAME_ERROR);
    side_deinit(&side);
}

static void test_refusal(void **state)
{
    struct pair *pair = *state;
    mux_refuse(pair->provider.mux, "there is another one");
    deliver_all(pair);
    assert_story(&pair->consumer, "dead: the other side ended the session: there is another one; ");
}

/* Who is refused in place of all that it has asked for knows that nobody has
 * heard of that; */
static void test_turned_away(void **state)
{
    struct pair *pair = *state;
    char unsent[128];
    snprintf(unsent, sizeof unsent, "error %d over; ", STREAM_UNSENT);
    end(open_stream(pair, "/early"));
    assert_true(deliver_one(pair, &pair->consumer, &pair->provider)); /* HELLO */
    mux_refuse(pair->provider.mux, "there is no place");
    while (deliver_one(pair, &pair->provider, &pair->consumer)) {
    }
    assert_story(&pair->consumer, "dead: the other side ended the session: there is no place; ");
    mux_fail(pair->consumer.mux, "over");
    assert_story(&pair->consumer, unsent);
}

/* but not who was heard, though the refusal comes first. */
static void test_turned_away_late(void **state)
{
    struct pair *pair = *state;
    end(open_stream(pair, "/early"));
    while (deliver_one(pair, &pair->consumer, &pair->provider)) {
    }
    assert_story(&pair->provider, "ready; 1 GET /early; end; ");
    mux_refuse(pair->provider.mux, "this device's invite was revoked");
    while (deliver_one(pair, &pair->provider, &pair->consumer)) {
    }
    assert_story(&pair->consumer, "dead: the other side ended the session: this device's invite "
                                  "was revoked; ");
    mux_fail(pair->consumer.mux, "over");
    assert_story(&pair->consumer, "error over; ");
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
    for (size_t messages = 0; messages < 2; messages++) { /* HELLO, and all of the request */
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
    mux_end_turn(pair->provider.mux);
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
        cmocka_unit_test(test_no_hello),
        TEST(test_refusal),
        cmocka_unit_test(test_handshake),
        PROMISED(test_turned_away),
        PROMISED(test_turned_away_late),
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
