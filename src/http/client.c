/*
 * A call has a connection of its own from beginning to end: a fresh one or
 * one from the pool. It is given back when the response has ended, the whole
 * request is out, and nothing came that was not asked for.
 *
 * A server closes idle connections when it likes, and its FIN may cross our
 * request. Such a call is sent once more, without anybody noticing, where
 * doing it twice does no harm. Where it might (POST), the risk is kept away
 * instead: such calls get a pooled connection only while it is fresh.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "http/client_internal.h"
#include "http/write.h"

enum { REQUEST_HEAD_MAX = 2 * HTTP_HEAD_MAX }; /* what another parser took, and our own fields */

static void flush_later(void *arg)
{
    struct http_call *call = arg;
    call->is_flush_scheduled = false;
    if (!call->is_gone)
        call_flush(call);
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
    bool names_protocol = span_is_string(request->method, "CONNECT");
    for (size_t i = 0; !names_protocol && i < request->fields.count; i++) {
        const struct http_field *field = &request->fields.at[i];
        names_protocol = span_is_string_nocase(field->name, "Upgrade") && field->value.len > 0;
    }
    return names_protocol;
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
    case HTTP_BODY_UNKNOWN:
        return has_length ? -EINVAL : 0;
    }
    return -EINVAL;
}

/* The fields of this hop. TE is one, and says for our caller's client too that
 * trailers are welcome (RFC 9110 section 10.1.4). */
static int write_hop_fields(struct buf *out, const struct http_request *request)
{
    bool upgrades =
        request->framing == HTTP_BODY_PIPE && http_fields_find(request->fields, "Upgrade");
    bool takes_trailers = http_fields_list_has(request->fields, "TE", "trailers");
    const char *connection = upgrades ? "Upgrade" : "TE";
    int error = 0;
    if (upgrades && takes_trailers)
        connection = "Upgrade, TE";
    if (upgrades || takes_trailers)
        error = http_write_field(out, SPAN_LITERAL("Connection"), span_from_string(connection));
    for (size_t i = 0; upgrades && error == 0 && i < request->fields.count; i++) {
        const struct http_field *field = &request->fields.at[i];
        if (span_is_string_nocase(field->name, "Upgrade"))
            error = http_write_field(out, field->name, field->value);
    }
    if (error == 0 && takes_trailers)
        error = http_write_field(out, SPAN_LITERAL("TE"), SPAN_LITERAL("trailers"));
    return error;
}

static int write_head(struct buf *out, const struct http_request *request)
{
    int error = http_write_request_line(out, request->method, request->target);
    struct http_fields connection = http_fields_connection(request->fields);
    for (size_t i = 0; error == 0 && i < request->fields.count; i++) {
        const struct http_field *field = &request->fields.at[i];
        bool is_left_out = http_field_is_hop_by_hop(field->name, connection) ||
                           (request->framing == HTTP_BODY_PIPE &&
                            span_is_string_nocase(field->name, "Content-Length"));
        if (!is_left_out)
            error = http_write_field(out, field->name, field->value);
    }
    if (error == 0)
        error = write_hop_fields(out, request);
    if (error == 0 && request->framing == HTTP_BODY_UNKNOWN)
        error = http_write_field(out, SPAN_LITERAL("Transfer-Encoding"), SPAN_LITERAL("chunked"));
    if (error == 0)
        error = http_write_end_of_head(out);
    return error < 0 ? -EINVAL : 0;
}

/* Takes a connection, and sends the head or lets it wait for content. */
void http_call_start(struct http_call *call)
{
    if (call->own_error)
        return;
    call->is_started = true;
    struct conn *conn = http_pool_take(call->client->pool, !call->is_idempotent);
    if (!conn) {
        call_dial(call);
        return;
    }
    call_take_over(call, conn);
    if (call->request != HALF_ENDED)
        schedule_flush(call);
    else if (call->sender.held.len > 0)
        http_sender_flush(&call->sender);
    else
        http_sender_send(&call->sender, buf_bytes(&call->again));
}

/* What goes out before the response: of a pipe nothing but the head. */
static enum http1_framing framing_of(enum http_framing asked)
{
    if (asked == HTTP_BODY_LENGTH)
        return HTTP1_BODY_LENGTH;
    return asked == HTTP_BODY_UNKNOWN ? HTTP1_BODY_CHUNKED : HTTP1_BODY_NONE;
}

