/*
 * One client's connection: its states, its time and its end.
 *
 * While a response is outstanding the connection is still read, because a FIN
 * or a reset is seen only by reading. What comes then is the next request,
 * sent early (pipelining), or the first bytes of a pipe that is not open yet:
 * one read of it is kept, then the rest waits in the kernel.
 *
 * Any handler may end the exchange or the connection. So after each call
 * outward the state is looked at afresh, and the memory of what has ended is
 * freed in a later turn only.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "http/server_internal.h"

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

void connection_update_reading(struct http_connection *c)
{
    bool is_wanted = true;
    switch (c->state) {
    case CONNECTION_HEAD:
    case CONNECTION_DROP:
        break;
    case CONNECTION_BODY:
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

static void check_tail(struct http_connection *c)
{
    if (conn_queued(c->conn) == c->tail) {
        connection_reset(c);
        return;
    }
    c->tail = conn_queued(c->conn);
    server_schedule(c, TIMEOUT_TAIL);
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
        loop_defer(c->server->loop, connection_resume, c);
    } else if (c->has_ended) {
        connection_finish(c);
    } else {
        c->state = CONNECTION_HEAD;
        server_schedule(c, TIMEOUT_IDLE);
        connection_update_reading(c);
    }
}

/* The client's FIN has come while its response is outstanding (see server.h),
 * or would not be seen behind pipelined bytes. Called again and again for as
 * long as the kernel says that the client is there. */
static void check_client(struct http_connection *c)
{
    enum peer_owner owner = conn_peer_owner(c->conn);
    if (owner == PEER_OWNED) {
        c->had_owner = true;
        c->is_half_closed = c->has_ended;
        server_schedule(c, TIMEOUT_CLIENT);
        return;
    }
    bool is_gone = owner == PEER_ORPHANED || (owner == PEER_MISSING && c->had_owner);
    bool is_late = c->has_ended && http_exchange_has_responded(c->exchange) && !c->is_half_closed;
    if (is_gone || is_late) {
        connection_abort(c);
    } else if (c->has_ended) {
        c->is_half_closed = true;
    }
}

void connection_on_timeout(struct http_connection *c)
{
    if (c->state == CONNECTION_RESPONSE)
        check_client(c);
    else if (c->state == CONNECTION_TAIL)
        check_tail(c);
    else if (c->state == CONNECTION_HEAD && c->in.bytes.len > 0)
        connection_refuse(c, 408);
    else
        connection_finish(c);
}

static void on_data(struct span bytes, void *arg)
{
    connection_feed(arg, bytes);
}

static void on_end(void *arg)
{
    struct http_connection *c = arg;
    c->has_ended = true;
    switch (c->state) {
    case CONNECTION_HEAD:
    case CONNECTION_DROP:
        connection_finish(c);
        break;
    case CONNECTION_BODY: /* the request will never be whole */
        connection_abort(c);
        break;
    case CONNECTION_RESPONSE:
        check_client(c);
        break;
    case CONNECTION_PIPE:
        connection_end_pipe(c);
        break;
    case CONNECTION_SWITCHING:
    case CONNECTION_TAIL:
    case CONNECTION_RESUME:
    case CONNECTION_GONE:
        break;
    }
}

static void on_drain(void *arg)
{
    struct http_connection *c = arg;
    struct http_exchange *x = c->exchange;
    if (c->state == CONNECTION_TAIL)
        connection_next(c, !c->is_last);
    else if (x && x->handlers && x->handlers->on_drain)
        x->handlers->on_drain(x, x->arg);
}

static void on_close(int error, const char *text, void *arg)
{
    (void)error;
    (void)text;
    connection_abort(arg);
}

void connection_new(struct http_server *server, struct conn *conn)
{
    static const struct conn_handlers handlers = {.on_data = on_data,
                                                  .on_end = on_end,
                                                  .on_drain = on_drain,
                                                  .on_close = on_close};
    struct http_connection *c = xcalloc(1, sizeof *c);
    c->server = server;
    c->conn = conn;
    c->state = CONNECTION_HEAD;
    head_buffer_init(&c->in);
    http_body_init(&c->body, HTTP1_BODY_NONE, 0);
    list_init(&c->timeout_link);
    list_init(&c->link);
    list_append(&server->connections, &c->link);
    server_count_connection(server);
    conn_set_handlers(conn, &handlers, c);
    server_schedule(c, TIMEOUT_IDLE);
}
