/*
 * Without `fields`, REQ_HEADERS does not say whether a body will follow. With a
 * Content-Length we know; without one the next frame tells: REQ_END means no
 * body, REQ_BODY means one of unknown length, sent chunked. So such a call
 * starts with that frame, which is already on its way.
 *
 * What goes to and fro, and who waits for whom, is tunnel/splice.h.
 */
#include "tunnel/forward.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "net/deadline.h"
#include "tunnel/forward_head.h"
#include "tunnel/location.h"
#include "tunnel/rewrite.h"
#include "tunnel/splice.h"
#include "tunnel/target.h"

struct forward {
    struct forward_common *common;
    struct stream_splice splice;
    struct own_url_names names;
    struct upstream_turn turn;
    struct http_call *call; /* NULL until the body's framing is known */
    struct head *head;      /* until then, where REQ_HEADERS did not say */
    bool is_bodyless;       /* the call ended with its head */
    bool is_waiting;        /* the client, for a 100 (Continue) */
    struct expectation expectation;
    struct exchange_record record;
};

/* The content comes, or the response: nobody waits for a 100 (Continue) any
 * more. */
static void answer_expectation(struct forward *f)
{
    f->is_waiting = false;
    expectation_end(&f->expectation);
}

static void forward_done(struct forward *f, enum exchange_end end, const char *reason)
{
    answer_expectation(f);
    exchange_finish(&f->record, end, reason);
    upstream_turn_leave(&f->turn);
    f->common->count--;
    head_free(f->head);
    own_url_forget(&f->names);
    free(f);
}

/* Ends the stream with an error behind what has come; the call is gone or never
 * was. */
static void forward_fail(struct forward *f, enum stream_error error, const char *text)
{
    char *reason = xasprintf("upstream %s: %s", f->common->upstream.name, text);
    mux_stream_break(f->splice.stream, error, reason);
    forward_done(f, error == STREAM_MALFORMED ? EXCHANGE_MALFORMED : EXCHANGE_FAILED, reason);
    free(reason);
}

/* --- from the upstream ---------------------------------------------------- */

static void fill_head(const struct forward *f, struct head *head,
                      const struct http_response *response)
{
    head_init(head);
    head->status = response->status;
    head->reason = response->reason;
    head->framing = response->framing;
    rewrite_response(head, response);
    location_rewrite(head, &f->common->own, &f->names);
}

static void on_interim(const struct http_response *response, void *arg)
{
    struct forward *f = arg;
    struct head head;
    if (response->status == 100)
        answer_expectation(f);
    fill_head(f, &head, response);
    head.framing = HTTP_BODY_NONE;
    mux_stream_interim(f->splice.stream, &head);
    head_deinit(&head);
}

static void on_response(const struct http_response *response, void *arg)
{
    struct forward *f = arg;
    struct head head;
    answer_expectation(f);
    fill_head(f, &head, response);
    splice_respond(&f->splice, response->framing);
    int error = mux_stream_respond(f->splice.stream, &head);
    head_deinit(&head);
    if (error == 0) {
        exchange_on_head(&f->record, response->status, response->fields, f->splice.is_pipe);
        return;
    }
    http_call_cancel(f->call);
    forward_fail(f, STREAM_HEAD_TOO_LARGE, "the response's head is too large for a frame");
}

static void on_response_body(struct span bytes, void *arg)
{
    struct forward *f = arg;
    exchange_on_response(&f->record, bytes);
    splice_send(&f->splice, bytes);
}

static void on_response_end(struct http_fields trailers, void *arg)
{
    struct forward *f = arg;
    mux_stream_end(f->splice.stream, trailers);
    if (splice_end_response(&f->splice))
        forward_done(f, EXCHANGE_COMPLETE, NULL);
}

