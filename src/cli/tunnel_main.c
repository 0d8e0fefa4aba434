/*
 * The program tunnel: options become the config of a tunnel, what that tells
 * becomes lines, and a signal ends it.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/descriptors.h"
#include "cli/certificate.h"
#include "cli/completion.h"
#include "cli/inspect.h"
#include "cli/invitation.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/proxy_tls.h"
#include "cli/service.h"
#include "cli/status.h"
#include "cli/stop.h"
#include "cli/views.h"
#include "tunnel/tunnel.h"

enum {
    EXIT_MISUSE = 2,
    /* Free memory at the heap's end that stays ours. The queues of one session
     * come and go by the megabyte; given back to the kernel each time, they
     * cost a page fault every 4 KiB, a tenth of the CPU of the end that
     * queues. */
    HEAP_KEPT = 8 << 20,
    /* For the same reason none of them is mapped by itself, which would be
     * unmapped as soon as it is free. */
    MAPPED_FROM = 32 << 20,
    /* A client's connection, or one to the upstream, for each stream; those
     * that are idle or being closed, and our own. */
    DESCRIPTORS = MUX_STREAMS_MAX + 512,
    /* Of each consumer: a socket for each of our addresses, mostly. */
    CONSUMER_DESCRIPTORS = 4
};

/* ---- what the tunnel tells ---- */

/* Who wants to hear of it. */
struct audience {
    struct status *status;
    struct service *service;
    struct views *views;  /* NULL before they are there */
    struct proxy_tls tls; /* of a proxy */
};

/* Whoever started us waits until there is a point in it: until the other side
 * can find us at the signal server. That it does may take days. */
static void tell_service(struct service *service, const struct keeper_status *keeper)
{
    static const char *const words[] = {
        [KEEPER_CONNECTING] = "connecting to the signal server",
        [KEEPER_WAITING] = "waiting for the other side",
        [KEEPER_NEGOTIATING] = "connecting to the other side",
        [KEEPER_UP] = "connected directly",
        [KEEPER_RETRYING] = "trying again",
    };
    bool is_last = keeper->state == KEEPER_UP && keeper->path.is_last_resort;
    bool is_relayed = keeper->state == KEEPER_UP && keeper->path.is_relayed;
    if (keeper->state != KEEPER_CONNECTING && keeper->state != KEEPER_RETRYING)
        service_ready(service);
    service_tell(service, keeper->state == KEEPER_RETRYING && keeper->problem ? keeper->problem
                          : is_last    ? "connected by way of the signal server"
                          : is_relayed ? "connected through a relay"
                                       : words[keeper->state]);
}

static void on_status(size_t link, const struct keeper_status *status, void *arg)
{
    struct audience *audience = arg;
    status_print_keeper(audience->status, link, status);
    tell_service(audience->service, status);
}

static void on_bad_upstream(const char *why, void *arg)
{
    struct audience *audience = arg;
    status_print_upstream(audience->status, why);
}

static void on_exchange_done(const struct exchange_record *record, void *arg)
{
    struct audience *audience = arg;
    status_print_exchange(audience->status, record);
    if (audience->views)
        views_on_exchange(audience->views);
}

static void print_listen_error(const struct config *config, int error)
{
    bool is_proxy = config->command == COMMAND_PROXY;
    const char *flag = is_proxy ? "--listen" : "--signal-listen";
    uint16_t port = is_proxy ? config->listen_port : config->own_signal_port;
    char *listen =
        listen_address_format(is_proxy ? config->listen_host : config->own_signal_host, port);
    if (error == -EADDRINUSE)
        fprintf(stderr,
                "tunnel: cannot listen on '%s': something listens there already, perhaps another "
                "%s; choose another port, as in %s %s%u%s\n",
                listen, is_proxy ? "`tunnel proxy` or the API itself" : "`signal-server`", flag,
                is_proxy ? "" : "0.0.0.0:", port < UINT16_MAX ? port + 1U : port - 1U,
                is_proxy ? ", or 0 to have one picked" : "");
    else if (error == -EACCES)
        fprintf(stderr,
                "tunnel: cannot listen on '%s': ports below 1024 need privileges; choose "
                "another, as in %s %s\n",
                listen, flag, is_proxy ? "8000" : "0.0.0.0:8787");
    else if (error == -EINVAL || error == -EADDRNOTAVAIL)
        fprintf(stderr,
                "tunnel: cannot listen on '%s': that is no address of this machine; choose "
                "another %s\n",
                listen, flag);
    else
        fprintf(stderr, "tunnel: cannot listen on '%s': %s\n", listen, strerror(-error));
    free(listen);
}

static void print_error(const struct config *config, int error)
{
    bool is_of_listening =
        error == -EADDRINUSE || error == -EADDRNOTAVAIL || error == -EACCES || error == -EINVAL;
    if (config->command == COMMAND_PROXY || (config->own_signal_host && is_of_listening))
        print_listen_error(config, error);
    else
        fputs("tunnel: TLS cannot be set up\n", stderr);
}

/* ---- the tunnel ---- */

