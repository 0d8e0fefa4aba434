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
#include "net/pump.h"
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

/* A place for one more socket, among those of all workers. */
static bool take_place(struct signal_server *server)
{
    size_t max = server->config.connections_max;
    if (!server->workers)
        return server->socket_count < max;
    return worker_board_admit(worker_link_board(server->workers),
                              worker_link_index(server->workers), max);
}

static void give_place_back(struct signal_server *server)
{
    if (server->workers)
        worker_board_uncount(worker_link_board(server->workers),
                             worker_link_index(server->workers));
}

/* Whether there is a place, which is taken then; else says why not. */
static bool admit(struct signal_server *server, struct http_exchange *x,
                  const struct address *address)
{
    if (!take_place(server)) {
        log_warn("server: full: %zu connections", server->config.connections_max);
        server->counts.limits[SIGNAL_LIMIT_CONNECTIONS]++;
        answer(x, 503, "the signal server is full; try again later");
        return false;
    }
    if (!sources_has_room(&server->sources, address)) {
        char text[ADDRESS_TEXT_LEN];
        log_warn("server: too many connections of %s", address_format(address, text));
        server->counts.limits[SIGNAL_LIMIT_ADDRESS]++;
        give_place_back(server);
        answer(x, 429, "too many connections from this address");
        return false;
    }
    return true;
}

static void upgrade(struct signal_server *server, struct http_exchange *x,
                    const struct http_request *request, struct span key)
{
    struct address address;
    http_exchange_peer_address(x, &address);
    if (!admit(server, x, &address))
        return;
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

/* --- one of several workers ----------------------------------------------- */

/* Each worker is a server of the cluster by itself. */
static void stats_of_cluster(const struct signal_server *server, struct signal_server_stats *out)
{
    out->has_cluster = server->cluster;
    if (server->cluster)
        cluster_stats(cluster_redis_cluster(server->cluster), clock_now_us(), &out->cluster);
}

static void stats_here(const struct signal_server *server, struct signal_server_stats *out)
{
    *out = (struct signal_server_stats){
        .rooms = rooms_count(server->rooms),
        .members = rooms_member_count(server->rooms),
        .sockets = server->socket_count,
        .queued_bytes = server->queued,
        .counts = server->counts,
    };
    stats_of_cluster(server, out);
    if (!server->cluster)
        return;
    out->rooms = out->cluster.rooms;
    out->members = out->cluster.seats;
}

static void write_board(const struct signal_server *server)
{
    struct signal_server_stats stats;
    stats_here(server, &stats);
    worker_board_write(worker_link_board(server->workers), worker_link_index(server->workers),
                       &stats);
}

static void on_turn(void *arg)
{
    struct signal_server *server = arg;
    worker_link_look(server->workers);
    write_board(server);
    if (server->farewell && list_is_empty(&server->pumps))
        timer_start_in(server->farewell, 0);
}

static void on_farewell_over(void *arg)
{
    struct signal_server *server = arg;
    timer_free(server->farewell);
    server->farewell = NULL;
    server->on_stopped(server->stopped_arg);
}

void signal_server_stop(struct signal_server *server, void (*on_done)(void *arg), void *arg)
{
    http_server_stop_listening(server->http);
    server->is_closed = true;
    socket_close_all(server);
    server->on_stopped = on_done;
    server->stopped_arg = arg;
    server->farewell = timer_new(server->loop, on_farewell_over, server);
    timer_start_in(server->farewell, SIGNAL_FAREWELL_US);
}

/* What is each worker's to give, all give a part of. */
static size_t share_of(size_t total, size_t least, const struct worker *worker)
{
    size_t share = total / (size_t)worker->workers->count;
    return share > least ? share : least;
}

static void workers_join(struct signal_server *server, const struct worker *worker)
{
    static const struct worker_link_handlers handlers = {socket_arrive, socket_claim_all};
    struct signal_server_config *config = &server->config;
    config->queues_max = share_of(config->queues_max, config->queue_max, worker);
    config->relay_total_mbit_per_s = share_of(config->relay_total_mbit_per_s, 1, worker);
    server->workers = worker_link_new(server->loop, worker, &server->sources, &handlers, server);
    server->turn_hook = turn_hook_new(server->loop, on_turn, NULL, server);
}

/* --- the whole ------------------------------------------------------------ */

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
        .listening = config->worker ? worker_listening(config->worker) : NULL,
    };
    int error = http_server_new(loop, config->host, config->port, &http_config, &server->http);
    if (error < 0) {
        free(server);
        return error;
    }
    list_init(&server->sockets);
    list_init(&server->pumps);
    sources_init(&server->sources, config->per_address_max, config->joins_per_s);
    server->rooms = rooms_new(config->per_room_max, socket_on_room_send, server);
    if (config->only_room)
        rooms_set_only(server->rooms, config->only_room);
    if (config->worker)
        workers_join(server, config->worker);
    socket_heartbeat_start(server);
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
    if (server->workers) {
        write_board(server);
        worker_board_sum(worker_link_board(server->workers), out);
        stats_of_cluster(server, out);
    } else {
        stats_here(server, out);
    }
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
    timer_free(server->farewell);
    pumps_close(&server->pumps);
    turn_hook_free(server->turn_hook);
    worker_link_free(server->workers);
    deadline_free(server->heartbeat);
    socket_relay_stop(server);
    cluster_redis_free(server->cluster);
    rooms_free(server->rooms);
    sources_deinit(&server->sources);
    /* A deferred drop_doomed() may be under way. */
    loop_defer(server->loop, server_destroy, server);
}
