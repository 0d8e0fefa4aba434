/*
 * A socket that breaks a limit while something else runs (its queue is full
 * because another peer sent to it) is only marked; the next turn drops it.
 */
#include <stdlib.h>

#include "base/log.h"
#include "signal/server_internal.h"

static const char *const doom_texts[] = {
    [DOOM_NONE] = "",
    [DOOM_TALKS] = "too many messages",
    [DOOM_SLOW] = "reads too slowly",
    [DOOM_RELAY] = "a binary message that is no datagram",
    [DOOM_PLACE] = "it has no place in its room any more; come again",
    [DOOM_CROWD] = "the memory for messages is full, and this one has not read for longest",
};

static const enum signal_limit doom_limits[] = {
    [DOOM_TALKS] = SIGNAL_LIMIT_RATE,
    [DOOM_SLOW] = SIGNAL_LIMIT_QUEUE,
    [DOOM_RELAY] = SIGNAL_LIMIT_DATAGRAM,
    [DOOM_CROWD] = SIGNAL_LIMIT_QUEUES,
};

struct websocket *socket_let_go(struct socket *socket)
{
    struct signal_server *server = socket->server;
    struct websocket *ws = socket->ws;
    list_remove(&socket->link);
    list_remove(&socket->check.link);
    server->socket_count--;
    outbox_look(&socket->outbox, &server->queued, 0, clock_now_us());
    room_leave(server->rooms, &socket->member);
    seat_free(socket->seat, clock_now_us());
    socket_relay_leave(socket);
    free(socket);
    return ws;
}

void socket_uncount(const struct socket *socket)
{
    struct signal_server *server = socket->server;
    struct worker_message gone = {.type = WORKER_GONE, .number = socket->number};
    if (!socket->source)
        worker_link_send(server->workers, socket->owner, &gone, -1);
    else
        sources_drop_socket(&server->sources, socket->source, clock_now_us());
    if (socket->source && server->workers)
        worker_board_uncount(worker_link_board(server->workers),
                             worker_link_index(server->workers));
}

static struct websocket *socket_release(struct socket *socket)
{
    socket_uncount(socket);
    return socket_let_go(socket);
}

void socket_close(struct socket *socket, int code, const char *reason)
{
    websocket_close(socket_release(socket), code, reason);
}

void socket_reset(struct socket *socket)
{
    websocket_reset(socket_release(socket));
}

static void drop_doomed(void *arg)
{
    struct signal_server *server = arg;
    server->has_doomed = false;
    if (server->is_closed)
        return;
    LIST_EACH(link, tmp, &server->sockets) {
        struct socket *socket = socket_of(link);
        const char *reason = doom_texts[socket->doom];
        if (socket->doom == DOOM_NONE)
            continue;
        if (socket->doom == DOOM_PLACE) {
            log_info("socket %u: closed: %s", socket->number, reason);
            socket_close(socket, WEBSOCKET_GOING_AWAY, reason);
            continue;
        }
        log_warn("socket %u: dropped: %s", socket->number, reason);
        server->counts.limits[doom_limits[socket->doom]]++;
        /* Dooms others, at worst: none is freed but this one. */
        if (socket->doom == DOOM_CROWD)
            socket_reset(socket);
        else
            socket_close(socket, WEBSOCKET_POLICY, reason);
    }
}

void socket_doom(struct socket *socket, enum doom doom)
{
    struct signal_server *server = socket->server;
    socket->doom = doom;
    socket_look_at_outbox(socket, clock_now_us());
    if (server->has_doomed)
        return;
    server->has_doomed = true;
    loop_defer(server->loop, drop_doomed, server);
}

bool socket_drop_idle(struct signal_server *server)
{
    struct socket *first = NULL;
    LIST_EACH(link, tmp, &server->sockets) {
        struct socket *socket = socket_of(link);
        bool is_idle = !socket->doom && !socket_is_in_room(socket);
        if (is_idle && (!first || socket->number < first->number))
            first = socket;
    }
    if (!first)
        return false;
    log_warn("socket %u: dropped: it has no room, and file descriptors are short", first->number);
    server->counts.limits[SIGNAL_LIMIT_DESCRIPTORS]++;
    socket_reset(first);
    return true;
}

void socket_close_all(struct signal_server *server)
{
    LIST_EACH(link, tmp, &server->sockets)
        socket_close(socket_of(link), WEBSOCKET_GOING_AWAY, SOCKET_SHUTDOWN_TEXT);
}
