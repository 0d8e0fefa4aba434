/*
 * Each socket has a struct socket and nothing else of ours while it is idle.
 *
 * Heartbeat: the sockets form a queue in the order of their next check. All
 * wait equally long, so who is checked goes to the back, and one timer for the
 * front serves them all. At a check a socket is pinged when it is time, or
 * dropped when at the next check it would have been silent for too long.
 *
 * A socket that breaks a limit while something else runs (its queue is full
 * because another peer sent to it) is only marked; the next turn drops it.
 */
#include "signal/server.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bucket.h"
#include "base/list.h"
#include "base/log.h"
#include "http/server.h"
#include "net/websocket.h"
#include "signal/handshake.h"
#include "signal/message.h"
#include "signal/room.h"
#include "signal/table.h"

enum {
    CLIENT_KEY_MAX = 8,
    CHECKS_PER_PING = 3, /* the more, the longer a silent socket may hope */
};

/* All sockets from one place. */
struct client {
    struct table_node node;
    size_t socket_count;
    uint8_t key[CLIENT_KEY_MAX];
};

struct socket {
    struct list link; /* by next check */
    struct signal_server *server;
    struct websocket *ws;
    struct client *client;
    struct room_member member;
    uint64_t check_at_us;
    uint64_t ping_at_us;
    uint64_t heard_at_us;
    struct bucket bucket; /* of messages that it may send */
    unsigned number;      /* names it in the log */
    const char *doom;     /* the reason to drop it in the next turn */
};

struct signal_server {
    struct loop *loop;
    struct http_server *http;
    struct signal_server_config config;
    struct list sockets;
    size_t socket_count;
    unsigned numbers;
    struct table clients;
    struct rooms *rooms;
    struct timer *heartbeat;
    bool has_doomed;
    bool is_closed;
};

void signal_server_config_init(struct signal_server_config *config)
{
    *config = (struct signal_server_config){
        .host = "0.0.0.0",
        .port = 8787,
        .connections_max = SIGNAL_CONNECTIONS_MAX,
        .per_address_max = SIGNAL_PER_ADDRESS_MAX,
        .messages_per_s = SIGNAL_MESSAGES_PER_S,
        .messages_burst = SIGNAL_MESSAGES_BURST,
        .queue_max = SIGNAL_QUEUE_MAX,
        .ping_us = SIGNAL_PING_US,
        .silence_us = SIGNAL_SILENCE_US,
    };
}

/* --- clients: how many sockets each address has ---------------------------- */

/* An IPv4 address, or the /64 that one IPv6 customer commands. */
static struct span client_key(const struct address *address, uint8_t out[CLIENT_KEY_MAX])
{
    const void *storage = &address->storage;
    if (address->storage.ss_family == AF_INET) {
        memcpy(out, &((const struct sockaddr_in *)storage)->sin_addr, 4);
        return span_of(out, 4);
    }
    const struct in6_addr *in6 = &((const struct sockaddr_in6 *)storage)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(in6)) {
        memcpy(out, in6->s6_addr + 12, 4);
        return span_of(out, 4);
    }
    memcpy(out, in6->s6_addr, 8);
    return span_of(out, 8);
}

static struct client *client_find(const struct signal_server *server, const struct address *address)
{
    uint8_t key[CLIENT_KEY_MAX];
    struct table_node *node = table_find(&server->clients, client_key(address, key));
    return node ? LIST_ENTRY(node, struct client, node) : NULL;
}

static struct client *client_find_or_new(struct signal_server *server,
                                         const struct address *address)
{
    struct client *client = client_find(server, address);
    if (client)
        return client;
    client = xcalloc(1, sizeof *client);
    table_insert(&server->clients, &client->node, client_key(address, client->key));
    return client;
}

static void client_drop_socket(struct signal_server *server, struct client *client)
{
    if (--client->socket_count > 0)
        return;
    table_remove(&server->clients, &client->node);
    free(client);
}

/* --- sockets ---------------------------------------------------------------- */

