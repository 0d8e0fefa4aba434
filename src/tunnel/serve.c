/*
 * A request is refused, becomes a pipe to the upstream (tunnel/connect.h), or a
 * call to it (tunnel/forward.h).
 */
#include "tunnel/serve.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tunnel/access_rule.h"
#include "tunnel/connect.h"
#include "tunnel/forward.h"
#include "tunnel/guests.h"
#include "tunnel/permit.h"

struct serve {
    struct loop *loop;
    struct forward_common common;
    struct permit permit;
    bool allows_connect;
    bool allows_tcp;
    const struct guests *guests; /* NULL: of a room of version 1 */
    struct consumers consumers;
};

enum { BARRED_WHY_MAX = 1024 };

int serve_new(struct loop *loop, const struct serve_config *config,
              const struct serve_handlers *handlers, void *arg, struct serve **out)
{
    struct serve *serve = xcalloc(1, sizeof *serve);
    serve->loop = loop;
    serve->common = (struct forward_common){
        .loop = loop,
        .own = own_url_upstream(config->upstream.url, config->advertise),
        .advertise = config->advertise,
        .preserves_host = config->preserves_host,
        .is_forwarded = config->is_forwarded,
        .rules = config->rules,
        .rule_count = config->rule_count,
        .watch = {handlers->on_exchange_begin, handlers->on_exchange_done, arg, loop},
    };
    consumers_init(&serve->consumers,
                   config->streams_each > 0 ? config->streams_each : CONSUMER_STREAMS);
    serve->allows_connect = config->allows_connect;
    serve->allows_tcp = config->allows_tcp;
    permit_init(&serve->permit, config->rules, config->rule_count, &config->allowed_origins);
    int error = upstream_init(&serve->common.upstream, loop, &config->upstream,
                              config->allows_tcp ? NULL : handlers->on_bad_upstream, arg);
    if (error < 0) {
        free(serve);
        return error;
    }
    forward_common_init(&serve->common);
    *out = serve;
    return 0;
}

void serve_set_guests(struct serve *serve, const struct guests *guests)
{
    serve->guests = guests;
    serve->common.has_devices = true;
}

size_t serve_waiting(const struct serve *serve)
{
    return serve->common.upstream.line.places.waiting;
}

uint64_t serve_waiting_us(const struct serve *serve, uint64_t now_us)
{
    return places_waiting_us(&serve->common.upstream.line.places, now_us);
}

void serve_expect(struct serve *serve)
{
    if (!serve->allows_tcp) /* else it may be no HTTP that is spoken there */
        http_client_warm(serve->common.upstream.client);
}

void serve_join(struct serve *serve, uint32_t number, struct mux *mux)
{
    struct consumer *consumer = consumers_find(&serve->consumers, number);
    if (!consumer)
        consumer = consumer_new(&serve->consumers, number);
    mux_set_consumer(mux, consumer);
}

void serve_leave(struct serve *serve, uint32_t number)
{
    consumer_leave(consumers_find(&serve->consumers, number));
}

void serve_free(struct serve *serve)
{
    if (!serve)
        return;
    LIST_EACH(link, next, &serve->consumers.all)
        consumer_leave(LIST_ENTRY(link, struct consumer, link));
    forward_common_deinit(&serve->common);
    upstream_deinit(&serve->common.upstream);
    free(serve);
}

/* Nobody takes it on. */
static void tell_refused(const struct serve *serve, const struct mux_stream *stream,
                         const struct head *head, int status, const char *why)
{
    struct exchange_record record;
    exchange_begin(&record, &serve->common.watch, mux_stream_device(stream), head->method,
                   head->target);
    record.consumer = consumer_number(mux_stream_consumer(stream));
    record.status = status;
    exchange_finish(&record, EXCHANGE_REFUSED, why);
}

