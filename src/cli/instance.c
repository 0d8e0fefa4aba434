/*
 * One tunnel and what goes with it: what it tells becomes lines, and views.
 */
#include "cli/instance.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/certificate.h"
#include "cli/invitation.h"
#include "cli/listen_name.h"
#include "cli/proxy_tls.h"
#include "cli/status.h"
#include "cli/views.h"

struct instance {
    struct loop *loop;
    const struct config *config;
    struct state *state; /* of a sealed serve, else NULL */
    struct status *status;
    struct proxy_tls tls; /* of a proxy */
    struct tunnel *tunnel;
    struct views *views; /* NULL before they are there */
    void (*on_status)(struct instance *instance, const struct keeper_status *keeper, void *arg);
    void *arg;
};

/* ---- what the tunnel tells ---- */

static void on_status(size_t link, const struct keeper_status *keeper, void *arg)
{
    struct instance *instance = arg;
    status_print_keeper(instance->status, link, keeper);
    instance->on_status(instance, keeper, instance->arg);
}

static void on_bad_upstream(const char *why, void *arg)
{
    struct instance *instance = arg;
    status_print_upstream(instance->status, why);
}

static void on_exchange_done(const struct exchange_record *record, void *arg)
{
    struct instance *instance = arg;
    status_print_exchange(instance->status, record);
    if (instance->views)
        views_on_exchange(instance->views);
}

static const struct tunnel_handlers handlers = {
    .on_status = on_status,
    .on_bad_upstream = on_bad_upstream,
    .on_exchange_done = on_exchange_done,
};

/* ---- what can go wrong ---- */

/* How to listen elsewhere, to be freed: on the port, and where `whole`, on a
 * host, too. */
static char *elsewhere(const struct config *config, uint16_t port, bool whole)
{
    bool is_proxy = config->command == COMMAND_PROXY;
    const char *host = !is_proxy ? "0.0.0.0:" : whole ? "127.0.0.1:" : "";
    char *place = xasprintf("%s%u", host, port);
    char *text = is_proxy ? listen_name_other(config, place)
                          : wording_with(&config->wording, "--signal-listen", place);
    free(place);
    return text;
}

static void print_listen_error(const struct config *config, int error)
{
    bool is_proxy = config->command == COMMAND_PROXY;
    bool is_taken = error == -EADDRINUSE;
    bool is_nowhere = error == -EINVAL || error == -EADDRNOTAVAIL;
    uint16_t port = is_proxy ? config->listen_port : config->own_signal_port;
    uint16_t usual = is_proxy ? 8000 : 8787;
    char *listen =
        listen_address_format(is_proxy ? config->listen_host : config->own_signal_host, port);
    char *other = elsewhere(config,
                            !is_taken           ? usual
                            : port < UINT16_MAX ? port + 1
                                                : port - 1,
                            is_nowhere);
    fprintf(stderr, "tunnel: %s%scannot listen on '%s': ", config->instance ? config->instance : "",
            config->instance ? ": " : "", listen);
    if (is_taken)
        fprintf(stderr,
                "something listens there already, perhaps another %s; choose another port, as in "
                "%s%s\n",
                is_proxy ? "`tunnel proxy` or the API itself" : "`signal-server`", other,
                is_proxy ? ", or 0 to have one picked" : "");
    else if (error == -EACCES)
        fprintf(stderr, "ports below 1024 need privileges; choose another, as in %s\n", other);
    else if (is_nowhere)
        fprintf(stderr, "that is no address or name of this machine; choose another, as in %s\n",
                other);
    else
        fprintf(stderr, "%s\n", strerror(-error));
    free(other);
    free(listen);
}

static void print_error(const struct config *config, int error)
{
    bool is_of_listening =
        error == -EADDRINUSE || error == -EADDRNOTAVAIL || error == -EACCES || error == -EINVAL;
    if (config->command == COMMAND_PROXY || (config->own_signal_host && is_of_listening))
        print_listen_error(config, error);
    else if (config->upstream_ca)
        fprintf(stderr,
                "tunnel: %s '%s' could be read once, and not again: it must be a file, not a "
                "pipe\n",
                wording_given(&config->wording, "--upstream-ca"), config->upstream_ca);
    else
        fprintf(stderr, "tunnel: serve cannot start: %s\n", strerror(-error));
}

/* ---- its parts ---- */

