/*
 * One relay is one exchange: an exchange of the HTTP server on one side, a
 * stream of the mux on the other.
 *
 *   waiting (no tunnel) --mux--> streaming --> gone
 *        \--- 10 s: 503 -----------------------^
 *
 * While a relay waits, its client's request body stays in the kernel, but for
 * what was read together with the head.
 *
 * Backpressure: the request is read from the client only while the stream's
 * queue is below its mark; the response is read from the channel only while
 * the client takes it. Version 1 has one window for all, so a client that
 * takes nothing stops the channel once CLIENT_QUEUE_HIGH bytes wait for it.
 */
#include "tunnel/proxy.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "http/server.h"
#include "tunnel/path.h"
#include "tunnel/payload.h"

enum {
    CLIENT_CONNECTIONS_MAX = 4096, /* local clients; each costs a descriptor */
    CLIENT_QUEUE_HIGH = 1 << 20,   /* response bytes that a client has not taken */
    RETRY_AFTER_S = 5
};
#define CLIENT_HEAD_TIMEOUT_US (30 * US_PER_S)
#define CLIENT_IDLE_TIMEOUT_US (120 * US_PER_S)

struct proxy {
    struct loop *loop;
    struct http_server *server;
    struct mux *mux;     /* NULL while the tunnel is down */
    char *problem;       /* why it is down */
    struct list waiting; /* relays, the longest-waiting first */
    struct list streaming;
    struct timer *timer; /* of the first in waiting */
};

struct relay {
    struct proxy *proxy;
    struct list link; /* in waiting or streaming */
    struct http_exchange *exchange;
    struct mux_stream *stream; /* NULL while waiting */
    struct head head;          /* while waiting */
    struct buf early;          /* body that came while waiting */
    bool is_request_complete;  /* while waiting */
    uint64_t give_up_at_us;
};

static void relay_free(struct relay *r)
{
    list_remove(&r->link);
    head_deinit(&r->head);
    buf_deinit(&r->early);
    free(r);
}

/* --- answers of our own ------------------------------------------------------- */

static void reply_error(struct http_exchange *exchange, int status, const char *code,
                        const char *message)
{
    char *text = error_body_encode(code, message);
    char seconds[8];
    snprintf(seconds, sizeof seconds, "%d", RETRY_AFTER_S);
    struct http_field retry_after = {SPAN_LITERAL("Retry-After"), span_from_string(seconds)};
    struct http_fields extra = {&retry_after, status == 503 ? 1 : 0};
    http_exchange_reply(exchange, status, "application/json", extra, span_from_string(text));
    free(text);
}

/* Ends a relay whose stream is gone: with an answer where there is none yet,
 * else visibly broken. */
static void relay_fail(struct relay *r, int status, const char *code, const char *message)
{
    struct http_exchange *exchange = r->exchange;
    relay_free(r);
    if (http_exchange_has_responded(exchange)) {
        log_info("proxy: broke off a response: %s", message);
        http_exchange_abort(exchange);
    } else {
        log_info("proxy: answered %d: %s", status, message);
        reply_error(exchange, status, code, message);
    }
}

/* --- from the tunnel ------------------------------------------------------------ */

static void on_head(struct head *head, void *arg)
{
    struct relay *r = arg;
    struct http_response response = {
        .status = head->status,
        .reason = span_from_string(http_reason(head->status)), /* frames carry none */
        .minor_version = 1,
        .fields = head_fields(head),
    };
    if (http_exchange_respond(r->exchange, &response) == 0)
        return;
    mux_stream_cancel(r->stream, "the response's head may not be sent");
    relay_fail(r, 502, "bad_response", "the other side sent a response that is not valid HTTP");
}

static void on_body(struct span bytes, void *arg)
{
    struct relay *r = arg;
    http_exchange_write(r->exchange, bytes);
    if (http_exchange_queued(r->exchange) > CLIENT_QUEUE_HIGH)
        mux_stream_set_reading(r->stream, false);
}

static void on_end(void *arg)
{
    struct relay *r = arg;
    struct http_exchange *exchange = r->exchange;
    relay_free(r);
    http_exchange_end(exchange, (struct http_fields){0});
}

static void on_error(const char *text, void *arg)
{
    relay_fail(arg, 502, "upstream_failed", text);
}

static void on_drain(void *arg)
{
    struct relay *r = arg;
    http_exchange_set_reading(r->exchange, true);
}

static const struct mux_stream_handlers stream_handlers = {
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .on_error = on_error,
    .on_drain = on_drain,
};

/* --- from the client -------------------------------------------------------------- */

static void on_request_body(struct http_exchange *x, struct span bytes, void *arg)
{
    struct relay *r = arg;
    if (!r->stream) {
        int error = buf_append(&r->early, bytes);
        assert(error == 0); /* reading is off: one read at most was under way */
        (void)error;
        return;
    }
    mux_stream_write(r->stream, bytes);
    if (mux_stream_queued(r->stream) > MUX_STREAM_QUEUE_HIGH)
        http_exchange_set_reading(x, false);
}

static void on_request_end(struct http_exchange *x, struct http_fields trailers, void *arg)
{
    (void)x;
    (void)trailers; /* version 1 carries none */
    struct relay *r = arg;
    r->is_request_complete = true;
    if (r->stream)
        mux_stream_end(r->stream);
}

