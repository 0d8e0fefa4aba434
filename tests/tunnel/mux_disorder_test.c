/*
 * Channels that overtake each other and take nothing for a while: whatever the
 * order in which their messages arrive, each stream tells its own story from
 * head to end, whichever extensions the two ends have.
 *
 * Stories are random, of bodies whose every byte says where it belongs.
 */
#include "mux_wires.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    STORIES = 200,
    STEPS = 400,
    EXCHANGES = 40,
    PIECE_MAX = 20000,
    BODY_MAX = 60000 /* a stream's, below its first window */
};

enum { REQUEST, RESPONSE, DIRECTIONS }; /* and who says it */

struct exchange {
    struct mux_stream *stream[DIRECTIONS]; /* of its speaker; NULL: over there, or not begun */
    bool has_spoken[DIRECTIONS];           /* a head */
    bool has_ended[DIRECTIONS];
    bool is_off;      /* somebody has cancelled it */
    bool has_arrived; /* over there */
    bool is_unsent;   /* as its consumer was told */
    size_t said[DIRECTIONS];
    size_t heard[DIRECTIONS];
    bool has_heard_head;
    bool has_heard_end[DIRECTIONS];
};

static struct wires wires;
static struct exchange exchanges[EXCHANGES];
static size_t exchange_count;
static uint32_t seed;
static bool is_lost; /* the session, for the consumer */

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static uint8_t byte_at(const struct exchange *x, int direction, size_t at)
{
    return (uint8_t)((size_t)(x - exchanges) * 37 + (size_t)direction * 101 + at * 7 + at / 256);
}

/* --- streams, as who hears them knows them -------------------------------- */

static void on_interim(const struct head *head, void *arg)
{
    const struct exchange *x = arg;
    assert_int_equal(head->status, 103);
    assert_false(x->has_heard_head);
}

static void on_head(const struct head *head, void *arg)
{
    (void)head;
    struct exchange *x = arg;
    assert_true(x->has_spoken[RESPONSE] && !x->has_heard_head);
    x->has_heard_head = true;
}

static void hear(struct exchange *x, int direction, struct span bytes)
{
    assert_false(x->has_heard_end[direction]);
    for (size_t i = 0; i < bytes.len; i++)
        assert_int_equal(bytes.data[i], byte_at(x, direction, x->heard[direction]++));
}

static void hear_end(struct exchange *x, int direction)
{
    assert_true(x->has_ended[direction] && !x->has_heard_end[direction]);
    assert_int_equal(x->heard[direction], x->said[direction]);
    x->has_heard_end[direction] = true;
}

static void on_request_body(struct span bytes, void *arg)
{
    hear(arg, REQUEST, bytes);
}

static void on_response_body(struct span bytes, void *arg)
{
    hear(arg, RESPONSE, bytes);
}

static void on_request_end(struct http_fields trailers, void *arg)
{
    (void)trailers;
    hear_end(arg, REQUEST);
}

static void on_response_end(struct http_fields trailers, void *arg)
{
    (void)trailers;
    struct exchange *x = arg;
    hear_end(x, RESPONSE);
    x->stream[REQUEST] = NULL;
}

/* Only where the session is lost, where it was cancelled, or answered before it
 * was all said. */
static void on_error(struct exchange *x, int direction, enum stream_error error)
{
    if (is_lost && direction == REQUEST) {
        assert_true(error == STREAM_UNSENT || error == STREAM_SESSION);
        x->is_unsent = error == STREAM_UNSENT;
        x->stream[direction] = NULL;
        return;
    }
    assert_int_equal(error, STREAM_CANCELLED);
    assert_true(x->is_off || x->has_heard_end[RESPONSE]);
    x->stream[direction] = NULL;
}

static void on_request_error(enum stream_error error, const char *text, void *arg)
{
    (void)text;
    on_error(arg, RESPONSE, error);
}

