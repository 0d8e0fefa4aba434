/*
 * The relay of last resort: datagrams from one member's socket to another's.
 * Which may go when, the shaper says; a socket in whose queue anything waits
 * is blocked for it, so that signalling never stands behind a heap of
 * datagrams, and what is late is dropped where that can still be done. Who
 * sends far more than its share is not read from for a while: so nobody's
 * messages stand behind a flood, either.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "net/deadline.h"
#include "signal/relay_frame.h"
#include "signal/server_internal.h"

enum {
    BITS_PER_MBIT = 1000000,
    /* That the kernel is to hold for a socket beyond what is on its way: what
     * waits there nobody can drop. */
    UNSENT_MAX = 32 << 10,
    /* What a datagram counts for at least: that of a byte is as much work as
     * another one. */
    COST_MIN = 128
};

static struct socket *socket_of_end(struct shaper_end *end)
{
    return LIST_ENTRY(end, struct relayed, end)->socket;
}

static void on_send(struct shaper_end *to, struct span bytes, void *arg)
{
    struct signal_server *server = arg;
    struct socket *socket = socket_of_end(to);
    if (socket->doom)
        return;
    websocket_send_binary(socket->ws, bytes);
    if (websocket_queued(socket->ws) == 0)
        return;
    socket_look_at_outbox(socket, clock_now_us());
    shaper_set_blocked(server->shaper, to, true);
    websocket_await_drain(socket->ws);
}

static uint64_t next_us(void *arg)
{
    const struct signal_server *server = arg;
    return shaper_deadline_us(server->shaper);
}

static void on_due(void *arg)
{
    struct signal_server *server = arg;
    shaper_run(server->shaper, clock_now_us());
}

void socket_relay_start(struct signal_server *server)
{
    const struct shaper_config config = {
        .rate = (uint64_t)server->config.relay_mbit_per_s * BITS_PER_MBIT / 8,
        .total_rate = (uint64_t)server->config.relay_total_mbit_per_s * BITS_PER_MBIT / 8,
    };
    if (config.rate == 0)
        return;
    server->shaper = shaper_new(&config, on_send, server);
    server->shaper_timer = deadline_new_touched(server->loop, next_us, on_due, server);
}

void socket_relay_stop(struct signal_server *server)
{
    deadline_free(server->shaper_timer);
    shaper_free(server->shaper);
}

void socket_relay_join(struct socket *socket, struct signal_message *joined)
{
    const struct signal_server *server = socket->server;
    if (!socket->member.takes_relay || !server->shaper)
        return;
    if (!socket->relayed) {
        socket->relayed = xcalloc(1, sizeof *socket->relayed);
        socket->relayed->socket = socket;
        shaper_end_init(&socket->relayed->end);
    }
    joined->relay_rate = (uint64_t)server->config.relay_mbit_per_s * BITS_PER_MBIT;
    websocket_accept_binary(socket->ws);
    websocket_limit_unsent(socket->ws, UNSENT_MAX);
    websocket_read_little(socket->ws);
}

void socket_relay_leave(struct socket *socket)
{
    if (!socket->relayed)
        return;
    const struct shaper_end *end = &socket->relayed->end;
    shaper_leave(socket->server->shaper, &socket->relayed->end);
    if (end->sent_bytes > 0)
        log_write(socket_log_level(socket),
                  "socket %u: %llu bytes of it were relayed, %llu datagrams dropped",
                  socket->number, (unsigned long long)end->sent_bytes,
                  (unsigned long long)end->dropped);
    timer_free(socket->relayed->resume);
    free(socket->relayed);
    socket->relayed = NULL;
}

static void on_resume(void *arg)
{
    const struct relayed *relayed = arg;
    websocket_set_reading(relayed->socket->ws, true);
}

/* What one read has brought still comes. */
static void keep_to_share(struct relayed *relayed, uint64_t now_us)
{
    uint64_t pause_us = shaper_pause_us(&relayed->end, now_us);
    if (pause_us == 0)
        return;
    if (!relayed->resume)
        relayed->resume = timer_new(relayed->socket->server->loop, on_resume, relayed);
    websocket_set_reading(relayed->socket->ws, false);
    timer_start_in(relayed->resume, pause_us);
}

bool socket_relay_take(struct socket *socket, struct span message)
{
    struct signal_server *server = socket->server;
    struct relay_frame frame;
    uint8_t bytes[RELAY_FRAME_MAX];
    if (!relay_frame_decode(message, &frame))
        return false;
    struct room_member *member = room_find_relayed(&socket->member, frame.member);
    struct relayed *to = member ? LIST_ENTRY(member, struct socket, member)->relayed : NULL;
    if (!to)
        return true; /* who has just left */
    frame.member = socket->member.uuid;
    size_t cost = frame.datagram.len > COST_MIN ? frame.datagram.len : COST_MIN;
    uint64_t now_us = clock_now_us();
    shaper_offer(server->shaper, socket->member.room, &socket->relayed->end, &to->end,
                 relay_frame_encode(&frame, bytes), cost, now_us);
    keep_to_share(socket->relayed, now_us);
    deadline_touch(server->shaper_timer);
    return true;
}

void socket_relay_on_drain(struct socket *socket)
{
    if (!socket->relayed)
        return;
    shaper_set_blocked(socket->server->shaper, &socket->relayed->end, false);
    deadline_touch(socket->server->shaper_timer);
}
