/*
 * Each socket has a struct socket and nothing else of ours while it is idle.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "signal/message_scan.h"
#include "signal/room_name.h"
#include "signal/server_internal.h"

/* --- what comes ----------------------------------------------------------- */

static void socket_log_message(const struct socket *socket, const struct signal_message *message)
{
    if (message->type != SIGNAL_JOIN) {
        log_debug("socket %u: %s", socket->number, signal_type_name(message->type));
        return;
    }
    char redacted[LOG_REDACTED_LEN], fingerprint[ROOM_FINGERPRINT_LEN];
    const char *peer = socket_is_in_room(socket) ? socket_peer_id(socket) : "refused";
    const struct log_field fields[] = {{"socket", NULL, socket->number},
                                       {"room", room_name_fingerprint(message->room, fingerprint),
                                        0},
                                       {"peer", peer, 0},
                                       {0}};
    log_event(socket_log_level(socket), "join", fields, "socket %u: join %s: %s", socket->number,
              log_redact(message->room, redacted), peer);
}

static void serve(struct socket *socket, struct span text, const struct signal_message *message)
{
    if (socket->server->cluster)
        socket_seat_take(socket, text, message);
    else
        room_handle(socket->server->rooms, &socket->member, message);
    socket_log_message(socket, message);
}

static void socket_handle(struct socket *socket, struct span text,
                          const struct signal_message *message)
{
    struct signal_server *server = socket->server;
    if (message->type == SIGNAL_JOIN && socket->source &&
        !sources_take_join(&server->sources, socket->source, clock_now_us())) {
        log_warn("socket %u: join refused: too many of its address", socket->number);
        server->counts.limits[SIGNAL_LIMIT_JOINS]++;
        room_refuse(server->rooms, &socket->member, SIGNAL_CODE_TOO_MANY_JOINS,
                    "too many joins of this address; try again later");
        return;
    }
    if (message->type == SIGNAL_JOIN && server->workers && socket_hand_over(socket, message))
        return;
    serve(socket, text, message);
}

/* What it came with has just been heard. */
static void on_ws_message(struct span text, void *arg)
{
    struct socket *socket = arg;
    struct signal_server *server = socket->server;
    if (socket->doom)
        return;
    server->counts.messages_received++;
    server->counts.received_bytes += text.len;
    size_t rate = socket_rate(socket);
    size_t burst = rate / server->config.messages_per_s * server->config.messages_burst;
    if (!bucket_take(&socket->bucket, rate, burst, socket->heard_at_us)) {
        socket_doom(socket, DOOM_TALKS);
        return;
    }
    struct signal_message message;
    int error = message_scan(text, &message) ? 0 : signal_message_decode(text, &message);
    if (error < 0) {
        log_debug("socket %u: malformed message of %zu bytes", socket->number, text.len);
        if (server->cluster)
            socket_seat_take_malformed(socket, text, error, message.type);
        else
            room_handle_malformed(server->rooms, &socket->member, error, message.type);
        return;
    }
    socket_handle(socket, text, &message);
    bool is_bye = message.type == SIGNAL_BYE;
    signal_message_deinit(&message);
    if (is_bye)
        socket_close(socket, WEBSOCKET_NORMAL, "bye");
}

static void on_ws_binary(struct span message, void *arg)
{
    struct socket *socket = arg;
    if (!socket->doom && !socket_relay_take(socket, message))
        socket_doom(socket, DOOM_RELAY);
}

static void on_ws_drain(void *arg)
{
    socket_look_at_outbox(arg, clock_now_us());
    socket_relay_on_drain(arg);
}

static void on_ws_alive(void *arg)
{
    struct socket *socket = arg;
    socket_heard(socket, loop_now_us(socket->server->loop));
}

