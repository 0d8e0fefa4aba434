/*
 * What one client does: it sends, which is taken apart into heads, bodies,
 * pipelined bytes and the bytes of a pipe; or it ends.
 *
 * While a response is outstanding the connection is still read, because a FIN
 * or a reset is seen only by reading. What comes then is the next request,
 * sent early (pipelining), or the first bytes of a pipe that is not open yet:
 * one read of it is kept, then the rest waits in the kernel.
 *
 * Any handler may end the exchange or the connection. So after each call
 * outward the state is looked at afresh.
 */
#include <assert.h>
#include <errno.h>

#include "base/alloc.h"
#include "base/log.h"
#include "http/server_internal.h"

static void tell_body_end(struct http_exchange *x, struct http_fields trailers)
{
    x->request = HALF_ENDED;
    if (x->handlers->on_body_end)
        x->handlers->on_body_end(x, trailers, x->arg);
}

static void begin_exchange(struct http_connection *c, struct http_request *request,
                           struct span rest)
{
    enum http1_framing framing;
    uint64_t length;
    int error = http_request_framing(request, &framing, &length);
    if (error < 0) {
        connection_refuse(c, error == -ENOTSUP ? 501 : 400);
        return;
    }
    request->framing = http1_framing_told(framing);
    http_body_deinit(&c->body);
    http_body_init(&c->body, framing, length);
    http_body_keep_connection(&c->body, request->fields);
    c->state = c->body.is_done ? CONNECTION_RESPONSE : CONNECTION_BODY;
    c->is_acknowledged = false;
    server_unschedule(c);
    struct http_exchange *x = exchange_new(c, request);
    c->exchange = x;
    /* A client whose body is here already does not wait for our word. */
    if (c->body.is_done || rest.len > 0)
        x->wants_continue = false;
    c->early = rest;
    c->server->config.on_request(x, request, c->server->config.arg);
    c->early = (struct span){0};
    if (c->exchange != x)
        return;
    assert(x->handlers);   /* nobody took it */
    assert(!c->has_ended); /* nothing is read behind what waits here, so no end is seen */
    if (c->state == CONNECTION_BODY)
        exchange_check_continue(x);
    else if (x->asked != HTTP_BODY_PIPE)
        tell_body_end(x, (struct http_fields){0});
}

/* Bytes behind the request under way, or of a pipe that is not open yet. */
static size_t feed_pipelined(struct http_connection *c, struct span bytes)
{
    if (c->in.bytes.len == 0)
        buf_init(&c->in.bytes, CONN_READ_MORE); /* which is more than a head */
    if (buf_append(&c->in.bytes, bytes) < 0) {
        /* Not to be had from one read; reading stops after it. */
        connection_abort(c);
        return bytes.len;
    }
    connection_update_reading(c);
    if (c->state == CONNECTION_RESPONSE)
        server_schedule(c, TIMEOUT_CLIENT);
    return bytes.len;
}

/* What an HTTP/2 client says first; "SM" and two more line ends come behind. */
static const struct span http2_head = SPAN_LITERAL("PRI * HTTP/2.0\r\n\r\n");

/* Whether these bytes begin so, as far as they go. */
static bool may_be_http2(const struct http_connection *c, struct span bytes)
{
    size_t len = bytes.len < http2_head.len ? bytes.len : http2_head.len;
    return c->server->config.pipes_http2 && memcmp(bytes.data, http2_head.data, len) == 0;
}

static void begin_bare(struct http_connection *c, struct http_fields fields)
{
    struct http_request request = {
        .method = SPAN_LITERAL("CONNECT"),
        .target = SPAN_LITERAL("*"),
        .minor_version = 1,
        .fields = fields,
        .is_bare = true,
    };
    begin_exchange(c, &request, (struct span){0});
}

/* They are the pipe's first bytes. */
static void begin_http2(struct http_connection *c, struct span bytes)
{
    static const struct http_field alpn = {SPAN_LITERAL("ALPN"), SPAN_LITERAL("h2c")};
    struct head_buffer kept = c->in;
    head_buffer_init(&c->in);
    begin_bare(c, (struct http_fields){&alpn, 1});
    if (c->state != CONNECTION_GONE)
        feed_pipelined(c, bytes);
    head_buffer_deinit(&kept);
}