static void start_heartbeat(struct signal_server *server)
{
    struct list *first = list_first(&server->sockets);
    timer_start_at(server->heartbeat,
                   first ? LIST_ENTRY(first, struct socket, link)->check_at_us : TIME_NEVER);
}

/* Takes it off everything and closes it. */
static void socket_close(struct socket *socket, int code, const char *reason)
{
    struct signal_server *server = socket->server;
    list_remove(&socket->link);
    server->socket_count--;
    room_leave(server->rooms, &socket->member);
    client_drop_socket(server, socket->client);
    websocket_close(socket->ws, code, reason);
    free(socket);
}

static void socket_log_gone(const struct socket *socket, int code, const char *reason)
{
    log_info("socket %u: gone: %s%s(%d)", socket->number, reason, *reason ? " " : "", code);
}

static void drop_doomed(void *arg)
{
    struct signal_server *server = arg;
    server->has_doomed = false;
    if (server->is_closed)
        return;
    LIST_EACH(link, tmp, &server->sockets)
    {
        struct socket *socket = LIST_ENTRY(link, struct socket, link);
        if (!socket->doom)
            continue;
        log_warn("socket %u: dropped: %s", socket->number, socket->doom);
        /* Dooms others, at worst: none is freed but this one. */
        socket_close(socket, WEBSOCKET_POLICY, socket->doom);
    }
}

static void socket_doom(struct socket *socket, const char *reason)
{
    struct signal_server *server = socket->server;
    socket->doom = reason;
    if (server->has_doomed)
        return;
    server->has_doomed = true;
    loop_defer(server->loop, drop_doomed, server);
}

static void on_room_send(struct room_member *to, const struct signal_message *message, void *arg)
{
    const struct signal_server *server = arg;
    struct socket *socket = LIST_ENTRY(to, struct socket, member);
    if (socket->doom || server->is_closed) /* nobody leaves when all go */
        return;
    char *text = signal_message_encode(message);
    websocket_send(socket->ws, span_from_string(text));
    free(text);
    if (websocket_queued(socket->ws) > server->config.queue_max)
        socket_doom(socket, "reads too slowly");
}

static void socket_log_message(const struct socket *socket, const struct signal_message *message)
{
    char redacted[LOG_REDACTED_LEN];
    if (message->type == SIGNAL_JOIN)
        log_info("socket %u: join %s: %s", socket->number, log_redact(message->room, redacted),
                 room_is_inside(&socket->member) ? socket->member.id : "refused");
    else
        log_debug("socket %u: %s", socket->number, signal_type_name(message->type));
}

static void on_ws_message(struct span text, void *arg)
{
    struct socket *socket = arg;
    struct signal_server *server = socket->server;
    if (socket->doom)
        return;
    if (!bucket_take(&socket->bucket, server->config.messages_per_s, server->config.messages_burst,
                     clock_now_us())) {
        socket_doom(socket, "too many messages");
        return;
    }
    struct signal_message message;
    int error = signal_message_decode(text, &message);
    if (error < 0) {
        log_debug("socket %u: malformed message of %zu bytes", socket->number, text.len);
        room_handle_malformed(server->rooms, &socket->member, error, message.type);
        return;
    }
    room_handle(server->rooms, &socket->member, &message);
    socket_log_message(socket, &message);
    bool is_bye = message.type == SIGNAL_BYE;
    signal_message_deinit(&message);
    if (is_bye)
        socket_close(socket, WEBSOCKET_NORMAL, "bye");
}

static void on_ws_alive(void *arg)
{
    struct socket *socket = arg;
    socket->heard_at_us = clock_now_us();
}

static void on_ws_close(int code, const char *reason, void *arg)
{
    struct socket *socket = arg;
    socket_log_gone(socket, code, reason);
    socket_close(socket, WEBSOCKET_NORMAL, "");
}

