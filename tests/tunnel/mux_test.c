/*
 * Two multiplexers over a simulated channel: bounded queues, a fake clock,
 * every message delivered by hand. What a side saw is written down as text and
 * compared.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "tunnel/frame.h"
#include "tunnel/mux.h"

enum {
    CHANNEL_MAX = 1 << 20,
    HELD_MAX = 16 << 20,
    STORY_MAX = 4096,
    SIDE_STREAMS = 8,
    PREFIX_LEN = 5
};

struct side {
    struct mux *mux;
    struct buf out;  /* messages on their way, each behind its length and channel */
    size_t capacity; /* can_send() while out is below this */
    char story[STORY_MAX];
    struct mux_stream *stream[SIDE_STREAMS];
    size_t streams;
    size_t drains;
    size_t body_bytes;
    bool is_reading;
    bool refuses;     /* cancels requests */
    bool takes_small; /* can_send() for what is small, whatever the capacity */
};

struct pair {
    struct side consumer, provider;
    uint64_t now_us;
};

__attribute__((format(printf, 2, 3))) static void tell(struct side *side, const char *format, ...)
{
    size_t len = strlen(side->story);
    va_list args;
    va_start(args, format);
    vsnprintf(side->story + len, STORY_MAX - len, format, args);
    va_end(args);
}

static void assert_story(struct side *side, const char *expected)
{
    assert_string_equal(side->story, expected);
    side->story[0] = '\0';
}

/* --- handlers: streams ------------------------------------------------------ */

static void on_interim(const struct head *head, void *arg)
{
    tell(arg, "interim %d; ", head->status);
}

static void on_head(const struct head *head, void *arg)
{
    tell(arg, "head %d; ", head->status);
}

static void on_body(struct span bytes, void *arg)
{
    struct side *side = arg;
    side->body_bytes += bytes.len;
    if (bytes.len < 16)
        tell(side, "body %.*s; ", SPAN_ARG(bytes));
}

static void on_end(struct http_fields trailers, void *arg)
{
    tell(arg, "end; ");
    for (size_t i = 0; i < trailers.count; i++)
        tell(arg, "trailer %.*s; ", SPAN_ARG(trailers.at[i].name));
}

static void on_error(enum stream_error error, const char *text, void *arg)
{
    if (error == STREAM_UNSPECIFIED || error == STREAM_SESSION)
        tell(arg, "error %s; ", text);
    else
        tell(arg, "error %d %s; ", error, text);
}

static void on_drain(void *arg)
{
    struct side *side = arg;
    side->drains++;
}

static const struct mux_stream_handlers stream_handlers = {
    .on_interim = on_interim,
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .on_error = on_error,
    .on_drain = on_drain,
};

/* --- handlers: session -------------------------------------------------------- */

static void on_send(unsigned channel, struct span head, struct span body, void *arg)
{
    struct side *side = arg;
    uint8_t prefix[PREFIX_LEN];
    assert_true(head.len + body.len <= FRAME_MAX);
    put_u32be(prefix, (uint32_t)(head.len + body.len));
    prefix[4] = (uint8_t)channel;
    assert_int_equal(buf_append(&side->out, span_of(prefix, sizeof prefix)), 0);
    assert_int_equal(buf_append(&side->out, head), 0);
    assert_int_equal(buf_append(&side->out, body), 0);
}

static bool on_can_send(unsigned channel, enum mux_urgency urgency, void *arg)
{
    (void)channel;
    struct side *side = arg;
    return side->out.len < side->capacity || (side->takes_small && urgency == MUX_SMALL);
}

static void on_reading(bool reading, void *arg)
{
    struct side *side = arg;
    side->is_reading = reading;
}

static void on_ready(void *arg)
{
    tell(arg, "ready; ");
}

static void on_rtt(uint64_t rtt_us, void *arg)
{
    (void)rtt_us;
    (void)arg;
}

static void on_alive(void *arg)
{
    tell(arg, "alive; ");
}

static void on_request(struct mux_stream *stream, const struct head *head, void *arg)
{
    struct side *side = arg;
    tell(side, "%u %.*s %.*s; ", mux_stream_id(stream), SPAN_ARG(head->method),
         SPAN_ARG(head->target));
    if (side->refuses) {
        mux_stream_cancel(stream, STREAM_NOT_ALLOWED, "refused");
        return;
    }
    mux_stream_accept(stream, &stream_handlers, side);
    assert_true(side->streams < SIDE_STREAMS);
    side->stream[side->streams++] = stream;
}

static void on_stream_closed(size_t streams, void *arg)
{
    (void)streams;
    (void)arg;
}

static void on_dead(const char *text, bool wrong_role, void *arg)
{
    tell(arg, "dead%s: %s; ", wrong_role ? " (role)" : "", text);
}

static void on_note(enum mux_note kind, const char *text, void *arg)
{
    static const char *const kinds[] = {"late note", "note", "lost"};
    tell(arg, "%s %s; ", kinds[kind], text);
}

static const struct mux_handlers handlers = {
    .send = on_send,
    .can_send = on_can_send,
    .on_reading = on_reading,
    .on_ready = on_ready,
    .on_rtt = on_rtt,
    .on_alive = on_alive,
    .on_request = on_request,
    .on_stream_closed = on_stream_closed,
    .on_dead = on_dead,
    .on_note = on_note,
};

/* --- the channel ---------------------------------------------------------------- */

static void side_init(struct side *side, enum mux_role role, unsigned features)
{
    *side = (struct side){.capacity = CHANNEL_MAX, .is_reading = true};
    buf_init(&side->out, 16u * CHANNEL_MAX);
    side->mux = mux_new(role, features, &handlers, side);
}

static void side_deinit(struct side *side)
{
    mux_fail(side->mux, "over");
    mux_free(side->mux);
    buf_deinit(&side->out);
}

