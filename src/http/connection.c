/*
 * One client's connection: its states, the exchange that it has, and its end.
 * The memory of what has ended is freed in a later turn only, since any handler
 * may end the exchange or the connection.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "http/server_internal.h"

struct http_exchange *exchange_new(struct http_connection *c, const struct http_request *request)
{
    struct http_exchange *x = xcalloc(1, sizeof *x);
    x->connection = c;
    x->is_bare = request->is_bare;
    x->is_head = span_is_string(request->method, "HEAD");
    x->is_connect = span_is_string(request->method, "CONNECT");
    x->asked = request->framing;
    x->request = HALF_BODY;
    x->is_http10 = request->minor_version == 0;
    x->keeps_alive =
        !http_fields_list_has(request->fields, "Connection", "close") &&
        (!x->is_http10 || http_fields_list_has(request->fields, "Connection", "keep-alive"));
    x->wants_continue =
        !x->is_http10 && http_fields_list_has(request->fields, "Expect", "100-continue");
    http_sender_init(&x->sender, c->conn);
    return x;
}

static void exchange_free(void *arg)
{
    free(arg);
}

void exchange_free_later(struct http_exchange *x)
{
    x->connection->exchange = NULL;
    x->sender.conn = NULL;
    http_sender_deinit(&x->sender);
    loop_defer(x->connection->server->loop, exchange_free, x);
}

static void connection_free(void *arg)
{
    free(arg);
}

/* Off every list, without its conn and exchange; freed later. */
static void connection_detach(struct http_connection *c)
{
    assert(c->state != CONNECTION_GONE);
    c->state = CONNECTION_GONE;
    c->conn = NULL;
    if (c->exchange)
        exchange_free_later(c->exchange);
    server_unschedule(c);
    list_remove(&c->link);
    head_buffer_deinit(&c->in);
    http_body_deinit(&c->body);
    /* Deferred calls run in order: a flush or resume under way comes first. */
    loop_defer(c->server->loop, connection_free, c);
    server_uncount_connection(c->server);
}

void connection_close(struct http_connection *c)
{
    struct conn *conn = c->conn;
    connection_detach(c);
    conn_close(conn);
}

void connection_abandon(struct http_connection *c)
{
    struct conn *conn = c->conn;
    connection_detach(c);
    conn_abandon(conn);
}

void connection_reset(struct http_connection *c)
{
    struct conn *conn = c->conn;
    connection_detach(c);
    conn_reset(conn);
}

void connection_break(struct http_connection *c)
{
    struct conn *conn = c->conn;
    connection_detach(c);
    conn_break(conn);
}

struct conn *connection_release(struct http_connection *c)
{
    static const struct conn_handlers nobody;
    struct conn *conn = c->conn;
    connection_detach(c);
    conn_set_handlers(conn, &nobody, NULL);
    conn_set_abortive(conn, false);
    conn_set_reading(conn, true);
    return conn;
}

void connection_abort(struct http_connection *c)
{
    struct http_exchange *x = c->exchange;
    const struct http_exchange_handlers *handlers = x ? x->handlers : NULL;
    void *arg = x ? x->arg : NULL;
    connection_reset(c);
    if (handlers)
        handlers->on_abort(x, arg);
}

void connection_refuse(struct http_connection *c, int status)
{
    const char *reason = http_reason(status);
    char text[512];
    int len = snprintf(text, sizeof text,
                       "HTTP/1.1 %d %s\r\n"
                       "Date: %s\r\n"
                       "Content-Type: text/plain\r\n"
                       "Content-Length: %zu\r\n"
                       "Connection: close\r\n"
                       "\r\n"
                       "%s\n",
                       status, reason, server_date(c->server), strlen(reason) + 1, reason);
    conn_write(c->conn, span_of(text, (size_t)len));
    connection_close(c);
}

/* While its body is not read, a client that leaves is not seen to. */
static void connection_watch_stall(struct http_connection *c)
{
    if (!c->exchange->is_paused)
        server_unschedule(c);
    else if (list_is_empty(&c->timeout_link))
        server_schedule(c, TIMEOUT_STALL);
}

void connection_update_reading(struct http_connection *c)
{
    bool is_wanted = true;
    switch (c->state) {
    case CONNECTION_HEAD:
    case CONNECTION_DROP:
        break;
    case CONNECTION_BODY:
        connection_watch_stall(c);
        is_wanted = !c->exchange->is_paused;
        break;
    case CONNECTION_PIPE:
        is_wanted = !c->exchange->is_paused;
        break;
    case CONNECTION_RESPONSE:
        is_wanted = c->in.bytes.len == 0;
        break;
    case CONNECTION_TAIL:
    case CONNECTION_RESUME:
    case CONNECTION_SWITCHING:
        is_wanted = false;
        break;
    case CONNECTION_GONE:
        return;
    }
    conn_set_reading(c->conn, is_wanted);
}

/* After a response whose request was not read. */
static void connection_drop_rest(struct http_connection *c)
{
    if (c->body.framing == HTTP1_BODY_LENGTH && c->body.left > HTTP_DROP_MAX) {
        connection_close(c);
        return;
    }
    c->state = CONNECTION_DROP;
    c->dropped = 0;
    server_schedule(c, TIMEOUT_DROP);
    connection_update_reading(c);
}

/* The client has the time that it takes, as in the middle of the response, for
 * as long as it takes something. Until then nothing more of it is answered: who
 * asks and never reads shall not make the queue grow. */
static void connection_await_client(struct http_connection *c, bool is_last)
{
    c->state = CONNECTION_TAIL;
    c->is_last = is_last;
    c->tail = conn_queued(c->conn);
    if (is_last)
        conn_drain_fully(c->conn);
    server_schedule(c, TIMEOUT_TAIL);
    connection_update_reading(c);
}

/* A client that still sends is left to conn_close(): it may read only when it
 * is done. */
void connection_finish(struct http_connection *c)
{
    if (c->body.is_done && conn_queued(c->conn) > 0)
        connection_await_client(c, true);
    else
        connection_close(c);
}

void connection_next(struct http_connection *c, bool is_kept)
{
    if (!is_kept || !c->server->listener) {
        connection_finish(c);
    } else if (!c->body.is_done) {
        connection_drop_rest(c);
    } else if (conn_queued(c->conn) > CONN_DRAIN_MARK) {
        connection_await_client(c, false);
    } else if (c->in.bytes.len > 0) {
        c->state = CONNECTION_RESUME;
        server_unschedule(c);
        connection_update_reading(c);
        loop_defer(c->server->loop, c->go_on, c);
    } else if (c->has_ended) {
        connection_finish(c);
    } else {
        c->state = CONNECTION_HEAD;
        server_schedule(c, TIMEOUT_IDLE);
        connection_update_reading(c);
    }
}

void connection_switch(struct http_connection *c)
{
    c->state = CONNECTION_SWITCHING;
    server_unschedule(c);
    connection_update_reading(c);
    loop_defer(c->server->loop, c->go_on, c);
}