static void refuse(const struct serve *serve, struct mux_stream *stream, const struct head *head,
                   const struct answer *answer, const char *why)
{
    struct answer_form form;
    answer_form_init(&form, head->method, head->target, head_fields(head));
    tell_refused(serve, stream, head, answer_status(answer), why);
    answer_stream(answer, stream, &form, why);
    answer_form_deinit(&form);
}

/* Why that pipe to the upstream is not carried; NULL when it is. */
static const char *pipe_refusal(const struct serve *serve, const struct mux_stream *stream,
                                const struct head *head)
{
    const struct invite *invite =
        serve->guests ? guests_find(serve->guests, mux_stream_device(stream)) : NULL;
    if (invite && invite->rule_count > 0)
        return "the invite has rules, and of a pipe no path is seen";
    if (serve->allows_tcp)
        return NULL;
    if (!http_fields_list_has(head_fields(head), "ALPN", "h2c"))
        return "what is not HTTP/2 is not carried here (serve --allow-tcp)";
    return serve->common.upstream.url->is_tls
               ? "HTTP/2 to an https upstream is not carried (serve --allow-tcp pipes to it)"
               : NULL;
}

static const char *connect_refusal(const struct serve *serve, const struct mux_stream *stream,
                                   const struct head *head)
{
    if (head_is_to_upstream(head))
        return pipe_refusal(serve, stream, head);
    if (!serve->allows_connect)
        return "CONNECT is not allowed here (serve --allow-connect)";
    return connect_is_allowed(head->target, serve->common.upstream.url)
               ? NULL
               : "CONNECT is allowed to the upstream's own host and port only";
}

static void start_connect(struct serve *serve, struct mux_stream *stream, const struct head *head)
{
    const char *why = connect_refusal(serve, stream, head);
    if (!why) {
        bool is_any = serve->allows_tcp || !head_is_to_upstream(head);
        connect_start(serve->loop, stream, head->target, is_any, &serve->common.upstream,
                      &serve->common.watch);
        return;
    }
    tell_refused(serve, stream, head, answer_status(&answer_not_allowed), why);
    mux_stream_cancel(stream, STREAM_NOT_ALLOWED, why);
}

/* A field or a path may hold bytes that are no text, so of the request only its
 * method is named. */
static void explain_barred(const struct invite *invite, const struct head *head, char *why)
{
    char *path = access_path(head->target);
    bool is_twofold = !path && span_starts_with(head->target, "/");
    int len = snprintf(why, BARRED_WHY_MAX, "the invite '%s' does not allow this %.*s%s; it allows",
                       invite->name, SPAN_ARG(head->method),
                       is_twofold ? ", as its path has '..', '//' or the like" : "");
    free(path);
    for (size_t i = 0; i < invite->rule_count && len < BARRED_WHY_MAX; i++)
        len += snprintf(why + len, (size_t)(BARRED_WHY_MAX - len), "%s '%s'", i > 0 ? "," : "",
                        invite->rules[i]);
}

/* Whether the device may ask for that; else why not. */
static bool is_barred(const struct serve *serve, struct mux_stream *stream, const struct head *head,
                      char why[BARRED_WHY_MAX])
{
    if (!serve->guests)
        return false;
    const struct invite *invite = guests_find(serve->guests, mux_stream_device(stream));
    if (invite && invite_allows(invite, head->method, head->target))
        return false;
    if (invite)
        explain_barred(invite, head, why);
    else
        snprintf(why, BARRED_WHY_MAX, "this device is not invited any more");
    return true;
}

void serve_on_request(struct serve *serve, struct mux_stream *stream, const struct head *head)
{
    const char *why;
    char barred[BARRED_WHY_MAX];
    if (is_barred(serve, stream, head, barred)) {
        refuse(serve, stream, head, &answer_not_allowed, barred);
        return;
    }
    if (span_is_string(head->method, "CONNECT")) {
        start_connect(serve, stream, head);
        return;
    }
    const struct answer *refusal = permit_refusal(&serve->permit, head, &why);
    if (refusal)
        refuse(serve, stream, head, refusal, why);
    else
        forward_start(&serve->common, stream, head);
}
