/*
 * What goes to and fro, and who waits for whom, is tunnel/splice.h; here is what
 * each event means to a client that waits for its answer.
 */
#include "tunnel/relay.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tunnel/proxy_head.h"
#include "tunnel/rewrite.h"

void relay_done(struct relay *r, enum exchange_end end, const char *reason)
{
    exchange_finish(&r->record, end, reason, &r->common->listener);
    list_remove(&r->link);
    head_free(r->head);
    head_free(r->trailers);
    buf_deinit(&r->early);
    answer_form_deinit(&r->form);
    free(r);
}

void relay_fail(struct relay *r, const struct answer *answer, enum exchange_end end,
                const char *message)
{
    if (http_exchange_has_responded(r->exchange)) {
        http_exchange_break(r->exchange);
    } else {
        r->record.status = answer_send(answer, r->exchange, &r->form, message);
        if (r->record.status == 204)
            gate_let_through(&r->common->gate, clock_now_us());
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

/* --- the relay --------------------------------------------------------------------- */

struct relay *relay_new(struct relay_common *common, struct http_exchange *x,
                        const struct http_request *request, const struct head *head)
{
    struct relay *r = xcalloc(1, sizeof *r);
    r->common = common;
    r->exchange = x;
    r->splice = (struct splice){.ops = &client_side, .local = x, .request = HALF_BODY};
    exchange_begin(&r->record, head->method, head->target);
    answer_form_init(&r->form, request->method, head->target, request->fields);
    list_init(&r->link);
    buf_init(&r->early, CONN_READ_MAX);
    return r;
}

void relay_accept(struct relay *r)
{
    http_exchange_accept(r->exchange, &exchange_handlers, r);
}

/* What came before there was a stream. */
static void send_early(struct relay *r)
{
    if (r->early.len > 0)
        mux_stream_write(r->splice.stream, buf_bytes(&r->early));
    buf_deinit(&r->early);
    if (r->splice.request == HALF_ENDED)
        mux_stream_end(r->splice.stream,
                       r->trailers ? head_fields(r->trailers) : (struct http_fields){0});
}

bool relay_start(struct relay *r, struct mux *mux, struct head *head)
{
    bool is_connect = span_is_string(head->method, "CONNECT");
    if (is_connect && !mux_has(mux, FEATURE_UPGRADE)) {
        relay_fail(r, &answer_not_supported, EXCHANGE_REFUSED, "the other side carries no CONNECT");
        return false;
    }
    if (mux_has(mux, FEATURE_INTERIM))
        http_exchange_leave_continue(r->exchange);
    /* A pipe that is none here has no content, and its end does not come. */
    if (proxy_head_adapt(head, mux))
        r->splice.request = HALF_ENDED;
    int error = mux_open(mux, head, &stream_handlers, r, &r->splice.stream);
    if (error == -EMSGSIZE)
        relay_fail(r, &answer_head_too_large, EXCHANGE_REFUSED,
                   "the request's head does not fit through the tunnel");
    else if (error)
        relay_fail(r, &answer_tunnel_busy, EXCHANGE_REFUSED,
                   "too many requests are in the tunnel already");
    else
        send_early(r);
    return error == 0;
}

void relay_hold(struct relay *r, const struct head *head)
{
    r->head = head_copy(head);
    http_exchange_set_reading(r->exchange, false);
}

void relay_go_on(struct relay *r, struct mux *mux)
{
    struct head *head = r->head;
    r->head = NULL;
    if (relay_start(r, mux, head))
        http_exchange_set_reading(r->exchange, true);
    head_free(head);
}
