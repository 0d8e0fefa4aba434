/*
 * A signal stops the loop; the link is then closed outside of any callback.
 */
#include "cli/runtime.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "cli/stop.h"

struct runtime {
    const struct config *config;
    struct loop *loop;
    struct cert *cert;
    struct tls_client *signal_tls;
    struct ice_servers *servers;
    struct stop *stop; /* NULL once it has stopped */
};

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
    runtime->stop = stop_new(runtime->loop);
    return runtime;
}

struct loop *runtime_loop(struct runtime *runtime)
{
    return runtime->loop;
}

void runtime_run(struct runtime *runtime, struct status *status,
                 const struct link_handlers *handlers, void *arg)
{
    unsigned features = runtime->config->features;
    enum mux_role role = runtime->config->command == COMMAND_SERVE ? MUX_PROVIDER : MUX_CONSUMER;
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
    stop_free(runtime->stop);
    runtime->stop = NULL;
    status_print_stop(status);
    link_close(link);
}

void runtime_free(struct runtime *runtime)
{
    if (runtime->stop)
        stop_free(runtime->stop);
    ice_servers_free(runtime->servers);
    loop_free(runtime->loop);
    cert_free(runtime->cert);
    tls_client_free(runtime->signal_tls);
    free(runtime);
}
