/*
 * What comes of a call: its response, its end or its failure.
 *
 * A handler may cancel its call. So after each call outward is_gone is looked
 * at, and memory is freed in a later turn.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "http/client_internal.h"

static void call_free(void *arg)
{
    free(arg);
}

struct conn *call_detach(struct http_call *call)
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

static void call_fail(struct http_call *call, enum http_call_error error, const char *text)
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
    bool has_request_ended = call->request == HALF_ENDED;
    bool is_kept = is_reusable && call->keeps_alive && has_request_ended;
    uint64_t keep_us = call->keep_us;
    struct conn *conn = call_detach(call);
    struct http_field trailers[HTTP_FIELDS_MAX];
    if (is_kept)
        http_pool_put(client->pool, conn, keep_us);
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
    /* A killed process is not to look like the end of what our client sends. */
    conn_set_abortive(call->conn, true);
    http_sender_begin(&call->sender, HTTP1_BODY_PIPE, 0);
    conn_write(call->conn, buf_bytes(&call->early));
    bool was_high = call->early.len > CONN_DRAIN_MARK;
    buf_deinit(&call->early);
    if (call->request == HALF_ENDED)
        conn_end(call->conn);
    else if (was_high)
        call->owes_drain = conn_queued(call->conn) <= CONN_DRAIN_MARK;
}

/* The server's direction of a pipe has ended. */
static void call_end_pipe(struct http_call *call)
{
    call->response = HALF_ENDED;
    if (call->request == HALF_ENDED)
        conn_close(call_detach(call));
    call->handlers->on_end((struct http_fields){0}, call->arg);
}

static void on_failed(void *arg)
{
    struct http_call *call = arg;
    if (!call->is_gone)
        call_fail(call, HTTP_CALL_REQUEST, call->own_error);
}

void call_fail_later(struct http_call *call, const char *text)
{
    call->own_error = text;
    if (call->conn)
        conn_reset(call->conn);
    call->conn = NULL;
    call->sender.conn = NULL;
    buf_clear(&call->sender.held);
    loop_defer(call->client->loop, on_failed, call);
}

static bool call_can_retry(const struct http_call *call)
{
    return call->is_pooled && call->again.len > 0 &&
           (call->is_idempotent || !call->sender.has_flown);
}

/* The connection is of no use any more. */
static void call_broke(struct http_call *call, enum http_call_error error, const char *text)
{
    if (call_can_retry(call)) {
        conn_reset(call->conn);
        buf_clear(&call->sender.held);
        call_dial(call);
        return;
    }
    if (call->response != HALF_HEAD) {
        error = HTTP_CALL_BROKEN;
        text = "the server broke off in the middle of its response";
    }
    call_fail(call, error, text);
}

static bool is_switch(const struct http_call *call, int status)
{
    return call->asked == HTTP_BODY_PIPE && (call->is_connect ? status / 100 == 2 : status == 101);
}

static bool is_kept_alive(const struct http_response *response, enum http1_framing framing)
{
    return framing != HTTP1_BODY_UNTIL_CLOSE &&
           !http_fields_list_has(response->fields, "Connection", "close") &&
           (response->minor_version > 0 ||
            http_fields_list_has(response->fields, "Connection", "keep-alive"));
}

/* "Keep-Alive: timeout=5, max=100", the time of idleness that servers say;
 * TIME_NEVER for one that does not. */
static uint64_t keep_alive_us(struct http_fields fields)
{
    enum { SECONDS_MAX = 24 * 60 * 60 }; /* more is as good as for ever */
    const struct http_field *field = http_fields_find(fields, "Keep-Alive");
    struct span rest = field ? field->value : (struct span){0};
    struct span element;
    while (http_list_next(&rest, &element)) {
        static const size_t name_len = sizeof "timeout=" - 1;
        struct span name = span_of(element.data, element.len < name_len ? element.len : name_len);
        if (!span_is_string_nocase(name, "timeout="))
            continue;
        uint64_t seconds = 0;
        for (size_t i = name_len; i < element.len && seconds < SECONDS_MAX; i++) {
            if (element.data[i] < '0' || element.data[i] > '9')
                return TIME_NEVER;
            seconds = seconds * 10 + (element.data[i] - '0');
        }
        return element.len > name_len ? seconds * US_PER_S : TIME_NEVER;
    }
    return TIME_NEVER;
}

/* The final response's head. Returns what is wrong with it, or NULL. */
static const char *take_response(struct http_call *call, struct http_response *response)
{
    enum http1_framing framing = HTTP1_BODY_PIPE;
    uint64_t length = 0;
    struct span method = call->is_head ? SPAN_LITERAL("HEAD") : SPAN_LITERAL("GET");
    if (is_switch(call, response->status)) {
        call_begin_pipe(call);
    } else if (response->status == 101) {
        return "the server switched protocols unasked";
    } else if (http_response_framing(response, method, &framing, &length) < 0) {
        return "the server's response has no clear length";
    } else if (call->asked == HTTP_BODY_PIPE) {
        call->request = HALF_ENDED;
        buf_deinit(&call->early);
    }
    response->framing = http1_framing_told(framing);
    call->response = HALF_BODY;
    call->keeps_alive = is_kept_alive(response, framing) && !call->is_length_mended;
    call->keep_us = keep_alive_us(response->fields);
    http_body_init_response(&call->body, framing, length);
    http_body_keep_connection(&call->body, response->fields);
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
            call_fail(call, HTTP_CALL_MALFORMED, wrong);
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
    if (head_len == HTTP_HEAD_TOO_LARGE) {
        call_fail(call, HTTP_CALL_HEAD_TOO_LARGE, "the server's response head is too large");
        return taken;
    }
    if (head_len < 0) {
        call_fail(call, HTTP_CALL_MALFORMED, "the server's response is not proper HTTP/1.1");
        return taken;
    }
    call->is_length_mended = http_response_mend_length(&response, fields);
    call_respond(call, &response);
    return (size_t)head_len - old_len;
}