static struct http_call *call_new(struct http_client *client, const struct http_request *request,
                                  uint64_t length)
{
    struct http_call *call = xcalloc(1, sizeof *call);
    call->client = client;
    call->is_head = span_is_string(request->method, "HEAD");
    call->is_connect = span_is_string(request->method, "CONNECT");
    call->is_idempotent = http_method_is_idempotent(request->method);
    call->asked = request->framing;
    call->request = request->framing == HTTP_BODY_NONE ? HALF_ENDED : HALF_BODY;
    head_buffer_init(&call->in);
    buf_init(&call->early, CONN_QUEUE_MAX);
    http_sender_init(&call->sender, NULL);
    http_sender_begin(&call->sender, framing_of(call->asked), length);
    list_init(&call->link);
    list_append(&client->calls, &call->link);
    return call;
}

int http_client_prepare(struct http_client *client, const struct http_request *request,
                        const struct http_call_handlers *handlers, void *arg,
                        struct http_call **out)
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
    if (call->request != HALF_ENDED) /* else it goes from where it is */
        call_hold_head(call);
    *out = call;
    return 0;
}

int http_client_call(struct http_client *client, const struct http_request *request,
                     const struct http_call_handlers *handlers, void *arg, struct http_call **out)
{
    int error = http_client_prepare(client, request, handlers, arg, out);
    if (error == 0)
        http_call_start(*out);
    return error;
}

void http_client_make_way(struct http_client *client)
{
    http_pool_make_way(client->pool);
}

/* A pipe was asked for, and an ordinary response came. */
static bool is_refused_pipe(const struct http_call *call)
{
    return call->asked == HTTP_BODY_PIPE && call->response != HALF_HEAD && !call_is_pipe(call);
}

void http_call_write(struct http_call *call, struct span bytes)
{
    assert(!call->is_gone);
    if (call->own_error || bytes.len == 0 || is_refused_pipe(call))
        return;
    assert(call->request != HALF_ENDED);
    if (call->asked == HTTP_BODY_PIPE && !call_is_pipe(call)) {
        if (buf_append(&call->early, bytes) < 0)
            call_fail_later(call, "too much was written before the server answered");
        return;
    }
    buf_deinit(&call->again); /* content is not kept for another try */
    if (http_sender_write(&call->sender, bytes) < 0)
        call_fail_later(call, "the request is too long to wait for a connection");
    else if (call->sender.is_over)
        call_fail_later(call, "the request is longer than its Content-Length");
    else
        schedule_flush(call);
}

void http_call_end(struct http_call *call, struct http_fields trailers)
{
    assert(!call->is_gone);
    if (call->own_error || is_refused_pipe(call))
        return;
    assert(call->request != HALF_ENDED);
    call->request = HALF_ENDED;
    if (call->asked == HTTP_BODY_PIPE) {
        if (call->response == HALF_ENDED)
            conn_close(call_detach(call));
        else if (call_is_pipe(call))
            conn_end(call->conn);
        return;
    }
    if (call->asked == HTTP_BODY_UNKNOWN)
        buf_deinit(&call->again); /* its last chunk is not sent again either */
    if (http_sender_end(&call->sender, trailers) < 0)
        call_fail_later(call, "the request is shorter than its Content-Length");
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

bool http_call_is_open(const struct http_call *call)
{
    return call->sender.conn != NULL;
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

/* For the pool: a call waits on a connection of its own for the first byte. */
static bool is_short(void *arg)
{
    const struct http_client *client = arg;
    LIST_EACH(link, tmp, &client->calls) {
        const struct http_call *call = LIST_ENTRY(link, struct http_call, link);
        if (call->is_started && !call->is_pooled && !call->has_bytes)
            return true;
    }
    return false;
}

struct http_client *http_client_new(struct loop *loop, const struct http_client_config *config)
{
    struct http_client *client = xcalloc(1, sizeof *client);
    client->loop = loop;
    client->config = *config;
    client->host = xstrdup(config->host);
    client->config.host = client->host;
    client->pool = http_pool_new(loop, config->pool_max, config->idle_timeout_us, is_short, client);
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
    if (client->warm)
        conn_close(client->warm);
    http_pool_free(client->pool);
    loop_defer(client->loop, client_destroy, client);
}