/* Delivers the oldest message; false when there is none. */
static bool deliver_one(struct pair *pair, struct side *from, struct side *to)
{
    if (from->out.len == 0)
        return false;
    struct span queued = buf_bytes(&from->out);
    size_t len = get_u32be(queued.data);
    unsigned channel = queued.data[4];
    struct guard g = guard_new(queued.data + PREFIX_LEN, len);
    buf_consume(&from->out, PREFIX_LEN + len);
    mux_feed(to->mux, channel, g.bytes, pair->now_us);
    guard_free(&g);
    mux_flush(from->mux);
    return true;
}

static void deliver_all(struct pair *pair)
{
    while (deliver_one(pair, &pair->consumer, &pair->provider) ||
           deliver_one(pair, &pair->provider, &pair->consumer)) {
    }
}

static void feed_bytes(struct side *side, uint8_t type, uint32_t id, struct span payload)
{
    uint8_t wire[512];
    frame_encode_header(type, id, wire);
    memcpy(wire + FRAME_HEADER_LEN, payload.data, payload.len);
    struct guard g = guard_new(wire, FRAME_HEADER_LEN + payload.len);
    mux_feed(side->mux, 0, g.bytes, 0);
    guard_free(&g);
}

static void feed(struct side *side, uint8_t type, uint32_t id, const char *payload)
{
    feed_bytes(side, type, id, span_from_string(payload));
}

static int pair_setup_with(void **state, unsigned consumer, unsigned provider)
{
    struct pair *pair = calloc(1, sizeof *pair);
    pair->now_us = 1000;
    side_init(&pair->consumer, MUX_CONSUMER, consumer);
    side_init(&pair->provider, MUX_PROVIDER, provider);
    mux_start(pair->consumer.mux, (struct span){0}, pair->now_us);
    mux_start(pair->provider.mux, (struct span){0}, pair->now_us);
    deliver_all(pair);
    assert_story(&pair->consumer, "ready; ");
    assert_story(&pair->provider, "ready; ");
    *state = pair;
    return 0;
}

static int pair_setup(void **state)
{
    return pair_setup_with(state, FEATURE_SSE, FEATURE_SSE);
}

static int extended_setup(void **state)
{
    return pair_setup_with(state, FEATURES_ALL, FEATURES_ALL);
}

static int pair_teardown(void **state)
{
    struct pair *pair = *state;
    side_deinit(&pair->consumer);
    side_deinit(&pair->provider);
    free(pair);
    return 0;
}

static struct mux_stream *open_stream(struct pair *pair, const char *path)
{
    struct head head;
    head_init(&head);
    head.method = SPAN_LITERAL("GET");
    head.target = span_from_string(path);
    head.framing = HTTP_BODY_UNKNOWN;
    struct mux_stream *stream = NULL;
    assert_int_equal(mux_open(pair->consumer.mux, &head, &stream_handlers, &pair->consumer,
                              &stream),
                     0);
    return stream;
}

static void respond(struct mux_stream *stream, int status)
{
    struct head head;
    head_init(&head);
    head.status = status;
    head.framing = HTTP_BODY_UNKNOWN;
    assert_int_equal(mux_stream_respond(stream, &head), 0);
}

static void end(struct mux_stream *stream)
{
    mux_stream_end(stream, (struct http_fields){0});
}

static void cancel(struct mux_stream *stream, const char *text)
{
    mux_stream_cancel(stream, STREAM_CANCELLED, text);
}

/* --- tests ------------------------------------------------------------------------ */

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
    size_t frames = 0;
    while (!strstr(pair->consumer.story, "end; ")) {
        assert_true(deliver_one(pair, &pair->provider, &pair->consumer));
        frames++;
    }
    assert_int_equal(frames, 3);
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

static void test_session_error(void **state)
{
    struct pair *pair = *state;
    feed(&pair->consumer, FRAME_ERROR, 0, "go\xff away");
    assert_story(&pair->consumer, "dead: the other side ended the session: go; ");
}

/* --- extensions --------------------------------------------------------------------- */

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
    assert_int_equal(pair->provider.out.len, MUX_INTERIM_MAX * (PREFIX_LEN + FRAME_HEADER_LEN + 4));
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

/* The channel of the first message that waits. */
static unsigned next_channel(const struct side *side)
{
    assert_true(side->out.len > 0);
    return buf_bytes(&side->out).data[4];
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

/* --- a promise ----------------------------------------------------------------------- */

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

#define TEST(f)     cmocka_unit_test_setup_teardown(f, pair_setup, pair_teardown)
#define EXTENDED(f) cmocka_unit_test_setup_teardown(f, extended_setup, pair_teardown)
#define PROMISED(f) cmocka_unit_test_setup_teardown(f, promised_setup, pair_teardown)

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
        TEST(test_too_many_streams),
        TEST(test_session_error),
        /* What holds for version 1 holds with all extensions. */
        EXTENDED(test_exchange),
        EXTENDED(test_each_write_is_sent_at_once),
        EXTENDED(test_streams_take_turns),
        EXTENDED(test_bodies_take_turns),
        EXTENDED(test_break_comes_last),
        EXTENDED(test_break_is_cancelled),
        EXTENDED(test_response_before_request_ends),
        EXTENDED(test_oversized_head),
        EXTENDED(test_silence_is_death),
        EXTENDED(test_pings_keep_alive),
        EXTENDED(test_ping_flood_is_bounded),
        EXTENDED(test_too_many_streams),
        cmocka_unit_test(test_handshake),
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
        PROMISED(test_promise),
        PROMISED(test_answer_before_agree),
        PROMISED(test_promise_without_agree),
        PROMISED(test_broken_promise),
        cmocka_unit_test(test_no_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
