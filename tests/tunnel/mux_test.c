/*
 * Exchanges: their frames, their order, whose turn it is, and how they end.
 * What holds for version 1 holds with all extensions.
 */
#include "mux_pair.h"

#include <errno.h>
#include <stdio.h>

#include "tunnel/consumer.h"
#include "tunnel/frame.h"

static void test_exchange(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *request = open_stream(pair, "/a");
    mux_stream_write(request, SPAN_LITERAL("ping"));
    end(request);
    deliver_all(pair);
    assert_story(&pair->provider, "1 GET /a; body ping; end; ");

    respond(pair->provider.stream[0], 201);
    mux_stream_write(pair->provider.stream[0], SPAN_LITERAL("pong"));
    end(pair->provider.stream[0]);
    deliver_all(pair);
    assert_story(&pair->consumer, "head 201; body pong; end; ");
    assert_int_equal(mux_stream_count(pair->consumer.mux), 0);
    assert_int_equal(mux_stream_count(pair->provider.mux), 0);
}

static void test_each_write_is_sent_at_once(void **state)
{
    struct pair *pair = *state;
    end(open_stream(pair, "/"));
    deliver_all(pair);
    respond(pair->provider.stream[0], 200);
    deliver_all(pair);
    pair->consumer.story[0] = '\0';
    for (int i = 0; i < 3; i++) {
        mux_stream_write(pair->provider.stream[0], SPAN_LITERAL("token"));
        assert_true(deliver_one(pair, &pair->provider, &pair->consumer));
        assert_story(&pair->consumer, "body token; ");
    }
}

static void test_streams_take_turns(void **state)
{
    struct pair *pair = *state;
    end(open_stream(pair, "/big"));
    end(open_stream(pair, "/small"));
    deliver_all(pair);
    struct mux_stream *big = pair->provider.stream[0];
    struct mux_stream *small = pair->provider.stream[1];

    pair->provider.capacity = 1; /* one message at a time */
    respond(big, 200);
    static const uint8_t zeros[3 * FRAME_BODY_MAX];
    mux_stream_write(big, span_of(zeros, sizeof zeros));
    respond(small, 204);
    end(small);
    pair->consumer.story[0] = '\0';
    /* big's head is out; then what is small, and that is all of the other. */
    size_t messages = 0;
    while (!strstr(pair->consumer.story, "end; ")) {
        assert_true(deliver_one(pair, &pair->provider, &pair->consumer));
        messages++;
    }
    assert_int_equal(messages, mux_has(pair->provider.mux, FEATURE_BUNDLE) ? 2 : 3);
    assert_int_equal(pair->consumer.body_bytes, 0);
    deliver_all(pair);
    assert_int_equal(pair->consumer.body_bytes, sizeof zeros);
}

static void test_bodies_take_turns(void **state)
{
    struct pair *pair = *state;
    static const uint8_t zeros[3 * FRAME_BODY_MAX];
    mux_stream_end(open_stream(pair, "/big"), (struct http_fields){0});
    mux_stream_end(open_stream(pair, "/small"), (struct http_fields){0});
    deliver_all(pair);
    respond(pair->provider.stream[0], 200);
    respond(pair->provider.stream[1], 200);
    deliver_all(pair);
    pair->provider.capacity = 1;
    pair->consumer.story[0] = '\0';
    mux_stream_write(pair->provider.stream[0], span_of(zeros, sizeof zeros));
    mux_stream_write(pair->provider.stream[1], SPAN_LITERAL("small"));
    end(pair->provider.stream[1]);
    /* One of big's is out already, another has its turn before. */
    for (int i = 0; i < 4; i++)
        assert_true(deliver_one(pair, &pair->provider, &pair->consumer));
    assert_story(&pair->consumer, "body small; end; ");
    deliver_all(pair);
    assert_int_equal(pair->consumer.body_bytes, sizeof zeros + 5);
}

