/*
 * A call has a connection of its own from beginning to end: a fresh one or
 * one from the pool. It is given back when the response has ended, the whole
 * request is out, and nothing came that was not asked for.
 *
 * A server closes idle connections when it likes, and its FIN may cross our
 * request. Such a call is sent once more, without anybody noticing, where
 * doing it twice does no harm. Where it might (POST), the risk is kept away
 * instead: such calls get a pooled connection only while it is fresh.
 *
 * A handler may cancel its call. So after each call outward is_gone is looked
 * at, and memory is freed in a later turn.
 */
#include "http/client.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"
#include "http/head_buffer.h"
#include "http/pool.h"
#include "http/sender.h"
#include "http/write.h"

/* How long a pooled connection counts as fresh: well under the shortest idle
 * time that servers in common use have (5 s in Node and uvicorn). */
#define FRESH_US (2 * US_PER_S)

enum { REQUEST_HEAD_MAX = 2 * HTTP_HEAD_MAX }; /* what another parser took, and our own fields */

struct http_client {
    struct loop *loop;
    char *host;
    struct http_client_config config;
    struct http_pool *pool;
    struct list calls;
};

struct http_call {
    struct http_client *client;
    struct list link;
    const struct http_call_handlers *handlers;
    void *arg;
    struct conn *conn;
    struct http_sender sender;
    struct buf again; /* the request's head while it may be sent once more */
    struct head_buffer in;
    struct http_body body; /* of the response, once it has begun */
    struct buf early;      /* written before it is known whether there is a pipe */
    int error;             /* of our own request, to be told in a later turn */
    const char *error_text;
    bool is_head;        /* the method */
    bool is_connect;     /* the method */
    bool wants_pipe;     /* the request's framing */
    bool is_pipe;        /* the response's */
    bool has_pipe_ended; /* the server's direction */
    bool owes_drain;     /* what was high went out at once */
    bool is_idempotent;  /* RFC 9110 section 9.2.2 */
    bool is_pooled;      /* the connection has served another call */
    bool is_paused;      /* http_call_set_reading(false) */
    bool has_request_ended;
    bool has_content; /* of the request; it is not kept for another try */
    bool has_bytes;   /* of a response */
    bool has_response;
    bool keeps_alive; /* the response says so */
    bool is_flush_scheduled;
    bool is_gone;
};

static void call_free(void *arg)
{
    free(arg);
}

/* Off its client; freed later. The conn is the caller's, and may be NULL. */
static struct conn *call_detach(struct http_call *call)
{
    assert(!call->is_gone);
    struct conn *conn = call->conn;
    call->is_gone = true;
    call->conn = NULL;
    call->sender.conn = NULL;
    list_remove(&call->link);
    http_sender_deinit(&call->sender);
    buf_deinit(&call->again);
    buf_deinit(&call->early);
    head_buffer_deinit(&call->in);
    loop_defer(call->client->loop, call_free, call);
    return conn;
}

static void call_fail(struct http_call *call, int error, const char *text)
{
    struct conn *conn = call_detach(call);
    http_body_deinit(&call->body);
    call->handlers->on_error(error, text, call->arg);
    /* After the handler: the text may belong to the conn. */
    if (conn)
        conn_reset(conn);
}

/* The response is whole. */
static void call_finish(struct http_call *call, bool is_reusable)
{
    struct http_client *client = call->client;
    bool is_kept = is_reusable && call->keeps_alive && call->has_request_ended;
    bool has_request_ended = call->has_request_ended;
    struct conn *conn = call_detach(call);
    struct http_field trailers[HTTP_FIELDS_MAX];
    if (is_kept)
        http_pool_put(client->pool, conn);
    else if (has_request_ended)
        conn_close(conn);
    else
        conn_reset(conn); /* the rest of the request shall not go out */
    call->handlers->on_end(http_body_trailers(&call->body, trailers), call->arg);
    http_body_deinit(&call->body);
}