static void socket_check(struct socket *socket, uint64_t now_us)
{
    struct signal_server *server = socket->server;
    uint64_t interval_us = server->config.ping_us / CHECKS_PER_PING;
    /* A check is late when this process did not run. What came meanwhile is
     * still unread then: that time is not the socket's silence. */
    uint64_t late_us = now_us - socket->check_at_us;
    uint64_t silent_us = now_us - socket->heard_at_us;
    silent_us -= silent_us < late_us ? silent_us : late_us;
    socket->heard_at_us = now_us - silent_us;
    if (silent_us >= server->config.silence_us - interval_us) {
        log_info("socket %u: dropped: silent for %llu s", socket->number,
                 (unsigned long long)(silent_us / US_PER_S));
        socket_close(socket, WEBSOCKET_POLICY, "no answer to pings");
        return;
    }
    socket->check_at_us = now_us + interval_us;
    list_remove(&socket->link);
    list_append(&server->sockets, &socket->link);
    if (now_us >= socket->ping_at_us) {
        socket->ping_at_us = now_us + server->config.ping_us;
        websocket_ping(socket->ws);
    }
}

static void on_heartbeat(void *arg)
{
    struct signal_server *server = arg;
    uint64_t now_us = clock_now_us();
    struct list *first;
    while ((first = list_first(&server->sockets)) != NULL) {
        struct socket *socket = LIST_ENTRY(first, struct socket, link);
        if (socket->check_at_us > now_us)
            break;
        socket_check(socket, now_us);
    }
    start_heartbeat(server);
}

static void socket_new(struct signal_server *server, struct conn *conn, struct span early,
                       const struct address *address)
{
    static const struct websocket_handlers handlers = {on_ws_message, on_ws_alive, on_ws_close};
    uint64_t now_us = clock_now_us();
    struct socket *socket = xcalloc(1, sizeof *socket);
    socket->server = server;
    socket->number = ++server->numbers;
    socket->heard_at_us = now_us;
    socket->check_at_us = now_us + server->config.ping_us / CHECKS_PER_PING;
    socket->ping_at_us = now_us + server->config.ping_us;
    socket->client = client_find_or_new(server, address);
    socket->client->socket_count++;
    list_append(&server->sockets, &socket->link);
    server->socket_count++;
    if (server->socket_count == 1)
        start_heartbeat(server);
    socket->ws = websocket_new(server->loop, conn, WEBSOCKET_SERVER, SIGNAL_MESSAGE_MAX, early,
                               &handlers, socket);
    char text[ADDRESS_TEXT_LEN];
    log_debug("socket %u: open from %s", socket->number, address_format(address, text));
}

/* --- HTTP ------------------------------------------------------------------- */

static void answer(struct http_exchange *x, int status, const char *text)
{
    static const struct http_field version[] = {
        {SPAN_LITERAL("Sec-WebSocket-Version"), SPAN_LITERAL("13")}};
    /* RFC 6455 section 4.4: tells which version would do. */
    struct http_fields extra = {version, status == 426};
    char *line = xasprintf("%s\n", text);
    http_exchange_reply(x, status, "text/plain; charset=utf-8", extra, span_from_string(line));
    free(line);
}

static void answer_health(struct signal_server *server, struct http_exchange *x)
{
    static const struct http_field fields[] = {
        {SPAN_LITERAL("Cache-Control"), SPAN_LITERAL("no-store")}};
    char *json = xasprintf("{\"status\":\"ok\",\"rooms\":%zu,\"peers\":%zu}\n",
                           rooms_count(server->rooms), rooms_member_count(server->rooms));
    http_exchange_reply(x, 200, "application/json", (struct http_fields){fields, 1},
                        span_from_string(json));
    free(json);
}

