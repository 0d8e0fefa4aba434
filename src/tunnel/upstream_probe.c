#include "tunnel/upstream_probe.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "http/client.h"

/* A server that loads its model meanwhile may take longer; that is no fault. */
#define PROBE_US (10 * US_PER_S)

struct upstream_probe {
    bool is_tls;
    void (*on_bad)(const char *why, void *arg);
    void *arg;
    struct http_client *client;
    struct http_call *call; /* NULL once it is over */
    struct timer *timer;
};

static void probe_end(struct upstream_probe *probe)
{
    probe->call = NULL;
    timer_stop(probe->timer);
}

static void probe_tell(struct upstream_probe *probe, const char *what, const char *hint)
{
    char *why = xasprintf("%s; %s", what, hint);
    probe->on_bad(why, probe->arg);
    free(why);
}

/* What speaks TLS answers plain HTTP by an alert, by 400 (nginx, Go), or by
 * nothing at all. */
static void on_response(const struct http_response *response, void *arg)
{
    struct upstream_probe *probe = arg;
    if (response->status == 400 && !probe->is_tls)
        probe_tell(probe, "answers a plain request by HTTP 400",
                   "if it speaks TLS, --upstream must begin with https://");
}

static void on_body(struct span bytes, void *arg)
{
    (void)bytes;
    (void)arg;
}

static void on_end(struct http_fields trailers, void *arg)
{
    (void)trailers;
    probe_end(arg);
}

static void on_error(enum http_call_error error, const char *text, void *arg)
{
    struct upstream_probe *probe = arg;
    probe_end(probe);
    switch (error) {
    case HTTP_CALL_CLOSED:
    case HTTP_CALL_MALFORMED:
        probe_tell(probe, text,
                   probe->is_tls ? "is that its port?"
                                 : "if it speaks TLS, --upstream must begin with https://, and if "
                                   "HTTP/2 alone, as gRPC does, only clients of that can use it");
        break;
    case HTTP_CALL_TLS:
    case HTTP_CALL_DNS:
    case HTTP_CALL_REFUSED:
    case HTTP_CALL_UNREACHABLE:
    case HTTP_CALL_TIMEOUT:
        probe_tell(probe, text, "requests get 502 until that changes");
        break;
    case HTTP_CALL_BROKEN:
    case HTTP_CALL_HEAD_TOO_LARGE:
    case HTTP_CALL_REQUEST:
        break; /* somebody is there and speaks HTTP */
    }
}

static void on_timeout(void *arg)
{
    struct upstream_probe *probe = arg;
    http_call_cancel(probe->call);
    probe_end(probe);
}

struct upstream_probe *upstream_probe_new(struct loop *loop, const struct url *url,
                                          const struct tls_client *tls,
                                          void (*on_bad)(const char *why, void *arg), void *arg)
{
    static const struct http_call_handlers handlers = {
        .on_response = on_response,
        .on_body = on_body,
        .on_end = on_end,
        .on_error = on_error,
    };
    const struct http_client_config config = {
        .host = url->host,
        .port = url->port,
        .tls = tls,
        .connect_timeout_us = PROBE_US,
    };
    const struct http_field host = {SPAN_LITERAL("Host"), span_from_string(url->authority)};
    const struct http_request request = {
        .method = SPAN_LITERAL("HEAD"),
        .target = span_from_string(url->path),
        .fields = {&host, 1},
        .framing = HTTP_BODY_NONE,
    };
    struct upstream_probe *probe = xcalloc(1, sizeof *probe);
    probe->is_tls = url->is_tls;
    probe->on_bad = on_bad;
    probe->arg = arg;
    probe->timer = timer_new(loop, on_timeout, probe);
    probe->client = http_client_new(loop, &config);
    if (http_client_call(probe->client, &request, &handlers, probe, &probe->call) == 0)
        timer_start_in(probe->timer, PROBE_US);
    return probe;
}

void upstream_probe_free(struct upstream_probe *probe)
{
    if (!probe)
        return;
    timer_free(probe->timer);
    http_client_free(probe->client);
    free(probe);
}