static void test_backpressure(void **state)
{
    struct pair *pair = *state;
    end(open_stream(pair, "/"));
    deliver_all(pair);
    struct mux_stream *stream = pair->provider.stream[0];
    respond(stream, 200);
    deliver_all(pair);

    pair->provider.capacity = 0;
    static const uint8_t chunk[32 << 10];
    size_t written = 0;
    while (mux_stream_is_writable(stream)) {
        mux_stream_write(stream, span_of(chunk, sizeof chunk));
        written += sizeof chunk;
    }
    assert_int_equal(pair->provider.drains, 0);
    assert_int_equal(pair->provider.out.len, 0);
    pair->provider.capacity = CHANNEL_MAX;
    mux_flush(pair->provider.mux);
    assert_int_equal(pair->provider.drains, 1);
    deliver_all(pair);
    assert_int_equal(pair->consumer.body_bytes, written);

    struct mux_stream *other = open_stream(pair, "/other");
    mux_stream_set_held(other, HELD_MAX, pair->now_us);
    assert_true(pair->consumer.is_reading);
    mux_stream_set_held(other, HELD_MAX + 1, pair->now_us);
    assert_false(pair->consumer.is_reading);
    cancel(other, "gone");
    assert_true(pair->consumer.is_reading);
}

/* Readers that lag behind stop nobody while there is room, each or together. */
static void test_many_lag_behind(void **state)
{
    struct pair *pair = *state;
    enum { LAGGING = 4 };
    struct mux_stream *streams[LAGGING + 1];
    for (int i = 0; i <= LAGGING; i++)
        streams[i] = open_stream(pair, "/");
    for (int i = 0; i < LAGGING; i++)
        mux_stream_set_held(streams[i], HELD_MAX, pair->now_us);
    assert_true(pair->consumer.is_reading);
    mux_stream_set_held(streams[LAGGING], 1, pair->now_us);
    assert_false(pair->consumer.is_reading);
    mux_stream_set_held(streams[LAGGING], 0, pair->now_us);
    assert_true(pair->consumer.is_reading);

    mux_stream_set_held(streams[LAGGING], HELD_MAX + 1, pair->now_us);
    cancel(streams[0], "gone");
    assert_false(pair->consumer.is_reading); /* for the one's sake alone */
    mux_stream_set_held(streams[LAGGING], 0, pair->now_us);
    assert_true(pair->consumer.is_reading);
}

static void test_cancel_overtakes(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *request = open_stream(pair, "/");
    end(request);
    deliver_all(pair);
    respond(pair->provider.stream[0], 200);
    deliver_all(pair);
    pair->provider.story[0] = pair->consumer.story[0] = '\0';

    pair->provider.capacity = 0;
    static const uint8_t chunk[FRAME_BODY_MAX];
    mux_stream_write(pair->provider.stream[0], span_of(chunk, sizeof chunk));
    cancel(pair->provider.stream[0], "upstream broke");
    assert_int_equal(mux_stream_count(pair->provider.mux), 0);
    pair->provider.capacity = CHANNEL_MAX;
    mux_flush(pair->provider.mux);
    deliver_all(pair);
    assert_story(&pair->consumer, "error upstream broke; ");
    assert_int_equal(pair->consumer.body_bytes, 0);
}

/* A body that breaks off is sent as far as it came, and the ERROR behind it. */
static void test_break_comes_last(void **state)
{
    struct pair *pair = *state;
    bool has_flow = mux_has(pair->provider.mux, FEATURE_FLOW);
    struct mux_stream *request = open_stream(pair, "/");
    end(request);
    deliver_all(pair);
    struct mux_stream *stream = pair->provider.stream[0];
    respond(stream, 200);
    deliver_all(pair);
    pair->provider.story[0] = pair->consumer.story[0] = '\0';

    pair->provider.capacity = 0;
    static const uint8_t chunk[FRAME_BODY_MAX];
    for (int i = 0; i < 8; i++)
        mux_stream_write(stream, span_of(chunk, sizeof chunk));
    mux_stream_break(stream, STREAM_BROKEN, "upstream broke");
    assert_int_equal(mux_stream_count(pair->provider.mux), 1);
    pair->provider.capacity = CHANNEL_MAX;
    mux_flush(pair->provider.mux);
    deliver_all(pair);
    if (has_flow)
        assert_story(&pair->consumer, ""); /* as far as it may; the rest waits for the reader */
    for (int i = 0; i < 8 && pair->consumer.story[0] == '\0'; i++) {
        mux_stream_set_held(request, 0, pair->now_us);
        deliver_all(pair);
    }
    assert_story(&pair->consumer, has_flow ? "error 4 upstream broke; " : "error upstream broke; ");
    assert_int_equal(pair->consumer.body_bytes, 8 * sizeof chunk);
    assert_int_equal(mux_stream_count(pair->provider.mux), 0);
}

