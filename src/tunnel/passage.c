/*
 * What goes to and fro, and who waits for whom, is tunnel/splice.h; here is
 * what each event means to a client that waits for its answer. Until that has
 * begun, a failure may mean nothing to it: the same request goes to another
 * provider, by a stream of its own.
 */
#include "tunnel/passage.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tunnel/proxy_head.h"
#include "tunnel/rewrite.h"

void passage_done(struct passage *p, enum exchange_end end, const char *reason)
{
    p->common->owner->on_gone(p, p->common->arg);
    exchange_finish(&p->record, end, reason);
    list_remove(&p->link);
    retry_deinit(&p->retry);
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

static bool on_failure(struct passage *p, enum stream_error error, const char *text);
static bool move(struct passage *p, const struct head *head);

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
    retry_drop(&p->retry);
    /* One that may not be sent is one that the client can do without. */
    http_exchange_respond_interim(p->exchange, &response);
}

static void on_head(const struct head *head, void *arg)
{
    struct passage *p = arg;
    struct http_response response = response_of(head);
    if (move(p, head))
        return;
    retry_drop(&p->retry);
    splice_respond(&p->splice, head->framing);
    if (http_exchange_respond(p->exchange, &response) == 0) {
        exchange_on_head(&p->record, head->status, response.fields, p->splice.is_pipe);
        return;
    }
    mux_stream_cancel(p->splice.stream, STREAM_MALFORMED, "the response's head may not be sent");
    passage_fail(p, &answer_bad_response, EXCHANGE_MALFORMED,
                 "the other side sent a response that is not valid HTTP");
}

static void on_body(struct span bytes, void *arg)
{
    struct passage *p = arg;
    exchange_on_response(&p->record, bytes);
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
    on_failure(arg, error, text);
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
    retry_add(&p->retry, bytes);
    if (!p->is_held)
        splice_send(&p->splice, bytes);
}

static size_t request_room(const struct http_exchange *x, void *arg)
{
    (void)x;
    const struct passage *p = arg;
    return p->is_held ? 0 : splice_room(&p->splice);
}

static void keep_trailers(struct passage *p, struct http_fields trailers)
{
    struct head head;
    if (trailers.count == 0)
        return;
    head_init(&head);
    rewrite_trailers(&head, trailers, NULL);
    retry_end(&p->retry, &head);
    head_deinit(&head);
}

static void on_request_end(struct http_exchange *x, struct http_fields trailers, void *arg)
{
    (void)x;
    struct passage *p = arg;
    bool is_over = splice_end_request(&p->splice);
    keep_trailers(p, trailers);
    if (p->is_held)
        return;
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
    if (!p->is_held)
        mux_stream_cancel(p->splice.stream, STREAM_CANCELLED, reason);
    passage_done(p, EXCHANGE_CANCELLED, reason);
}

static const struct http_exchange_handlers exchange_handlers = {
    .on_body = on_request_body,
    .room = request_room,
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
    p->splice = (struct stream_splice){.ops = &client_side, .local = x, .request = HALF_BODY};
    exchange_begin(&p->record, &common->watch, NULL, head->method, head->target);
    answer_form_init(&p->form, request->method, head->target, request->fields);
    list_init(&p->link);
    retry_init(&p->retry, &common->kept);
    return p;
}

void passage_accept(struct passage *p)
{
    http_exchange_accept(p->exchange, &exchange_handlers, p);
}

/* ---- its stream, and another one ---- */

/* What has come before there was a stream. */
static void send_kept(struct passage *p)
{
    const struct head *trailers = p->retry.trailers;
    struct mux_stream *stream = p->splice.stream;
    if (p->retry.body.len > 0)
        mux_stream_write(stream, buf_bytes(&p->retry.body));
    if (p->splice.request == HALF_ENDED)
        mux_stream_end(stream, trailers ? head_fields(trailers) : (struct http_fields){0});
    else if (p->is_held)
        http_exchange_set_reading(p->exchange, mux_stream_is_writable(stream));
    p->is_held = false;
}

