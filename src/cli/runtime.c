/*
 * SIGINT and SIGTERM stop the loop; the link is then closed outside of any
 * callback. From then on the signals have their default action again, so a
 * second Ctrl-C ends a process whose farewell hangs.
 */
#include "cli/runtime.h"

#include <signal.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "cli/status.h"

struct runtime {
    const struct config *config;
    struct loop *loop;
    struct cert *cert;
    struct tls_client *signal_tls;
    struct ice_servers *servers;
    struct signal_watch *on_int;
    struct signal_watch *on_term;
};

static void on_signal(int number, void *arg)
{
    (void)number;
    struct runtime *runtime = arg;
    loop_stop(runtime->loop);
}

static void stop_watching(struct runtime *runtime)
{
    signal_watch_free(runtime->on_int);
    signal_watch_free(runtime->on_term);
    runtime->on_int = runtime->on_term = NULL;
}

/* The URLs were checked when the options were parsed. */
static void add_servers(struct runtime *runtime)
{
    const struct config *config = runtime->config;
    const char *why;
    /* A STUN server would only tell what is not to be told. */
    for (size_t i = 0; i < config->stun_count && !config->relay_only; i++)
        ice_servers_add(runtime->servers, config->stun[i], NULL, NULL, &why);
    if (config->turn)
        ice_servers_add(runtime->servers, config->turn, config->turn_user, config->turn_pass, &why);
}

struct runtime *runtime_new(const struct config *config)
{
    struct runtime *runtime = xcalloc(1, sizeof *runtime);
    runtime->config = config;
    runtime->loop = loop_new();
    runtime->cert = cert_new();
    runtime->servers = ice_servers_new(runtime->loop);
    add_servers(runtime);
    if (config->signal.is_tls) {
        int error = tls_client_new(NULL, false, &runtime->signal_tls);
        (void)error; /* only a ca_file can be wrong */
    }
    runtime->on_int = signal_watch_new(runtime->loop, SIGINT, on_signal, runtime);
    runtime->on_term = signal_watch_new(runtime->loop, SIGTERM, on_signal, runtime);
    return runtime;
}

struct loop *runtime_loop(struct runtime *runtime)
{
    return runtime->loop;
}

void runtime_run(struct runtime *runtime, enum mux_role role, const struct link_handlers *handlers,
                 void *arg)
{
    unsigned features = runtime->config->features;
    if (role == MUX_CONSUMER && !runtime->config->is_forwarded)
        features &= ~(unsigned)FEATURE_FORWARDED;
    struct link_config config = {
        .role = role,
        .features = features,
        .signal = &runtime->config->signal,
        .tls = runtime->signal_tls,
        .room = runtime->config->room,
        .cert = runtime->cert,
        .servers = runtime->servers,
        .is_relay_only = runtime->config->relay_only,
    };
    struct link *link = link_new(runtime->loop, &config, handlers, arg);
    loop_run(runtime->loop);
    stop_watching(runtime);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    status_print_stop(runtime->config);
    link_close(link);
}

void runtime_free(struct runtime *runtime)
{
    if (runtime->on_int)
        stop_watching(runtime);
    ice_servers_free(runtime->servers);
    loop_free(runtime->loop);
    cert_free(runtime->cert);
    tls_client_free(runtime->signal_tls);
    free(runtime);
}
