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
 * What goes to and fro, and who waits for whom, is tunnel/splice.h.
 */
#include "tunnel/proxy.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/list.h"
#include "http/server.h"
#include "net/wake_watch.h"
#include "tunnel/answer.h"
#include "tunnel/gate.h"
#include "tunnel/proxy_head.h"
#include "tunnel/rewrite.h"
#include "tunnel/splice.h"

enum {
    CLIENT_CONNECTIONS_MAX = 4096 /* local clients; each costs a descriptor */
};
#define CLIENT_HEAD_TIMEOUT_US (30 * US_PER_S)
#define CLIENT_IDLE_TIMEOUT_US (120 * US_PER_S)

struct proxy {
    struct loop *loop;
    struct exchange_listener listener;
    struct http_server *server;
    bool is_forwarded;
    uint64_t wait_us; /* of a request, for the tunnel */
    struct gate gate;
    struct mux *mux;     /* NULL while the tunnel is down */
    char *problem;       /* why it is down */
    struct list waiting; /* relays, the longest-waiting first */
    struct list streaming;
    struct timer *timer; /* of the first in waiting */
    struct wake_watch *wake;
};

struct relay {
    struct proxy *proxy;
    struct list link; /* in waiting or streaming */
    struct http_exchange *exchange;
    struct splice splice;  /* without a stream while waiting */
    struct head *head;     /* while waiting */
    struct buf early;      /* body that came while waiting */
    struct head *trailers; /* behind it, or NULL */
    struct answer_form form;
    struct exchange_record record;
    uint64_t give_up_at_us;
};

static void relay_done(struct relay *r, enum exchange_end end, const char *reason)
{
    exchange_finish(&r->record, end, reason, &r->proxy->listener);
    list_remove(&r->link);
    head_free(r->head);
    head_free(r->trailers);
    buf_deinit(&r->early);
    answer_form_deinit(&r->form);
    free(r);
}

/* Ends a relay whose stream is gone: with an answer where there is none yet,
 * else visibly broken. */
static void relay_fail(struct relay *r, const struct answer *answer, enum exchange_end end,
                       const char *message)
{
    if (http_exchange_has_responded(r->exchange)) {
        http_exchange_break(r->exchange);
    } else {
        r->record.status = answer_send(answer, r->exchange, &r->form, message);
        if (r->record.status == 204)
            gate_let_through(&r->proxy->gate, clock_now_us());
    }
    relay_done(r, end, message);
}

/* --- from the tunnel ------------------------------------------------------------ */

static struct http_response response_of(const struct head *head)
{
    return (struct http_response){
        .status = head->status,
        .reason = head->reason,
        .minor_version = 1,
        .fields = head_fields(head),
        .framing = head->framing,
    };
}

static void on_interim(const struct head *head, void *arg)
{
    struct relay *r = arg;
    struct http_response response = response_of(head);
    /* One that may not be sent is one that the client can do without. */
    http_exchange_respond_interim(r->exchange, &response);
}

static void on_head(const struct head *head, void *arg)
{
    struct relay *r = arg;
    struct http_response response = response_of(head);
    splice_respond(&r->splice, head->framing);
    if (http_exchange_respond(r->exchange, &response) == 0) {
        exchange_on_head(&r->record, head->status, r->splice.is_pipe);
        return;
    }
    mux_stream_cancel(r->splice.stream, STREAM_MALFORMED, "the response's head may not be sent");
    relay_fail(r, &answer_bad_response, EXCHANGE_MALFORMED,
               "the other side sent a response that is not valid HTTP");
}

static void on_body(struct span bytes, void *arg)
{
    struct relay *r = arg;
    exchange_on_response(&r->record, bytes.len);
    splice_deliver(&r->splice, bytes);
}

static void on_end(struct http_fields trailers, void *arg)
{
    struct relay *r = arg;
    struct http_exchange *exchange = r->exchange;
    if (splice_end_response(&r->splice))
        relay_done(r, EXCHANGE_COMPLETE, NULL);
    http_exchange_end(exchange, trailers);
}

static void on_error(enum stream_error error, const char *text, void *arg)
{
    relay_fail(arg, answer_of_stream_error(error), exchange_end_of_response(error), text);
}

static void on_drain(void *arg)
{
    struct relay *r = arg;
    splice_on_stream_drain(&r->splice);
}

static const struct mux_stream_handlers stream_handlers = {
    .on_interim = on_interim,
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .on_error = on_error,
    .on_drain = on_drain,
};

/* --- from the client -------------------------------------------------------------- */