/* Once: most clients come again and again. They get an answer that they cannot
 * read. */
static void tell_tls(struct http_server *server, struct span head)
{
    static const uint8_t handshake[] = {22, 3}; /* RFC 8446 section 5.1 */
    if (server->has_told_tls || server->config.tls || head.len < sizeof handshake ||
        memcmp(head.data, handshake, sizeof handshake) != 0)
        return;
    server->has_told_tls = true;
    log_warn("http: port %u: a client speaks TLS to it, as for https:// or wss://; this port "
             "takes http:// and ws://",
             server->port);
}

static size_t feed_head(struct http_connection *c, struct span bytes)
{
    struct http_request request;
    struct http_field fields[HTTP_FIELDS_MAX];
    struct span head;
    size_t old_len = c->in.bytes.len;
    size_t taken = head_buffer_add(&c->in, bytes, &head);
    if (head.len == 0)
        return taken;
    bool is_http2 = may_be_http2(c, head);
    if (is_http2 && head.len >= http2_head.len) {
        begin_http2(c, head);
        return taken;
    }
    ssize_t head_len = is_http2 ? 0 : http_parse_request(head, &request, fields);
    if (head_len < 0) {
        tell_tls(c->server, head);
        connection_refuse(c, (int)-head_len);
        return taken;
    }
    if (head_len == 0) {
        head_buffer_keep(&c->in, head);
        if (old_len == 0)
            server_schedule(c, TIMEOUT_HEAD);
        return taken;
    }
    /* The head may lie in the buffer, which the connection needs for what
     * comes behind; it is let go of when the exchange has begun. */
    struct head_buffer kept = c->in;
    head_buffer_init(&c->in);
    size_t used = (size_t)head_len - old_len;
    begin_exchange(c, &request, span_skip(bytes, used));
    head_buffer_deinit(&kept);
    return used;
}

static void end_body(struct http_connection *c, struct http_exchange *x)
{
    struct http_field fields[HTTP_FIELDS_MAX];
    struct http_body body = c->body;
    /* The trailers must outlive what the callee does to the connection. */
    http_body_init(&c->body, HTTP1_BODY_NONE, 0);
    tell_body_end(x, http_body_trailers(&body, fields));
    http_body_deinit(&body);
}

static size_t feed_body(struct http_connection *c, struct span bytes)
{
    struct http_exchange *x = c->exchange;
    struct span content;
    x->wants_continue = false;
    ssize_t used = http_body_feed(&c->body, bytes, &content);
    if (used < 0) {
        const struct http_exchange_handlers *handlers = x->handlers;
        void *arg = x->arg;
        if (http_exchange_has_responded(x))
            connection_reset(c);
        else
            connection_refuse(c, 400);
        handlers->on_abort(x, arg);
        return bytes.len;
    }
    if (content.len > 0 && x->handlers->on_body)
        x->handlers->on_body(x, content, x->arg);
    if (c->exchange == x && c->body.is_done) {
        c->state = CONNECTION_RESPONSE;
        server_unschedule(c);
        connection_update_reading(c);
        end_body(c, x);
    }
    return (size_t)used;
}

static size_t feed_pipe(struct http_connection *c, struct span bytes)
{
    struct http_exchange *x = c->exchange;
    if (x->handlers->on_body)
        x->handlers->on_body(x, bytes, x->arg);
    return bytes.len;
}

static size_t feed_drop(struct http_connection *c, struct span bytes)
{
    struct span content;
    ssize_t used = http_body_feed(&c->body, bytes, &content);
    c->dropped += used > 0 ? (size_t)used : 0;
    if (used < 0 || c->dropped > HTTP_DROP_MAX)
        connection_close(c);
    else if (c->body.is_done)
        connection_next(c, true);
    return used < 0 ? bytes.len : (size_t)used;
}