static void on_response_drain(struct http_exchange *x, void *arg)
{
    (void)x;
    struct relay *r = arg;
    if (r->stream)
        mux_stream_set_reading(r->stream, true);
}

static void on_abort(struct http_exchange *x, void *arg)
{
    (void)x;
    struct relay *r = arg;
    if (r->stream)
        mux_stream_cancel(r->stream, "the client went away");
    relay_free(r);
}

static const struct http_exchange_handlers exchange_handlers = {
    .on_body = on_request_body,
    .on_body_end = on_request_end,
    .on_drain = on_response_drain,
    .on_abort = on_abort,
};

/* --- relays ------------------------------------------------------------------------ */

static void relay_start(struct relay *r)
{
    struct proxy *proxy = r->proxy;
    int error = mux_open(proxy->mux, &r->head, &stream_handlers, r, &r->stream);
    if (error == -EMSGSIZE) {
        relay_fail(r, 431, "head_too_large", "the request's head does not fit through the tunnel");
        return;
    }
    if (error) {
        relay_fail(r, 503, "tunnel_busy", "too many requests are in the tunnel already");
        return;
    }
    list_remove(&r->link);
    list_append(&proxy->streaming, &r->link);
    head_deinit(&r->head);
    if (r->early.len > 0)
        mux_stream_write(r->stream, buf_bytes(&r->early));
    buf_deinit(&r->early);
    if (r->is_request_complete)
        mux_stream_end(r->stream);
    else
        http_exchange_set_reading(r->exchange, true);
}

static void rearm(struct proxy *proxy)
{
    struct list *first = list_first(&proxy->waiting);
    timer_start_at(proxy->timer,
                   first ? LIST_ENTRY(first, struct relay, link)->give_up_at_us : TIME_NEVER);
}

static void on_wait_over(void *arg)
{
    struct proxy *proxy = arg;
    uint64_t now_us = clock_now_us();
    struct list *first;
    while ((first = list_first(&proxy->waiting)) != NULL) {
        struct relay *r = LIST_ENTRY(first, struct relay, link);
        if (r->give_up_at_us > now_us)
            break;
        char *message = xasprintf("the tunnel is not connected: %s", proxy->problem);
        relay_fail(r, 503, "tunnel_down", message);
        free(message);
    }
    rearm(proxy);
}

static void on_request(struct http_exchange *x, const struct http_request *request, void *arg)
{
    struct proxy *proxy = arg;
    char *path = path_from_target(request->target);
    if (!path) {
        reply_error(x, 501, "not_supported", "the tunnel carries no CONNECT");
        return;
    }
    struct relay *r = xcalloc(1, sizeof *r);
    r->proxy = proxy;
    r->exchange = x;
    head_init(&r->head);
    buf_init(&r->early, CONN_READ_MAX);
    r->head.method = xstrndup(request->method);
    r->head.path = path;
    /* Expect is answered here: version 1 carries no interim response. */
    head_add_end_to_end(&r->head, request->fields, "Expect");
    /* Upgrade is not carried: the request is an ordinary one without content. */
    r->is_request_complete = request->framing == HTTP_BODY_PIPE;
    http_exchange_accept(x, &exchange_handlers, r);
    list_append(&proxy->waiting, &r->link);
    if (proxy->mux) {
        relay_start(r);
        return;
    }
    http_exchange_set_reading(x, false);
    r->give_up_at_us = clock_now_us() + PROXY_WAIT_US;
    rearm(proxy);
}

/* --- the proxy ---------------------------------------------------------------------- */

int proxy_new(struct loop *loop, const char *host, uint16_t port, struct proxy **out)
{
    struct proxy *proxy = xcalloc(1, sizeof *proxy);
    struct http_server_config config = {
        .on_request = on_request,
        .arg = proxy,
        .connections_max = CLIENT_CONNECTIONS_MAX,
        .head_timeout_us = CLIENT_HEAD_TIMEOUT_US,
        .idle_timeout_us = CLIENT_IDLE_TIMEOUT_US,
    };
    int error = http_server_new(loop, host, port, &config, &proxy->server);
    if (error) {
        free(proxy);
        return error;
    }
    proxy->loop = loop;
    proxy->problem = xstrdup("it has just started");
    proxy->timer = timer_new(loop, on_wait_over, proxy);
    list_init(&proxy->waiting);
    list_init(&proxy->streaming);
    *out = proxy;
    return 0;
}

void proxy_free(struct proxy *proxy)
{
    assert(list_is_empty(&proxy->streaming));
    http_server_free(proxy->server);
    LIST_EACH(link, next, &proxy->waiting)
    relay_free(LIST_ENTRY(link, struct relay, link));
    timer_free(proxy->timer);
    free(proxy->problem);
    free(proxy);
}

uint16_t proxy_port(const struct proxy *proxy)
{
    return http_server_port(proxy->server);
}

void proxy_set_mux(struct proxy *proxy, struct mux *mux)
{
    proxy->mux = mux;
    struct list *first;
    while (mux && (first = list_first(&proxy->waiting)) != NULL)
        relay_start(LIST_ENTRY(first, struct relay, link));
    rearm(proxy);
}

void proxy_set_problem(struct proxy *proxy, const char *text)
{
    free(proxy->problem);
    proxy->problem = xstrdup(text);
}