/* The response is a pipe: what was written too early goes first. */
static void call_begin_pipe(struct http_call *call)
{
    call->is_pipe = true;
    http_sender_begin(&call->sender, HTTP_BODY_PIPE, 0);
    conn_write(call->conn, buf_bytes(&call->early));
    bool was_high = call->early.len > CONN_DRAIN_MARK;
    buf_deinit(&call->early);
    if (call->has_request_ended)
        conn_end(call->conn);
    else if (was_high)
        call->owes_drain = conn_queued(call->conn) <= CONN_DRAIN_MARK;
}

/* The server's direction of a pipe has ended. */
static void call_end_pipe(struct http_call *call)
{
    call->has_pipe_ended = true;
    if (call->has_request_ended)
        conn_close(call_detach(call));
    call->handlers->on_end((struct http_fields){0}, call->arg);
}

static void on_failed(void *arg)
{
    struct http_call *call = arg;
    if (!call->is_gone)
        call_fail(call, call->error, call->error_text);
}

/* The caller broke its own request. No handler may be called from within its
 * call, but the connection ends now. */
static void call_fail_later(struct http_call *call, int error, const char *text)
{
    call->error = error;
    call->error_text = text;
    if (call->conn)
        conn_reset(call->conn);
    call->conn = NULL;
    call->sender.conn = NULL;
    buf_clear(&call->sender.held);
    loop_defer(call->client->loop, on_failed, call);
}

static void call_dial(struct http_call *call);

static bool call_can_retry(const struct http_call *call)
{
    return call->is_pooled && !call->has_bytes && !call->has_content &&
           (call->is_idempotent || !call->sender.has_flown);
}

/* The connection is of no use any more. */
static void call_broke(struct http_call *call, int error, const char *text)
{
    if (call_can_retry(call)) {
        conn_reset(call->conn);
        buf_clear(&call->sender.held);
        int failed = buf_append(&call->sender.held, buf_bytes(&call->again));
        assert(failed == 0); /* the buffer is far larger than a head */
        (void)failed;
        call_dial(call);
        return;
    }
    if (call->has_response)
        text = "the server broke off in the middle of its response";
    call_fail(call, error, text);
}

static bool is_switch(const struct http_call *call, int status)
{
    return call->wants_pipe && (call->is_connect ? status / 100 == 2 : status == 101);
}

static bool is_kept_alive(const struct http_response *response)
{
    return response->framing != HTTP_BODY_UNTIL_CLOSE &&
           !http_fields_list_has(response->fields, "Connection", "close") &&
           (response->minor_version > 0 ||
            http_fields_list_has(response->fields, "Connection", "keep-alive"));
}

/* The final response's head. Returns what is wrong with it, or NULL. */
static const char *take_response(struct http_call *call, struct http_response *response)
{
    uint64_t length = 0;
    struct span method = call->is_head ? SPAN_LITERAL("HEAD") : SPAN_LITERAL("GET");
    if (is_switch(call, response->status)) {
        response->framing = HTTP_BODY_PIPE;
        call_begin_pipe(call);
    } else if (response->status == 101) {
        return "the server switched protocols unasked";
    } else if (http_response_framing(response, method, &response->framing, &length) < 0) {
        return "the server's response has no clear length";
    } else if (call->wants_pipe) {
        call->has_request_ended = true;
        buf_deinit(&call->early);
    }
    call->has_response = true;
    call->keeps_alive = is_kept_alive(response);
    http_body_init(&call->body, response->framing, length);
    return NULL;
}

/* Takes on a complete head, of an interim or of the final response. */
static void call_respond(struct http_call *call, struct http_response *response)
{
    /* The head may lie in the buffer, which is to be ready for what follows. */
    struct head_buffer kept = call->in;
    head_buffer_init(&call->in);
    if (response->status < 200 && response->status != 101) {
        if (call->handlers->on_interim)
            call->handlers->on_interim(response, call->arg);
    } else {
        const char *wrong = take_response(call, response);
        if (wrong)
            call_fail(call, -EPROTO, wrong);
        else
            call->handlers->on_response(response, call->arg);
    }
    head_buffer_deinit(&kept);
    if (!call->is_gone && call->owes_drain && call->handlers->on_drain)
        call->handlers->on_drain(call->arg);
    call->owes_drain = false;
}