static void upgrade(struct signal_server *server, struct http_exchange *x,
                    const struct http_request *request, struct span key)
{
    struct address address;
    http_exchange_peer_address(x, &address);
    if (server->socket_count >= server->config.connections_max) {
        log_warn("server: full: %zu connections", server->socket_count);
        answer(x, 503, "the signal server is full; try again later");
        return;
    }
    const struct client *client = client_find(server, &address);
    size_t per_address_max = server->config.per_address_max;
    if (client && per_address_max > 0 && client->socket_count >= per_address_max) {
        char text[ADDRESS_TEXT_LEN];
        log_warn("server: too many connections of %s", address_format(&address, text));
        answer(x, 429, "too many connections from this address");
        return;
    }
    char accept[WEBSOCKET_ACCEPT_LEN + 1];
    websocket_accept_key(key, accept);
    struct span subprotocol = handshake_subprotocol(request);
    const struct http_field fields[] = {
        {SPAN_LITERAL("Upgrade"), SPAN_LITERAL("websocket")},
        {SPAN_LITERAL("Connection"), SPAN_LITERAL("Upgrade")},
        {SPAN_LITERAL("Sec-WebSocket-Accept"), span_from_string(accept)},
        {SPAN_LITERAL("Sec-WebSocket-Protocol"), subprotocol},
    };
    const struct http_response response = {.status = 101,
                                           .minor_version = 1,
                                           .fields = {fields, subprotocol.len > 0 ? 4 : 3}};
    int error = http_exchange_respond(x, &response);
    assert(error == 0); /* the fields are all ours or checked */
    (void)error;
    struct span early = {0};
    struct conn *conn = http_exchange_upgrade(x, &early);
    socket_new(server, conn, early, &address);
}

static bool is_health(struct span target)
{
    return span_is_string(target, "/healthz") || span_starts_with(target, "/healthz?");
}

static void on_request(struct http_exchange *x, const struct http_request *request, void *arg)
{
    struct signal_server *server = arg;
    if (handshake_is_upgrade(request)) {
        struct span key;
        const char *wrong = handshake_check_request(request, &key);
        if (wrong)
            answer(x, strstr(wrong, "version") ? 426 : 400, wrong);
        else
            upgrade(server, x, request, key);
        return;
    }
    bool is_read =
        span_is_string(request->method, "GET") || span_is_string(request->method, "HEAD");
    if (is_health(request->target) && is_read)
        answer_health(server, x);
    else if (is_health(request->target))
        answer(x, 405, "/healthz can only be read");
    else
        answer(x, 426, "this is a signal server; it speaks WebSocket");
}

int signal_server_new(struct loop *loop, const struct signal_server_config *config,
                      struct signal_server **out)
{
    assert(config->silence_us >= 2 * config->ping_us);
    assert(config->messages_per_s > 0 && config->messages_burst > 0);
    struct signal_server *server = xcalloc(1, sizeof *server);
    server->loop = loop;
    server->config = *config;
    server->config.host = NULL; /* the caller's */
    const struct http_server_config http_config = {
        .on_request = on_request,
        .arg = server,
        .connections_max = config->connections_max,
        .head_timeout_us = SIGNAL_HEAD_US,
        .idle_timeout_us = SIGNAL_HEAD_US,
    };
    int error = http_server_new(loop, config->host, config->port, &http_config, &server->http);
    if (error < 0) {
        free(server);
        return error;
    }
    list_init(&server->sockets);
    table_init(&server->clients);
    server->rooms = rooms_new(on_room_send, server);
    server->heartbeat = timer_new(loop, on_heartbeat, server);
    *out = server;
    return 0;
}

uint16_t signal_server_port(const struct signal_server *server)
{
    return http_server_port(server->http);
}

static void server_destroy(void *arg)
{
    free(arg);
}

void signal_server_close(struct signal_server *server)
{
    if (!server)
        return;
    http_server_free(server->http);
    server->is_closed = true;
    LIST_EACH(link, tmp, &server->sockets)
    {
        struct socket *socket = LIST_ENTRY(link, struct socket, link);
        socket_close(socket, WEBSOCKET_GOING_AWAY, "the server shuts down");
    }
    timer_free(server->heartbeat);
    rooms_free(server->rooms);
    table_deinit(&server->clients);
    /* A deferred drop_doomed() may be under way. */
    loop_defer(server->loop, server_destroy, server);
}
