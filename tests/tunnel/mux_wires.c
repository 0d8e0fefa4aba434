/*
 * Whatever a mux notes but what is late, and its death, fails the test.
 */
#include "mux_wires.h"

#include <assert.h>

#include "base/bytes.h"

enum { PREFIX_LEN = 4, WIRE_MAX = 16 << 20 };

static void on_send(unsigned channel, struct span head, struct span body, void *arg)
{
    struct wire_end *end = arg;
    uint8_t prefix[PREFIX_LEN];
    put_u32be(prefix, (uint32_t)(head.len + body.len));
    assert_true(channel < WIRES);
    assert_int_equal(buf_append(&end->wires[channel], span_of(prefix, sizeof prefix)), 0);
    assert_int_equal(buf_append(&end->wires[channel], head), 0);
    assert_int_equal(buf_append(&end->wires[channel], body), 0);
}

static bool on_can_send(unsigned channel, enum mux_urgency urgency, void *arg)
{
    const struct wire_end *end = arg;
    return !end->is_full || (urgency == MUX_SMALL && !(end->busy >> channel & 1));
}

static size_t on_room(void *arg)
{
    const struct wire_end *end = arg;
    return end->is_full ? 0 : SIZE_MAX;
}

static void on_end_turn_later(void *arg)
{
    struct wire_end *end = arg;
    end->is_turn_end_due = true;
}

static void on_reading(bool reading, void *arg)
{
    (void)reading;
    (void)arg;
}

static void ignore(void *arg)
{
    (void)arg;
}

static void on_rtt(uint64_t rtt_us, void *arg)
{
    (void)rtt_us;
    (void)arg;
}

static void pass_on_request(struct mux_stream *stream, const struct head *head, void *arg)
{
    ((const struct wire_end *)arg)->on_request(stream, head, arg);
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
    (void)arg;
    if (kind != MUX_NOTE_LATE)
        fail_msg("%s", text);
}

static void end_init(struct wire_end *end, enum mux_role role, unsigned features)
{
    static const struct mux_handlers handlers = {
        .send = on_send,
        .can_send = on_can_send,
        .room = on_room,
        .end_turn_later = on_end_turn_later,
        .on_reading = on_reading,
        .on_ready = ignore,
        .on_rtt = on_rtt,
        .on_alive = ignore,
        .on_request = pass_on_request,
        .on_stream_closed = on_stream_closed,
        .on_dead = on_dead,
        .on_note = on_note,
    };
    *end = (struct wire_end){.mux = mux_new(role, features, &handlers, end)};
    for (unsigned channel = 0; channel < WIRES; channel++)
        buf_init(&end->wires[channel], WIRE_MAX);
}

void wires_begin(struct wires *w, unsigned consumer, unsigned provider,
                 void (*on_request)(struct mux_stream *stream, const struct head *head, void *arg))
{
    end_init(&w->ends[0], MUX_CONSUMER, consumer);
    end_init(&w->ends[1], MUX_PROVIDER, provider);
    w->ends[1].on_request = on_request;
    for (int i = 0; i < 2; i++)
        mux_start(w->ends[i].mux, (struct span){0}, 1);
    wires_settle(w);
}

void wires_end(struct wires *w)
{
    for (int i = 0; i < 2; i++) {
        mux_fail(w->ends[i].mux, "over");
        mux_free(w->ends[i].mux);
        for (unsigned channel = 0; channel < WIRES; channel++)
            buf_deinit(&w->ends[i].wires[channel]);
    }
}

void wire_set_full(struct wire_end *end, bool is_full, uint64_t busy)
{
    end->is_full = is_full;
    end->busy = busy;
    if (!is_full)
        mux_flush(end->mux);
}

void wire_end_turn(struct wire_end *end)
{
    if (end->is_turn_end_due)
        mux_end_turn(end->mux);
    end->is_turn_end_due = false;
}

bool wires_deliver(struct wires *w, int from, unsigned channel)
{
    struct buf *waiting = &w->ends[from].wires[channel];
    if (waiting->len == 0)
        return false;
    struct span queued = buf_bytes(waiting);
    assert(queued.data); /* there is one: it is not empty */
    size_t len = get_u32be(queued.data);
    struct guard g = guard_new(queued.data + PREFIX_LEN, len);
    buf_consume(waiting, PREFIX_LEN + len);
    mux_feed(w->ends[!from].mux, channel, g.bytes, 1);
    guard_free(&g);
    return true;
}

void wires_settle(struct wires *w)
{
    bool has_moved;
    do {
        has_moved = false;
        for (int from = 0; from < 2; from++) {
            wire_end_turn(&w->ends[from]);
            for (unsigned channel = 0; channel < WIRES; channel++)
                has_moved |= wires_deliver(w, from, channel);
        }
    } while (has_moved);
}
