/*
 * What the extensions bring: see docs/PROTOCOL.md.
 */
#include "mux_pair.h"

#include "tunnel/frame.h"

static void test_fields_exchange(void **state)
{
    struct pair *pair = *state;
    struct http_field trailer = {SPAN_LITERAL("X-Sum"), SPAN_LITERAL("1")};
    struct mux_stream *request = open_stream(pair, "/a");
    mux_stream_write(request, SPAN_LITERAL("ping"));
    mux_stream_end(request, (struct http_fields){&trailer, 1});
    deliver_all(pair);
    assert_story(&pair->provider, "1 GET /a; body ping; end; trailer X-Sum; ");
    struct head hints;
    head_init(&hints);
    hints.status = 103;
    mux_stream_interim(pair->provider.stream[0], &hints);
    respond(pair->provider.stream[0], 200);
    mux_stream_write(pair->provider.stream[0], SPAN_LITERAL("pong"));
    mux_stream_end(pair->provider.stream[0], (struct http_fields){&trailer, 1});
    deliver_all(pair);
    assert_story(&pair->consumer, "interim 103; head 200; body pong; end; trailer X-Sum; ");
    assert_int_equal(mux_stream_count(pair->consumer.mux), 0);
    assert_int_equal(mux_stream_count(pair->provider.mux), 0);
}

static void test_error_codes(void **state)
{
    struct pair *pair = *state;
    open_stream(pair, "/");
    open_stream(pair, "/");
    deliver_all(pair);
    mux_stream_cancel(pair->provider.stream[0], STREAM_TIMEOUT, "too late");
    deliver_all(pair);
    assert_story(&pair->consumer, "error 3 too late; ");
    feed_bytes(&pair->consumer, FRAME_ERROR, 2, span_of("\xff\xffnew", 5));
    assert_story(&pair->consumer, "error new; "); /* a code that we do not know */
}

static void test_interim_flood(void **state)
{
    struct pair *pair = *state;
    open_stream(pair, "/");
    deliver_all(pair);
    struct head head;
    head_init(&head);
    head.status = 102;
    for (int i = 0; i < 2 * MUX_INTERIM_MAX; i++)
        mux_stream_interim(pair->provider.stream[0], &head);
    assert_int_equal(count_frames(&pair->provider, FRAME_RES_INTERIM), MUX_INTERIM_MAX);
    deliver_all(pair);
    pair->consumer.story[0] = '\0';
    feed_bytes(&pair->consumer, FRAME_RES_INTERIM, 1, span_of("\0\0\x66\0", 4));
    assert_story(&pair->consumer, "");
}

/* Of interim responses that the channel does not take, one waits; but the
 * client's body waits for a 100. */
static void test_interim_that_waits(void **state)
{
    static const int statuses[] = {102, 103, 100};
    struct pair *pair = *state;
    open_stream(pair, "/");
    deliver_all(pair);
    pair->provider.capacity = 0;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct head head;
        head_init(&head);
        head.status = statuses[i];
        mux_stream_interim(pair->provider.stream[0], &head);
    }
    respond(pair->provider.stream[0], 200);
    pair->provider.capacity = CHANNEL_MAX;
    mux_flush(pair->provider.mux);
    deliver_all(pair);
    assert_story(&pair->consumer, "interim 102; interim 100; head 200; ");
}

static void test_malformed_interim(void **state)
{
    struct pair *pair = *state;
    open_stream(pair, "/");
    open_stream(pair, "/");
    feed_bytes(&pair->consumer, FRAME_RES_INTERIM, 1, span_of("\0\0\xc8\0", 4)); /* 200 */
    assert_story(&pair->consumer, "error 5 the response's head is malformed; ");
    feed_bytes(&pair->consumer, FRAME_RES_HEADERS, 2, span_of("\0\0\x66\0", 4)); /* 102 */
    assert_story(&pair->consumer, "error 5 the response's head is malformed; ");
}