static void on_call_error(enum http_call_error error, const char *text, void *arg)
{
    static const enum stream_error errors[] = {
        [HTTP_CALL_DNS] = STREAM_DNS,
        [HTTP_CALL_REFUSED] = STREAM_REFUSED,
        [HTTP_CALL_UNREACHABLE] = STREAM_UNREACHABLE,
        [HTTP_CALL_TIMEOUT] = STREAM_TIMEOUT,
        [HTTP_CALL_TLS] = STREAM_TLS,
        [HTTP_CALL_CLOSED] = STREAM_BROKEN,
        [HTTP_CALL_BROKEN] = STREAM_BROKEN,
        [HTTP_CALL_MALFORMED] = STREAM_INVALID,
        [HTTP_CALL_HEAD_TOO_LARGE] = STREAM_HEAD_TOO_LARGE,
        [HTTP_CALL_REQUEST] = STREAM_MALFORMED,
    };
    forward_fail(arg, errors[error], text);
}

static void on_call_drain(void *arg)
{
    struct forward *f = arg;
    splice_on_local_drain(&f->splice);
}

static size_t response_room(void *arg)
{
    const struct forward *f = arg;
    return splice_room(&f->splice);
}

static const struct http_call_handlers call_handlers = {
    .on_interim = on_interim,
    .on_response = on_response,
    .on_body = on_response_body,
    .room = response_room,
    .on_end = on_response_end,
    .on_error = on_call_error,
    .on_drain = on_call_drain,
};

static void write_request(void *local, struct span bytes)
{
    http_call_write(local, bytes);
}

static size_t queued_request(const void *local)
{
    return http_call_queued(local);
}

static void set_reading_response(void *local, bool reading)
{
    http_call_set_reading(local, reading);
}

static const struct splice_local upstream_side = {
    .write = write_request,
    .queued = queued_request,
    .set_reading = set_reading_response,
};

/* --- clients that wait for a 100 (Continue) ------------------------------- */

static void await_answer(struct forward *f)
{
    expectation_begin(&f->expectation, &f->common->expectations, loop_now_us(f->common->loop));
    deadline_touch(f->common->deadline);
}

/* An upstream that is not connected yet has not been asked. */
static void go_on(struct forward *f)
{
    struct head head;
    if (!http_call_is_open(f->call)) {
        await_answer(f);
        return;
    }
    f->is_waiting = false;
    head_init(&head);
    head.status = 100;
    head.reason = SPAN_LITERAL("Continue");
    head.framing = HTTP_BODY_NONE;
    mux_stream_interim(f->splice.stream, &head);
    head_deinit(&head);
}

static uint64_t next_us(void *arg)
{
    const struct forward_common *common = arg;
    return expectations_deadline_us(&common->expectations);
}

static void on_due(void *arg)
{
    struct forward_common *common = arg;
    uint64_t now_us = loop_now_us(common->loop);
    struct expectation *first;
    while ((first = expectations_next(&common->expectations, now_us)) != NULL)
        go_on(LIST_ENTRY(first, struct forward, expectation));
}

void forward_common_init(struct forward_common *common)
{
    expectations_init(&common->expectations);
    common->deadline = deadline_new_touched(common->loop, next_us, on_due, common);
}

void forward_common_deinit(struct forward_common *common)
{
    assert(common->count == 0);
    deadline_free(common->deadline);
}

/* --- from the tunnel ------------------------------------------------------ */

static void on_turn(void *arg)
{
    struct forward *f = arg;
    http_call_start(f->call);
    if (f->is_waiting)
        await_answer(f);
}

static void on_tired(void *arg)
{
    struct forward *f = arg;
    char text[128];
    snprintf(text, sizeof text,
             "none of its %zu connections (serve --upstream-max) was free for 10 minutes",
             f->common->upstream.line.places.most);
    http_call_cancel(f->call);
    forward_fail(f, STREAM_TOO_MANY, text);
}

static const struct upstream_turn_handlers turn_handlers = {on_turn, on_tired};

static void take_turn(struct forward *f)
{
    struct consumer *consumer = mux_stream_consumer(f->splice.stream);
    if (upstream_turn_take(&f->turn, &f->common->upstream.line, consumer, &turn_handlers, f))
        on_turn(f);
}

/* Sends the head upstream, or lines up for that. False when it may not be sent;
 * the forward is then gone. */
