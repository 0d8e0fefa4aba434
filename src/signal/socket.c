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
    log_event(LOG_INFO, "join", fields, "socket %u: join %s: %s", socket->number,
              log_redact(message->room, redacted), peer);
}

static void socket_handle(struct socket *socket, struct span text,
                          const struct signal_message *message)
{
    struct signal_server *server = socket->server;
    if (message->type == SIGNAL_JOIN &&
        !sources_take_join(&server->sources, socket->source, clock_now_us())) {
        log_warn("socket %u: join refused: too many of its address", socket->number);
        server->counts.limits[SIGNAL_LIMIT_JOINS]++;
        room_refuse(server->rooms, &socket->member, SIGNAL_CODE_TOO_MANY_JOINS,
                    "too many joins of this address; try again later");
        return;
    }
    if (server->cluster)
        socket_seat_take(socket, text, message);
    else
        room_handle(server->rooms, &socket->member, message);
    socket_log_message(socket, message);
}

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
    if (!bucket_take(&socket->bucket, rate, burst, clock_now_us())) {
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
    socket->heard_at_us = clock_now_us();
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
    log_event(LOG_INFO, "gone", fields, "socket %u: gone: %s: %s (%d)", socket->number, by[end->by],
              reason, end->code);
}

static void on_ws_close(const struct websocket_end *end, void *arg)
{
    struct socket *socket = arg;
    socket_log_gone(socket, end);
    socket_close(socket, WEBSOCKET_NORMAL, "");
}

/* --- the beginning -------------------------------------------------------- */

void socket_new(struct signal_server *server, struct conn *conn, struct span early,
                const struct address *address)
{
    static const struct websocket_handlers handlers = {
        .on_message = on_ws_message,
        .on_alive = on_ws_alive,
        .on_close = on_ws_close,
        .on_binary = on_ws_binary,
        .on_drain = on_ws_drain,
    };
    uint64_t now_us = clock_now_us();
    struct socket *socket = xcalloc(1, sizeof *socket);
    socket->server = server;
    socket->number = ++server->numbers;
    server->counts.sockets++;
    socket->source = sources_add_socket(&server->sources, address, now_us);
    socket_heartbeat_begin(socket, now_us);
    server->socket_count++;
    socket->ws = websocket_new(server->loop, conn, WEBSOCKET_SERVER, SIGNAL_MESSAGE_MAX, early,
                               &handlers, socket);
    char text[ADDRESS_TEXT_LEN];
    log_debug("socket %u: open from %s", socket->number, address_format(address, text));
}
