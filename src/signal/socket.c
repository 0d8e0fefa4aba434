/*
 * Each socket has a struct socket and nothing else of ours while it is idle.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/log.h"
#include "signal/message_scan.h"
#include "signal/room_name.h"
#include "signal/server_internal.h"

/* --- sending -------------------------------------------------------------- */

/* Looks at all; the one whose messages have not moved for longest, or NULL. */
static struct socket *longest_stuck(struct signal_server *server, uint64_t now_us)
{
    struct socket *longest = NULL;
    uint64_t longest_us = 0;
    LIST_EACH(link, tmp, &server->sockets) {
        struct socket *socket = socket_of(link);
        socket_look_at_outbox(socket, now_us);
        uint64_t stuck_us = outbox_stuck_us(&socket->outbox, now_us);
        if (socket->outbox.len > 0 && (!longest || stuck_us > longest_us)) {
            longest = socket;
            longest_us = stuck_us;
        }
    }
    return longest;
}

static void keep_to_budget(struct signal_server *server, uint64_t now_us)
{
    while (server->queued > server->config.queues_max) {
        struct socket *socket = longest_stuck(server, now_us);
        /* Looking may have shown that they are shorter by now. */
        if (server->queued > server->config.queues_max)
            socket_doom(socket, DOOM_CROWD);
    }
}

/* How many messages it may send in a second. */
static size_t rate_of(const struct socket *socket)
{
    size_t others = room_count_others(&socket->member);
    return (others > 1 ? others : 1) * socket->server->config.messages_per_s;
}

static void count_sent(struct signal_server *server, const struct signal_message *sent, size_t len)
{
    server->counts.messages_sent++;
    server->counts.sent_bytes += len;
    if (sent->type == SIGNAL_ERROR && sent->code == SIGNAL_CODE_ROOM_FULL)
        server->counts.limits[SIGNAL_LIMIT_ROOM]++;
}

void socket_on_room_send(struct room_member *to, const struct signal_message *message, void *arg)
{
    struct signal_server *server = arg;
    struct socket *socket = LIST_ENTRY(to, struct socket, member);
    if (socket->doom || server->is_closed) /* nobody leaves when all go */
        return;
    uint64_t now_us = clock_now_us();
    struct signal_message sent = *message;
    if (sent.type == SIGNAL_JOINED || sent.type == SIGNAL_ICE_SERVERS)
        ice_credentials_make(&server->config.ice, to->id, time(NULL), &sent);
    if (sent.type == SIGNAL_JOINED)
        socket_relay_join(socket, &sent);
    char *text = signal_message_encode(&sent);
    ice_credentials_clear(&sent);
    socket_look_at_outbox(socket, now_us);
    websocket_send_soon(socket->ws, span_from_string(text));
    count_sent(server, &sent, strlen(text));
    socket_look_at_outbox(socket, now_us);
    free(text);
    /* Who comes again and again must not make others talk too much. */
    if (message->type == SIGNAL_PEER_JOINED)
        bucket_give(&socket->bucket, rate_of(socket), server->config.messages_per_s);
    if (socket->outbox.len > server->config.queue_max)
        socket_doom(socket, DOOM_SLOW);
    keep_to_budget(server, now_us);
}

/* --- what comes ----------------------------------------------------------- */

static void socket_log_message(const struct socket *socket, const struct signal_message *message)
{
    if (message->type != SIGNAL_JOIN) {
        log_debug("socket %u: %s", socket->number, signal_type_name(message->type));
        return;
    }
    char redacted[LOG_REDACTED_LEN], fingerprint[ROOM_FINGERPRINT_LEN];
    const char *peer = room_is_inside(&socket->member) ? socket->member.id : "refused";
    const struct log_field fields[] = {{"socket", NULL, socket->number},
                                       {"room", room_name_fingerprint(message->room, fingerprint),
                                        0},
                                       {"peer", peer, 0},
                                       {0}};
    log_event(LOG_INFO, "join", fields, "socket %u: join %s: %s", socket->number,
              log_redact(message->room, redacted), peer);
}

static void socket_handle(struct socket *socket, const struct signal_message *message)
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
    size_t rate = rate_of(socket);
    size_t burst = rate / server->config.messages_per_s * server->config.messages_burst;
    if (!bucket_take(&socket->bucket, rate, burst, clock_now_us())) {
        socket_doom(socket, DOOM_TALKS);
        return;
    }
    struct signal_message message;
    int error = message_scan(text, &message) ? 0 : signal_message_decode(text, &message);
    if (error < 0) {
        log_debug("socket %u: malformed message of %zu bytes", socket->number, text.len);
        room_handle_malformed(server->rooms, &socket->member, error, message.type);
        return;
    }
    socket_handle(socket, &message);
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