static struct serve_config serve_config_of(const struct config *config)
{
    return (struct serve_config){
        .upstream = {&config->upstream, config->upstream_ca, config->upstream_insecure,
                     config->upstream_max},
        .streams_each = config->streams_max,
        .advertise = config->advertise,
        .allows_connect = config->allows_connect,
        .allows_tcp = config->allows_tcp,
        .preserves_host = config->preserves_host,
        .is_forwarded = config->is_forwarded,
        .rules = config->headers,
        .rule_count = config->header_count,
        .allowed_origins = {config->allowed_origins, config->allowed_origin_count},
    };
}

static int new_tunnel(struct instance *instance)
{
    const struct config *config = instance->config;
    bool is_proxy = config->command == COMMAND_PROXY;
    const struct proxy_config proxy = {
        .host = config->listen_host,
        .port = config->listen_port,
        .is_tcp = config->listen_is_tcp,
        .tls = instance->tls.server,
        .is_forwarded = config->is_forwarded,
        .pick = config->pick,
        .allowed_hosts = {config->allowed_hosts, config->allowed_host_count},
    };
    const struct serve_config serve = serve_config_of(config);
    const struct tunnel_config tunnel = {
        .proxy = is_proxy ? &proxy : NULL,
        .serve = is_proxy ? NULL : &serve,
        .features = config->features,
        .signal = config->own_signal_host ? &config->own_signal : &config->signal,
        .own_signal_host = config->own_signal_host,
        .own_signal_port = config->own_signal_port,
        .is_near = config->is_near,
        .room = config->room,
        .links = config->link_count > 0 ? config->links : NULL,
        .link_count = config->link_count,
        .state = instance->state,
        .stun = config->stun,
        .stun_count = config->stun_count,
        .second_stun = config_second_stun(config),
        .turn = config->turn,
        .turn_count = config->turn_count,
        .turn_user = config->turn_user,
        .turn_pass = config->turn_pass,
        .is_relay_only = config->relay_only,
        .takes_relay = config->signal_relay,
        .fixed = config->fixed,
        .egress = config->egress,
        .partners_max = is_proxy ? 0 : config->consumers_max,
    };
    return tunnel_new(instance->loop, &tunnel, &handlers, instance, &instance->tunnel);
}

/* A serve without a room is for whom it has invited. */
static bool open_state(struct instance *instance)
{
    const struct config *config = instance->config;
    bool is_sealed = config->command == COMMAND_SERVE && !config->room;
    if (is_sealed)
        instance->state = invitation_open(config);
    return instance->state || !is_sealed;
}

static bool open_tunnel(struct instance *instance)
{
    const struct config *config = instance->config;
    if (config->command == COMMAND_PROXY)
        listen_name_tell(config, "--listen", config->listen_host);
    else if (config->own_signal_host)
        listen_name_tell(config, "--signal-listen", config->own_signal_host);
    int error = new_tunnel(instance);
    if (error < 0)
        print_error(config, error);
    return error == 0;
}

static bool open_views(struct instance *instance)
{
    instance->views = views_new(instance->loop, instance->config, instance->tunnel);
    return instance->views != NULL;
}

/* ---- the whole ---- */

struct instance *instance_new(struct loop *loop, const struct config *config,
                              void (*on_status_of)(struct instance *instance,
                                                   const struct keeper_status *keeper, void *arg),
                              void *arg)
{
    struct instance *instance = xcalloc(1, sizeof *instance);
    instance->loop = loop;
    instance->config = config;
    instance->on_status = on_status_of;
    instance->arg = arg;
    instance->status = status_new(instance->config);
    if (open_state(instance) && proxy_tls_open(instance->config, &instance->tls) &&
        open_tunnel(instance) && open_views(instance))
        return instance;
    instance_free(instance);
    return NULL;
}

void instance_tell(const struct instance *instance)
{
    status_print_start(instance->status, tunnel_port(instance->tunnel));
    proxy_tls_tell(&instance->tls);
    views_tell(instance->views);
    if (instance->state)
        invitation_print(instance->config, instance->state);
}

bool instance_has_files(const struct instance *instance)
{
    return instance->config->access_log || instance->config->tls_cert;
}

void instance_reopen(struct instance *instance)
{
    views_reopen(instance->views);
    if (instance->config->tls_cert)
        certificate_reload(instance->tls.server);
}

void instance_tell_end(const struct instance *instance)
{
    status_print_stop(instance->status, instance->tunnel);
}

void instance_free(struct instance *instance)
{
    if (!instance)
        return;
    tunnel_close(instance->tunnel);
    views_free(instance->views);
    status_free(instance->status);
    proxy_tls_close(&instance->tls);
    state_close(instance->state);
    loop_defer(instance->loop, free, instance);
}
