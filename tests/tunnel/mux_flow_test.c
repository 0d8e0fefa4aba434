/*
 * Credit, over a simulated path: a rate, a delay and a clock that the test
 * moves. Upstreams have as much to send as is taken; each client reads at a
 * rate of its own.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/list.h"
#include "net/conn.h"
#include "tunnel/frame.h"
#include "tunnel/mux.h"
#include "tunnel/payload.h"

enum {
    STEP_US = 500,
    /* SCTP takes in what the path carries in 5 ms. */
    SEND_QUEUE_US = 5000,
    FIRST_WINDOW = 240 << 10,
    WINDOW_MAX = 16 << 20,
    EXTRA_MAX = 64 << 20,
    KERNEL_MOST = 256 << 10, /* what a socket takes in of itself */
    STREAMS_MOST = 1100
};
#define UNLIMITED (UINT64_C(1) << 40) /* bytes per second */
#define MBIT      (UINT64_C(125000))

struct message {
    struct list link;
    uint64_t arrives_us;
    size_t len;
    uint8_t bytes[];
};

/* One direction of the path. */
struct way {
    struct list messages;
    uint64_t rate;    /* bytes per second */
    uint64_t free_us; /* when all that was handed over has left */
};

/* One exchange: a response that never ends. */
struct exchange {
    struct world *world;
    struct mux_stream *provider;
    struct mux_stream *consumer;
    uint64_t client_rate;
    uint64_t credit; /* of the client's reading, in millionths of a byte */
    uint64_t read_from_upstream;
    uint64_t received;
    size_t kernel; /* bytes that the client's socket holds */
    size_t kernel_most;
    size_t held;
    size_t most_held;
    bool is_above_mark;
    bool is_broken;
};

struct end {
    struct world *world;
    struct mux *mux;
    struct way out;
    size_t sent_messages;
    unsigned pauses;
};

struct world {
    struct end consumer, provider;
    uint64_t now_us;
    uint64_t delay_us;
    struct exchange exchanges[STREAMS_MOST];
    size_t opened;
    size_t accepted;
    char error[256];
};

/* --- the path ------------------------------------------------------------- */

static void on_send(unsigned channel, struct span head, struct span body, void *arg)
{
    struct end *end = arg;
    struct world *world = end->world;
    struct message *m = xcalloc(1, sizeof *m + head.len + body.len);
    assert_int_equal(channel, 0);
    m->len = head.len + body.len;
    memcpy(m->bytes, head.data, head.len);
    if (body.len > 0)
        memcpy(m->bytes + head.len, body.data, body.len);
    if (end->out.free_us < world->now_us)
        end->out.free_us = world->now_us;
    end->out.free_us += m->len * 1000000 / end->out.rate;
    m->arrives_us = end->out.free_us + world->delay_us;
    list_append(&end->out.messages, &m->link);
    end->sent_messages++;
}

static bool on_can_send(unsigned channel, enum mux_urgency urgency, void *arg)
{
    (void)channel;
    struct end *end = arg;
    return urgency == MUX_SMALL || end->out.free_us < end->world->now_us + SEND_QUEUE_US;
}

static void deliver(struct world *world, struct end *from, struct end *to)
{
    for (struct list *first; (first = list_first(&from->out.messages)) != NULL;) {
        struct message *m = LIST_ENTRY(first, struct message, link);
        if (m->arrives_us > world->now_us)
            return;
        list_remove(&m->link);
        mux_feed(to->mux, 0, span_of(m->bytes, m->len), world->now_us);
        free(m);
    }
}

/* --- the ends ------------------------------------------------------------- */

static void on_reading(bool reading, void *arg)
{
    struct end *end = arg;
    end->pauses += !reading;
}

static void on_ready(void *arg)
{
    (void)arg;
}

static void on_rtt(uint64_t rtt_us, void *arg)
{
    (void)rtt_us;
    (void)arg;
}