static size_t feed_head(struct http_call *call, struct span bytes)
{
    struct http_response response;
    struct http_field fields[HTTP_FIELDS_MAX];
    struct span head;
    size_t old_len = call->in.bytes.len;
    size_t taken = head_buffer_add(&call->in, bytes, &head);
    if (head.len == 0)
        return taken;
    ssize_t head_len = http_parse_response(head, &response, fields);
    if (head_len == 0) {
        head_buffer_keep(&call->in, head);
        return taken;
    }
    if (head_len < 0) {
        call_fail(call, -EPROTO,
                  head_len == HTTP_HEAD_TOO_LARGE ? "the server's response head is too large"
                                                  : "the server's response is not proper HTTP/1.1");
        return taken;
    }
    call_respond(call, &response);
    return (size_t)head_len - old_len;
}

static size_t feed_body(struct http_call *call, struct span bytes)
{
    struct span content;
    ssize_t used = http_body_feed(&call->body, bytes, &content);
    if (used < 0) {
        call_fail(call, -EPROTO, "the server sent a malformed chunk");
        return bytes.len;
    }
    if (content.len > 0)
        call->handlers->on_body(content, call->arg);
    return (size_t)used;
}

static void on_data(struct span bytes, void *arg)
{
    struct http_call *call = arg;
    if (!call->has_bytes) {
        call->has_bytes = true;
        buf_deinit(&call->again);
    }
    while (bytes.len > 0 && !call->is_gone && !call->is_pipe) {
        size_t used = call->has_response ? feed_body(call, bytes) : feed_head(call, bytes);
        bytes = span_skip(bytes, used);
        if (!call->is_gone && !call->is_pipe && call->has_response && call->body.is_done)
            call_finish(call, bytes.len == 0);
    }
    if (bytes.len > 0 && !call->is_gone)
        call->handlers->on_body(bytes, call->arg);
}

static void on_end(void *arg)
{
    struct http_call *call = arg;
    if (call->is_pipe)
        call_end_pipe(call);
    else if (call->has_response && http_body_feed_end(&call->body) == 0)
        call_finish(call, false);
    else
        call_broke(call, -ECONNRESET, "the server closed the connection before it answered");
}

static void on_close(int error, const char *text, void *arg)
{
    call_broke(arg, error == 0 ? -ECONNRESET : error, text);
}

static void on_drain(void *arg)
{
    struct http_call *call = arg;
    if (call->handlers->on_drain)
        call->handlers->on_drain(call->arg);
}

static void on_open(void *arg)
{
    struct http_call *call = arg;
    bool was_high = call->sender.held.len > CONN_DRAIN_MARK;
    call->sender.conn = call->conn;
    http_sender_flush(&call->sender);
    /* What the kernel takes at once raises no on_drain of the conn. */
    if (was_high && conn_queued(call->conn) <= CONN_DRAIN_MARK)
        on_drain(call);
}

static const struct conn_handlers call_conn_handlers = {
    .on_open = on_open,
    .on_data = on_data,
    .on_end = on_end,
    .on_drain = on_drain,
    .on_close = on_close,
};

/* A fresh connection; what is to be sent waits in the sender until it opens. */
static void call_dial(struct http_call *call)
{
    const struct http_client_config *config = &call->client->config;
    call->is_pooled = false;
    call->sender.conn = NULL;
    call->conn = conn_connect(call->client->loop, config->host, config->port, config->tls,
                              config->connect_timeout_us, &call_conn_handlers, call);
    conn_set_reading(call->conn, !call->is_paused);
}

static void flush_later(void *arg)
{
    struct http_call *call = arg;
    call->is_flush_scheduled = false;
    if (!call->is_gone)
        http_sender_flush(&call->sender);
}

static void schedule_flush(struct http_call *call)
{
    if (!call->sender.conn || call->sender.held.len == 0 || call->is_flush_scheduled)
        return;
    call->is_flush_scheduled = true;
    loop_defer(call->client->loop, flush_later, call);
}

static bool may_want_pipe(const struct http_request *request)
{
    return span_is_string(request->method, "CONNECT") || http_request_upgrade(request).len > 0;
}