static void on_response_error(enum stream_error error, const char *text, void *arg)
{
    (void)text;
    on_error(arg, REQUEST, error);
}

static void on_drain(void *arg)
{
    (void)arg;
}

static const struct mux_stream_handlers consumer_handlers = {
    .on_interim = on_interim,
    .on_head = on_head,
    .on_body = on_response_body,
    .on_end = on_response_end,
    .on_error = on_response_error,
    .on_drain = on_drain,
};

static const struct mux_stream_handlers provider_handlers = {
    .on_body = on_request_body,
    .on_end = on_request_end,
    .on_error = on_request_error,
    .on_drain = on_drain,
};

static void on_request(struct mux_stream *stream, const struct head *head, void *arg)
{
    (void)arg;
    char target[16];
    snprintf(target, sizeof target, "%.*s", SPAN_ARG(head->target));
    struct exchange *x = &exchanges[strtoul(target + 1, NULL, 10)];
    x->stream[RESPONSE] = stream;
    x->has_arrived = true;
    mux_stream_accept(stream, &provider_handlers, x);
}

/* --- steps ---------------------------------------------------------------- */

static void end(struct exchange *x, int direction)
{
    struct mux_stream *stream = x->stream[direction];
    x->has_ended[direction] = true;
    if (direction == RESPONSE)
        x->stream[RESPONSE] = NULL; /* detached */
    mux_stream_end(stream, (struct http_fields){0});
}

static void ask(void)
{
    if (exchange_count == EXCHANGES)
        return;
    struct exchange *x = &exchanges[exchange_count];
    struct head head;
    char target[16];
    snprintf(target, sizeof target, "/%zu", exchange_count);
    head_init(&head);
    head.method = SPAN_LITERAL("POST");
    head.target = span_from_string(target);
    head.framing = draw(2) ? HTTP_BODY_NONE : HTTP_BODY_UNKNOWN;
    x->has_spoken[REQUEST] = true;
    exchange_count++;
    assert_int_equal(mux_open(wires.ends[REQUEST].mux, &head, &consumer_handlers, x,
                              &x->stream[REQUEST]),
                     0);
    if (head.framing == HTTP_BODY_NONE)
        end(x, REQUEST);
}

static void answer(struct exchange *x)
{
    struct head head;
    head_init(&head);
    head.status = 103;
    if (draw(4) == 0)
        mux_stream_interim(x->stream[RESPONSE], &head);
    if (draw(3) == 0)
        return;
    head.status = 200;
    head.framing = draw(2) ? HTTP_BODY_LENGTH : HTTP_BODY_UNKNOWN;
    if (head.framing == HTTP_BODY_LENGTH)
        head_add(&head, SPAN_LITERAL("Content-Length"), SPAN_LITERAL("500"));
    x->has_spoken[RESPONSE] = true;
    assert_int_equal(mux_stream_respond(x->stream[RESPONSE], &head), 0);
}

static void say(struct exchange *x, int direction)
{
    static const size_t lens[] = {1, 40, 400, 1003, 1004, 1020, 5000, PIECE_MAX};
    static uint8_t piece[PIECE_MAX];
    size_t len = lens[draw(sizeof lens / sizeof *lens)];
    if (x->said[direction] + len > BODY_MAX)
        return;
    for (size_t i = 0; i < len; i++)
        piece[i] = byte_at(x, direction, x->said[direction] + i);
    x->said[direction] += len;
    mux_stream_write(x->stream[direction], span_of(piece, len));
}

static void cancel(struct exchange *x, int direction)
{
    struct mux_stream *stream = x->stream[direction];
    x->is_off = true;
    x->stream[direction] = NULL;
    mux_stream_cancel(stream, STREAM_CANCELLED, "enough");
}

static void speak(struct exchange *x, int direction)
{
    if (!x->stream[direction])
        return;
    if (draw(40) == 0)
        cancel(x, direction);
    else if (!x->has_spoken[direction])
        answer(x);
    else if (!x->has_ended[direction] && draw(4) == 0)
        end(x, direction);
    else if (!x->has_ended[direction])
        say(x, direction);
}