static void feed(struct http_connection *c, struct span bytes)
{
    while (bytes.len > 0 && c->state != CONNECTION_GONE) {
        size_t used = bytes.len;
        switch (c->state) {
        case CONNECTION_HEAD:
            used = feed_head(c, bytes);
            break;
        case CONNECTION_BODY:
            used = feed_body(c, bytes);
            break;
        case CONNECTION_DROP:
            used = feed_drop(c, bytes);
            break;
        case CONNECTION_PIPE:
            used = feed_pipe(c, bytes);
            break;
        case CONNECTION_RESPONSE:
        case CONNECTION_TAIL:
        case CONNECTION_RESUME:
        case CONNECTION_SWITCHING:
            used = feed_pipelined(c, bytes);
            break;
        case CONNECTION_GONE:
            break;
        }
        bytes = span_skip(bytes, used);
    }
}

/* Goes on with the pipelined bytes, in a turn of its own: a thousand small
 * requests that are answered at once must not be a thousand calls deep. */
static void resume(struct http_connection *c)
{
    struct head_buffer kept = c->in;
    head_buffer_init(&c->in);
    c->state = CONNECTION_HEAD;
    feed(c, buf_bytes(&kept.bytes));
    head_buffer_deinit(&kept);
    connection_update_reading(c);
}

/* The client's direction of a pipe has ended. */
static void end_pipe(struct http_connection *c)
{
    struct http_exchange *x = c->exchange;
    if (x->response == HALF_ENDED) {
        const struct http_exchange_handlers *handlers = x->handlers;
        void *arg = x->arg;
        exchange_free_later(x);
        connection_next(c, false);
        if (handlers->on_body_end)
            handlers->on_body_end(x, (struct http_fields){0}, arg);
        return;
    }
    tell_body_end(x, (struct http_fields){0});
}

/* The turn after the switch: what came too early for it, and an end. */
static void open_pipe(struct http_connection *c)
{
    struct head_buffer kept = c->in;
    head_buffer_init(&c->in);
    c->state = CONNECTION_PIPE;
    if (kept.bytes.len > 0)
        feed(c, buf_bytes(&kept.bytes));
    head_buffer_deinit(&kept);
    if (c->state == CONNECTION_PIPE && c->has_ended)
        end_pipe(c);
    else
        connection_update_reading(c);
}

/* In a turn of its own. */
static void go_on(void *arg)
{
    struct http_connection *c = arg;
    if (c->state == CONNECTION_RESUME)
        resume(c);
    else if (c->state == CONNECTION_SWITCHING)
        open_pipe(c);
}

/* --- from the conn --- */

/* A client that writes head and body one after the other may wait for that. */
static void acknowledge_part(struct http_connection *c)
{
    bool is_part_of_head = c->state == CONNECTION_HEAD && c->in.bytes.len > 0;
    if ((c->state != CONNECTION_BODY && !is_part_of_head) || c->is_acknowledged)
        return;
    conn_acknowledge(c->conn);
    c->is_acknowledged = c->state == CONNECTION_BODY;
}

static void on_data(struct span bytes, void *arg)
{
    feed(arg, bytes);
    acknowledge_part(arg);
}

static size_t room(void *arg)
{
    const struct http_connection *c = arg;
    const struct http_exchange *x = c->exchange;
    bool takes_content = c->state == CONNECTION_BODY || c->state == CONNECTION_PIPE;
    return takes_content && x->handlers->room ? x->handlers->room(x, x->arg) : 0;
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
        if (c->server->config.tls)
            connection_abort(c);
        else
            connection_check_client(c);
        break;
    case CONNECTION_PIPE:
        end_pipe(c);
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
                                                  .room = room,
                                                  .on_end = on_end,
                                                  .on_drain = on_drain,
                                                  .on_close = on_close};
    struct http_connection *c = xcalloc(1, sizeof *c);
    c->server = server;
    c->conn = conn;
    c->state = CONNECTION_HEAD;
    c->go_on = go_on;
    head_buffer_init(&c->in);
    http_body_init(&c->body, HTTP1_BODY_NONE, 0);
    list_init(&c->timeout_link);
    list_init(&c->link);
    list_append(&server->connections, &c->link);
    server_count_connection(server);
    conn_set_handlers(conn, &handlers, c);
    server_schedule(c, TIMEOUT_IDLE);
    if (server->config.pipes_all)
        begin_bare(c, (struct http_fields){0});
}
