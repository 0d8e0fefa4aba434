/*
 * Time goes on in steps of half a millisecond, in each of which everybody does
 * what he can.
 */
#include "flow_path.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "net/conn.h"

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
    end->out.free_us += m->len * UINT64_C(1000000) / end->out.rate;
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

static size_t on_room(void *arg)
{
    return on_can_send(0, MUX_BULK, arg) ? 1 : 0;
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

static void on_end_turn_later(void *arg)
{
    (void)arg;
}

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

static void on_dead(const char *text, enum mux_likeness likeness, void *arg)
{
    (void)likeness;
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
    on_send, on_can_send, on_room,    on_end_turn_later, on_reading, on_ready,
    on_rtt,  on_alive,    on_request, on_stream_closed,  on_dead,    on_note,
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

void world_run(struct world *world, uint64_t for_us)
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

struct world *world_new(uint64_t rate, uint64_t round_trip_us, unsigned features)
{
    struct world *world = xcalloc(1, sizeof *world);
    world->now_us = 1;
    world->delay_us = round_trip_us / 2;
    end_init(&world->provider, world, MUX_PROVIDER, rate, features);
    end_init(&world->consumer, world, MUX_CONSUMER, rate, features);
    world_run(world, 4 * round_trip_us + 10000);
    return world;
}

void world_free(struct world *world)
{
    end_deinit(&world->consumer);
    end_deinit(&world->provider);
    free(world);
}

struct exchange *open_exchange(struct world *world, uint64_t client_rate)
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

uint64_t received_in(struct world *world, const struct exchange *x, uint64_t for_us)
{
    uint64_t before = x->received;
    world_run(world, for_us);
    return x->received - before;
}

void assert_share(uint64_t bytes, uint64_t rate, uint64_t for_us, unsigned percent)
{
    uint64_t possible = rate * for_us / 1000000;
    if (bytes * 100 < possible * percent)
        fail_msg("%llu of %llu bytes, less than %u %%", (unsigned long long)bytes,
                 (unsigned long long)possible, percent);
}
