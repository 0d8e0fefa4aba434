/*
 * tunnel serve: the link brings requests, the serve forwards them.
 */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/runtime.h"
#include "cli/status.h"
#include "cli/upstream_probe.h"
#include "tunnel/serve.h"

struct serve_run {
    struct status *status;
    struct serve *serve;
};

static void on_up(struct mux *mux, void *arg)
{
    (void)mux;
    (void)arg;
}

static void on_down(void *arg)
{
    (void)arg;
}

static void on_request(struct mux_stream *stream, const struct head *head, void *arg)
{
    struct serve_run *run = arg;
    serve_on_request(run->serve, stream, head);
}

static void on_status(const struct link_status *status, void *arg)
{
    struct serve_run *run = arg;
    status_print_link(run->status, status);
}

static void on_bad_upstream(const char *why, void *arg)
{
    struct serve_run *run = arg;
    status_print_upstream(run->status, why);
}

int serve_command(const struct config *config)
{
    static const struct link_handlers handlers = {
        .on_up = on_up,
        .on_down = on_down,
        .on_request = on_request,
        .on_status = on_status,
    };
    struct tls_client *tls = NULL;
    if (config->upstream.is_tls &&
        tls_client_new(config->upstream_ca, config->upstream_insecure, &tls) < 0) {
        fputs("tunnel: TLS cannot be set up\n", stderr);
        return 1;
    }
    struct runtime *runtime = runtime_new(config);
    struct serve_config serve_config = {
        .upstream = &config->upstream,
        .tls = tls,
        .advertise = config->advertise,
        .allows_connect = config->allows_connect,
        .preserves_host = config->preserves_host,
        .is_forwarded = config->is_forwarded,
        .rules = config->headers,
        .rule_count = config->header_count,
        .allowed_origins = {config->allowed_origins, config->allowed_origin_count},
    };
    struct serve_run run = {status_new(config, 0), serve_new(runtime_loop(runtime), &serve_config)};
    status_print_start(run.status);
    struct upstream_probe *probe =
        upstream_probe_new(runtime_loop(runtime), &config->upstream, tls, on_bad_upstream, &run);
    runtime_run(runtime, run.status, &handlers, &run);
    upstream_probe_free(probe);
    serve_free(run.serve);
    status_free(run.status);
    runtime_free(runtime);
    tls_client_free(tls);
    return 0;
}