static void on_head(const struct head *head, void *arg)
{
    (void)head;
    (void)arg;
}

static void fill_kernel(struct exchange *x)
{
    size_t room = x->kernel_most - x->kernel;
    size_t len = x->held < room ? x->held : room;
    x->kernel += len;
    x->held -= len;
}

static void on_client_body(struct span bytes, void *arg)
{
    struct exchange *x = arg;
    x->received += bytes.len;
    x->held += bytes.len;
    fill_kernel(x);
    if (x->held > x->most_held)
        x->most_held = x->held;
    if (x->held > CONN_DRAIN_MARK)
        x->is_above_mark = true;
    mux_stream_set_held(x->consumer, x->held, x->world->now_us);
}

static void on_request_body(struct span bytes, void *arg)
{
    (void)bytes;
    (void)arg;
}

static void on_end(struct http_fields trailers, void *arg)
{
    (void)trailers;
    (void)arg;
}

static void on_error(enum stream_error error, const char *text, void *arg)
{
    struct exchange *x = arg;
    x->is_broken = true;
    x->consumer = x->provider = NULL;
    snprintf(x->world->error, sizeof x->world->error, "%d %s", error, text);
}

static void on_drain(void *arg)
{
    (void)arg;
}

static const struct mux_stream_handlers client_handlers = {
    NULL, on_head, on_client_body, on_end, on_error, on_drain,
};
static const struct mux_stream_handlers upstream_handlers = {
    NULL, NULL, on_request_body, on_end, on_error, on_drain,
};

static void on_request(struct mux_stream *stream, const struct head *request, void *arg)
{
    struct end *end = arg;
    struct exchange *x = &end->world->exchanges[end->world->accepted++];
    struct head head;
    (void)request;
    x->provider = stream;
    mux_stream_accept(stream, &upstream_handlers, x);
    head_init(&head);
    head.status = 200;
    head.framing = HTTP_BODY_UNKNOWN;
    assert_int_equal(mux_stream_respond(stream, &head), 0);
}

static void on_alive(void *arg)
{
    (void)arg;
}

static void on_stream_closed(size_t streams, void *arg)
{
    (void)streams;
    (void)arg;
}

static void on_dead(const char *text, bool wrong_role, void *arg)
{
    (void)wrong_role;
    (void)arg;
    fail_msg("dead: %s", text);
}

static void on_note(enum mux_note kind, const char *text, void *arg)
{
    (void)kind;
    (void)text;
    (void)arg;
}

static const struct mux_handlers handlers = {
    on_send,  on_can_send, on_reading,       on_ready, on_rtt,
    on_alive, on_request,  on_stream_closed, on_dead,  on_note,
};

/* --- the world ------------------------------------------------------------ */

static void end_init(struct end *end, struct world *world, enum mux_role role, uint64_t rate,
                     unsigned features)
{
    end->world = world;
    end->out.rate = rate;
    list_init(&end->out.messages);
    end->mux = mux_new(role, features, &handlers, end);
    mux_start(end->mux, (struct span){0}, world->now_us);
}

static void end_deinit(struct end *end)
{
    LIST_EACH(link, next, &end->out.messages)
    free(LIST_ENTRY(link, struct message, link));
    mux_fail(end->mux, "over");
    mux_free(end->mux);
}

static void read_upstream(struct exchange *x)
{
    static const uint8_t chunk[CONN_READ_MAX];
    for (int i = 0; i < 16 && mux_stream_is_writable(x->provider); i++) {
        mux_stream_write(x->provider, span_of(chunk, sizeof chunk));
        x->read_from_upstream += sizeof chunk;
    }
}