static void on_request_body(struct http_exchange *x, struct span bytes, void *arg)
{
    (void)x;
    struct relay *r = arg;
    exchange_on_request(&r->record, bytes.len);
    if (!r->splice.stream) {
        int error = buf_append(&r->early, bytes);
        assert(error == 0); /* reading is off: one read at most was under way */
        (void)error;
        return;
    }
    splice_send(&r->splice, bytes);
}

static void on_request_end(struct http_exchange *x, struct http_fields trailers, void *arg)
{
    (void)x;
    struct relay *r = arg;
    bool is_over = splice_end_request(&r->splice);
    if (!r->splice.stream) {
        struct head head;
        head_init(&head);
        rewrite_trailers(&head, trailers);
        r->trailers = head_copy(&head);
        return;
    }
    mux_stream_end(r->splice.stream, trailers);
    if (is_over)
        relay_done(r, EXCHANGE_COMPLETE, NULL);
}

static void on_response_drain(struct http_exchange *x, void *arg)
{
    (void)x;
    struct relay *r = arg;
    splice_on_local_drain(&r->splice);
}

static void on_abort(struct http_exchange *x, void *arg)
{
    (void)x;
    struct relay *r = arg;
    const char *reason = "the client went away";
    if (r->splice.stream)
        mux_stream_cancel(r->splice.stream, STREAM_CANCELLED, reason);
    relay_done(r, EXCHANGE_CANCELLED, reason);
}

static const struct http_exchange_handlers exchange_handlers = {
    .on_body = on_request_body,
    .on_body_end = on_request_end,
    .on_drain = on_response_drain,
    .on_abort = on_abort,
};

static void write_response(void *local, struct span bytes)
{
    http_exchange_write(local, bytes);
}

static size_t queued_response(const void *local)
{
    return http_exchange_queued(local);
}

static void set_reading_request(void *local, bool reading)
{
    http_exchange_set_reading(local, reading);
}

static const struct splice_local client_side = {
    .write = write_response,
    .queued = queued_response,
    .set_reading = set_reading_request,
};

/* --- relays ------------------------------------------------------------------------ */

/* Opens the stream; false when that cannot be, and the relay is gone. */
static bool relay_start(struct relay *r, struct head *head)
{
    struct proxy *proxy = r->proxy;
    bool is_connect = span_is_string(head->method, "CONNECT");
    if (is_connect && !mux_has(proxy->mux, FEATURE_UPGRADE)) {
        relay_fail(r, &answer_not_supported, EXCHANGE_REFUSED, "the other side carries no CONNECT");
        return false;
    }
    if (mux_has(proxy->mux, FEATURE_INTERIM))
        http_exchange_leave_continue(r->exchange);
    if (proxy_head_adapt(head, proxy->mux))
        r->splice.request = HALF_ENDED;
    int error = mux_open(proxy->mux, head, &stream_handlers, r, &r->splice.stream);
    if (error == -EMSGSIZE)
        relay_fail(r, &answer_head_too_large, EXCHANGE_REFUSED,
                   "the request's head does not fit through the tunnel");
    else if (error)
        relay_fail(r, &answer_tunnel_busy, EXCHANGE_REFUSED,
                   "too many requests are in the tunnel already");
    if (error)
        return false;
    list_append(&proxy->streaming, &r->link);
    /* A pipe that is none here has no content, and its end does not come. */
    if (r->early.len > 0)
        mux_stream_write(r->splice.stream, buf_bytes(&r->early));
    buf_deinit(&r->early);
    if (r->splice.request == HALF_ENDED)
        mux_stream_end(r->splice.stream,
                       r->trailers ? head_fields(r->trailers) : (struct http_fields){0});
    return true;
}

/* The tunnel has come up. */
static void relay_go_on(struct relay *r)
{
    struct head *head = r->head;
    r->head = NULL;
    list_remove(&r->link);
    if (relay_start(r, head))
        http_exchange_set_reading(r->exchange, true);
    head_free(head);
}

static void rearm(struct proxy *proxy)
{
    struct list *first = list_first(&proxy->waiting);
    timer_start_at(proxy->timer,
                   first ? LIST_ENTRY(first, struct relay, link)->give_up_at_us : TIME_NEVER);
}

static void relay_fail_down(struct relay *r)
{
    char *message = xasprintf("the tunnel is not connected: %s", r->proxy->problem);
    relay_fail(r, &answer_tunnel_down, EXCHANGE_DOWN, message);
    free(message);
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
        relay_fail_down(r);
    }
    rearm(proxy);
}

