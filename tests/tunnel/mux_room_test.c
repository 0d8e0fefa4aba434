/*
 * Who reads ahead of a stream: how much would leave at once, and who is asked
 * for more when there is room.
 */
#include "mux_pair.h"

#include "http/field.h"
#include "tunnel/frame.h"

enum { CAPACITY = 300000, FRAME = FRAME_BODY_MAX };

static const uint8_t bytes[FRAME];

/* A download has begun, its head delivered. */
static struct mux_stream *begin(struct pair *pair, const char *path)
{
    size_t index = pair->provider.streams;
    open_stream(pair, path);
    deliver_all(pair);
    respond(pair->provider.stream[index], 200);
    deliver_all(pair);
    return pair->provider.stream[index];
}

static size_t room_of(const struct side *side)
{
    return side->out.len < side->capacity ? side->capacity - side->out.len : 0;
}

static void fill(struct pair *pair, struct mux_stream *stream)
{
    while (room_of(&pair->provider) > 0)
        mux_stream_write(stream, span_of(bytes, sizeof bytes));
}

static void test_room_is_what_the_channel_takes(void **state)
{
    struct pair *pair = *state;
    pair->provider.capacity = CAPACITY;
    struct mux_stream *stream = begin(pair, "/a");
    assert_int_equal(mux_stream_room(stream), CAPACITY);
    mux_stream_write(stream, span_of(bytes, sizeof bytes));
    assert_int_equal(mux_stream_room(stream), room_of(&pair->provider));
    assert_true(mux_stream_room(stream) < CAPACITY - FRAME);
    fill(pair, stream);
    assert_int_equal(mux_stream_room(stream), 0);
}

static void test_room_is_no_more_than_the_credit(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *stream = begin(pair, "/a");
    size_t room = mux_stream_room(stream);
    assert_true(room > FRAME && room < CHANNEL_MAX); /* a consumer's first window */
    mux_stream_write(stream, span_of(bytes, 1000));
    assert_int_equal(mux_stream_room(stream), room - 1000);
}

/* And what waits goes first. */
static void test_no_room_while_another_waits(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *one = begin(pair, "/a");
    struct mux_stream *other = begin(pair, "/b");
    pair->provider.capacity = 1;
    mux_stream_write(one, span_of(bytes, 100));
    mux_stream_write(one, span_of(bytes, 100));
    pair->provider.capacity = CAPACITY;
    assert_int_equal(mux_stream_room(one), 0);
    assert_int_equal(mux_stream_room(other), 0);
    mux_flush(pair->provider.mux);
    assert_true(mux_stream_room(one) > 0);
    assert_true(mux_stream_room(other) > 0);
}

/* It reads no further for a queue of its own. */
static void test_who_finds_no_room_is_asked_for_more(void **state)
{
    struct pair *pair = *state;
    struct side *provider = &pair->provider;
    provider->capacity = CAPACITY;
    struct mux_stream *one = begin(pair, "/a");
    struct mux_stream *other = begin(pair, "/b");
    assert_true(mux_stream_is_writable(one));
    fill(pair, one);
    assert_false(mux_stream_is_writable(one));
    assert_false(mux_stream_is_writable(other));
    mux_flush(provider->mux);
    assert_int_equal(provider->drains, 0);
    assert_true(deliver_one(pair, provider, &pair->consumer)); /* and room is told */
    assert_int_equal(provider->drains, 2);
    assert_true(mux_stream_is_writable(one));
    deliver_all(pair);
    assert_int_equal(provider->drains, 2);
}

/* Credit alone makes no room. */
static void test_a_window_asks_nobody_who_waits_for_room(void **state)
{
    struct pair *pair = *state;
    struct side *provider = &pair->provider;
    provider->capacity = 2 * FRAME; /* within a consumer's first window */
    struct mux_stream *stream = begin(pair, "/a");
    fill(pair, stream);
    assert_false(mux_stream_is_writable(stream));
    feed_bytes(provider, FRAME_WINDOW, mux_stream_id(stream), SPAN_LITERAL("\0\0\1\0"));
    assert_int_equal(provider->drains, 0);
    assert_true(deliver_one(pair, provider, &pair->consumer));
    assert_int_equal(provider->drains, 1);
}

static void test_who_waits_for_room_may_end(void **state)
{
    struct pair *pair = *state;
    struct side *provider = &pair->provider;
    provider->capacity = CAPACITY;
    struct mux_stream *stream = begin(pair, "/a");
    fill(pair, stream);
    assert_false(mux_stream_is_writable(stream));
    mux_stream_end(stream, (struct http_fields){0});
    size_t sent = count_frames(provider, FRAME_RES_BODY) * FRAME;
    assert_int_equal(count_frames(provider, FRAME_RES_END), 0);
    deliver_all(pair);
    assert_int_equal(pair->consumer.body_bytes, sent);
    assert_int_equal(provider->drains, 0); /* nobody is asked who has ended */
}

static void test_who_waits_for_room_may_go(void **state)
{
    struct pair *pair = *state;
    pair->provider.capacity = CAPACITY;
    struct mux_stream *stream = begin(pair, "/a");
    fill(pair, stream);
    assert_false(mux_stream_is_writable(stream));
    cancel(stream, "gone");
    deliver_all(pair);
    assert_int_equal(pair->provider.drains, 0);
}

/* What comes all the same waits, as ever. */
static void test_who_waits_for_room_may_write(void **state)
{
    struct pair *pair = *state;
    struct side *provider = &pair->provider;
    provider->capacity = CAPACITY;
    struct mux_stream *stream = begin(pair, "/a");
    fill(pair, stream);
    assert_false(mux_stream_is_writable(stream));
    size_t sent = count_frames(provider, FRAME_RES_BODY) * FRAME;
    mux_stream_write(stream, span_of(bytes, 1000));
    deliver_all(pair);
    assert_int_equal(pair->consumer.body_bytes, sent + 1000);
    assert_int_equal(provider->drains, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_room_is_what_the_channel_takes),
        EXTENDED(test_room_is_no_more_than_the_credit),
        TEST(test_no_room_while_another_waits),
        TEST(test_who_finds_no_room_is_asked_for_more),
        EXTENDED(test_a_window_asks_nobody_who_waits_for_room),
        TEST(test_who_waits_for_room_may_end),
        TEST(test_who_waits_for_room_may_go),
        TEST(test_who_waits_for_room_may_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
