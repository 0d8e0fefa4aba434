#include "cli/doctor_upstream.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "http/client.h"
#include "net/tls.h"

#define CONNECT_US (10 * US_PER_S)

struct doctor_upstream_probe {
    struct loop *loop;
    struct doctor_upstream *out;
    struct tls_client *tls;
    struct http_client *client;
    uint64_t begun_us;
    void (*on_done)(void *arg);
    void *arg;
};

static void on_response(const struct http_response *response, void *arg)
{
    struct doctor_upstream_probe *probe = arg;
    probe->out->answer = DOCTOR_FINE;
    probe->out->status = response->status;
    probe->out->us = clock_now_us() - probe->begun_us;
    loop_defer(probe->loop, probe->on_done, probe->arg);
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
    struct doctor_upstream_probe *probe = arg;
    (void)error;
    if (probe->out->answer == DOCTOR_FINE)
        return;
    snprintf(probe->out->why, sizeof probe->out->why, "%s", text);
    loop_defer(probe->loop, probe->on_done, probe->arg);
}

struct doctor_upstream_probe *doctor_upstream_new(struct loop *loop, const struct config *config,
                                                  struct doctor_upstream *out,
                                                  void (*on_done)(void *arg), void *arg)
{
    static const struct http_call_handlers handlers = {.on_response = on_response,
                                                       .on_body = on_body,
                                                       .on_end = on_end,
                                                       .on_error = on_error};
    const struct url *url = &config->upstream;
    const struct http_field host = {SPAN_LITERAL("Host"), span_from_string(url->authority)};
    const struct http_request request = {.method = SPAN_LITERAL("HEAD"),
                                         .target = span_from_string(url->path),
                                         .fields = {&host, 1},
                                         .framing = HTTP_BODY_NONE};
    struct http_call *call;
    struct doctor_upstream_probe *probe = xcalloc(1, sizeof *probe);
    probe->loop = loop;
    probe->out = out;
    probe->on_done = on_done;
    probe->arg = arg;
    probe->begun_us = clock_now_us();
    *out = (struct doctor_upstream){.answer = DOCTOR_SILENT,
                                    .url = config->upstream_text,
                                    .why = "nothing comes"};
    if (url->is_tls)
        tls_client_new(config->upstream_ca, config->upstream_insecure, &probe->tls);
    probe->client =
        http_client_new(loop, &(struct http_client_config){.host = url->host,
                                                           .port = url->port,
                                                           .tls = probe->tls,
                                                           .connect_timeout_us = CONNECT_US});
    /* Cannot fail: target and host have been checked. */
    http_client_call(probe->client, &request, &handlers, probe, &call);
    return probe;
}

void doctor_upstream_free(struct doctor_upstream_probe *probe)
{
    if (!probe)
        return;
    http_client_free(probe->client);
    tls_client_free(probe->tls);
    free(probe);
}
