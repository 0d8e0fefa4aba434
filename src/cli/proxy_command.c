/*
 * tunnel proxy: the proxy listens, the link says where requests go.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/commands.h"
#include "cli/runtime.h"
#include "cli/status.h"
#include "tunnel/proxy.h"

struct proxy_run {
    struct status *status;
    struct proxy *proxy;
    bool has_failed; /* since the tunnel was last up: why, a client is told */
};

static void on_up(struct mux *mux, void *arg)
{
    struct proxy_run *run = arg;
    proxy_set_mux(run->proxy, mux);
}

static void on_down(void *arg)
{
    struct proxy_run *run = arg;
    proxy_set_mux(run->proxy, NULL);
}

static void on_request(struct mux_stream *stream, const struct head *head, void *arg)
{
    (void)head;
    (void)arg;
    /* A consumer's mux drops requests before they come here. */
    mux_stream_cancel(stream, STREAM_NOT_ALLOWED, "this side is the consumer");
}

static void on_status(const struct link_status *status, void *arg)
{
    struct proxy_run *run = arg;
    if (status->problem || status->state == LINK_UP)
        run->has_failed = status->state != LINK_UP;
    const char *reason = link_status_reason(status, run->has_failed);
    if (reason)
        proxy_set_problem(run->proxy, reason);
    status_print_link(run->status, status);
}

static void print_listen_error(const struct config *config, int error)
{
    uint16_t port = config->listen_port;
    char *listen = listen_address_format(config->listen_host, port);
    const char *why = error == -EINVAL || error == -EADDRNOTAVAIL
                          ? "that is no address of this machine; choose another --listen"
                          : strerror(-error);
    if (error == -EADDRINUSE)
        fprintf(stderr,
                "tunnel: cannot listen on '%s': something listens there already, perhaps another "
                "`tunnel proxy` or the API itself; choose another port, as in --listen %u, or 0 to "
                "have one picked\n",
                listen, port < UINT16_MAX ? port + 1U : port - 1U);
    else if (error == -EACCES)
        fprintf(stderr,
                "tunnel: cannot listen on '%s': ports below 1024 need privileges; choose "
                "another, as in --listen 8000\n",
                listen);
    else
        fprintf(stderr, "tunnel: cannot listen on '%s': %s\n", listen, why);
    free(listen);
}

int proxy_command(const struct config *config)
{
    static const struct link_handlers handlers = {
        .on_up = on_up,
        .on_down = on_down,
        .on_request = on_request,
        .on_status = on_status,
    };
    struct runtime *runtime = runtime_new(config);
    struct proxy_run run = {0};
    const struct proxy_config proxy_config = {
        .host = config->listen_host,
        .port = config->listen_port,
        .is_forwarded = config->is_forwarded,
        .allowed_hosts = {config->allowed_hosts, config->allowed_host_count},
    };
    int error = proxy_new(runtime_loop(runtime), &proxy_config, &run.proxy);
    if (error) {
        print_listen_error(config, error);
        runtime_free(runtime);
        return 1;
    }
    run.status = status_new(config, proxy_port(run.proxy));
    status_print_start(run.status);
    runtime_run(runtime, run.status, &handlers, &run);
    proxy_free(run.proxy);
    runtime_free(runtime);
    status_free(run.status);
    return 0;
}