static void read_client(struct exchange *x)
{
    x->credit += x->client_rate * STEP_US;
    size_t most = x->credit / 1000000 < SIZE_MAX ? (size_t)(x->credit / 1000000) : SIZE_MAX;
    size_t len = x->kernel < most ? x->kernel : most;
    x->kernel -= len;
    x->credit -= len * UINT64_C(1000000);
    if (x->kernel == 0)
        x->credit = 0; /* what was not read cannot be read later */
    fill_kernel(x);
    if (x->is_above_mark && x->held <= CONN_DRAIN_MARK) {
        x->is_above_mark = false;
        mux_stream_set_held(x->consumer, x->held, x->world->now_us);
    }
}

static void run_deadline(struct end *end)
{
    if (mux_deadline_us(end->mux) <= end->world->now_us)
        mux_on_deadline(end->mux, end->world->now_us);
}

static void world_run(struct world *world, uint64_t for_us)
{
    for (uint64_t until_us = world->now_us + for_us; world->now_us < until_us;) {
        world->now_us += STEP_US;
        deliver(world, &world->consumer, &world->provider);
        deliver(world, &world->provider, &world->consumer);
        for (size_t i = 0; i < world->opened; i++) {
            struct exchange *x = &world->exchanges[i];
            if (x->consumer)
                read_client(x);
            if (x->provider)
                read_upstream(x);
        }
        mux_flush(world->consumer.mux);
        mux_flush(world->provider.mux);
        run_deadline(&world->consumer);
        run_deadline(&world->provider);
    }
}

static struct world *world_new(uint64_t rate, uint64_t round_trip_us, unsigned features)
{
    struct world *world = xcalloc(1, sizeof *world);
    world->now_us = 1;
    world->delay_us = round_trip_us / 2;
    end_init(&world->provider, world, MUX_PROVIDER, rate, features);
    end_init(&world->consumer, world, MUX_CONSUMER, rate, features);
    world_run(world, 4 * round_trip_us + 10000);
    return world;
}

static void world_free(struct world *world)
{
    end_deinit(&world->consumer);
    end_deinit(&world->provider);
    free(world);
}

static struct exchange *open_exchange(struct world *world, uint64_t client_rate)
{
    struct exchange *x = &world->exchanges[world->opened++];
    struct head head;
    x->world = world;
    x->client_rate = client_rate;
    x->kernel_most = KERNEL_MOST;
    head_init(&head);
    head.method = SPAN_LITERAL("GET");
    head.target = SPAN_LITERAL("/");
    assert_int_equal(mux_open(world->consumer.mux, &head, &client_handlers, x, &x->consumer), 0);
    mux_stream_end(x->consumer, (struct http_fields){0});
    return x;
}

/* Bytes of an exchange that came in the next while. */
static uint64_t received_in(struct world *world, const struct exchange *x, uint64_t for_us)
{
    uint64_t before = x->received;
    world_run(world, for_us);
    return x->received - before;
}

static void assert_share(uint64_t bytes, uint64_t rate, uint64_t for_us, unsigned percent)
{
    uint64_t possible = rate * for_us / 1000000;
    if (bytes * 100 < possible * percent)
        fail_msg("%llu of %llu bytes, less than %u %%", (unsigned long long)bytes,
                 (unsigned long long)possible, percent);
}

/* --- tests ---------------------------------------------------------------- */

static void test_one_download_fills_a_long_path(void **state)
{
    (void)state;
    struct world *world = world_new(200 * MBIT, 100 * US_PER_MS, FEATURE_FLOW);
    struct exchange *x = open_exchange(world, UNLIMITED);
    world_run(world, 1500 * US_PER_MS); /* the window grows */
    assert_share(received_in(world, x, 3 * US_PER_S), 200 * MBIT, 3 * US_PER_S, 97);
    /* And no further than it must. */
    x->client_rate = 0;
    world_run(world, 2 * US_PER_S);
    assert_true(x->held + x->kernel <= 4 * 200 * MBIT / 10);
    world_free(world);
}