/* The consumer goes away while it waits. */
static void test_break_is_cancelled(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *request = open_stream(pair, "/");
    end(request);
    deliver_all(pair);
    struct mux_stream *stream = pair->provider.stream[0];
    respond(stream, 200);
    pair->provider.capacity = 0;
    mux_stream_write(stream, SPAN_LITERAL("some"));
    mux_stream_break(stream, STREAM_BROKEN, "upstream broke");
    pair->provider.story[0] = '\0';
    cancel(request, "gone");
    deliver_all(pair);
    assert_story(&pair->provider, "");
    assert_int_equal(mux_stream_count(pair->provider.mux), 0);
}

static void test_consumer_cancels(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *request = open_stream(pair, "/");
    deliver_all(pair);
    cancel(request, "the client went away");
    deliver_all(pair);
    assert_story(&pair->provider, "1 GET /; error the client went away; ");
    assert_int_equal(mux_stream_count(pair->provider.mux), 0);
}

static void test_provider_refuses(void **state)
{
    struct pair *pair = *state;
    pair->provider.refuses = true;
    end(open_stream(pair, "/"));
    deliver_all(pair);
    assert_story(&pair->consumer, "error refused; ");
}

static void test_response_before_request_ends(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *request = open_stream(pair, "/");
    mux_stream_write(request, SPAN_LITERAL("x"));
    deliver_all(pair);
    respond(pair->provider.stream[0], 413);
    end(pair->provider.stream[0]);
    deliver_all(pair);
    assert_story(&pair->consumer, "head 413; end; ");
    assert_int_equal(mux_stream_count(pair->consumer.mux), 0);
    assert_int_equal(mux_stream_count(pair->provider.mux), 0);
}

static void test_oversized_head(void **state)
{
    struct pair *pair = *state;
    static uint8_t value[FRAME_MAX];
    memset(value, 'v', sizeof value);
    struct head head;
    head_init(&head);
    head.method = SPAN_LITERAL("GET");
    head.target = SPAN_LITERAL("/");
    head_add(&head, SPAN_LITERAL("X"), span_of(value, sizeof value));
    struct mux_stream *stream;
    assert_int_equal(mux_open(pair->consumer.mux, &head, &stream_handlers, &pair->consumer,
                              &stream),
                     -EMSGSIZE);
    head_deinit(&head);
    assert_int_equal(mux_stream_count(pair->consumer.mux), 0);
}

static void test_bad_frames_are_dropped(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *request = open_stream(pair, "/");
    deliver_all(pair);
    pair->provider.story[0] = '\0';
    feed(&pair->provider, 77, 1, "");
    feed(&pair->provider, FRAME_REQ_BODY, 5, "x");
    feed(&pair->provider, FRAME_RES_BODY, 1, "x");
    feed(&pair->provider, FRAME_REQ_HEADERS, 0, "{}");
    feed(&pair->provider, FRAME_REQ_HEADERS, 1, "{}");
    feed(&pair->provider, FRAME_REQ_HEADERS, 2, "{");
    feed(&pair->provider, FRAME_HELLO, 0,
         "{\"proto\":\"other\",\"min_version\":1,"
         "\"max_version\":1}");
    mux_feed(pair->provider.mux, 0, SPAN_LITERAL("abc"), 0);
    assert_story(&pair->provider,
                 "note dropped a frame of unknown type 77; "
                 "note dropped a REQ_BODY on stream 5, which is not open; "
                 "late note dropped a RES_BODY on stream 1, which is not ours to receive; "
                 "note dropped a request on stream 0, which is no stream; "
                 "note dropped a request on stream 1, which is open; "
                 "note refused stream 2: the request's head is malformed; "
                 "note dropped a HELLO that is not of httptunnel; "
                 "note dropped a message of 3 bytes that is no frame; ");
    end(request);
    deliver_all(pair);
    assert_story(&pair->provider, "end; ");
}

