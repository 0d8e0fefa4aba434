/*
 * A request is answered here, or becomes a WebSocket and goes to socket.c.
 */
#include "signal/server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "http/server.h"
#include "net/deadline.h"
#include "net/private_address.h"
#include "net/websocket.h"
#include "signal/handshake.h"
#include "signal/server_internal.h"
#include "signal/static_file.h"

void signal_server_config_init(struct signal_server_config *config)
{
    *config = (struct signal_server_config){
        .host = "0.0.0.0",
        .port = 8787,
        .connections_max = SIGNAL_CONNECTIONS_MAX,
        .per_address_max = SIGNAL_PER_ADDRESS_MAX,
        .per_room_max = SIGNAL_PER_ROOM_MAX,
        .messages_per_s = SIGNAL_MESSAGES_PER_S,
        .messages_burst = SIGNAL_MESSAGES_BURST,
        .joins_per_s = SIGNAL_JOINS_PER_S,
        .queue_max = SIGNAL_QUEUE_MAX,
        .queues_max = SIGNAL_QUEUES_MAX,
        .relay_mbit_per_s = SIGNAL_RELAY_MBIT_PER_S,
        .relay_total_mbit_per_s = SIGNAL_RELAY_TOTAL_MBIT_PER_S,
        .stuck_us = SIGNAL_STUCK_US,
        .ice = {.lifetime_s = ICE_CREDENTIALS_LIFETIME_S},
        .ping_us = SIGNAL_PING_US,
        .silence_us = SIGNAL_SILENCE_US,
    };
}

/* --- HTTP ----------------------------------------------------------------- */

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
    static const char *const states[] = {
        [CLUSTER_AWAY] = "away",
        [CLUSTER_GRACE] = "away",
        [CLUSTER_UP] = "up",
    };
    struct signal_server_stats stats;
    signal_server_stats(server, &stats);
    char *cluster = stats.has_cluster
                        ? xasprintf(",\"cluster\":\"%s\"", states[stats.cluster.state])
                        : xstrdup("");
    char *json = xasprintf("{\"status\":\"ok\",\"rooms\":%zu,\"peers\":%zu%s}\n", stats.rooms,
                           stats.members, cluster);
    free(cluster);
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
        server->counts.limits[SIGNAL_LIMIT_CONNECTIONS]++;
        answer(x, 503, "the signal server is full; try again later");
        return;
    }
    if (!sources_has_room(&server->sources, &address)) {
        char text[ADDRESS_TEXT_LEN];
        log_warn("server: too many connections of %s", address_format(&address, text));
        server->counts.limits[SIGNAL_LIMIT_ADDRESS]++;
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

/* A handshake whose Upgrade a web server in front has not passed on is no
 * request for a file. */
static bool answer_web(struct signal_server *server, struct http_exchange *x,
                       const struct http_request *request)
{
    const struct static_files *web = server->config.web;
    if (!web || http_fields_find(request->fields, "Sec-WebSocket-Key"))
        return false;
    if (!static_files_answer(web, x, request))
        answer(x, 404, "there is no such file; a link is opened by the page at /");
    return true;
}

/* Of a server for its own network. */
static bool comes_from_afar(struct http_exchange *x)
{
    struct address address;
    http_exchange_peer_address(x, &address);
    return !address_is_private(&address) && !address_is_loopback(&address);
}

static void on_request(struct http_exchange *x, const struct http_request *request, void *arg)
{
    struct signal_server *server = arg;
    if (server->config.is_near && comes_from_afar(x)) {
        answer(x, 403, "this signal server is for its own network");
        return;
    }
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
    else if (!answer_web(server, x, request))
        answer(x, 426,
               "this is a signal server; it speaks WebSocket. A link is opened by `tunnel proxy "
               "LINK`, "
               "not by a browser");
}

static bool make_room(void *arg)
{
    return socket_drop_idle(arg);
}

int signal_server_new(struct loop *loop, const struct signal_server_config *config,
                      struct signal_server **out)
{
    assert(config->silence_us >= 2 * config->ping_us);
    assert(config->messages_per_s > 0 && config->messages_burst > 0);
    assert(config->queues_max >= config->queue_max);
    struct signal_server *server = xcalloc(1, sizeof *server);
    server->loop = loop;
    server->config = *config;
    server->config.host = NULL; /* the caller's, as is only_room */
    const struct http_server_config http_config = {
        .on_request = on_request,
        .make_room = make_room,
        .arg = server,
        .tls = config->tls,
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
    sources_init(&server->sources, config->per_address_max, config->joins_per_s);
    server->rooms = rooms_new(config->per_room_max, socket_on_room_send, server);
    if (config->only_room)
        rooms_set_only(server->rooms, config->only_room);
    server->heartbeat = deadline_new(loop, socket_heartbeat_us, socket_on_heartbeat, server);
    socket_relay_start(server);
    socket_seat_start(server);
    *out = server;
    return 0;
}

uint16_t signal_server_port(const struct signal_server *server)
{
    return http_server_port(server->http);
}

void signal_server_stats(const struct signal_server *server, struct signal_server_stats *out)
{
    *out = (struct signal_server_stats){
        .rooms = rooms_count(server->rooms),
        .members = rooms_member_count(server->rooms),
        .sockets = server->socket_count,
        .queued_bytes = server->queued,
        .counts = server->counts,
        .has_cluster = server->cluster,
    };
    if (!server->cluster)
        return;
    cluster_stats(cluster_redis_cluster(server->cluster), clock_now_us(), &out->cluster);
    out->rooms = out->cluster.rooms;
    out->members = out->cluster.seats;
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
    socket_close_all(server);
    deadline_free(server->heartbeat);
    socket_relay_stop(server);
    cluster_redis_free(server->cluster);
    rooms_free(server->rooms);
    sources_deinit(&server->sources);
    /* A deferred drop_doomed() may be under way. */
    loop_defer(server->loop, server_destroy, server);
}
