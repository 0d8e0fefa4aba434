/*
 * What a consumer may have of what all of them share, as the multiplexers of
 * its sessions keep to it.
 */
#include "mux_pair.h"

#include "tunnel/consumer.h"

enum { EACH = 3 };

static struct consumers all;

static int setup(void **state)
{
    consumers_init(&all, EACH);
    extended_setup(state);
    struct pair *pair = *state;
    struct consumer *consumer = consumer_new(&all, 7);
    mux_set_consumer(pair->provider.mux, consumer);
    consumer_leave(consumer); /* the mux is its last user */
    return 0;
}

static int teardown(void **state)
{
    pair_teardown(state);
    assert_true(list_is_empty(&all.all));
    assert_int_equal(all.streams.used, 0);
    assert_int_equal(all.windows.used, 0);
    return 0;
}

static void forget_story(struct side *side)
{
    side->story[0] = '\0';
}

static void test_streams_of_one(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *first = open_stream(pair, "/");
    for (int i = 1; i < EACH; i++)
        open_stream(pair, "/");
    deliver_all(pair);
    assert_int_equal(consumers_find(&all, 7)->streams.used, EACH);
    assert_int_equal(consumer_number(mux_stream_consumer(pair->provider.stream[0])), 7);
    forget_story(&pair->consumer);
    open_stream(pair, "/one-more");
    deliver_all(pair);
    assert_story(&pair->consumer,
                 "error 6 3 requests of this proxy are under way, and more are not allowed at "
                 "once (serve --max-streams); ");
    cancel(first, "enough");
    deliver_all(pair);
    forget_story(&pair->consumer);
    open_stream(pair, "/in-its-place");
    deliver_all(pair);
    assert_story(&pair->consumer, "");
    assert_int_equal(mux_stream_count(pair->provider.mux), EACH);
}

/* Another session of the same one: both count together. */
static void test_two_sessions_are_one_consumer(void **state)
{
    struct pair *pair = *state;
    void *other_state;
    extended_setup(&other_state);
    struct pair *other = other_state;
    mux_set_consumer(other->provider.mux, consumers_find(&all, 7));
    for (int i = 0; i < EACH; i++)
        open_stream(pair, "/");
    deliver_all(pair);
    forget_story(&other->consumer);
    open_stream(other, "/");
    deliver_all(other);
    assert_non_null(strstr(other->consumer.story, "error 6 "));
    pair_teardown(&other_state);
    assert_int_equal(consumers_find(&all, 7)->streams.used, EACH);
}

/* What others hold of the whole leaves less to each, and something to all. */
static void test_streams_of_all(void **state)
{
    struct pair *pair = *state;
    struct consumer *greedy = consumer_new(&all, 8);
    greedy->streams.most = CONSUMERS_STREAMS_MAX;
    while (budget_take(&greedy->streams, 1))
        ;
    assert_int_equal(greedy->streams.used, CONSUMERS_STREAMS_MAX / 2);
    all.streams.most = greedy->streams.used + 1; /* as if others had the rest but one */
    open_stream(pair, "/the-last");
    deliver_all(pair);
    forget_story(&pair->consumer);
    open_stream(pair, "/too-many");
    deliver_all(pair);
    assert_story(&pair->consumer, "error 6 too many requests at once; ");
    all.streams.most = CONSUMERS_STREAMS_MAX;
    budget_give(&greedy->streams, greedy->streams.used);
    consumer_leave(greedy);
}

/* ---- windows ---- */

enum { PIECE = 16 << 10, PIECES = 64, FIRST_WINDOW = 128 << 10 };

/* At once, to who takes it at once: the window is what holds it up. */
static void upload(struct pair *pair, const char *path)
{
    static const uint8_t piece[PIECE];
    struct mux_stream *stream = open_stream(pair, path);
    deliver_all(pair);
    struct mux_stream *taken = pair->provider.stream[pair->provider.streams - 1];
    for (int i = 0; i < PIECES; i++) {
        mux_stream_write(stream, span_of(piece, sizeof piece));
        deliver_all(pair);
        mux_stream_set_held(taken, 0, pair->now_us);
        deliver_all(pair);
    }
    assert_int_equal(pair->provider.body_bytes % (PIECE * PIECES), 0);
}

/* What a wide window has beyond the first is taken from the consumer's part,
 * and given back with the stream. */
static void test_windows_of_one(void **state)
{
    struct pair *pair = *state;
    struct consumer *consumer = consumers_find(&all, 7);
    upload(pair, "/fast");
    assert_true(consumer->windows.used >= FIRST_WINDOW);
    assert_int_equal(consumer->windows.used, all.windows.used);
    mux_stream_cancel(pair->provider.stream[0], STREAM_CANCELLED, "enough");
    assert_int_equal(all.windows.used, 0);
    consumer->windows.most = FIRST_WINDOW; /* one that may double once */
    upload(pair, "/again");
    assert_int_equal(consumer->windows.used, FIRST_WINDOW);
}

/* Where others have it all the first window is what there is, and all goes
 * through that. */
static void test_windows_of_all(void **state)
{
    struct pair *pair = *state;
    struct consumer *greedy = consumer_new(&all, 8);
    greedy->windows.most = CONSUMERS_WINDOWS_MAX;
    while (budget_take(&greedy->windows, FIRST_WINDOW))
        ;
    assert_int_equal(greedy->windows.used, CONSUMERS_WINDOWS_MAX / 2);
    all.windows.most = greedy->windows.used + FIRST_WINDOW - 1; /* others have the rest */
    upload(pair, "/late");
    assert_int_equal(consumers_find(&all, 7)->windows.used, 0);
    all.windows.most = CONSUMERS_WINDOWS_MAX;
    budget_give(&greedy->windows, greedy->windows.used);
    consumer_leave(greedy);
}

#define CONSUMER(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONSUMER(test_streams_of_one), CONSUMER(test_two_sessions_are_one_consumer),
        CONSUMER(test_streams_of_all), CONSUMER(test_windows_of_one),
        CONSUMER(test_windows_of_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