static struct mux_stream *open_pipe(struct pair *pair, const char *method)
{
    struct head head;
    struct mux_stream *stream;
    head_init(&head);
    head.method = span_from_string(method);
    head.framing = HTTP_BODY_PIPE;
    if (strcmp(method, "CONNECT") == 0) {
        head.target = SPAN_LITERAL("a:1");
    } else {
        head.target = SPAN_LITERAL("/ws");
        head_add(&head, SPAN_LITERAL("Upgrade"), SPAN_LITERAL("websocket"));
    }
    assert_int_equal(mux_open(pair->consumer.mux, &head, &stream_handlers, &pair->consumer,
                              &stream),
                     0);
    deliver_all(pair);
    pair->provider.story[0] = '\0';
    return stream;
}

static void switch_protocols(struct pair *pair, int status)
{
    struct head head;
    head_init(&head);
    head.status = status;
    head.framing = HTTP_BODY_PIPE;
    if (status == 101)
        head_add(&head, SPAN_LITERAL("Upgrade"), SPAN_LITERAL("websocket"));
    assert_int_equal(mux_stream_respond(pair->provider.stream[0], &head), 0);
    deliver_all(pair);
}

static void test_pipe_ends_with_the_consumer_first(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *pipe = open_pipe(pair, "GET");
    switch_protocols(pair, 101);
    mux_stream_write(pipe, SPAN_LITERAL("to"));
    end(pipe);
    deliver_all(pair);
    assert_story(&pair->provider, "body to; end; ");
    mux_stream_write(pair->provider.stream[0], SPAN_LITERAL("fro"));
    deliver_all(pair);
    end(pair->provider.stream[0]);
    deliver_all(pair);
    assert_story(&pair->consumer, "head 101; body fro; end; ");
    assert_int_equal(mux_stream_count(pair->consumer.mux), 0);
    assert_int_equal(mux_stream_count(pair->provider.mux), 0);
}

static void test_pipe_ends_with_the_provider_first(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *pipe = open_pipe(pair, "CONNECT");
    switch_protocols(pair, 200);
    end(pair->provider.stream[0]);
    deliver_all(pair);
    assert_story(&pair->consumer, "head 200; end; ");
    mux_stream_write(pipe, SPAN_LITERAL("more"));
    deliver_all(pair);
    assert_story(&pair->provider, "body more; ");
    end(pipe);
    deliver_all(pair);
    assert_story(&pair->provider, "end; ");
    assert_int_equal(mux_stream_count(pair->consumer.mux), 0);
    assert_int_equal(mux_stream_count(pair->provider.mux), 0);
}

/* What a pipe has queued when its other direction ends still goes out. */
static void test_pipe_end_waits_for_its_body(void **state)
{
    struct pair *pair = *state;
    static const uint8_t zeros[3 * FRAME_BODY_MAX / 2];
    struct mux_stream *pipe = open_pipe(pair, "GET");
    switch_protocols(pair, 101);
    pair->consumer.capacity = 0;
    mux_stream_write(pipe, span_of(zeros, sizeof zeros));
    end(pipe);
    end(pair->provider.stream[0]);
    while (deliver_one(pair, &pair->provider, &pair->consumer)) {
    }
    assert_story(&pair->consumer, "head 101; end; ");
    assert_int_equal(mux_stream_count(pair->consumer.mux), 1);
    pair->consumer.capacity = CHANNEL_MAX;
    mux_flush(pair->consumer.mux);
    deliver_all(pair);
    assert_int_equal(pair->provider.body_bytes, sizeof zeros);
    assert_int_equal(mux_stream_count(pair->consumer.mux), 0);
    assert_int_equal(mux_stream_count(pair->provider.mux), 0);
}

static void test_pipe_refused(void **state)
{
    struct pair *pair = *state;
    open_pipe(pair, "GET");
    respond(pair->provider.stream[0], 200);
    end(pair->provider.stream[0]);
    deliver_all(pair);
    assert_story(&pair->consumer, "head 200; end; ");
    assert_story(&pair->provider, ""); /* no ERROR: nothing was cut off */
    assert_int_equal(mux_stream_count(pair->consumer.mux), 0);
    assert_int_equal(mux_stream_count(pair->provider.mux), 0);
}

