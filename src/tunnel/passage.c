/*
 * What goes to and fro, and who waits for whom, is tunnel/splice.h; here is
 * what each event means to a client that waits for its answer.
 */
#include "tunnel/passage.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tunnel/proxy_head.h"
#include "tunnel/rewrite.h"

void passage_done(struct passage *p, enum exchange_end end, const char *reason)
{
    exchange_finish(&p->record, end, reason, &p->common->watch);
    list_remove(&p->link);
    head_free(p->head);
    head_free(p->trailers);
    buf_deinit(&p->early);
    answer_form_deinit(&p->form);
    free(p);
}

void passage_fail(struct passage *p, const struct answer *answer, enum exchange_end end,
                  const char *message)
{
    if (http_exchange_has_responded(p->exchange)) {
        http_exchange_break(p->exchange);
    } else {
        p->record.status = answer_send(answer, p->exchange, &p->form, message);
        if (p->record.status == 204)
            gate_let_through(&p->common->gate, clock_now_us());
    }
    passage_done(p, end, message);
}

/* --- from the tunnel ------------------------------------------------------ */

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
    struct passage *p = arg;
    struct http_response response = response_of(head);
    /* One that may not be sent is one that the client can do without. */
    http_exchange_respond_interim(p->exchange, &response);
}

static void on_head(const struct head *head, void *arg)
{
    struct passage *p = arg;
    struct http_response response = response_of(head);
    splice_respond(&p->splice, head->framing);
    if (http_exchange_respond(p->exchange, &response) == 0) {
        exchange_on_head(&p->record, head->status, p->splice.is_pipe);
        return;
    }
    mux_stream_cancel(p->splice.stream, STREAM_MALFORMED, "the response's head may not be sent");
    passage_fail(p, &answer_bad_response, EXCHANGE_MALFORMED,
                 "the other side sent a response that is not valid HTTP");
}

static void on_body(struct span bytes, void *arg)
{
    struct passage *p = arg;
    exchange_on_response(&p->record, bytes.len);
    splice_deliver(&p->splice, bytes);
}

static void on_end(struct http_fields trailers, void *arg)
{
    struct passage *p = arg;
    struct http_exchange *exchange = p->exchange;
    if (splice_end_response(&p->splice))
        passage_done(p, EXCHANGE_COMPLETE, NULL);
    http_exchange_end(exchange, trailers);
}

static void on_error(enum stream_error error, const char *text, void *arg)
{
    passage_fail(arg, answer_of_stream_error(error), exchange_end_of_response(error), text);
}

static void on_drain(void *arg)
{
    struct passage *p = arg;
    splice_on_stream_drain(&p->splice);
}

static const struct mux_stream_handlers stream_handlers = {
    .on_interim = on_interim,
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .on_error = on_error,
    .on_drain = on_drain,
};

/* --- from the client ------------------------------------------------------ */

static void on_request_body(struct http_exchange *x, struct span bytes, void *arg)
{
    (void)x;
    struct passage *p = arg;
    exchange_on_request(&p->record, bytes.len);
    if (!p->splice.stream) {
        int error = buf_append(&p->early, bytes);
        assert(error == 0); /* reading is off: one read at most was under way */
        (void)error;
        return;
    }
    splice_send(&p->splice, bytes);
}

static void on_request_end(struct http_exchange *x, struct http_fields trailers, void *arg)
{
    (void)x;
    struct passage *p = arg;
    bool is_over = splice_end_request(&p->splice);
    if (!p->splice.stream) {
        struct head head;
        head_init(&head);
        rewrite_trailers(&head, trailers, NULL);
        p->trailers = head_copy(&head);
        return;
    }
    mux_stream_end(p->splice.stream, trailers);
    if (is_over)
        passage_done(p, EXCHANGE_COMPLETE, NULL);
}

static void on_response_drain(struct http_exchange *x, void *arg)
{
    (void)x;
    struct passage *p = arg;
    splice_on_local_drain(&p->splice);
}

static void on_abort(struct http_exchange *x, void *arg)
{
    (void)x;
    struct passage *p = arg;
    const char *reason = "the client went away";
    if (p->splice.stream)
        mux_stream_cancel(p->splice.stream, STREAM_CANCELLED, reason);
    passage_done(p, EXCHANGE_CANCELLED, reason);
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

/* --- the passage ---------------------------------------------------------- */

struct passage *passage_new(struct passage_common *common, struct http_exchange *x,
                            const struct http_request *request, const struct head *head)
{
    struct passage *p = xcalloc(1, sizeof *p);
    p->common = common;
    p->exchange = x;
    p->splice = (struct splice){.ops = &client_side, .local = x, .request = HALF_BODY};
    exchange_begin(&p->record, NULL, head->method, head->target);
    answer_form_init(&p->form, request->method, head->target, request->fields);
    list_init(&p->link);
    buf_init(&p->early, CONN_READ_MAX);
    return p;
}

void passage_accept(struct passage *p)
{
    http_exchange_accept(p->exchange, &exchange_handlers, p);
}

/* What came before there was a stream. */
static void send_early(struct passage *p)
{
    if (p->early.len > 0)
        mux_stream_write(p->splice.stream, buf_bytes(&p->early));
    buf_deinit(&p->early);
    if (p->splice.request == HALF_ENDED)
        mux_stream_end(p->splice.stream,
                       p->trailers ? head_fields(p->trailers) : (struct http_fields){0});
}

bool passage_start(struct passage *p, struct mux *mux, struct head *head)
{
    bool is_connect = span_is_string(head->method, "CONNECT");
    if (is_connect && !mux_has(mux, FEATURE_UPGRADE)) {
        passage_fail(p, &answer_not_supported, EXCHANGE_REFUSED,
                     "the other side carries no CONNECT");
        return false;
    }
    if (mux_has(mux, FEATURE_INTERIM))
        http_exchange_leave_continue(p->exchange);
    /* A pipe that is none here has no content, and its end does not come. */
    if (proxy_head_adapt(head, mux))
        p->splice.request = HALF_ENDED;
    int error = mux_open(mux, head, &stream_handlers, p, &p->splice.stream);
    if (error == -EMSGSIZE)
        passage_fail(p, &answer_head_too_large, EXCHANGE_REFUSED,
                     "the request's head does not fit through the tunnel");
    else if (error)
        passage_fail(p, &answer_tunnel_busy, EXCHANGE_REFUSED,
                     "too many requests are in the tunnel already");
    else
        send_early(p);
    return error == 0;
}

void passage_hold(struct passage *p, const struct head *head)
{
    p->head = head_copy(head);
    http_exchange_set_reading(p->exchange, false);
}

void passage_go_on(struct passage *p, struct mux *mux)
{
    struct head *head = p->head;
    p->head = NULL;
    if (passage_start(p, mux, head))
        http_exchange_set_reading(p->exchange, true);
    head_free(head);
}