/* The time that was slept through was none in which the tunnel could come up. */
static void on_wake(uint64_t since_us, void *arg)
{
    struct proxy *proxy = arg;
    (void)since_us;
    LIST_EACH(link, tmp, &proxy->waiting)
    {
        struct relay *r = LIST_ENTRY(link, struct relay, link);
        r->give_up_at_us = clock_now_us() + r->proxy->wait_us;
    }
    rearm(proxy);
}

static void relay_wait(struct relay *r, const struct head *head)
{
    struct proxy *proxy = r->proxy;
    r->head = head_copy(head);
    list_append(&proxy->waiting, &r->link);
    http_exchange_set_reading(r->exchange, false);
    r->give_up_at_us = clock_now_us() + r->proxy->wait_us;
    rearm(proxy);
}

/* With the head that the request goes on with. */
static struct relay *relay_new(struct proxy *proxy, struct http_exchange *x,
                               const struct http_request *request, const struct head *head)
{
    struct relay *r = xcalloc(1, sizeof *r);
    r->proxy = proxy;
    r->exchange = x;
    r->splice = (struct splice){.ops = &client_side, .local = x, .request = HALF_BODY};
    exchange_begin(&r->record, head->method, head->target);
    answer_form_init(&r->form, request->method, head->target, request->fields);
    list_init(&r->link);
    buf_init(&r->early, CONN_READ_MAX);
    return r;
}

static void relay_begin(struct relay *r, struct head *head)
{
    struct proxy *proxy = r->proxy;
    http_exchange_accept(r->exchange, &exchange_handlers, r);
    if (proxy->mux)
        relay_start(r, head);
    else if (gate_has_let_through(&proxy->gate, head, &r->form.cors, clock_now_us()))
        relay_fail_down(r);
    else
        relay_wait(r, head);
}

static void on_request(struct http_exchange *x, const struct http_request *request, void *arg)
{
    struct proxy *proxy = arg;
    struct proxy_head sent;
    struct gate_refusal why;
    struct address client;
    http_exchange_peer_address(x, &client);
    proxy_head_init(&sent, request, proxy->is_forwarded ? &client : NULL);
    struct relay *r = relay_new(proxy, x, request, &sent.head);
    switch (gate_judge(&proxy->gate, request, &sent.head, &why)) {
    case GATE_OPEN:
        relay_begin(r, &sent.head);
        break;
    case GATE_REFUSED:
        relay_fail(r, why.answer, EXCHANGE_REFUSED, why.message);
        break;
    case GATE_LAST_HOP:
        r->record.status = gate_answer_as_last(x, request);
        relay_done(r, EXCHANGE_COMPLETE, NULL);
        break;
    }
    proxy_head_deinit(&sent);
}

/* --- the proxy ---------------------------------------------------------------------- */

int proxy_new(struct loop *loop, const struct proxy_config *proxy_config,
              const struct exchange_listener *listener, struct proxy **out)
{
    struct proxy *proxy = xcalloc(1, sizeof *proxy);
    struct http_server_config config = {
        .on_request = on_request,
        .arg = proxy,
        .connections_max = CLIENT_CONNECTIONS_MAX,
        .head_timeout_us = CLIENT_HEAD_TIMEOUT_US,
        .idle_timeout_us = CLIENT_IDLE_TIMEOUT_US,
    };
    int error =
        http_server_new(loop, proxy_config->host, proxy_config->port, &config, &proxy->server);
    if (error) {
        free(proxy);
        return error;
    }
    proxy->loop = loop;
    proxy->listener = *listener;
    proxy->is_forwarded = proxy_config->is_forwarded;
    proxy->wait_us = proxy_config->wait_us > 0 ? proxy_config->wait_us : PROXY_WAIT_US;
    gate_init(&proxy->gate, proxy_config->host, &proxy_config->allowed_hosts);
    proxy->problem = xstrdup("it has just started");
    proxy->timer = timer_new(loop, on_wait_over, proxy);
    proxy->wake = wake_watch_new(loop, on_wake, proxy);
    list_init(&proxy->waiting);
    list_init(&proxy->streaming);
    *out = proxy;
    return 0;
}

void proxy_free(struct proxy *proxy)
{
    if (!proxy)
        return;
    assert(list_is_empty(&proxy->streaming));
    http_server_free(proxy->server);
    LIST_EACH(link, next, &proxy->waiting)
    relay_done(LIST_ENTRY(link, struct relay, link), EXCHANGE_DOWN, "the proxy is shutting down");
    timer_free(proxy->timer);
    wake_watch_free(proxy->wake);
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
        relay_go_on(LIST_ENTRY(first, struct relay, link));
    rearm(proxy);
}

void proxy_set_problem(struct proxy *proxy, const char *text)
{
    free(proxy->problem);
    proxy->problem = xstrdup(text);
}
