#include "http/head_probe.h"

#include <stdlib.h>

#include "base/alloc.h"

struct http_head_probe {
    struct http_client *client;
    const struct http_head_probe_handlers *handlers;
    void *arg;
    bool is_answered;
};

static void on_response(const struct http_response *response, void *arg)
{
    struct http_head_probe *probe = arg;
    probe->is_answered = true;
    probe->handlers->on_status(response->status, probe->arg);
}

static void on_body(struct span bytes, void *arg)
{
    (void)bytes, (void)arg;
}

static void on_end(struct http_fields trailers, void *arg)
{
    (void)trailers, (void)arg;
}

static void on_error(enum http_call_error error, const char *text, void *arg)
{
    struct http_head_probe *probe = arg;
    if (!probe->is_answered)
        probe->handlers->on_error(error, text, probe->arg);
}

struct http_head_probe *http_head_probe_new(struct loop *loop, const struct url *url,
                                            const struct tls_client *tls, uint64_t connect_us,
                                            const struct http_head_probe_handlers *handlers,
                                            void *arg)
{
    static const struct http_call_handlers call_handlers = {.on_response = on_response,
                                                            .on_body = on_body,
                                                            .on_end = on_end,
                                                            .on_error = on_error};
    const struct http_client_config config = {.host = url->host,
                                              .port = url->port,
                                              .tls = tls,
                                              .connect_timeout_us = connect_us};
    const struct http_field host = {SPAN_LITERAL("Host"), span_from_string(url->authority)};
    const struct http_request request = {.method = SPAN_LITERAL("HEAD"),
                                         .target = span_from_string(url->path),
                                         .fields = {&host, 1},
                                         .framing = HTTP_BODY_NONE};
    struct http_call *call;
    struct http_head_probe *probe = xcalloc(1, sizeof *probe);
    probe->handlers = handlers;
    probe->arg = arg;
    probe->client = http_client_new(loop, &config);
    if (http_client_call(probe->client, &request, &call_handlers, probe, &call) == 0)
        return probe;
    http_head_probe_free(probe);
    return NULL;
}

void http_head_probe_free(struct http_head_probe *probe)
{
    if (!probe)
        return;
    http_client_free(probe->client);
    free(probe);
}