static void step(void)
{
    int side = (int)draw(DIRECTIONS);
    switch (draw(8)) {
    case 0:
        ask();
        break;
    case 1:
        wire_set_full(&wires.ends[side], draw(2), draw(1 << WIRES));
        break;
    case 2:
        wire_end_turn(&wires.ends[side]);
        break;
    case 3:
    case 4:
        wires_deliver(&wires, side, draw(WIRES));
        break;
    default:
        if (exchange_count > 0)
            speak(&exchanges[draw((uint32_t)exchange_count)], side);
    }
}

static void finish(void)
{
    for (int i = 0; i < DIRECTIONS; i++)
        wire_set_full(&wires.ends[i], false, 0);
    wires_settle(&wires);
    for (size_t i = 0; i < exchange_count; i++) {
        const struct exchange *x = &exchanges[i];
        if (x->is_off) {
            assert_true(!x->stream[REQUEST] && !x->stream[RESPONSE]);
            continue;
        }
        assert_int_equal(x->has_heard_head, x->has_spoken[RESPONSE]);
        assert_int_equal(x->heard[RESPONSE], x->said[RESPONSE]);
        assert_int_equal(x->has_heard_end[RESPONSE], x->has_ended[RESPONSE]);
        if (!x->has_ended[RESPONSE]) {
            assert_int_equal(x->heard[REQUEST], x->said[REQUEST]);
            assert_int_equal(x->has_heard_end[REQUEST], x->has_ended[REQUEST]);
        }
        exchanges[i].is_off = true; /* what is open ends with its session */
    }
}

static void drop(void)
{
    for (size_t i = 0; i < exchange_count; i++) {
        for (int direction = 0; direction < DIRECTIONS; direction++) {
            if (exchanges[i].stream[direction])
                cancel(&exchanges[i], direction);
        }
    }
    wires_end(&wires);
}

static const unsigned all = FEATURES_ALL;
static const unsigned rows[][DIRECTIONS] = {
    {all, all},
    {all, all & ~(unsigned)FEATURE_BUNDLE},
    {all & ~(unsigned)FEATURE_BUNDLE, all},
    {all & ~(unsigned)FEATURE_CHANNELS, all},
};

static void begin(uint32_t story, uint32_t steps)
{
    const unsigned *row = rows[story % (sizeof rows / sizeof *rows)];
    seed = story;
    is_lost = false;
    memset(exchanges, 0, sizeof exchanges);
    exchange_count = 0;
    wires_begin(&wires, row[REQUEST], row[RESPONSE], on_request);
    for (uint32_t i = 0; i < steps; i++)
        step();
}

static void test_each_stream_keeps_its_order(void **state)
{
    (void)state;
    for (uint32_t story = 0; story < STORIES; story++) {
        begin(story, STEPS);
        finish();
        drop();
    }
}

/* A request that was not sent, as is said where a session ends, is one that
 * never arrives; all others may have. */
static void test_what_is_unsent_never_arrives(void **state)
{
    (void)state;
    size_t unsent = 0;
    for (uint32_t story = 0; story < STORIES; story++) {
        begin(story, 1 + story * STEPS / STORIES);
        is_lost = true;
        mux_fail(wires.ends[REQUEST].mux, "lost");
        wire_set_full(&wires.ends[REQUEST], story % 2, UINT64_MAX);
        wire_set_full(&wires.ends[RESPONSE], false, 0);
        wires_settle(&wires);
        for (size_t i = 0; i < exchange_count; i++) {
            struct exchange *x = &exchanges[i];
            assert_true(x->is_off || x->has_arrived != x->is_unsent);
            unsent += x->is_unsent;
        }
        drop();
    }
    assert_true(unsent > STORIES / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_stream_keeps_its_order),
        cmocka_unit_test(test_what_is_unsent_never_arrives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