static void test_slow_client_stops_itself_only(void **state)
{
    (void)state;
    struct world *world = world_new(200 * MBIT, 20 * US_PER_MS, FEATURE_FLOW);
    struct exchange *slow = open_exchange(world, 10000);
    struct exchange *stuck = open_exchange(world, 0);
    struct exchange *fast = open_exchange(world, UNLIMITED);
    world_run(world, US_PER_S);
    assert_share(received_in(world, fast, 10 * US_PER_S), 200 * MBIT, 10 * US_PER_S, 97);
    assert_int_equal(world->consumer.pauses, 0);
    /* What the sockets took at once may have looked fast, once. */
    assert_true(slow->most_held <= 2 * FIRST_WINDOW);
    assert_true(stuck->held <= 2 * FIRST_WINDOW);
    /* Their upstreams were not read ahead, either. */
    size_t ahead = MUX_STREAM_QUEUE_HIGH + CONN_READ_MAX;
    assert_true(stuck->read_from_upstream <= KERNEL_MOST + 2 * FIRST_WINDOW + ahead);
    assert_true(slow->read_from_upstream <= KERNEL_MOST + 2 * FIRST_WINDOW + ahead + 12 * 10000);
    /* The slow one gets its due. */
    assert_true(slow->received - slow->held - slow->kernel >= 10 * 10000);
    world_free(world);
}

static void test_a_thousand_slow_clients(void **state)
{
    (void)state;
    struct world *world = world_new(1000 * MBIT, 20 * US_PER_MS, FEATURE_FLOW);
    /* They come one after the other, and each looks fast for as long as its
     * socket takes all. */
    for (int i = 0; i < 1000; i++) {
        open_exchange(world, 10000)->kernel_most = 4 << 20;
        world_run(world, 50 * US_PER_MS);
    }
    struct exchange *fast = open_exchange(world, UNLIMITED);
    world_run(world, 4 * US_PER_S);
    assert_share(received_in(world, fast, 2 * US_PER_S), 1000 * MBIT, 2 * US_PER_S, 90);
    size_t held = 0;
    for (int i = 0; i < 1000; i++)
        held += world->exchanges[i].held;
    assert_true(held <= 1000u * FIRST_WINDOW + EXTRA_MAX);
    world_free(world);
}

static void test_windows_of_all_are_bounded(void **state)
{
    (void)state;
    enum { MANY = 30 };
    struct world *world = world_new(8000 * MBIT, 200 * US_PER_MS, FEATURE_FLOW);
    for (int i = 0; i < MANY; i++)
        open_exchange(world, UNLIMITED);
    world_run(world, 4 * US_PER_S);
    for (int i = 0; i < MANY; i++)
        world->exchanges[i].client_rate = 0;
    world_run(world, 2 * US_PER_S);
    size_t held = 0;
    for (int i = 0; i < MANY; i++) {
        held += world->exchanges[i].held;
        assert_true(world->exchanges[i].held <= WINDOW_MAX);
    }
    assert_true(held > EXTRA_MAX / 2);
    assert_true(held <= EXTRA_MAX + MANY * FIRST_WINDOW);
    world_free(world);
}

/* A window that a fast client had is given back when it turns slow. */
static void test_window_shrinks(void **state)
{
    (void)state;
    struct world *world = world_new(200 * MBIT, 100 * US_PER_MS, FEATURE_FLOW);
    struct exchange *x = open_exchange(world, UNLIMITED);
    world_run(world, 3 * US_PER_S);
    x->client_rate = 100000;
    world_run(world, 400 * US_PER_S);
    x->most_held = 0;
    world_run(world, 20 * US_PER_S);
    assert_true(x->most_held <= FIRST_WINDOW);
    world_free(world);
}

static void test_without_flow_the_channel_stops(void **state)
{
    (void)state;
    struct world *world = world_new(200 * MBIT, 20 * US_PER_MS, 0);
    open_exchange(world, 10000);
    world_run(world, US_PER_S);
    assert_true(world->consumer.pauses > 0);
    world_free(world);
}