static int check_framing(const struct http_request *request, uint64_t *length)
{
    *length = 0;
    int has_length = http_content_length(request->fields, length);
    if (has_length < 0 || http_fields_count(request->fields, "Host") != 1)
        return -EINVAL;
    switch (request->framing) {
    case HTTP_BODY_NONE:
        return *length > 0 ? -EINVAL : 0;
    case HTTP_BODY_PIPE:
        return *length > 0 || !may_want_pipe(request) ? -EINVAL : 0;
    case HTTP_BODY_LENGTH:
        return has_length ? 0 : -EINVAL;
    case HTTP_BODY_CHUNKED:
        return has_length ? -EINVAL : 0;
    case HTTP_BODY_UNTIL_CLOSE:
        break;
    }
    return -EINVAL;
}

/* The fields of this hop. TE is one, and says for our caller's client too that
 * trailers are welcome (RFC 9110 section 10.1.4). */
static int write_hop_fields(struct buf *out, const struct http_request *request)
{
    struct span upgrade = {0};
    if (request->framing == HTTP_BODY_PIPE)
        upgrade = http_request_upgrade(request);
    bool takes_trailers = http_fields_list_has(request->fields, "TE", "trailers");
    const char *connection = upgrade.len > 0 ? "Upgrade" : "TE";
    int error = 0;
    if (upgrade.len > 0 && takes_trailers)
        connection = "Upgrade, TE";
    if (upgrade.len > 0 || takes_trailers)
        error = http_write_field(out, SPAN_LITERAL("Connection"), span_from_string(connection));
    if (error == 0 && upgrade.len > 0)
        error = http_write_field(out, SPAN_LITERAL("Upgrade"), upgrade);
    if (error == 0 && takes_trailers)
        error = http_write_field(out, SPAN_LITERAL("TE"), SPAN_LITERAL("trailers"));
    return error;
}

static int write_head(struct buf *out, const struct http_request *request)
{
    int error = http_write_request_line(out, request->method, request->target);
    for (size_t i = 0; error == 0 && i < request->fields.count; i++) {
        const struct http_field *field = &request->fields.at[i];
        bool is_left_out = http_field_is_hop_by_hop(field->name, request->fields) ||
                           (request->framing == HTTP_BODY_PIPE &&
                            span_is_string_nocase(field->name, "Content-Length"));
        if (!is_left_out)
            error = http_write_field(out, field->name, field->value);
    }
    if (error == 0)
        error = write_hop_fields(out, request);
    if (error == 0 && request->framing == HTTP_BODY_CHUNKED)
        error = http_write_field(out, SPAN_LITERAL("Transfer-Encoding"), SPAN_LITERAL("chunked"));
    if (error == 0)
        error = http_write_end_of_head(out);
    return error < 0 ? -EINVAL : 0;
}

static bool method_is_idempotent(struct span method)
{
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (span_is_string(method, methods[i]))
            return true;
    }
    return false;
}

/* Takes a connection, and sends the head or lets it wait for content. */
static void call_start(struct http_call *call)
{
    uint64_t idle_most_us = call->is_idempotent ? TIME_NEVER : FRESH_US;
    struct conn *conn = http_pool_take(call->client->pool, idle_most_us);
    if (!conn) {
        call_dial(call);
        return;
    }
    call->is_pooled = true;
    call->conn = conn;
    call->sender.conn = conn;
    conn_set_handlers(conn, &call_conn_handlers, call);
    if (call->has_request_ended)
        http_sender_flush(&call->sender);
    schedule_flush(call);
}

static struct http_call *call_new(struct http_client *client, const struct http_request *request,
                                  uint64_t length)
{
    struct http_call *call = xcalloc(1, sizeof *call);
    call->client = client;
    call->is_head = span_is_string(request->method, "HEAD");
    call->is_connect = span_is_string(request->method, "CONNECT");
    call->is_idempotent = method_is_idempotent(request->method);
    call->wants_pipe = request->framing == HTTP_BODY_PIPE;
    call->has_request_ended = request->framing == HTTP_BODY_NONE;
    head_buffer_init(&call->in);
    buf_init(&call->early, CONN_QUEUE_MAX);
    http_sender_init(&call->sender, NULL);
    /* Of a pipe nothing but the head goes out before the response. */
    http_sender_begin(&call->sender, call->wants_pipe ? HTTP_BODY_NONE : request->framing, length);
    list_init(&call->link);
    list_append(&client->calls, &call->link);
    return call;
}

