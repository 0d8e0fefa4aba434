/*
 * A pipe between a stream and a connection. Each direction ends by itself, and
 * the pipe is over when both have, or with an error of either side, which
 * breaks the other.
 */
#include "tunnel/connect.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "net/conn.h"

struct connect {
    struct mux_stream *stream; /* the mux's once both directions have ended */
    struct conn *conn;
    bool is_open;
    bool has_client_ended;
    bool has_upstream_ended;
};

bool connect_is_allowed(struct span target, const char *host, uint16_t port)
{
    bool is_v6 = strchr(host, ':') != NULL;
    char *own = xasprintf("%s%s%s:%u", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
    bool is_own = port != 0 && span_is_string_nocase(target, own);
    free(own);
    return is_own;
}

static enum stream_error error_of(int error)
{
    switch (error) {
    case -ENOENT:
    case -EAGAIN:
        return STREAM_DNS;
    case -ECONNREFUSED:
        return STREAM_REFUSED;
    case -ETIMEDOUT:
        return STREAM_TIMEOUT;
    default:
        return STREAM_UNREACHABLE;
    }
}

/* --- from the upstream ---------------------------------------------------------- */

static void on_open(void *arg)
{
    struct connect *c = arg;
    struct head head;
    head_init(&head);
    head.status = 200;
    head.reason = span_from_string(http_reason(200));
    head.framing = HTTP_BODY_PIPE;
    c->is_open = true;
    conn_set_abortive(c->conn, true);
    int error = mux_stream_respond(c->stream, &head);
    (void)error; /* a head without fields fits any frame */
    if (c->has_client_ended)
        conn_end(c->conn);
}

static void on_data(struct span bytes, void *arg)
{
    struct connect *c = arg;
    mux_stream_write(c->stream, bytes);
    if (!mux_stream_is_writable(c->stream))
        conn_set_reading(c->conn, false);
}

/* conn_close() lets what is queued for the upstream go out. */
static void finish_if_over(struct connect *c)
{
    if (!c->has_client_ended || !c->has_upstream_ended)
        return;
    conn_close(c->conn);
    free(c);
}

static void on_upstream_end(void *arg)
{
    struct connect *c = arg;
    c->has_upstream_ended = true;
    mux_stream_end(c->stream, (struct http_fields){0});
    finish_if_over(c);
}

static void on_conn_drain(void *arg)
{
    struct connect *c = arg;
    mux_stream_set_held(c->stream, conn_queued(c->conn), clock_now_us());
}

static void on_close(int error, const char *text, void *arg)
{
    struct connect *c = arg;
    log_info("serve: stream %u: CONNECT: %s", mux_stream_id(c->stream), text);
    mux_stream_break(c->stream, c->is_open ? STREAM_BROKEN : error_of(error), text);
    conn_close(c->conn);
    free(c);
}

static const struct conn_handlers conn_handlers = {
    .on_open = on_open,
    .on_data = on_data,
    .on_end = on_upstream_end,
    .on_drain = on_conn_drain,
    .on_close = on_close,
};

/* --- from the tunnel -------------------------------------------------------------- */

static void on_body(struct span bytes, void *arg)
{
    struct connect *c = arg;
    conn_write(c->conn, bytes);
    mux_stream_set_held(c->stream, conn_queued(c->conn), clock_now_us());
}

static void on_client_end(struct http_fields trailers, void *arg)
{
    (void)trailers;
    struct connect *c = arg;
    c->has_client_ended = true;
    if (c->is_open)
        conn_end(c->conn);
    finish_if_over(c);
}

static void on_error(enum stream_error error, const char *text, void *arg)
{
    (void)error;
    (void)text;
    struct connect *c = arg;
    conn_reset(c->conn);
    free(c);
}

static void on_stream_drain(void *arg)
{
    struct connect *c = arg;
    conn_set_reading(c->conn, true);
}

static const struct mux_stream_handlers stream_handlers = {
    .on_body = on_body,
    .on_end = on_client_end,
    .on_error = on_error,
    .on_drain = on_stream_drain,
};

void connect_start(struct loop *loop, struct mux_stream *stream, const char *host, uint16_t port,
                   uint64_t timeout_us)
{
    struct connect *c = xcalloc(1, sizeof *c);
    c->stream = stream;
    mux_stream_accept(stream, &stream_handlers, c);
    c->conn = conn_connect(loop, host, port, NULL, timeout_us, &conn_handlers, c);
    conn_read_fully(c->conn);
}