static size_t feed_body(struct http_call *call, struct span bytes)
{
    struct span content;
    ssize_t used = http_body_feed(&call->body, bytes, &content);
    if (used < 0) {
        call_fail(call, HTTP_CALL_MALFORMED, "the server sent a malformed chunk");
        return bytes.len;
    }
    if (content.len > 0)
        call->handlers->on_body(content, call->arg);
    return (size_t)used;
}

/* A server that writes head and body one after the other may wait for that. */
static void acknowledge_part(struct http_call *call)
{
    if (call->is_gone || call_is_pipe(call) || call->is_acknowledged)
        return;
    conn_acknowledge(call->conn);
    call->is_acknowledged = call->response == HALF_BODY;
}

static void on_data(struct span bytes, void *arg)
{
    struct http_call *call = arg;
    if (!call->has_bytes) {
        call->has_bytes = true;
        buf_deinit(&call->again);
    }
    while (bytes.len > 0 && !call->is_gone && !call_is_pipe(call)) {
        bool is_body = call->response == HALF_BODY;
        bytes = span_skip(bytes, is_body ? feed_body(call, bytes) : feed_head(call, bytes));
        if (!call->is_gone && !call_is_pipe(call) && call->body.is_done)
            call_finish(call, bytes.len == 0);
    }
    if (bytes.len > 0 && !call->is_gone)
        call->handlers->on_body(bytes, call->arg);
    acknowledge_part(call);
}

static size_t room(void *arg)
{
    const struct http_call *call = arg;
    return call->handlers->room ? call->handlers->room(call->arg) : 0;
}

static void on_end(void *arg)
{
    struct http_call *call = arg;
    if (call_is_pipe(call))
        call_end_pipe(call);
    else if (call->response == HALF_BODY && http_body_feed_end(&call->body) == 0)
        call_finish(call, false);
    else
        call_broke(call, HTTP_CALL_CLOSED, "the server closed the connection before it answered");
}

/* What an error of the conn comes to while it is being opened. */
static enum http_call_error error_of_connecting(int error)
{
    switch (-error) {
    case ENOENT:
    case EAGAIN:
        return HTTP_CALL_DNS;
    case ECONNREFUSED:
    case ENXIO:
        return HTTP_CALL_REFUSED;
    case ETIMEDOUT:
        return HTTP_CALL_TIMEOUT;
    case EPROTO:
        return HTTP_CALL_TLS;
    default:
        return HTTP_CALL_UNREACHABLE;
    }
}

static void on_close(int error, const char *text, void *arg)
{
    struct http_call *call = arg;
    /* The sender has its conn from on_open on. */
    call_broke(call, call->sender.conn ? HTTP_CALL_CLOSED : error_of_connecting(error), text);
}

static void on_drain(void *arg)
{
    struct http_call *call = arg;
    if (call->handlers->on_drain)
        call->handlers->on_drain(call->arg);
}

void call_flush(struct http_call *call)
{
    bool was_high = call->sender.held.len > CONN_DRAIN_MARK;
    http_sender_flush(&call->sender);
    /* What the kernel takes at once raises no on_drain of the conn. */
    if (was_high && call->conn && conn_queued(call->conn) <= CONN_DRAIN_MARK)
        on_drain(call);
}

static void on_open(void *arg)
{
    struct http_call *call = arg;
    call->sender.conn = call->conn;
    call_flush(call);
}

static const struct conn_handlers conn_handlers = {
    .on_open = on_open,
    .on_data = on_data,
    .room = room,
    .on_end = on_end,
    .on_drain = on_drain,
    .on_close = on_close,
};

void call_hold_head(struct http_call *call)
{
    int error = buf_append(&call->sender.held, buf_bytes(&call->again));
    assert(error == 0); /* the buffer is far larger than a head, and empty */
    (void)error;
}

void call_dial(struct http_call *call)
{
    const struct http_client_config *config = &call->client->config;
    if (call->sender.held.len == 0)
        call_hold_head(call);
    http_pool_make_way(call->client->pool);
    call->is_pooled = false;
    call->sender.conn = NULL;
    call->conn = client_take_warm(call->client);
    if (call->conn)
        conn_set_handlers(call->conn, &conn_handlers, call);
    else
        call->conn = conn_connect(call->client->loop, config->host, config->port, config->tls,
                                  config->connect_timeout_us, &conn_handlers, call);
    conn_read_fully(call->conn);
    conn_set_reading(call->conn, !call->is_paused);
}

void call_take_over(struct http_call *call, struct conn *conn)
{
    call->is_pooled = true;
    call->conn = conn;
    call->sender.conn = conn;
    conn_set_handlers(conn, &conn_handlers, call);
}