/* A pipe that the other side does not know is refused, but for an upgrade: that
 * is left out. */
static bool is_carried(const struct mux *mux, const struct head *head)
{
    if (!span_is_string(head->method, "CONNECT"))
        return true;
    return mux_has(mux, head_is_to_upstream(head) ? FEATURE_TCP : FEATURE_UPGRADE);
}

static int open_stream(struct passage *p, struct mux *mux, struct head *head)
{
    if (!is_carried(mux, head))
        return -ENOTSUP;
    http_exchange_leave_continue(p->exchange, mux_has(mux, FEATURE_INTERIM));
    /* A pipe that is none here has no content, and its end does not come. */
    if (head->framing == HTTP_BODY_PIPE)
        p->splice.request = HALF_BODY;
    if (proxy_head_adapt(head, mux))
        p->splice.request = HALF_ENDED;
    return mux_open(mux, head, &stream_handlers, p, &p->splice.stream);
}

/* False when the passage is gone. */
static bool begin_stream(struct passage *p, struct mux *mux, struct head *head)
{
    p->record.tries++;
    switch (open_stream(p, mux, head)) {
    case 0:
        send_kept(p);
        return true;
    case -ENOTSUP:
        passage_fail(p, &answer_not_supported, EXCHANGE_REFUSED,
                     head_is_to_upstream(head)
                         ? "the other side carries neither HTTP/2 nor plain TCP"
                         : "the other side carries no CONNECT");
        return false;
    case -EMSGSIZE:
        passage_fail(p, &answer_head_too_large, EXCHANGE_REFUSED,
                     "the request's head does not fit through the tunnel");
        return false;
    default:
        return on_failure(p, STREAM_TOO_MANY, "too many requests are in the tunnel already");
    }
}

/* The one that is kept stays as it came. False when the passage is gone. */
static bool begin_kept_stream(struct passage *p, struct mux *mux)
{
    struct head *head = head_copy(p->retry.head);
    p->is_held = true;
    bool is_there = begin_stream(p, mux, head);
    head_free(head);
    return is_there;
}

static void hold(struct passage *p)
{
    p->is_held = true;
    http_exchange_set_reading(p->exchange, false);
}

/* False when the passage is gone. */
static bool on_failure(struct passage *p, enum stream_error error, const char *text)
{
    bool can_move = retry_allows(&p->retry, error);
    p->splice.stream = NULL;
    struct mux *mux = p->common->owner->on_failure(p, error, can_move, p->common->arg);
    if (mux)
        return begin_kept_stream(p, mux);
    if (can_move && error == STREAM_UNSENT && retry_wait_again(&p->retry)) {
        hold(p);
        p->common->owner->on_held(p, p->common->arg);
        return true;
    }
    passage_fail(p, answer_of_stream_error(error), exchange_end_of_response(error), text);
    return false;
}

/* Instead of that response another provider's is waited for. */
static bool move(struct passage *p, const struct head *head)
{
    bool can_move = retry_allows_instead(&p->retry, head);
    struct mux *mux = p->common->owner->on_head(p, head, can_move, p->common->arg);
    if (!mux)
        return false;
    mux_stream_cancel(p->splice.stream, STREAM_CANCELLED, "another provider is asked");
    p->splice.stream = NULL;
    begin_kept_stream(p, mux);
    return true;
}

void passage_start(struct passage *p, struct mux *mux, struct head *head)
{
    retry_keep(&p->retry, head);
    begin_stream(p, mux, head);
}

void passage_hold(struct passage *p, const struct head *head)
{
    retry_wait(&p->retry, head);
    hold(p);
}

void passage_go_on(struct passage *p, struct mux *mux)
{
    if (begin_kept_stream(p, mux))
        retry_sent(&p->retry);
}