static void test_frames_out_of_order(void **state)
{
    struct pair *pair = *state;
    open_stream(pair, "/body-first");
    open_stream(pair, "/two-heads");
    deliver_all(pair);
    feed(&pair->consumer, FRAME_RES_BODY, 1, "x");
    feed(&pair->consumer, FRAME_RES_HEADERS, 2, "{\"status\":200,\"headers\":{}}");
    feed(&pair->consumer, FRAME_RES_HEADERS, 2, "{\"status\":200,\"headers\":{}}");
    assert_story(&pair->consumer, "error 5 the exchange's frames are out of order; head 200; "
                                  "error 5 the exchange's frames are out of order; ");
    assert_int_equal(mux_stream_count(pair->consumer.mux), 0);
}

static void test_too_many_streams(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *stream;
    for (int i = 0; i < MUX_STREAMS_MAX; i++)
        open_stream(pair, "/");
    struct head head;
    head_init(&head);
    head.method = SPAN_LITERAL("GET");
    head.target = SPAN_LITERAL("/");
    assert_int_equal(mux_open(pair->consumer.mux, &head, &stream_handlers, &pair->consumer,
                              &stream),
                     -EBUSY);
    head_deinit(&head);
}

/* What a consumer says before it hears of the refusal is no news. */
static void test_rest_of_a_refused_stream(void **state)
{
    struct pair *pair = *state;
    struct consumers consumers;
    struct consumer *consumer;
    consumers_init(&consumers, 1);
    consumer = consumer_new(&consumers, 1);
    mux_set_consumer(pair->provider.mux, consumer);
    open_stream(pair, "/takes-the-place");
    struct mux_stream *refused = open_stream(pair, "/refused");
    mux_stream_write(refused, SPAN_LITERAL("x"));
    end(refused);
    while (deliver_one(pair, &pair->consumer, &pair->provider)) {
    }
    assert_story(&pair->provider,
                 "1 GET /takes-the-place; "
                 "note refused stream 2: 1 requests of this proxy are under way, and more are "
                 "not allowed at once (serve --max-streams); "
                 "late note dropped a REQ_BODY on stream 2, which is not open; "
                 "late note dropped a REQ_END on stream 2, which is not open; ");
    mux_fail(pair->provider.mux, "over");
    consumer_leave(consumer);
}

static void test_session_error(void **state)
{
    struct pair *pair = *state;
    feed(&pair->consumer, FRAME_ERROR, 0, "go\xff away");
    assert_story(&pair->consumer, "dead: the other side ended the session: go; ");
}

/* Of what has not left when the session ends, the other side knows nothing. */
static void test_unsent(void **state)
{
    struct pair *pair = *state;
    char unsent[32];
    snprintf(unsent, sizeof unsent, "error %d over; ", STREAM_UNSENT);
    open_stream(pair, "/sent");
    pair->consumer.capacity = 0;
    mux_stream_end(open_stream(pair, "/waits"), (struct http_fields){0});
    deliver_all(pair);
    assert_story(&pair->provider, "1 GET /sent; ");
    mux_fail(pair->consumer.mux, "over");
    assert_non_null(strstr(pair->consumer.story, unsent));
    assert_non_null(strstr(pair->consumer.story, "error over; "));
    mux_fail(pair->provider.mux, "over");
    assert_story(&pair->provider, "error over; ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_exchange),
        TEST(test_each_write_is_sent_at_once),
        TEST(test_streams_take_turns),
        TEST(test_bodies_take_turns),
        TEST(test_backpressure),
        TEST(test_many_lag_behind),
        TEST(test_cancel_overtakes),
        TEST(test_break_comes_last),
        TEST(test_break_is_cancelled),
        TEST(test_consumer_cancels),
        TEST(test_provider_refuses),
        TEST(test_response_before_request_ends),
        TEST(test_oversized_head),
        TEST(test_bad_frames_are_dropped),
        TEST(test_frames_out_of_order),
        TEST(test_too_many_streams),
        TEST(test_rest_of_a_refused_stream),
        TEST(test_session_error),
        TEST(test_unsent),
        EXTENDED(test_exchange),
        EXTENDED(test_each_write_is_sent_at_once),
        EXTENDED(test_streams_take_turns),
        EXTENDED(test_bodies_take_turns),
        EXTENDED(test_break_comes_last),
        EXTENDED(test_break_is_cancelled),
        EXTENDED(test_response_before_request_ends),
        EXTENDED(test_oversized_head),
        EXTENDED(test_too_many_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
