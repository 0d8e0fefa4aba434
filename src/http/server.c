/*
 * Listening, limits, and what the time brings.
 */
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/server_internal.h"
#include "net/deadline.h"
#include "net/wake_watch.h"

#define WAKE_GRACE_US (2 * US_PER_S) /* for who has slept as long as we have */

static struct http_connection *first_of(const struct timeout_queue *queue)
{
    struct list *link = list_first(&queue->connections);
    return link ? LIST_ENTRY(link, struct http_connection, timeout_link) : NULL;
}

static uint64_t next_us(void *arg)
{
    const struct http_server *server = arg;
    uint64_t at_us = TIME_NEVER;
    for (int i = 0; i < TIMEOUT_COUNT; i++) {
        const struct http_connection *c = first_of(&server->timeouts[i]);
        if (c && c->deadline_us < at_us)
            at_us = c->deadline_us;
    }
    return at_us;
}

static void on_due(void *arg)
{
    struct http_server *server = arg;
    uint64_t now_us = clock_now_us();
    for (int i = 0; i < TIMEOUT_COUNT; i++) {
        struct timeout_queue *queue = &server->timeouts[i];
        struct http_connection *c;
        while ((c = first_of(queue)) != NULL && c->deadline_us <= now_us) {
            server_unschedule(c);
            connection_on_timeout(c);
        }
    }
}

/* Most clients are programs on this machine: none had a chance to do what it
 * is expected to. */
static void on_wake(uint64_t since_us, void *arg)
{
    struct http_server *server = arg;
    uint64_t least_us = clock_now_us() + WAKE_GRACE_US;
    (void)since_us;
    for (int i = 0; i < TIMEOUT_COUNT; i++) {
        LIST_EACH(link, tmp, &server->timeouts[i].connections) {
            struct http_connection *c = LIST_ENTRY(link, struct http_connection, timeout_link);
            if (c->deadline_us < least_us)
                c->deadline_us = least_us;
        }
    }
}

/* The first whose client has taken all that it was answered, and has said no
 * more: of many that come in one turn, what each asks is yet to be read. */
static struct http_connection *first_answered(const struct timeout_queue *queue)
{
    LIST_EACH(link, tmp, &queue->connections) {
        struct http_connection *c = LIST_ENTRY(link, struct http_connection, timeout_link);
        if (conn_queued(c->conn) == 0 && !conn_has_more(c->conn))
            return c;
    }
    return NULL;
}

/* Who has waited longest for its client to say something: it has no request,
 * or a part of a head. NULL: all are at work. */
static struct http_connection *longest_waiting(const struct http_server *server)
{
    const struct timeout_queue *idle = &server->timeouts[TIMEOUT_IDLE];
    const struct timeout_queue *heads = &server->timeouts[TIMEOUT_HEAD];
    struct http_connection *x = first_answered(idle);
    struct http_connection *y = first_answered(heads);
    if (!x || !y)
        return x ? x : y;
    return x->deadline_us - idle->after_us < y->deadline_us - heads->after_us ? x : y;
}

static void tell_eviction(const struct http_server *server, const char *why)
{
    log_warn("http: port %u: %s: closed a connection that waited for a request", server->port, why);
}

/* Over the limit, who says nothing makes way: one machine that only opens
 * connections must not keep everybody else out. Who has said something is told
 * why; who has not could take that for the answer to what it says next. */
static void make_room(struct http_server *server)
{
    if (server->connection_count < server->config.connections_max)
        return;
    struct http_connection *c = longest_waiting(server);
    if (!c)
        return;
    tell_eviction(server, "as many connections as may be");
    if (c->in.bytes.len > 0)
        connection_refuse(c, 503);
    else
        connection_close(c);
}

/* The process has no descriptor for the one that is to be accepted. A close
 * would hold one for a while; a reset would take with it what the kernel still
 * has of the last response. */
static bool make_descriptor(void *arg)
{
    struct http_server *server = arg;
    struct http_connection *c = longest_waiting(server);
    if (c) {
        tell_eviction(server, "too many open files");
        connection_abandon(c);
    }
    return c || (server->config.make_room && server->config.make_room(server->config.arg));
}

static void on_accept(struct conn *conn, void *arg)
{
    struct http_server *server = arg;
    make_room(server);
    if (server->connection_count < server->config.connections_max) {
        connection_new(server, conn);
        return;
    }
    conn_write(conn, SPAN_LITERAL("HTTP/1.1 503 Service Unavailable\r\n"
                                  "Content-Type: text/plain\r\n"
                                  "Content-Length: 21\r\n"
                                  "Retry-After: 1\r\n"
                                  "Connection: close\r\n"
                                  "\r\n"
                                  "too many connections\n"));
    conn_close(conn);
}

int http_server_new(struct loop *loop, const char *host, uint16_t port,
                    const struct http_server_config *config, struct http_server **out)
{
    struct http_server *server = xcalloc(1, sizeof *server);
    int error = 0;
    if (config->listening)
        server->listener = listener_adopt(loop, config->listening, on_accept, server);
    else
        error = listener_new(loop, host, port, on_accept, server, &server->listener);
    if (error < 0) {
        free(server);
        return error;
    }
    listener_set_make_room(server->listener, make_descriptor);
    listener_set_tls(server->listener, config->tls);
    server->loop = loop;
    server->config = *config;
    server->port = listener_port(server->listener);
    server->inquiry = peer_owner_open();
    list_init(&server->connections);
    for (int i = 0; i < TIMEOUT_COUNT; i++)
        list_init(&server->timeouts[i].connections);
    server->timeouts[TIMEOUT_IDLE].after_us = config->idle_timeout_us;
    server->timeouts[TIMEOUT_TAIL].after_us = config->idle_timeout_us;
    server->timeouts[TIMEOUT_HEAD].after_us = config->head_timeout_us;
    server->timeouts[TIMEOUT_DROP].after_us = HTTP_DROP_US;
    server->timeouts[TIMEOUT_CLIENT].after_us = HTTP_CLIENT_CHECK_US;
    server->timeouts[TIMEOUT_STALL].after_us = HTTP_STALL_CHECK_US;
    server->deadline = deadline_new(loop, next_us, on_due, server);
    server->wake = wake_watch_new(loop, on_wake, server);
    *out = server;
    return 0;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_stop_listening(struct http_server *server)
{
    if (!server->listener)
        return;
    listener_close(server->listener);
    server->listener = NULL;
    LIST_EACH(link, tmp, &server->connections) {
        struct http_connection *c = LIST_ENTRY(link, struct http_connection, link);
        if (c->state == CONNECTION_HEAD && c->in.bytes.len == 0)
            connection_finish(c);
    }
}

static void server_destroy(void *arg)
{
    free(arg);
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    http_server_stop_listening(server);
    LIST_EACH(link, tmp, &server->connections) {
        struct http_connection *c = LIST_ENTRY(link, struct http_connection, link);
        if (c->exchange)
            connection_reset(c);
        else
            connection_close(c);
    }
    if (server->inquiry >= 0)
        close(server->inquiry);
    deadline_free(server->deadline);
    wake_watch_free(server->wake);
    /* Behind the deferred calls of its connections. */
    loop_defer(server->loop, server_destroy, server);
}
