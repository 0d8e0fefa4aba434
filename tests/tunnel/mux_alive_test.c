/*
 * Whether the other side lives: PING and PONG, probes, sleep.
 */
#include "mux_pair.h"

#include "tunnel/frame.h"

static void test_silence_is_death(void **state)
{
    struct pair *pair = *state;
    end(open_stream(pair, "/"));
    mux_end_turn(pair->consumer.mux);
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

static unsigned pings(struct side *side)
{
    return count_frames(side, FRAME_PING);
}

/* The consumer's PINGs do for both while there is no stream. */
static void test_provider_at_rest_is_pinged(void **state)
{
    struct pair *pair = *state;
    deliver_all(pair);
    for (int i = 0; i < 10; i++) {
        pair->now_us += MUX_PING_INTERVAL_US;
        run_alone(&pair->consumer, pair->now_us);
        assert_int_equal(pings(&pair->consumer), 1);
        deliver_all(pair);
        run_alone(&pair->provider, pair->now_us);
        assert_int_equal(pings(&pair->provider), 0);
    }
    run_alone(&pair->provider, pair->now_us + MUX_PING_REST_US - 1);
    assert_int_equal(pings(&pair->provider), 0);
    run_alone(&pair->provider, pair->now_us + MUX_PING_REST_US);
    assert_int_equal(pings(&pair->provider), 1);
}

/* With a stream it measures its own round trip, at once if that is old. */
static void test_provider_with_a_stream_pings(void **state)
{
    struct pair *pair = *state;
    for (int i = 0; i < 2; i++) {
        pair->now_us += MUX_PING_INTERVAL_US;
        run_alone(&pair->consumer, pair->now_us);
        deliver_all(pair);
    }
    open_stream(pair, "/");
    deliver_all(pair);
    assert_int_equal(pings(&pair->provider), 0);
    assert_true(mux_deadline_us(pair->provider.mux) <= pair->now_us);
    mux_on_deadline(pair->provider.mux, pair->now_us);
    assert_int_equal(pings(&pair->provider), 1);
    assert_true(mux_deadline_us(pair->provider.mux) > pair->now_us);
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

/* A PONG from before is no answer. */
static void test_sleep_behind_a_ping(void **state)
{
    struct pair *pair = *state;
    run_alone(&pair->consumer, pair->now_us + MUX_PING_INTERVAL_US);
    uint64_t since_us = pair->now_us + MUX_PING_INTERVAL_US;
    pair->now_us = since_us + 2 * MUX_PING_INTERVAL_US;
    mux_wake(pair->consumer.mux, since_us, pair->now_us);
    feed_at(&pair->consumer, FRAME_PONG, pair->now_us);
    assert_story(&pair->consumer, "");
    feed_at(&pair->consumer, FRAME_PONG, pair->now_us);
    assert_story(&pair->consumer, "alive; ");
}

/* Nor is what was slept through any time to answer in. */
static void test_sleep_during_a_probe(void **state)
{
    struct pair *pair = *state;
    uint64_t since_us = pair->now_us;
    mux_probe(pair->consumer.mux, pair->now_us);
    pair->now_us += 2 * MUX_PROBE_US;
    mux_wake(pair->consumer.mux, since_us, pair->now_us);
    run_alone(&pair->consumer, pair->now_us + MUX_PROBE_US - 1);
    assert_story(&pair->consumer, "");
    run_alone(&pair->consumer, pair->now_us + MUX_PROBE_US);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_silence_is_death),
        TEST(test_pings_keep_alive),
        TEST(test_silence_while_not_reading),
        TEST(test_probe),
        TEST(test_probe_is_answered_by_its_own),
        TEST(test_probe_is_answered_by_what_comes_late),
        TEST(test_probe_while_not_reading),
        TEST(test_sleep),
        TEST(test_sleep_behind_a_ping),
        TEST(test_sleep_during_a_probe),
        TEST(test_ping_flood_is_bounded),
        EXTENDED(test_silence_is_death),
        EXTENDED(test_pings_keep_alive),
        EXTENDED(test_provider_at_rest_is_pinged),
        EXTENDED(test_provider_with_a_stream_pings),
        EXTENDED(test_ping_flood_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
