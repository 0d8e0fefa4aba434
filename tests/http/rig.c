/*
 * loop_stop() from every handler makes the loop return after the turn; the
 * waiting macro goes on until its condition holds.
 */
#include "rig.h"

#include "testing.h"

#include "base/clock.h"
#include "net/conn_internal.h"
#include "net/tcp_queue.h"

struct rig rig;

static const char *waited_for;

static void on_watchdog(void *arg)
{
    (void)arg;
    fail_msg("waited too long for: %s", waited_for);
}

void rig_start(void)
{
    rig.loop = loop_new();
    rig.watchdog = timer_new(rig.loop, on_watchdog, NULL);
}

void rig_stop(void)
{
    timer_free(rig.watchdog);
    loop_free(rig.loop);
    rig = (struct rig){0};
}

void rig_poke(void)
{
    loop_stop(rig.loop);
}

void rig_watch(const char *what)
{
    waited_for = what;
    timer_start_in(rig.watchdog, 20 * US_PER_S);
}

static void on_turn(void *arg)
{
    ++*(int *)arg;
    rig_poke();
}

void rig_turns(int count)
{
    for (int turns = 0; turns < count;) {
        loop_defer(rig.loop, on_turn, &turns);
        int before = turns;
        while (turns == before)
            loop_run(rig.loop);
    }
}

static void on_open(void *arg)
{
    struct peer *peer = arg;
    peer->is_open = true;
    rig_poke();
}

static void on_data(struct span bytes, void *arg)
{
    struct peer *peer = arg;
    assert_int_equal(buf_append(&peer->in, bytes), 0);
    rig_poke();
}

static void on_end(void *arg)
{
    struct peer *peer = arg;
    peer->has_ended = true;
    rig_poke();
}

static void on_drain(void *arg)
{
    (void)arg;
    rig_poke();
}

static void on_close(int error, const char *text, void *arg)
{
    (void)text;
    struct peer *peer = arg;
    peer->is_closed = true;
    peer->error = error;
    rig_poke();
}

static const struct conn_handlers handlers = {
    .on_open = on_open,
    .on_data = on_data,
    .on_end = on_end,
    .on_drain = on_drain,
    .on_close = on_close,
};

void peer_connect(struct peer *peer, uint16_t port)
{
    *peer = (struct peer){0};
    buf_init(&peer->in, 64 << 20);
    peer->conn = conn_connect(rig.loop, "127.0.0.1", port, NULL, 10 * US_PER_S, &handlers, peer);
    RIG_WAIT(peer->is_open);
}

void peer_adopt(struct peer *peer, struct conn *conn)
{
    *peer = (struct peer){.conn = conn, .is_open = true};
    buf_init(&peer->in, 64 << 20);
    conn_set_handlers(conn, &handlers, peer);
}

void peer_send(struct peer *peer, const char *text)
{
    peer_send_span(peer, span_from_string(text));
}

void peer_send_span(struct peer *peer, struct span bytes)
{
    conn_write(peer->conn, bytes);
}

void peer_reset(struct peer *peer)
{
    conn_reset(peer->conn);
    peer->conn = NULL;
    buf_deinit(&peer->in);
}

void peer_close(struct peer *peer)
{
    if (peer->conn)
        conn_close(peer->conn);
    peer->conn = NULL;
    buf_deinit(&peer->in);
}

bool peer_has(const struct peer *peer, const char *text)
{
    return peer_count(peer, text) > 0;
}

size_t peer_count(const struct peer *peer, const char *text)
{
    size_t count = 0;
    size_t len = strlen(text);
    assert_true(len > 0);
    struct span in = buf_bytes(&peer->in);
    const uint8_t *at;
    while (in.len >= len && (at = memmem(in.data, in.len, text, len)) != NULL) {
        count++;
        in = span_skip(in, (size_t)(at - in.data) + len);
    }
    return count;
}

void peer_clear(struct peer *peer)
{
    buf_clear(&peer->in);
}

bool peer_is_acknowledged(const struct peer *peer)
{
    return conn_queued(peer->conn) == 0 && tcp_queue_len(peer->conn->fd) == 0;
}
