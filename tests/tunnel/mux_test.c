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

enum { CHANNEL_MAX = 1 << 20, STORY_MAX = 4096, SIDE_STREAMS = 8 };

struct side {
    struct mux *mux;
    struct buf out;  /* messages on their way, each behind its length */
    size_t capacity; /* can_send() while out is below this */
    char story[STORY_MAX];
    struct mux_stream *stream[SIDE_STREAMS];
    size_t streams;
    size_t drains;
    size_t body_bytes;
    bool is_reading;
    bool refuses; /* cancels requests */
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

static void on_head(struct head *head, void *arg)
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

static void on_end(void *arg)
{
    tell(arg, "end; ");
}

static void on_error(const char *text, void *arg)
{
    tell(arg, "error %s; ", text);
}

static void on_drain(void *arg)
{
    struct side *side = arg;
    side->drains++;
}

static const struct mux_stream_handlers stream_handlers = {
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .on_error = on_error,
    .on_drain = on_drain,
};

/* --- handlers: session -------------------------------------------------------- */

static void on_send(struct span head, struct span body, void *arg)
{
    struct side *side = arg;
    uint8_t prefix[4];
    assert_true(head.len + body.len <= FRAME_MAX);
    put_u32be(prefix, (uint32_t)(head.len + body.len));
    assert_int_equal(buf_append(&side->out, span_of(prefix, sizeof prefix)), 0);
    assert_int_equal(buf_append(&side->out, head), 0);
    assert_int_equal(buf_append(&side->out, body), 0);
}

static bool on_can_send(void *arg)
{
    struct side *side = arg;
    return side->out.len < side->capacity;
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

static void on_request(struct mux_stream *stream, struct head *head, void *arg)
{
    struct side *side = arg;
    tell(side, "%u %s %s; ", mux_stream_id(stream), head->method, head->path);
    if (side->refuses) {
        mux_stream_cancel(stream, "refused");
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

static void on_note(const char *text, bool is_late, void *arg)
{
    tell(arg, "%snote %s; ", is_late ? "late " : "", text);
}

static const struct mux_handlers handlers = {
    .send = on_send,
    .can_send = on_can_send,
    .on_reading = on_reading,
    .on_ready = on_ready,
    .on_rtt = on_rtt,
    .on_request = on_request,
    .on_stream_closed = on_stream_closed,
    .on_dead = on_dead,
    .on_note = on_note,
};

/* --- the channel ---------------------------------------------------------------- */

static void side_init(struct side *side, enum mux_role role)
{
    *side = (struct side){.capacity = CHANNEL_MAX, .is_reading = true};
    buf_init(&side->out, 16u * CHANNEL_MAX);
    side->mux = mux_new(role, &handlers, side);
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
    struct guard g = guard_new(queued.data + 4, len);
    buf_consume(&from->out, 4 + len);
    mux_feed(to->mux, g.bytes, pair->now_us);
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

static void feed(struct side *side, uint8_t type, uint32_t id, const char *payload)
{
    uint8_t wire[512];
    size_t len = strlen(payload);
    frame_encode_header(type, id, wire);
    memcpy(wire + FRAME_HEADER_LEN, payload, len);
    struct guard g = guard_new(wire, FRAME_HEADER_LEN + len);
    mux_feed(side->mux, g.bytes, 0);
    guard_free(&g);
}

static int pair_setup(void **state)
{
    struct pair *pair = calloc(1, sizeof *pair);
    pair->now_us = 1000;
    side_init(&pair->consumer, MUX_CONSUMER);
    side_init(&pair->provider, MUX_PROVIDER);
    mux_start(pair->consumer.mux, pair->now_us);
    mux_start(pair->provider.mux, pair->now_us);
    deliver_all(pair);
    assert_story(&pair->consumer, "ready; ");
    assert_story(&pair->provider, "ready; ");
    *state = pair;
    return 0;
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
    head.method = strdup("GET");
    head.path = strdup(path);
    struct mux_stream *stream = NULL;
    assert_int_equal(mux_open(pair->consumer.mux, &head, &stream_handlers, &pair->consumer,
                              &stream),
                     0);
    head_deinit(&head);
    return stream;
}

static void respond(struct mux_stream *stream, int status)
{
    struct head head;
    head_init(&head);
    head.status = status;
    assert_int_equal(mux_stream_respond(stream, &head), 0);
    head_deinit(&head);
}

/* --- tests ------------------------------------------------------------------------ */

static void test_exchange(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *request = open_stream(pair, "/a");
    mux_stream_write(request, SPAN_LITERAL("ping"));
    mux_stream_end(request);
    deliver_all(pair);
    assert_story(&pair->provider, "1 GET /a; body ping; end; ");

    respond(pair->provider.stream[0], 201);
    mux_stream_write(pair->provider.stream[0], SPAN_LITERAL("pong"));
    mux_stream_end(pair->provider.stream[0]);
    deliver_all(pair);
    assert_story(&pair->consumer, "head 201; body pong; end; ");
    assert_int_equal(mux_stream_count(pair->consumer.mux), 0);
    assert_int_equal(mux_stream_count(pair->provider.mux), 0);
}

static void test_each_write_is_sent_at_once(void **state)
{
    struct pair *pair = *state;
    mux_stream_end(open_stream(pair, "/"));
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
    mux_stream_end(open_stream(pair, "/big"));
    mux_stream_end(open_stream(pair, "/small"));
    deliver_all(pair);
    struct mux_stream *big = pair->provider.stream[0];
    struct mux_stream *small = pair->provider.stream[1];

    pair->provider.capacity = 1; /* one message at a time */
    respond(big, 200);
    static const uint8_t zeros[4 * FRAME_BODY_MAX];
    mux_stream_write(big, span_of(zeros, sizeof zeros));
    respond(small, 204);
    mux_stream_end(small);
    pair->consumer.story[0] = '\0';
    /* big's head is out; then big, small, big, small, … */
    size_t frames = 0;
    while (!strstr(pair->consumer.story, "end; ")) {
        assert_true(deliver_one(pair, &pair->provider, &pair->consumer));
        frames++;
    }
    assert_int_equal(frames, 5);
    assert_true(pair->consumer.body_bytes <= 2 * FRAME_BODY_MAX);
    deliver_all(pair);
    assert_int_equal(pair->consumer.body_bytes, sizeof zeros);
}

static void test_backpressure(void **state)
{
    struct pair *pair = *state;
    mux_stream_end(open_stream(pair, "/"));
    deliver_all(pair);
    struct mux_stream *stream = pair->provider.stream[0];
    respond(stream, 200);
    deliver_all(pair);

    pair->provider.capacity = 0;
    static const uint8_t chunk[32 << 10];
    size_t written = 0;
    while (mux_stream_queued(stream) <= MUX_STREAM_QUEUE_HIGH) {
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
    mux_stream_set_reading(other, false);
    assert_false(pair->consumer.is_reading);
    mux_stream_cancel(other, "gone");
    assert_true(pair->consumer.is_reading);
}

static void test_cancel_overtakes(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *request = open_stream(pair, "/");
    mux_stream_end(request);
    deliver_all(pair);
    respond(pair->provider.stream[0], 200);
    deliver_all(pair);
    pair->provider.story[0] = pair->consumer.story[0] = '\0';

    pair->provider.capacity = 0;
    static const uint8_t chunk[FRAME_BODY_MAX];
    mux_stream_write(pair->provider.stream[0], span_of(chunk, sizeof chunk));
    mux_stream_cancel(pair->provider.stream[0], "upstream broke");
    assert_int_equal(mux_stream_count(pair->provider.mux), 0);
    pair->provider.capacity = CHANNEL_MAX;
    mux_flush(pair->provider.mux);
    deliver_all(pair);
    assert_story(&pair->consumer, "error upstream broke; ");
    assert_int_equal(pair->consumer.body_bytes, 0);
}

static void test_consumer_cancels(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *request = open_stream(pair, "/");
    deliver_all(pair);
    mux_stream_cancel(request, "the client went away");
    deliver_all(pair);
    assert_story(&pair->provider, "1 GET /; error the client went away; ");
    assert_int_equal(mux_stream_count(pair->provider.mux), 0);
}

static void test_provider_refuses(void **state)
{
    struct pair *pair = *state;
    pair->provider.refuses = true;
    mux_stream_end(open_stream(pair, "/"));
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
    mux_stream_end(pair->provider.stream[0]);
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
    head.method = strdup("GET");
    head.path = strdup("/");
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
    mux_feed(pair->provider.mux, SPAN_LITERAL("abc"), 0);
    assert_story(&pair->provider,
                 "note dropped a frame of unknown type 77; "
                 "note dropped a REQ_BODY on stream 5, which is not open; "
                 "late note dropped a RES_BODY on stream 1, which is not ours to receive; "
                 "note dropped a request on stream 0, which is no stream; "
                 "note dropped a request on stream 1, which is open; "
                 "note refused stream 2: the request's head is malformed; "
                 "note dropped a HELLO that is not of httptunnel; "
                 "note dropped a message of 3 bytes that is no frame; ");
    mux_stream_end(request);
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
    assert_story(&pair->consumer, "error the exchange's frames are out of order; head 200; "
                                  "error the exchange's frames are out of order; ");
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
    side_init(&side, MUX_PROVIDER);
    mux_start(side.mux, 0);
    feed(&side, FRAME_HELLO, 0, "{\"proto\":\"httptunnel\",\"min_version\":2,\"max_version\":9}");
    assert_story(&side, "dead: the other side does not speak version 1; ");
    struct frame frame;
    struct span sent = span_skip(buf_bytes(&side.out), 4);
    assert_int_equal(frame_decode(sent, &frame), 0);
    assert_int_equal(frame.type, FRAME_ERROR);
    side_deinit(&side);
}

static void test_hello_timeout(void **state)
{
    (void)state;
    struct side side;
    side_init(&side, MUX_CONSUMER);
    mux_start(side.mux, 0);
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

static void test_silence_is_death(void **state)
{
    struct pair *pair = *state;
    mux_stream_end(open_stream(pair, "/"));
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
    mux_stream_set_reading(stream, false);
    uint64_t late_us = pair->now_us + 10 * MUX_DEAD_AFTER_US;
    run_alone(&pair->consumer, late_us);
    assert_story(&pair->consumer, "");
    mux_stream_set_reading(stream, true);
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
    assert_story(&pair->consumer, "");
    mux_probe(pair->consumer.mux, pair->now_us);
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

static void test_too_many_streams(void **state)
{
    struct pair *pair = *state;
    struct mux_stream *stream;
    for (int i = 0; i < MUX_STREAMS_MAX; i++)
        open_stream(pair, "/");
    struct head head;
    head_init(&head);
    head.method = strdup("GET");
    head.path = strdup("/");
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, pair_setup, pair_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_exchange),
        TEST(test_each_write_is_sent_at_once),
        TEST(test_streams_take_turns),
        TEST(test_backpressure),
        TEST(test_cancel_overtakes),
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
        TEST(test_ping_flood_is_bounded),
        TEST(test_too_many_streams),
        TEST(test_session_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