/* --- what a peer may not do ----------------------------------------------- */

static void feed(struct end *end, uint8_t type, uint32_t id, const void *payload, size_t len)
{
    uint8_t *wire = xcalloc(FRAME_HEADER_LEN + len, 1);
    frame_encode_header(type, id, wire);
    if (len > 0)
        memcpy(wire + FRAME_HEADER_LEN, payload, len);
    mux_feed(end->mux, 0, span_of(wire, FRAME_HEADER_LEN + len), end->world->now_us);
    free(wire);
}

static void feed_window(struct end *end, uint32_t id, uint32_t increment)
{
    uint8_t payload[4];
    put_u32be(payload, increment);
    feed(end, FRAME_WINDOW, id, payload, sizeof payload);
}

static void test_more_than_was_granted(void **state)
{
    (void)state;
    static const uint8_t zeros[FRAME_BODY_MAX];
    struct world *world = world_new(200 * MBIT, 20 * US_PER_MS, FEATURE_FLOW);
    struct exchange *x = open_exchange(world, 0);
    world_run(world, US_PER_S);
    uint64_t granted = x->received;
    feed(&world->consumer, FRAME_RES_BODY, 1, zeros, 1);
    assert_string_equal(world->error, "5 a body is longer than was granted");
    assert_int_equal(x->received, granted);
    world_free(world);
}

static void test_windows_that_are_wrong(void **state)
{
    (void)state;
    static const uint8_t three[] = {0, 0, 1};
    struct world *world = world_new(200 * MBIT, 20 * US_PER_MS, FEATURE_FLOW);
    for (int i = 0; i < 4; i++)
        open_exchange(world, 0);
    world_run(world, US_PER_S);
    feed_window(&world->provider, 1, 0);
    assert_true(world->exchanges[0].is_broken);
    feed_window(&world->provider, 2, UINT32_C(1) << 31);
    assert_true(world->exchanges[1].is_broken);
    feed(&world->provider, FRAME_WINDOW, 3, three, sizeof three);
    assert_true(world->exchanges[2].is_broken);
    /* Up to 2^31 - 1 in all, and not one more. */
    world->provider.out.free_us = world->now_us + US_PER_S; /* nothing is sent meanwhile */
    feed_window(&world->provider, 4, INT32_MAX);
    assert_false(world->exchanges[3].is_broken);
    feed_window(&world->provider, 4, 1);
    assert_true(world->exchanges[3].is_broken);
    assert_string_equal(world->error, "5 a WINDOW is malformed or grants too much");
    world_free(world);
}

static void test_window_flood(void **state)
{
    (void)state;
    struct world *world = world_new(200 * MBIT, 20 * US_PER_MS, FEATURE_FLOW);
    struct exchange *x = open_exchange(world, 0);
    world_run(world, US_PER_S);
    size_t sent = world->provider.sent_messages;
    for (uint32_t i = 0; i < 100000; i++)
        feed_window(&world->provider, 2 + i, 1);
    assert_int_equal(world->provider.sent_messages, sent); /* nobody is answered */
    for (uint32_t i = 0; i < 1000; i++)
        feed_window(&world->provider, 1, 1);
    assert_false(x->is_broken);
    /* No more frames than were asked for, nor more bytes. */
    assert_true(world->provider.sent_messages <= sent + 1000);
    world_run(world, US_PER_S);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_download_fills_a_long_path),
        cmocka_unit_test(test_slow_client_stops_itself_only),
        cmocka_unit_test(test_a_thousand_slow_clients),
        cmocka_unit_test(test_windows_of_all_are_bounded),
        cmocka_unit_test(test_window_shrinks),
        cmocka_unit_test(test_without_flow_the_channel_stops),
        cmocka_unit_test(test_more_than_was_granted),
        cmocka_unit_test(test_windows_that_are_wrong),
        cmocka_unit_test(test_window_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
