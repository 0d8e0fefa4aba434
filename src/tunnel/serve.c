/*
 * One forward is one exchange: a stream of the mux on one side, a call of the
 * HTTP client on the other. It dies with whichever ends first, and ends the
 * other.
 *
 * Version 1 does not say in REQ_HEADERS whether a body will follow. With a
 * Content-Length we know; without one the next frame tells: REQ_END means no
 * body, REQ_BODY means one of unknown length, sent chunked. So such a call
 * starts with that frame, which is already on its way.
 *
 * Backpressure: the response is read from the upstream only while the
 * stream's queue is below its mark; the request is read from the channel only
 * while the upstream's queue is.
 */
#include "tunnel/serve.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/list.h"
#include "base/log.h"
#include "http/client.h"
#include "tunnel/path.h"

enum {
    UPSTREAM_POOL_MAX = 64,         /* idle connections kept */
    UPSTREAM_QUEUE_HIGH = 256 << 10 /* request bytes that the upstream has not taken */
};
#define UPSTREAM_CONNECT_TIMEOUT_US (10 * US_PER_S)
#define UPSTREAM_IDLE_TIMEOUT_US    (30 * US_PER_S)

struct serve {
    struct http_client *client;
    char *authority;
    char *base_path;
    char *advertise;
    struct list forwards;
};

struct forward {
    struct serve *serve;
    struct list link;
    struct mux_stream *stream;
    struct http_call *call; /* NULL until the body's framing is known */
    struct head head;       /* until then */
    uint64_t begun_us;
    uint64_t response_bytes;
    int status;
};

struct serve *serve_new(struct loop *loop, const struct serve_config *config)
{
    struct serve *serve = xcalloc(1, sizeof *serve);
    struct http_client_config client = {
        .host = config->upstream->host,
        .port = config->upstream->port,
        .tls = config->upstream->is_tls ? config->tls : NULL,
        .connect_timeout_us = UPSTREAM_CONNECT_TIMEOUT_US,
        .idle_timeout_us = UPSTREAM_IDLE_TIMEOUT_US,
        .pool_max = UPSTREAM_POOL_MAX,
    };
    serve->client = http_client_new(loop, &client);
    serve->authority = xstrdup(config->upstream->authority);
    serve->base_path = xstrdup(config->upstream->path);
    serve->advertise = xstrdup(config->advertise);
    list_init(&serve->forwards);
    return serve;
}

void serve_free(struct serve *serve)
{
    assert(list_is_empty(&serve->forwards));
    http_client_free(serve->client);
    free(serve->authority);
    free(serve->base_path);
    free(serve->advertise);
    free(serve);
}

static void forward_free(struct forward *f)
{
    list_remove(&f->link);
    head_deinit(&f->head);
    free(f);
}

/* Ends the stream with an error; the call is gone or never was. */
static void forward_fail(struct forward *f, const char *text)
{
    char *reason = xasprintf("upstream %s: %s", f->serve->authority, text);
    log_warn("serve: stream %u: %s", mux_stream_id(f->stream), reason);
    mux_stream_cancel(f->stream, reason);
    free(reason);
    forward_free(f);
}

/* --- from the upstream ---------------------------------------------------- */

static void on_response(const struct http_response *response, void *arg)
{
    struct forward *f = arg;
    struct head head;
    head_init(&head);
    head.status = f->status = response->status;
    head_add_end_to_end(&head, response->fields, NULL);
    int error = mux_stream_respond(f->stream, &head);
    head_deinit(&head);
    if (error) {
        http_call_cancel(f->call);
        forward_fail(f, "the response's head is too large for a frame");
    }
}

static void on_response_body(struct span bytes, void *arg)
{
    struct forward *f = arg;
    f->response_bytes += bytes.len;
    mux_stream_write(f->stream, bytes);
    if (mux_stream_queued(f->stream) > MUX_STREAM_QUEUE_HIGH)
        http_call_set_reading(f->call, false);
}

static void on_response_end(struct http_fields trailers, void *arg)
{
    (void)trailers; /* version 1 carries none */
    struct forward *f = arg;
    log_debug("serve: stream %u: %d, %llu bytes, %llu ms", mux_stream_id(f->stream), f->status,
              (unsigned long long)f->response_bytes,
              (unsigned long long)((clock_now_us() - f->begun_us) / US_PER_MS));
    mux_stream_end(f->stream);
    forward_free(f);
}