static bool start_call(struct forward *f, const struct head *head, enum http_framing framing)
{
    struct forward_common *common = f->common;
    char *storage;
    struct http_request request = {
        .method = head->method,
        .target = target_for_upstream(head->target, common->advertise, common->upstream.url->path,
                                      &storage),
        .minor_version = 1,
        .fields = head_fields(head),
        .framing = framing,
    };
    int error = http_client_prepare(common->upstream.client, &request, &call_handlers, f, &f->call);
    f->splice.local = f->call;
    free(storage);
    if (error)
        forward_fail(f, STREAM_MALFORMED, "the request's head may not be sent");
    else
        take_turn(f);
    return error == 0;
}

/* The frame that tells the framing has come. */
static bool start_kept_call(struct forward *f, enum http_framing framing)
{
    struct head *head = f->head;
    f->head = NULL;
    bool has_started = start_call(f, head, framing);
    head_free(head);
    return has_started;
}

static void on_request_body(struct span bytes, void *arg)
{
    struct forward *f = arg;
    answer_expectation(f);
    exchange_on_request(&f->record, bytes.len);
    if (!f->call && !start_kept_call(f, HTTP_BODY_UNKNOWN))
        return;
    splice_deliver(&f->splice, bytes);
}

/* Methods whose requests usually have a body say so when it is empty
 * (RFC 9110 section 8.6). */
static bool is_body_expected(struct span method)
{
    return span_is_string(method, "POST") || span_is_string(method, "PUT") ||
           span_is_string(method, "PATCH");
}

/* There is no body: the call needs no end where the head says so. */
static void start_bodyless_call(struct forward *f)
{
    if (!is_body_expected(f->head->method)) {
        start_kept_call(f, HTTP_BODY_NONE);
        return;
    }
    head_add(f->head, SPAN_LITERAL("Content-Length"), SPAN_LITERAL("0"));
    if (start_kept_call(f, HTTP_BODY_LENGTH))
        http_call_end(f->call, (struct http_fields){0});
}

static void end_call(struct forward *f, struct http_fields trailers)
{
    struct head kept;
    forward_rewrite_trailers(&kept, f->common, trailers);
    http_call_end(f->call, head_fields(&kept));
    head_deinit(&kept);
}

static void on_request_end(struct http_fields trailers, void *arg)
{
    struct forward *f = arg;
    bool is_over = splice_end_request(&f->splice);
    answer_expectation(f);
    if (!f->call) {
        start_bodyless_call(f);
        return;
    }
    if (!f->is_bodyless)
        end_call(f, trailers);
    if (is_over)
        forward_done(f, EXCHANGE_COMPLETE, NULL);
}

/* The consumer's client went away, or the session did: stop the upstream. */
static void on_stream_error(enum stream_error error, const char *text, void *arg)
{
    struct forward *f = arg;
    if (f->call)
        http_call_cancel(f->call);
    forward_done(f, exchange_end_of_request(error), text);
}

static void on_stream_drain(void *arg)
{
    struct forward *f = arg;
    splice_on_stream_drain(&f->splice);
}

static const struct mux_stream_handlers stream_handlers = {
    .on_body = on_request_body,
    .on_end = on_request_end,
    .on_error = on_stream_error,
    .on_drain = on_stream_drain,
};

void forward_start(struct forward_common *common, struct mux_stream *stream,
                   const struct head *head)
{
    struct forward *f = xcalloc(1, sizeof *f);
    struct head upstream;
    f->common = common;
    common->count++;
    f->splice =
        (struct stream_splice){.ops = &upstream_side, .stream = stream, .request = HALF_BODY};
    f->is_bodyless = head->is_framing_known && head->framing == HTTP_BODY_NONE;
    f->is_waiting = mux_stream_has(stream, FEATURE_INTERIM) && expectation_is_in(head);
    expectation_init(&f->expectation);
    exchange_begin(&f->record, &common->watch, mux_stream_device(stream), head->method,
                   head->target);
    f->record.consumer = consumer_number(mux_stream_consumer(stream));
    mux_stream_accept(stream, &stream_handlers, f);
    forward_rewrite_head(&upstream, common, stream, head);
    own_url_learn(&f->names, head_fields(head), head_fields(&upstream));
    if (head->is_framing_known)
        start_call(f, &upstream, head->framing);
    else
        f->head = head_copy(&upstream);
    head_deinit(&upstream);
}
