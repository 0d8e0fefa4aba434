/*
 * Downloads whose sources are read as net/conn_read.c does: as much as there is
 * room for, and no further where the stream is not writable. Whatever the path,
 * the clients and the other streams do: who was told to stop is told to go on,
 * and all that was read arrives.
 */
#include "mux_pair.h"

#include "http/field.h"
#include "tunnel/frame.h"

enum {
    STREAMS = 5,
    TURNS = 120,
    READS = 4,
    READ_UNITS = 4,
    CAPACITY_MAX = 1 << 20,
    PERIOD = 251, /* of the content: no frame ends with it */
    SAMPLE = 97
};

struct download {
    struct pair *pair;
    struct mux_stream *from; /* the provider's end */
    struct mux_stream *to;
    bool is_reading;
    bool has_ended; /* at the provider */
    bool is_over;   /* at the consumer */
    size_t read, arrived, held;
};

static uint8_t content[PERIOD + READ_UNITS * FRAME_BODY_MAX];
static uint32_t seed;

static size_t draw(size_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

/* --- its ends ------------------------------------------------------------- */

static void on_drain(void *arg)
{
    struct download *d = arg;
    assert_false(d->has_ended);
    assert_false(d->is_reading);
    d->is_reading = true;
}

static void on_request_end(struct http_fields trailers, void *arg)
{
    (void)trailers;
    (void)arg;
}

static void on_gone(enum stream_error error, const char *text, void *arg)
{
    (void)error;
    (void)text;
    struct download *d = arg;
    d->is_over = true;
}

static const struct mux_stream_handlers from_handlers = {.on_end = on_request_end,
                                                         .on_error = on_gone,
                                                         .on_drain = on_drain};

static void on_head(const struct head *head, void *arg)
{
    (void)head;
    (void)arg;
}

static void on_body(struct span bytes, void *arg)
{
    struct download *d = arg;
    for (size_t i = 0; i < bytes.len; i += SAMPLE)
        assert_int_equal(bytes.data[i], (d->arrived + i) % PERIOD);
    d->arrived += bytes.len;
    d->held += bytes.len;
    mux_stream_set_held(d->to, d->held, d->pair->now_us);
}

static void on_end(struct http_fields trailers, void *arg)
{
    (void)trailers;
    struct download *d = arg;
    d->is_over = true;
}

static const struct mux_stream_handlers to_handlers = {.on_head = on_head,
                                                       .on_body = on_body,
                                                       .on_end = on_end,
                                                       .on_error = on_gone};

/* Its head comes through, with all that waits before it; it is answered. */
static void begin(struct pair *pair, struct download *d)
{
    struct side *provider = &pair->provider;
    size_t capacity = provider->capacity;
    *d = (struct download){.pair = pair, .is_reading = true};
    struct head head;
    head_init(&head);
    head.method = SPAN_LITERAL("GET");
    head.target = SPAN_LITERAL("/");
    provider->capacity = CHANNEL_MAX;
    provider->streams = 0;
    assert_int_equal(mux_open(pair->consumer.mux, &head, &to_handlers, d, &d->to), 0);
    while (provider->streams == 0)
        assert_true(deliver_one(pair, &pair->consumer, provider));
    provider->capacity = capacity;
    provider->story[0] = '\0';
    d->from = provider->stream[0];
    mux_stream_accept(d->from, &from_handlers, d);
    respond(d->from, 200);
}

static void finish(struct download *d)
{
    d->has_ended = true;
    switch (draw(3)) {
    case 0:
        end(d->from);
        break;
    case 1:
        cancel(d->from, "gone");
        break;
    default:
        mux_stream_break(d->from, STREAM_BROKEN, "broken");
    }
}

/* In whole or in chunks: what was read all comes, also behind a stop. */
static void pass_on(struct download *d, size_t size, size_t chunk)
{
    for (size_t len; size > 0; size -= len) {
        len = size < chunk ? size : chunk;
        mux_stream_write(d->from, span_of(content + d->read % PERIOD, len));
        d->read += len;
        if (!mux_stream_is_writable(d->from))
            d->is_reading = false;
    }
}

static void read_turn(struct download *d)
{
    for (int i = 0; i < READS && d->is_reading; i++) {
        size_t room = mux_stream_room(d->from);
        size_t units = room == 0 ? 2 : (room + FRAME_BODY_MAX - 1) / FRAME_BODY_MAX;
        size_t most = (units < READ_UNITS ? units : READ_UNITS) * FRAME_BODY_MAX;
        size_t size = most; /* of what the source has */
        if (draw(3) == 0)
            size = 1 + draw(most);
        else if (room > 0 && room < most && draw(3) == 0)
            size = room; /* which leaves neither room nor queue, or no credit */
        pass_on(d, size, draw(4) == 0 ? 1 + draw(9000) : size);
    }
}

/* --- what happens --------------------------------------------------------- */

/* As SCTP does it, the path tells of room when half of it is free. */
static void deliver_some(struct pair *pair)
{
    struct side *provider = &pair->provider;
    size_t capacity = draw(10) == 0 ? 1000 + draw(CAPACITY_MAX) : provider->capacity;
    provider->capacity = 0;
    for (size_t least = draw(30); least > 0 || provider->out.len >= capacity / 2;
         least -= least > 0)
        if (!deliver_one(pair, provider, &pair->consumer))
            break;
    provider->capacity = capacity;
    mux_flush(provider->mux);
    while (draw(8) > 0 && deliver_one(pair, &pair->consumer, provider)) {
    }
}

static void take(struct download *d, size_t left)
{
    d->held = left;
    if (!d->is_over)
        mux_stream_set_held(d->to, left, d->pair->now_us);
}

static void run_turn(struct pair *pair, struct download *downloads)
{
    size_t first = draw(STREAMS);
    pair->now_us += 1000 + draw(50000);
    for (size_t i = 0; i < STREAMS; i++) {
        struct download *d = &downloads[(first + i) % STREAMS];
        if (!d->has_ended)
            read_turn(d);
    }
    struct download *one = &downloads[draw(STREAMS)];
    if (!one->has_ended && draw(20) == 0)
        finish(one);
    else if (one->has_ended && one->is_over)
        begin(pair, one);
    deliver_some(pair);
    for (size_t i = 0; i < STREAMS; i++)
        if (draw(2) == 0)
            take(&downloads[i], draw(2) == 0 ? downloads[i].held / 2 : 0);
}

/* Nothing more is read, and all is taken. */
static void run_dry(struct pair *pair, struct download *downloads)
{
    pair->provider.capacity = CHANNEL_MAX;
    mux_flush(pair->provider.mux);
    for (int round = 0; round < 50; round++) {
        pair->now_us += 100000;
        deliver_all(pair);
        for (size_t i = 0; i < STREAMS; i++)
            take(&downloads[i], 0);
    }
}

static void run(unsigned consumer, unsigned provider, uint32_t first_seed)
{
    struct download downloads[STREAMS];
    void *state;
    pair_setup_with(&state, consumer, provider);
    struct pair *pair = state;
    seed = first_seed;
    pair->provider.capacity = 1000 + draw(CAPACITY_MAX);
    pair->provider.takes_small = true;
    for (size_t i = 0; i < STREAMS; i++)
        begin(pair, &downloads[i]);
    for (int turn = 0; turn < TURNS; turn++)
        run_turn(pair, downloads);
    run_dry(pair, downloads);
    for (size_t i = 0; i < STREAMS; i++) {
        struct download *d = &downloads[i];
        assert_int_equal(d->is_over, d->has_ended);
        if (d->has_ended)
            continue;
        assert_true(d->is_reading);
        assert_int_equal(d->arrived, d->read);
    }
    pair_teardown(&state);
}

static void run_seeds(unsigned provider)
{
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (uint8_t)(i % PERIOD);
    for (uint32_t i = 1; i <= 4; i++)
        run(FEATURES_ALL, provider, i);
}

static void test_with_all_extensions(void **state)
{
    (void)state;
    run_seeds(FEATURES_ALL);
}

static void test_without_any(void **state)
{
    (void)state;
    run_seeds(FEATURE_SSE);
}

static void test_without_credit(void **state)
{
    (void)state;
    run_seeds(FEATURES_ALL & ~(unsigned)FEATURE_FLOW);
}

static void test_with_one_channel(void **state)
{
    (void)state;
    run_seeds(FEATURES_ALL & ~(unsigned)FEATURE_CHANNELS);
}

static void test_without_bundles(void **state)
{
    (void)state;
    run_seeds(FEATURES_ALL & ~(unsigned)FEATURE_BUNDLE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with_all_extensions), cmocka_unit_test(test_without_any),
        cmocka_unit_test(test_without_credit),      cmocka_unit_test(test_with_one_channel),
        cmocka_unit_test(test_without_bundles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