static void on_call_error(enum http_call_error error, const char *text, void *arg)
{
    (void)error;
    forward_fail(arg, text);
}

static void on_call_drain(void *arg)
{
    struct forward *f = arg;
    mux_stream_set_reading(f->stream, true);
}

static const struct http_call_handlers call_handlers = {
    .on_response = on_response,
    .on_body = on_response_body,
    .on_end = on_response_end,
    .on_error = on_call_error,
    .on_drain = on_call_drain,
};

/* --- from the tunnel ------------------------------------------------------- */

/* Sends the head upstream. False when it may not be sent; the forward is then
 * gone. */
static bool start_call(struct forward *f, enum http_framing framing)
{
    struct serve *serve = f->serve;
    char *target = path_for_upstream(f->head.path, serve->advertise, serve->base_path);
    struct http_request request = {
        .method = span_from_string(f->head.method),
        .target = span_from_string(target),
        .minor_version = 1,
        .fields = head_fields(&f->head),
        .framing = framing,
    };
    log_debug("serve: stream %u: %s %s", mux_stream_id(f->stream), f->head.method, target);
    int error = http_client_call(serve->client, &request, &call_handlers, f, &f->call);
    free(target);
    if (error) {
        forward_fail(f, "the request's head may not be sent");
        return false;
    }
    head_deinit(&f->head);
    return true;
}

static void on_request_body(struct span bytes, void *arg)
{
    struct forward *f = arg;
    if (!f->call && !start_call(f, HTTP_BODY_CHUNKED))
        return;
    http_call_write(f->call, bytes);
    if (http_call_queued(f->call) > UPSTREAM_QUEUE_HIGH)
        mux_stream_set_reading(f->stream, false);
}

/* Methods whose requests usually have a body say so when it is empty
 * (RFC 9110 section 8.6). */
static bool is_body_expected(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

/* There is no body: the call needs no end where the head says so. */
static void start_bodyless_call(struct forward *f)
{
    if (!is_body_expected(f->head.method)) {
        start_call(f, HTTP_BODY_NONE);
        return;
    }
    head_add(&f->head, SPAN_LITERAL("Content-Length"), SPAN_LITERAL("0"));
    if (start_call(f, HTTP_BODY_LENGTH))
        http_call_end(f->call, (struct http_fields){0});
}

static void on_request_end(void *arg)
{
    struct forward *f = arg;
    if (f->call)
        http_call_end(f->call, (struct http_fields){0});
    else
        start_bodyless_call(f);
}

/* The consumer's client went away, or the session did: stop the upstream. */
static void on_stream_error(const char *text, void *arg)
{
    struct forward *f = arg;
    log_info("serve: request cancelled: %s", text);
    if (f->call)
        http_call_cancel(f->call);
    forward_free(f);
}

static void on_stream_drain(void *arg)
{
    struct forward *f = arg;
    http_call_set_reading(f->call, true);
}

static const struct mux_stream_handlers stream_handlers = {
    .on_body = on_request_body,
    .on_end = on_request_end,
    .on_error = on_stream_error,
    .on_drain = on_stream_drain,
};

/* The upstream's own authority, and nothing that concerned one hop only. */
static void add_upstream_fields(struct forward *f, const struct head *from)
{
    head_add(&f->head, SPAN_LITERAL("Host"), span_from_string(f->serve->authority));
    struct http_fields fields = head_fields(from);
    for (size_t i = 0; i < fields.count; i++) {
        struct span name = fields.at[i].name;
        bool is_ours = span_is_string_nocase(name, "Host") || span_is_string_nocase(name, "Expect");
        if (!is_ours && !http_field_is_hop_by_hop(name, fields))
            head_add(&f->head, name, fields.at[i].value);
    }
}

void serve_on_request(struct serve *serve, struct mux_stream *stream, struct head *head)
{
    struct forward *f = xcalloc(1, sizeof *f);
    f->serve = serve;
    f->stream = stream;
    f->begun_us = clock_now_us();
    list_append(&serve->forwards, &f->link);
    head_init(&f->head);
    f->head.method = head->method;
    f->head.path = head->path;
    head->method = head->path = NULL;
    add_upstream_fields(f, head);
    mux_stream_accept(stream, &stream_handlers, f);
    if (http_fields_find(head_fields(&f->head), "Content-Length"))
        start_call(f, HTTP_BODY_LENGTH);
}