static void socket_log_gone(const struct socket *socket, const struct websocket_end *end)
{
    static const char *const by[] = {
        [WEBSOCKET_BY_NOBODY] = "broken",
        [WEBSOCKET_BY_PEER] = "it closed",
        [WEBSOCKET_BY_US] = "closed on it",
    };
    const char *reason = *end->reason ? end->reason : websocket_code_text(end->code);
    const struct log_field fields[] = {{"socket", NULL, socket->number},
                                       {"code", NULL, end->code},
                                       {0}};
    log_event(socket_log_level(socket), "gone", fields, "socket %u: gone: %s: %s (%d)",
              socket->number, by[end->by], reason, end->code);
}

static void on_ws_close(const struct websocket_end *end, void *arg)
{
    struct socket *socket = arg;
    socket_log_gone(socket, end);
    socket_close(socket, WEBSOCKET_NORMAL, "");
}

/* --- the beginning -------------------------------------------------------- */

static struct socket *socket_make(struct signal_server *server, struct conn *conn,
                                  struct span early, unsigned number)
{
    static const struct websocket_handlers handlers = {
        .on_message = on_ws_message,
        .on_alive = on_ws_alive,
        .on_close = on_ws_close,
        .on_binary = on_ws_binary,
        .on_drain = on_ws_drain,
    };
    struct socket *socket = xcalloc(1, sizeof *socket);
    socket->server = server;
    socket->number = number;
    conn_leave_liveness(conn); /* the heartbeat is enough */
    list_append(&server->sockets, &socket->link);
    server->socket_count++;
    socket_heartbeat_begin(socket, clock_now_us());
    socket->ws = websocket_new(server->loop, conn, WEBSOCKET_SERVER, SIGNAL_MESSAGE_MAX, early,
                               &handlers, socket);
    return socket;
}

void socket_new(struct signal_server *server, struct conn *conn, struct span early,
                const struct address *address)
{
    unsigned number = server->workers ? worker_board_number(worker_link_board(server->workers))
                                      : ++server->numbers;
    struct socket *socket = socket_make(server, conn, early, number);
    server->counts.sockets++;
    socket->source = sources_add_socket(&server->sources, address, clock_now_us());
    char text[ADDRESS_TEXT_LEN];
    log_debug("socket %u: open from %s", socket->number, address_format(address, text));
}

/* --- from another worker -------------------------------------------------- */

/* It has come back to who has accepted it; or to who has taken that one's
 * place, and hears of it for the first time. */
static struct source *take_back(struct signal_server *server, const struct worker_message *message)
{
    struct source *source = worker_link_take_back(server->workers, message->number);
    if (source)
        return source;
    worker_board_count(worker_link_board(server->workers), worker_link_index(server->workers));
    return sources_add_socket(&server->sources, &message->address, clock_now_us());
}

/* Its descriptor got lost, and with it the client. */
static void end_lost(struct signal_server *server, const struct worker_message *message)
{
    struct socket lost = {.server = server, .number = message->number, .owner = message->owner};
    if (message->owner == worker_link_index(server->workers))
        lost.source = take_back(server, message);
    log_warn("socket %u: lost on its way here: no descriptor for it", message->number);
    socket_uncount(&lost);
}

void socket_arrive(const struct worker_message *message, int fd, void *arg)
{
    struct signal_server *server = arg;
    struct signal_message join;
    if (fd < 0) {
        end_lost(server, message);
        return;
    }
    struct socket *socket =
        socket_make(server, conn_adopt(server->loop, fd), message->rest, message->number);
    socket->bucket.filled_at_us = message->bucket_filled_at;
    socket->owner = message->owner;
    if (message->owner == worker_link_index(server->workers))
        socket->source = take_back(server, message);
    else if (worker_link_is_late(server->workers, message))
        socket_claim(socket);
    if (server->is_closed) {
        socket_close(socket, WEBSOCKET_GOING_AWAY, SOCKET_SHUTDOWN_TEXT);
        return;
    }
    if (signal_message_decode(message->join, &join) < 0)
        return; /* never: a worker has written it */
    if (socket->source)
        socket_handle(socket, message->join, &join);
    else
        serve(socket, message->join, &join);
    signal_message_deinit(&join);
}
