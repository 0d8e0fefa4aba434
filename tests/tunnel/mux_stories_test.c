/*
 * The stories of mux_stories.json, told to a consumer. The multiplexer of
 * web/tunnel/ hears the same ones (tests/web/mux_stories.mjs), so that both do
 * the same.
 *
 * A step is an array: what is done, or what must have been seen since the last
 * time. A payload is its text, "hex:…", or "zeros:N".
 */
#include "mux_pair.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/bytes.h"
#include "tunnel/frame.h"

enum { PAYLOAD_MAX = 80000, SHOWN_MAX = 200, STREAMS = 8 };

#define FEATURES                                                                        \
    (FEATURE_SSE | FEATURE_FIELDS | FEATURE_FLOW | FEATURE_CHANNELS | FEATURE_UPGRADE | \
     FEATURE_BUNDLE)

struct teller {
    struct side side;
    struct mux_stream *streams[STREAMS]; /* by id */
    uint64_t now_us;
    char *sent; /* what the last look at it showed */
};

/* --- the forms of a step ------------------------------------------------- */

static const char *text_at(json_t *step, size_t i)
{
    const char *text = json_string_value(json_array_get(step, i));
    assert_non_null(text);
    return text;
}

static int64_t number_at(json_t *step, size_t i)
{
    json_t *value = json_array_get(step, i);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static struct mux_stream *stream_at(struct teller *t, json_t *step)
{
    int64_t id = number_at(step, 1);
    assert_true(id > 0 && id < STREAMS && t->streams[id]);
    return t->streams[id];
}

/* Its bytes, in a buffer of the caller's. */
static struct span payload_at(json_t *step, size_t i, uint8_t *out)
{
    const char *text = text_at(step, i);
    if (strncmp(text, "zeros:", 6) == 0) {
        long count = strtol(text + 6, NULL, 10);
        assert_true(count <= PAYLOAD_MAX);
        memset(out, 0, (size_t)count);
        return span_of(out, (size_t)count);
    }
    if (strncmp(text, "hex:", 4) != 0)
        return span_from_string(text);
    size_t len = 0;
    for (const char *at = text + 4; *at; at += 2)
        assert_int_equal(sscanf(at, "%2hhx", &out[len++]), 1);
    return span_of(out, len);
}

static uint8_t type_at(json_t *step, size_t i)
{
    if (json_is_integer(json_array_get(step, i)))
        return (uint8_t)number_at(step, i);
    for (unsigned type = 0; type < 256; type++) {
        if (strcmp(frame_type_name((uint8_t)type), text_at(step, i)) == 0)
            return (uint8_t)type;
    }
    fail_msg("no frame is called %s", text_at(step, i));
    return 0;
}

/* --- what was sent ------------------------------------------------------- */

static void show_payload(FILE *out, struct span payload)
{
    bool is_text = true;
    for (size_t i = 0; i < payload.len; i++)
        is_text = is_text && payload.data[i] >= 0x20 && payload.data[i] < 0x7f;
    if (payload.len > SHOWN_MAX) {
        fprintf(out, "%zu bytes", payload.len);
    } else if (is_text) {
        fprintf(out, "%.*s", SPAN_ARG(payload));
    } else {
        fputs("hex:", out);
        for (size_t i = 0; i < payload.len; i++)
            fprintf(out, "%02x", payload.data[i]);
    }
}

static const char *take_sent(struct teller *t)
{
    size_t len;
    free(t->sent);
    FILE *out = open_memstream(&t->sent, &len);
    while (t->side.out.len > 0) {
        struct span queued = buf_bytes(&t->side.out);
        size_t size = get_u32be(queued.data);
        struct frame frame;
        assert_int_equal(frame_decode(span_of(queued.data + PREFIX_LEN, size), &frame), 0);
        fprintf(out, "%u %s %u ", queued.data[4], frame_type_name(frame.type), frame.stream_id);
        show_payload(out, frame.payload);
        fputs("; ", out);
        buf_consume(&t->side.out, PREFIX_LEN + size);
    }
    fclose(out);
    return t->sent;
}

/* --- steps --------------------------------------------------------------- */

static void start(struct teller *t, json_t *step)
{
    mux_start(t->side.mux, span_from_string(text_at(step, 1)), t->now_us);
}

static void start_over(struct teller *t, json_t *step)
{
    side_deinit(&t->side);
    side_init(&t->side, MUX_CONSUMER, FEATURES);
    start(t, step);
}

static void hear(struct teller *t, unsigned channel, uint8_t type, uint32_t id, struct span payload)
{
    static uint8_t wire[FRAME_HEADER_LEN + PAYLOAD_MAX];
    frame_encode_header(type, id, wire);
    if (payload.len > 0)
        memcpy(wire + FRAME_HEADER_LEN, payload.data, payload.len);
    mux_feed(t->side.mux, channel, span_of(wire, FRAME_HEADER_LEN + payload.len), t->now_us);
}

/* Behind the handshake. */
static void begin(struct teller *t, json_t *step)
{
    mux_start(t->side.mux, (struct span){0}, t->now_us);
    hear(t, 0, FRAME_AGREE, 0, span_from_string(text_at(step, 1)));
    assert_story(&t->side, "ready; ");
    mux_end_turn(t->side.mux);
    take_sent(t);
}

static void feed_frame(struct teller *t, json_t *step)
{
    static uint8_t storage[PAYLOAD_MAX];
    hear(t, (unsigned)number_at(step, 1), type_at(step, 2), (uint32_t)number_at(step, 3),
         payload_at(step, 4, storage));
}

static void feed_raw(struct teller *t, json_t *step)
{
    static uint8_t storage[PAYLOAD_MAX];
    mux_feed(t->side.mux, (unsigned)number_at(step, 1), payload_at(step, 2, storage), t->now_us);
}

static void flood(struct teller *t, json_t *step)
{
    for (int64_t i = number_at(step, 1); i > 0; i--)
        hear(t, 0, FRAME_PING, 0, (struct span){0});
}

static void open_with(struct teller *t, struct head *head)
{
    struct mux_stream *stream;
    head->method = SPAN_LITERAL("GET");
    assert_int_equal(mux_open(t->side.mux, head, &stream_handlers, &t->side, &stream), 0);
    assert_true(mux_stream_id(stream) < STREAMS);
    t->streams[mux_stream_id(stream)] = stream;
}

static void open_request(struct teller *t, json_t *step)
{
    static const enum http_framing framings[] = {HTTP_BODY_NONE, HTTP_BODY_LENGTH,
                                                 HTTP_BODY_UNKNOWN};
    struct head head;
    head_init(&head);
    head.target = span_from_string(text_at(step, 1));
    head.framing = framings[number_at(step, 2)];
    open_with(t, &head);
}

static void open_pipe(struct teller *t, json_t *step)
{
    struct head head;
    head_init(&head);
    head.target = span_from_string(text_at(step, 1));
    head.framing = HTTP_BODY_PIPE;
    head.at[head.count++] =
        (struct http_field){SPAN_LITERAL("Upgrade"), span_from_string(text_at(step, 2))};
    open_with(t, &head);
}

static void write_body(struct teller *t, json_t *step)
{
    static uint8_t storage[PAYLOAD_MAX];
    mux_stream_write(stream_at(t, step), payload_at(step, 2, storage));
}

static void set_held(struct teller *t, json_t *step)
{
    mux_stream_set_held(stream_at(t, step), (size_t)number_at(step, 2), t->now_us);
}

static void end_body(struct teller *t, json_t *step)
{
    end(stream_at(t, step));
}

static void cancel_stream(struct teller *t, json_t *step)
{
    cancel(stream_at(t, step), text_at(step, 2));
}

static void set_room(struct teller *t, json_t *step)
{
    t->side.capacity = (size_t)number_at(step, 1);
}

static void flush(struct teller *t, json_t *step)
{
    (void)step;
    mux_flush(t->side.mux);
}

static void end_turn(struct teller *t, json_t *step)
{
    (void)step;
    mux_end_turn(t->side.mux);
}

static void run_until(struct teller *t, json_t *step)
{
    t->now_us = (uint64_t)number_at(step, 1) * US_PER_MS;
    run_alone(&t->side, t->now_us);
}

static void probe(struct teller *t, json_t *step)
{
    (void)step;
    mux_probe(t->side.mux, t->now_us);
}

static void fail_all(struct teller *t, json_t *step)
{
    mux_fail(t->side.mux, text_at(step, 1));
}

/* --- what must be so ----------------------------------------------------- */

static void see_sent(struct teller *t, json_t *step)
{
    assert_string_equal(take_sent(t), text_at(step, 1));
}

static void see_sent_any(struct teller *t, json_t *step)
{
    (void)step;
    take_sent(t);
}

static void see_told(struct teller *t, json_t *step)
{
    assert_story(&t->side, text_at(step, 1));
}

static void see_streams(struct teller *t, json_t *step)
{
    assert_int_equal(mux_stream_count(t->side.mux), number_at(step, 1));
}

static void see_bodies(struct teller *t, json_t *step)
{
    assert_int_equal(t->side.body_bytes, number_at(step, 1));
}

static void see_drains(struct teller *t, json_t *step)
{
    assert_int_equal(t->side.drains, number_at(step, 1));
}

static void see_writable(struct teller *t, json_t *step)
{
    assert_int_equal(mux_stream_is_writable(stream_at(t, step)),
                     json_is_true(json_array_get(step, 2)));
}

static void see_deadline(struct teller *t, json_t *step)
{
    int64_t at_ms = number_at(step, 1);
    assert_int_equal(mux_deadline_us(t->side.mux),
                     at_ms < 0 ? TIME_NEVER : (uint64_t)at_ms * US_PER_MS);
}

static const struct {
    const char *name;
    void (*run)(struct teller *t, json_t *step);
} steps[] = {
    {"start", start},           {"start-over", start_over}, {"begin", begin},
    {"feed", feed_frame},       {"raw", feed_raw},          {"flood", flood},
    {"open", open_request},     {"open-pipe", open_pipe},   {"write", write_body},
    {"held", set_held},         {"end", end_body},          {"cancel", cancel_stream},
    {"room", set_room},         {"flush", flush},           {"at", run_until},
    {"probe", probe},           {"fail", fail_all},         {"sent", see_sent},
    {"sent-any", see_sent_any}, {"told", see_told},         {"streams", see_streams},
    {"bodies", see_bodies},     {"drains", see_drains},     {"writable", see_writable},
    {"deadline", see_deadline}, {"turn", end_turn},
};

static void run_step(struct teller *t, json_t *step)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (strcmp(steps[i].name, text_at(step, 0)) == 0) {
            steps[i].run(t, step);
            return;
        }
    }
    fail_msg("there is no step '%s'", text_at(step, 0));
}

static void run_story(void **state)
{
    json_t *story = *state;
    struct teller t = {.now_us = US_PER_S};
    side_init(&t.side, MUX_CONSUMER, FEATURES);
    json_t *list = json_object_get(story, "steps"), *step;
    size_t i;
    json_array_foreach(list, i, step)
    {
        print_message("# %s\n", text_at(step, 0));
        run_step(&t, step);
    }
    side_deinit(&t.side);
    free(t.sent);
}

int main(void)
{
    json_t *stories = json_load_file(TEST_STORIES, 0, NULL);
    size_t count = json_array_size(stories);
    struct CMUnitTest *tests = calloc(count + 1, sizeof *tests);
    for (size_t i = 0; i < count; i++) {
        json_t *story = json_array_get(stories, i);
        tests[i].name = json_string_value(json_object_get(story, "name"));
        tests[i].test_func = run_story;
        tests[i].initial_state = story;
    }
    /* As the macro does it, which wants to count the array itself. */
    int failed = count == 0 || _cmocka_run_group_tests("mux stories", tests, count, NULL, NULL);
    free(tests);
    json_decref(stories);
    return failed;
}