int http_client_call(struct http_client *client, const struct http_request *request,
                     const struct http_call_handlers *handlers, void *arg, struct http_call **out)
{
    uint64_t length;
    int error = check_framing(request, &length);
    if (error < 0)
        return error;
    struct buf head;
    buf_init(&head, REQUEST_HEAD_MAX);
    error = write_head(&head, request);
    if (error < 0) {
        buf_deinit(&head);
        return error;
    }
    struct http_call *call = call_new(client, request, length);
    call->handlers = handlers;
    call->arg = arg;
    call->again = head;
    error = buf_append(&call->sender.held, buf_bytes(&head));
    assert(error == 0); /* it is empty */
    call_start(call);
    *out = call;
    return 0;
}

/* A pipe was asked for, and an ordinary response came. */
static bool is_refused_pipe(const struct http_call *call)
{
    return call->wants_pipe && call->has_response && !call->is_pipe;
}

void http_call_write(struct http_call *call, struct span bytes)
{
    assert(!call->is_gone);
    if (call->error != 0 || bytes.len == 0 || is_refused_pipe(call))
        return;
    assert(!call->has_request_ended);
    if (call->wants_pipe && !call->is_pipe) {
        if (buf_append(&call->early, bytes) < 0)
            call_fail_later(call, -ENOBUFS, "too much was written before the server answered");
        return;
    }
    call->has_content = true;
    if (http_sender_write(&call->sender, bytes) < 0)
        call_fail_later(call, -ENOBUFS, "the request is too long to wait for a connection");
    else if (call->sender.is_over)
        call_fail_later(call, -EPROTO, "the request is longer than its Content-Length");
    else
        schedule_flush(call);
}

void http_call_end(struct http_call *call, struct http_fields trailers)
{
    assert(!call->is_gone);
    if (call->error != 0 || is_refused_pipe(call))
        return;
    assert(!call->has_request_ended);
    call->has_request_ended = true;
    if (call->wants_pipe) {
        if (call->has_pipe_ended)
            conn_close(call_detach(call));
        else if (call->is_pipe)
            conn_end(call->conn);
        return;
    }
    if (call->sender.framing == HTTP_BODY_CHUNKED)
        call->has_content = true; /* its last chunk is not sent again either */
    if (http_sender_end(&call->sender, trailers) < 0)
        call_fail_later(call, -EPROTO, "the request is shorter than its Content-Length");
}

void http_call_cancel(struct http_call *call)
{
    struct conn *conn = call_detach(call);
    http_body_deinit(&call->body);
    /* A reset, so that a server that would take a FIN for a half-close stops
     * as well. */
    if (conn)
        conn_reset(conn);
}

size_t http_call_queued(const struct http_call *call)
{
    return http_sender_queued(&call->sender) + call->early.len;
}

void http_call_set_reading(struct http_call *call, bool reading)
{
    call->is_paused = !reading;
    if (call->conn)
        conn_set_reading(call->conn, reading);
}

struct http_client *http_client_new(struct loop *loop, const struct http_client_config *config)
{
    struct http_client *client = xcalloc(1, sizeof *client);
    client->loop = loop;
    client->config = *config;
    client->host = xstrdup(config->host);
    client->config.host = client->host;
    client->pool = http_pool_new(loop, config->pool_max, config->idle_timeout_us);
    list_init(&client->calls);
    return client;
}

static void client_destroy(void *arg)
{
    struct http_client *client = arg;
    free(client->host);
    free(client);
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    LIST_EACH(link, tmp, &client->calls)
    http_call_cancel(LIST_ENTRY(link, struct http_call, link));
    http_pool_free(client->pool);
    loop_defer(client->loop, client_destroy, client);
}
