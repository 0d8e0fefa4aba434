/*
 * What is sent waits in a buffer; a test says when it arrives.
 */
#include "mux_pair.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "tunnel/bundle.h"

__attribute__((format(printf, 2, 3))) static void tell(struct side *side, const char *format, ...)
{
    size_t len = strlen(side->story);
    va_list args;
    va_start(args, format);
    vsnprintf(side->story + len, STORY_MAX - len, format, args);
    va_end(args);
}

void assert_story(struct side *side, const char *expected)
{
    assert_string_equal(side->story, expected);
    side->story[0] = '\0';
}

/* --- handlers: streams ---------------------------------------------------- */

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

const struct mux_stream_handlers stream_handlers = {
    .on_interim = on_interim,
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .on_error = on_error,
    .on_drain = on_drain,
};

/* --- handlers: session ---------------------------------------------------- */

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
    struct side *side = arg;
    bool is_busy = side->busy >> channel & 1;
    return side->out.len < side->capacity ||
           (side->takes_small && urgency == MUX_SMALL && !is_busy);
}

static size_t on_room(void *arg)
{
    const struct side *side = arg;
    return side->out.len < side->capacity ? side->capacity - side->out.len : 0;
}

static void on_end_turn_later(void *arg)
{
    struct side *side = arg;
    side->turn_ends++;
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
    if (side->fails_at_request)
        mux_fail(side->mux, "over");
}

static void on_stream_closed(size_t streams, void *arg)
{
    (void)streams;
    (void)arg;
}

static void on_dead(const char *text, enum mux_likeness likeness, void *arg)
{
    static const char *const roles[] = {"", " (role?)", " (role)"};
    tell(arg, "dead%s: %s; ", roles[likeness], text);
}

static void on_note(enum mux_note kind, const char *text, void *arg)
{
    static const char *const kinds[] = {"late note", "note", "lost"};
    tell(arg, "%s %s; ", kinds[kind], text);
}

static const struct mux_handlers handlers = {
    .send = on_send,
    .can_send = on_can_send,
    .room = on_room,
    .end_turn_later = on_end_turn_later,
    .on_reading = on_reading,
    .on_ready = on_ready,
    .on_rtt = on_rtt,
    .on_alive = on_alive,
    .on_request = on_request,
    .on_stream_closed = on_stream_closed,
    .on_dead = on_dead,
    .on_note = on_note,
};

/* --- the channel ---------------------------------------------------------- */

void side_init(struct side *side, enum mux_role role, unsigned features)
{
    *side = (struct side){.capacity = CHANNEL_MAX, .is_reading = true};
    buf_init(&side->out, 16u * CHANNEL_MAX);
    side->mux = mux_new(role, features, &handlers, side);
}

void side_deinit(struct side *side)
{
    mux_fail(side->mux, "over");
    mux_free(side->mux);
    buf_deinit(&side->out);
}

void run_alone(struct side *side, uint64_t until_us)
{
    for (;;) {
        uint64_t deadline_us = mux_deadline_us(side->mux);
        if (deadline_us > until_us)
            return;
        mux_on_deadline(side->mux, deadline_us);
    }
}

void feed_at(struct side *side, uint8_t type, uint64_t now_us)
{
    const uint8_t frame[] = {type, 0, 0, 0, 0};
    mux_feed(side->mux, 0, span_of(frame, sizeof frame), now_us);
}

static unsigned count_in(struct span message, uint8_t type)
{
    unsigned count = 0;
    struct frame frame;
    assert_int_equal(frame_decode(message, &frame), 0);
    if (frame.type != FRAME_BUNDLE)
        return frame.type == type;
    assert_true(bundle_is_valid(frame.payload));
    for (struct span rest = frame.payload; bundle_next(&rest, &frame);)
        count += frame.type == type;
    return count;
}

unsigned count_frames(const struct side *side, uint8_t type)
{
    unsigned count = 0;
    mux_end_turn(side->mux);
    struct span rest = buf_bytes(&side->out);
    while (rest.len > PREFIX_LEN) {
        size_t len = get_u32be(rest.data);
        count += count_in(span_of(rest.data + PREFIX_LEN, len), type);
        rest = span_skip(rest, PREFIX_LEN + len);
    }
    return count;
}

/* Delivers the oldest message; false when there is none. */
bool deliver_one(struct pair *pair, struct side *from, struct side *to)
{
    mux_end_turn(from->mux);
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

void deliver_all(struct pair *pair)
{
    while (deliver_one(pair, &pair->consumer, &pair->provider) ||
           deliver_one(pair, &pair->provider, &pair->consumer)) {
    }
}

void feed_bytes(struct side *side, uint8_t type, uint32_t id, struct span payload)
{
    uint8_t wire[512];
    frame_encode_header(type, id, wire);
    memcpy(wire + FRAME_HEADER_LEN, payload.data, payload.len);
    struct guard g = guard_new(wire, FRAME_HEADER_LEN + payload.len);
    mux_feed(side->mux, 0, g.bytes, 0);
    guard_free(&g);
}

void feed(struct side *side, uint8_t type, uint32_t id, const char *payload)
{
    feed_bytes(side, type, id, span_from_string(payload));
}

int pair_setup_with(void **state, unsigned consumer, unsigned provider)
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

int pair_setup(void **state)
{
    return pair_setup_with(state, FEATURE_SSE, FEATURE_SSE);
}

int extended_setup(void **state)
{
    return pair_setup_with(state, FEATURES_ALL, FEATURES_ALL);
}

int pair_teardown(void **state)
{
    struct pair *pair = *state;
    side_deinit(&pair->consumer);
    side_deinit(&pair->provider);
    free(pair);
    return 0;
}

struct mux_stream *open_stream(struct pair *pair, const char *path)
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

void respond(struct mux_stream *stream, int status)
{
    struct head head;
    head_init(&head);
    head.status = status;
    head.framing = HTTP_BODY_UNKNOWN;
    assert_int_equal(mux_stream_respond(stream, &head), 0);
}

void end(struct mux_stream *stream)
{
    mux_stream_end(stream, (struct http_fields){0});
}

void cancel(struct mux_stream *stream, const char *text)
{
    mux_stream_cancel(stream, STREAM_CANCELLED, text);
}

unsigned next_channel(const struct side *side)
{
    mux_end_turn(side->mux);
    assert_true(side->out.len > 0);
    return buf_bytes(&side->out).data[4];
}