static struct serve_config serve_config_of(const struct config *config)
{
    return (struct serve_config){
        .upstream = {&config->upstream, config->upstream_ca, config->upstream_insecure,
                     config->upstream_max},
        .streams_each = config->streams_max,
        .advertise = config->advertise,
        .allows_connect = config->allows_connect,
        .preserves_host = config->preserves_host,
        .is_forwarded = config->is_forwarded,
        .rules = config->headers,
        .rule_count = config->header_count,
        .allowed_origins = {config->allowed_origins, config->allowed_origin_count},
    };
}

static const struct tunnel_handlers handlers = {
    .on_status = on_status,
    .on_bad_upstream = on_bad_upstream,
    .on_exchange_done = on_exchange_done,
};

static int new_tunnel(struct loop *loop, const struct config *config, struct state *state,
                      struct audience *audience, struct tunnel **out)
{
    bool is_proxy = config->command == COMMAND_PROXY;
    const struct proxy_config proxy = {
        .host = config->listen_host,
        .port = config->listen_port,
        .tls = audience->tls.server,
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
        .state = state,
        .stun = config->stun,
        .stun_count = config->stun_count,
        .turn = config->turn,
        .turn_user = config->turn_user,
        .turn_pass = config->turn_pass,
        .is_relay_only = config->relay_only,
        .takes_relay = config->signal_relay,
        .fixed = config->fixed,
        .egress = config->egress,
        .partners_max = is_proxy ? 0 : config->consumers_max,
    };
    return tunnel_new(loop, &tunnel, &handlers, audience, out);
}

/* Until a signal. */
static void run_tunnel(struct loop *loop, const struct config *config, struct state *state,
                       struct audience *audience, struct tunnel *tunnel)
{
    status_print_start(audience->status, tunnel_port(tunnel));
    proxy_tls_tell(&audience->tls);
    views_tell(audience->views);
    if (state)
        invitation_print(config, state);
    loop_run(loop);
    status_print_stop(audience->status, tunnel);
}

static void on_hangup(void *arg)
{
    struct audience *audience = arg;
    views_reopen(audience->views);
    if (audience->tls.server)
        certificate_reload(audience->tls.server);
}

/* False: said why not. */
static bool make_views(struct loop *loop, const struct config *config, struct stop *stop,
                       struct audience *audience, struct tunnel *tunnel)
{
    audience->views = views_new(loop, config, tunnel);
    if (audience->views && (config->access_log || config->tls_cert))
        stop_on_hangup(stop, on_hangup, audience);
    return audience->views != NULL;
}

/* A second signal ends the process at once. */
static int run(const struct config *config, struct state *state)
{
    struct loop *loop = loop_new();
    struct stop *stop = stop_new(loop);
    struct audience audience = {.status = status_new(config), .service = service_new(loop)};
    struct tunnel *tunnel = NULL;
    int error = proxy_tls_open(config, &audience.tls)
                    ? new_tunnel(loop, config, state, &audience, &tunnel)
                    : 0;
    if (error < 0)
        print_error(config, error);
    bool is_good = tunnel && make_views(loop, config, stop, &audience, tunnel);
    if (is_good)
        run_tunnel(loop, config, state, &audience, tunnel);
    service_stop(audience.service);
    stop_free(stop);
    tunnel_close(tunnel);
    views_free(audience.views);
    service_free(audience.service);
    status_free(audience.status);
    loop_free(loop);
    proxy_tls_close(&audience.tls);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* What ends by itself: its success is what it prints. */
static int run_errand(const struct config *config)
{
    int status = EXIT_SUCCESS;
    if (config->command == COMMAND_COMPLETION)
        completion_print(config->name);
    else if (config->command & (COMMAND_STATUS | COMMAND_REQUESTS))
        status = inspect_run(config);
    else
        status = invitation_run(config);
    return output_end("tunnel") ? status : EXIT_FAILURE;
}

/* A serve without a room is for whom it has invited. */
static int run_with_state(const struct config *config)
{
    bool is_sealed = config->command == COMMAND_SERVE && !config->room;
    struct state *state = is_sealed ? invitation_open(config) : NULL;
    int status = is_sealed && !state ? EXIT_FAILURE : run(config, state);
    state_close(state);
    return status;
}

int main(int argc, char **argv)
{
    descriptors_open_standard();
    log_open("tunnel");
    struct config config;
    switch (options_parse(argc, argv, &config)) {
    case OPTIONS_DONE:
        return output_end("tunnel") ? EXIT_SUCCESS : EXIT_FAILURE;
    case OPTIONS_WRONG:
        return EXIT_MISUSE;
    case OPTIONS_RUN:
        break;
    }
    log_configure(config.log_level, config.log_format);
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
    mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
    descriptors_allow(DESCRIPTORS + CONSUMER_DESCRIPTORS * config.consumers_max);
    signal(SIGPIPE, SIG_IGN); /* a client that went away is an error at write(2) */
    signal(SIGXFSZ, SIG_IGN); /* so is a log that has reached its limit (ulimit -f) */
    bool is_tunnel = config.command == COMMAND_SERVE || config.command == COMMAND_PROXY;
    int status = is_tunnel ? run_with_state(&config) : run_errand(&config);
    config_deinit(&config);
    log_close();
    return status;
}