/* Both ends must think the same of what a pipe is. */
static void test_pipes_that_are_none(void **state)
{
    struct pair *pair = *state;
    static const struct span heads[] = {
        {(const uint8_t *)"\3\0\xc8\0", 4}, /* 200 to Upgrade: no pipe */
        {(const uint8_t *)"\0\0\x65\0", 4}, /* 101 without one */
    };
    for (uint32_t i = 0; i < 2; i++) {
        open_pipe(pair, "GET");
        feed_bytes(&pair->consumer, FRAME_RES_HEADERS, 1 + i, heads[i]);
        assert_story(&pair->consumer, "error 5 the response's head is malformed; ");
    }
    open_stream(pair, "/");
    feed_bytes(&pair->consumer, FRAME_RES_HEADERS, 3, span_of("\3\0\x65\0", 4));
    assert_story(&pair->consumer, "error 5 the response's head is malformed; ");
    /* Bytes before the switch. */
    open_pipe(pair, "GET");
    feed(&pair->provider, FRAME_REQ_BODY, 4, "early");
    assert_story(&pair->provider, "error 5 the exchange's frames are out of order; ");
}

static void test_body_that_was_not_announced(void **state)
{
    struct pair *pair = *state;
    struct head head;
    struct mux_stream *stream;
    head_init(&head);
    head.method = SPAN_LITERAL("GET");
    head.target = SPAN_LITERAL("/");
    assert_int_equal(mux_open(pair->consumer.mux, &head, &stream_handlers, &pair->consumer,
                              &stream),
                     0);
    deliver_all(pair);
    pair->provider.story[0] = '\0';
    feed(&pair->provider, FRAME_REQ_BODY, 1, "x");
    assert_story(&pair->provider, "error 5 the exchange's frames are out of order; ");
}

static void test_streams_have_channels(void **state)
{
    struct pair *pair = *state;
    for (uint32_t id = 1; id <= MUX_CHANNELS + 2; id++) {
        struct mux_stream *stream = open_stream(pair, "/");
        unsigned expected = 1 + id % MUX_CHANNELS;
        assert_int_equal(next_channel(&pair->consumer), expected);
        pair->provider.streams = 0;
        deliver_all(pair);
        respond(pair->provider.stream[0], 200);
        assert_int_equal(next_channel(&pair->provider), expected);
        deliver_all(pair);
        end(pair->provider.stream[0]);
        assert_int_equal(next_channel(&pair->provider), expected);
        cancel(stream, "enough");
        assert_int_equal(next_channel(&pair->consumer), expected);
        deliver_all(pair);
    }
    mux_probe(pair->consumer.mux, pair->now_us);
    assert_int_equal(next_channel(&pair->consumer), 0);
    deliver_all(pair);
    pair->provider.story[0] = '\0';
    mux_feed(pair->provider.mux, MUX_CHANNELS + 1, SPAN_LITERAL("\3\0\0\0\0"), 0);
    assert_story(&pair->provider, "note dropped a message of 5 bytes that is on a channel which "
                                  "was not agreed on; ");
}

/* What is small goes where bodies have filled the queue. */
static void test_small_frames_go_beside_a_full_queue(void **state)
{
    struct pair *pair = *state;
    static const uint8_t zeros[FRAME_BODY_MAX];
    end(open_stream(pair, "/a"));
    end(open_stream(pair, "/b"));
    deliver_all(pair);
    respond(pair->provider.stream[0], 200);
    deliver_all(pair);
    pair->provider.capacity = 0;
    pair->provider.takes_small = true;
    mux_stream_write(pair->provider.stream[0], span_of(zeros, sizeof zeros));
    assert_int_equal(pair->provider.out.len, 0);
    pair->consumer.story[0] = '\0';
    respond(pair->provider.stream[1], 204);
    end(pair->provider.stream[1]);
    deliver_all(pair);
    assert_story(&pair->consumer, "head 204; end; ");
    assert_int_equal(pair->consumer.body_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EXTENDED(test_fields_exchange),
        EXTENDED(test_error_codes),
        EXTENDED(test_interim_flood),
        EXTENDED(test_interim_that_waits),
        EXTENDED(test_malformed_interim),
        EXTENDED(test_pipe_ends_with_the_consumer_first),
        EXTENDED(test_pipe_ends_with_the_provider_first),
        EXTENDED(test_pipe_end_waits_for_its_body),
        EXTENDED(test_pipe_refused),
        EXTENDED(test_pipes_that_are_none),
        EXTENDED(test_body_that_was_not_announced),
        EXTENDED(test_streams_have_channels),
        EXTENDED(test_small_frames_go_beside_a_full_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
