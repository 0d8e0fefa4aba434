/*
 * The handlers note what came and stop the loop, so that the test's condition
 * is looked at.
 */
#include "caller.h"

#include "testing.h"

#include <stdio.h>

#include "base/clock.h"

struct caller caller;

static void on_interim(const struct http_response *response, void *arg)
{
    struct seen *seen = arg;
    size_t len = strlen(seen->interims);
    snprintf(seen->interims + len, sizeof seen->interims - len, "%d ", response->status);
    rig_poke();
}

static void on_response(const struct http_response *response, void *arg)
{
    struct seen *seen = arg;
    seen->responses++;
    seen->status = response->status;
    seen->framing = response->framing;
    snprintf(seen->reason, sizeof seen->reason, "%.*s", SPAN_ARG(response->reason));
    if (seen->pauses)
        http_call_set_reading(seen->call, false);
    if (seen->cancels)
        http_call_cancel(seen->call);
    rig_poke();
}

static void on_body(struct span bytes, void *arg)
{
    struct seen *seen = arg;
    assert_int_equal(buf_append(&seen->body, bytes), 0);
    rig_poke();
}

static void on_end(struct http_fields trailers, void *arg)
{
    struct seen *seen = arg;
    seen->ends++;
    for (size_t i = 0; i < trailers.count; i++) {
        size_t len = strlen(seen->trailers);
        snprintf(seen->trailers + len, sizeof seen->trailers - len, "%.*s=%.*s;",
                 SPAN_ARG(trailers.at[i].name), SPAN_ARG(trailers.at[i].value));
    }
    rig_poke();
}

static void on_error(enum http_call_error error, const char *text, void *arg)
{
    struct seen *seen = arg;
    seen->errors++;
    seen->error = error;
    snprintf(seen->error_text, sizeof seen->error_text, "%s", text);
    rig_poke();
}

static void on_drain(void *arg)
{
    struct seen *seen = arg;
    seen->drains++;
    rig_poke();
}

const struct http_call_handlers caller_handlers = {.on_interim = on_interim,
                                                   .on_response = on_response,
                                                   .on_body = on_body,
                                                   .on_end = on_end,
                                                   .on_error = on_error,
                                                   .on_drain = on_drain};

static void on_accept(struct conn *conn, void *arg)
{
    (void)arg;
    assert_true(caller.accepted < SERVERS_MAX);
    peer_adopt(&caller.servers[caller.accepted++], conn);
    rig_poke();
}

void caller_start_with(size_t pool_max, uint64_t idle_us)
{
    memset(&caller, 0, sizeof caller);
    rig_start();
    assert_int_equal(listener_new(rig.loop, "127.0.0.1", 0, on_accept, NULL, &caller.listener), 0);
    struct http_client_config config = {.host = "127.0.0.1",
                                        .port = listener_port(caller.listener),
                                        .connect_timeout_us = 10 * US_PER_S,
                                        .idle_timeout_us = idle_us,
                                        .pool_max = pool_max};
    caller.client = http_client_new(rig.loop, &config);
    buf_init(&caller.a.body, 64 << 20);
    buf_init(&caller.b.body, 64 << 20);
}

void caller_start(void)
{
    caller_start_with(4, 60 * US_PER_S);
}

void caller_stop(void)
{
    http_client_free(caller.client);
    for (int i = 0; i < caller.accepted; i++)
        peer_close(&caller.servers[i]);
    listener_close(caller.listener);
    buf_deinit(&caller.a.body);
    buf_deinit(&caller.b.body);
    rig_stop();
}

int caller_call(struct seen *seen, const struct http_request *request)
{
    struct buf body = seen->body;
    bool pauses = seen->pauses;
    bool cancels = seen->cancels;
    buf_clear(&body);
    *seen = (struct seen){.body = body, .pauses = pauses, .cancels = cancels};
    return http_client_call(caller.client, request, &caller_handlers, seen, &seen->call);
}

int caller_begin(struct seen *seen, const char *method, enum http_framing framing,
                 const char *content_length)
{
    struct http_field fields[] = {
        FIELD("Host", "h"),
        FIELD("Connection", "X-Hop"),
        FIELD("X-Hop", "1"),
        {SPAN_LITERAL("Content-Length"), {0}},
    };
    if (content_length)
        fields[3].value = span_from_string(content_length);
    const struct http_request request = {.method = span_from_string(method),
                                         .target = SPAN_LITERAL("/x"),
                                         .minor_version = 1,
                                         .fields = {fields, content_length ? 4 : 3},
                                         .framing = framing};
    return caller_call(seen, &request);
}

void caller_get(struct seen *seen)
{
    assert_int_equal(caller_begin(seen, "GET", HTTP_BODY_NONE, NULL), 0);
}

void caller_serve(int n, const char *request, const char *answer)
{
    struct peer *server = &caller.servers[n];
    RIG_WAIT(caller.accepted > n && peer_has(server, request));
    assert_true(span_is_string(buf_bytes(&server->in), request));
    peer_clear(server);
    peer_send(server, answer);
}

bool caller_got(const struct seen *seen, const char *body)
{
    return seen->ends == 1 && seen->errors == 0 && seen->responses == 1 &&
           span_is_string(buf_bytes(&seen->body), body);
}
