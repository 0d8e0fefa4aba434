/*
 * What each part tells and another has to know goes through here: the keeper
 * says where a proxy's requests go, and brings those that a serve forwards;
 * what a client hears while there is no session is made of the keeper's status.
 */
#include "tunnel/tunnel.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "signal/web_files.h"
#include "tunnel/tunnel_internal.h"

/* WebSockets of our own signal server at a time; of one address a quarter. */
enum { OWN_CONNECTIONS_MAX = 512 };

/* ---- from a keeper ---- */

static void on_up(uint32_t partner, struct mux *mux, void *arg)
{
    struct meeting *meeting = arg;
    if (meeting->tunnel->proxy)
        providers_up(&meeting->tunnel->providers, meeting->number, partner, mux);
    else if (mux)
        serve_join(meeting->tunnel->serve, partner, mux);
}

static void on_down(uint32_t partner, const char *why, void *arg)
{
    struct meeting *meeting = arg;
    struct tunnel *tunnel = meeting->tunnel;
    if (!tunnel->proxy)
        return;
    if (why)
        proxy_set_problem(tunnel->proxy, why, false, 0);
    providers_down(&tunnel->providers, meeting->number, partner);
}

static void on_round_trip(uint32_t partner, uint64_t round_trip_us, void *arg)
{
    struct meeting *meeting = arg;
    if (meeting->tunnel->proxy)
        providers_measured(&meeting->tunnel->providers, meeting->number, partner, round_trip_us);
}

static void on_partner_gone(uint32_t partner, void *arg)
{
    struct meeting *meeting = arg;
    if (meeting->tunnel->proxy)
        providers_gone(&meeting->tunnel->providers, meeting->number, partner);
    else
        serve_leave(meeting->tunnel->serve, partner);
    if (meeting->tunnel->guests)
        guests_go(meeting->tunnel->guests, partner);
}

static void on_request(uint32_t partner, struct mux_stream *stream, const struct head *head,
                       void *arg)
{
    const struct meeting *meeting = arg;
    (void)partner;
    serve_on_request(meeting->tunnel->serve, stream, head);
}

/* Of "srflx 203.0.113.9:51820". */
static const char *address_of(const struct peer_path *path)
{
    const char *blank = strrchr(path->remote, ' ');
    return blank ? blank + 1 : path->remote;
}

/* Each link has a reason of its own. */
static void tell_problem(struct tunnel *tunnel)
{
    size_t len = 0;
    bool is_lasting = true;
    uint64_t retry_at_us = TIME_NEVER;
    tunnel->problem[0] = '\0';
    for (size_t i = 0; i < tunnel->meeting_count && len < sizeof tunnel->problem; i++) {
        const struct outage *outage = &tunnel->meetings[i].outage;
        const char *text = outage->text;
        is_lasting = is_lasting && outage->is_lasting;
        retry_at_us = outage->retry_at_us < retry_at_us ? outage->retry_at_us : retry_at_us;
        char name[32] = "";
        if (tunnel->meeting_count > 1)
            snprintf(name, sizeof name, "%slink %zu: ", len > 0 ? "; " : "", i + 1);
        if (text[0])
            len += (size_t)snprintf(tunnel->problem + len, sizeof tunnel->problem - len, "%s%s",
                                    name, text);
    }
    if (tunnel->proxy)
        proxy_set_problem(tunnel->proxy, tunnel->problem, is_lasting, retry_at_us);
}

/* What comes again and again, as tries do, stands there once. */
static void remember_error(struct tunnel *tunnel, const char *text)
{
    struct tunnel_error *errors = tunnel->errors;
    bool is_known = strncmp(errors[0].text, text, TUNNEL_ERROR_LEN - 1) == 0;
    if (!is_known) {
        memmove(errors + 1, errors, (TUNNEL_ERRORS_MAX - 1) * sizeof *errors);
        snprintf(errors[0].text, sizeof errors[0].text, "%s", text);
        errors[0].count = 0;
    }
    errors[0].at_us = clock_now_us();
    errors[0].count++;
}

static void on_status(const struct keeper_status *status, void *arg)
{
    struct meeting *meeting = arg;
    struct tunnel *tunnel = meeting->tunnel;
    meeting->state = status->state;
    if (status->problem && !status->is_goodbye)
        remember_error(tunnel, status->problem);
    if (tunnel->serve && status->state == KEEPER_NEGOTIATING)
        serve_expect(tunnel->serve);
    if (outage_update(&meeting->outage, tunnel->serve != NULL, status, clock_now_us()))
        tell_problem(tunnel);
    if (tunnel->guests && status->device && status->state == KEEPER_UP && !status->has_parted)
        guests_come(tunnel->guests, status->partner, status->device, address_of(&status->path));
    tunnel->handlers.on_status(meeting->number, status, tunnel->arg);
}

static void on_signal_away(const char *text, void *arg)
{
    const struct meeting *meeting = arg;
    remember_error(meeting->tunnel, text);
}

/* ---- who asks ---- */

static void on_question(const char *peer, void *arg)
{
    const struct meeting *meeting = arg;
    if (meeting->tunnel->reporter)
        reporter_ask(meeting->tunnel->reporter, peer);
}

static enum report_session session_of(const char *peer, void *arg)
{
    const struct tunnel *tunnel = arg;
    return keeper_session_of(tunnel->meetings[0].keeper, peer);
}

static void on_report(const char *peer, const char *report, void *arg)
{
    const struct tunnel *tunnel = arg;
    keeper_report_to(tunnel->meetings[0].keeper, peer, report);
}

/* ---- from the guests ---- */

static void on_guest_gone(const char *device, void *arg)
{
    struct tunnel *tunnel = arg;
    log_info("tunnel: the invite '%s' is not good any more", device);
    for (size_t i = 0; i < tunnel->meeting_count; i++)
        keeper_end_device(tunnel->meetings[i].keeper, device);
}

/* ---- from the proxy or the serve ---- */

static void on_bad_upstream(const char *why, void *arg)
{
    struct tunnel *tunnel = arg;
    char text[TUNNEL_ERROR_LEN];
    snprintf(text, sizeof text, "the upstream: %s", why);
    remember_error(tunnel, text);
    tunnel->handlers.on_bad_upstream(why, tunnel->arg);
}

static void on_exchange_begin(struct exchange_record *record, void *arg)
{
    struct tunnel *tunnel = arg;
    history_begin(&tunnel->history, record);
}

static void on_exchange_done(const struct exchange_record *record, void *arg)
{
    struct tunnel *tunnel = arg;
    history_end(&tunnel->history, record);
    tunnel->handlers.on_exchange_done(record, tunnel->arg);
}

/* ---- its parts ---- */

static int make_guests(struct tunnel *tunnel, struct loop *loop, struct state *state)
{
    static const struct guests_handlers handlers = {.on_gone = on_guest_gone};
    char why[STATE_WHY_MAX];
    int error =
        guests_new(loop, state, tunnel->meetings[0].seal, &handlers, tunnel, &tunnel->guests, why);
    if (error < 0)
        log_error("tunnel: %s", why);
    else
        serve_set_guests(tunnel->serve, tunnel->guests);
    return error;
}

/* A provider has one, a consumer one for each link. */
static int make_meetings(struct tunnel *tunnel, struct loop *loop,
                         const struct tunnel_config *config)
{
    tunnel->meeting_count = config->link_count > 0 ? config->link_count : 1;
    for (unsigned i = 0; i < tunnel->meeting_count; i++) {
        meeting_init(&tunnel->meetings[i], tunnel, i);
        if (config->link_count > 0)
            meeting_seal_for_link(&tunnel->meetings[i], tunnel->cert, &config->links[i]);
    }
    if (!config->state)
        return 0;
    meeting_seal_as(&tunnel->meetings[0], tunnel->cert, state_identity(config->state));
    return make_guests(tunnel, loop, config->state);
}

/* For its own room alone. */
static int make_signal_server(struct tunnel *tunnel, struct loop *loop,
                              const struct tunnel_config *config)
{
    struct signal_server_config server;
    if (!config->own_signal_host)
        return 0;
    signal_server_config_init(&server);
    server.host = config->own_signal_host;
    server.port = config->own_signal_port;
    server.connections_max = OWN_CONNECTIONS_MAX;
    server.per_address_max = OWN_CONNECTIONS_MAX / 4;
    server.web = &web_files;
    server.is_within = true;
    server.only_room = config->room ? config->room : tunnel->meetings[0].sealed_room;
    return signal_server_new(loop, &server, &tunnel->signal_server);
}

/* Comes first; what fails here leaves nothing behind. */
static int make_end(struct tunnel *tunnel, struct loop *loop, const struct tunnel_config *config)
{
    const struct exchange_watch watch = {on_exchange_begin, on_exchange_done, tunnel, loop};
    static const struct serve_handlers serve_handlers = {
        .on_bad_upstream = on_bad_upstream,
        .on_exchange_begin = on_exchange_begin,
        .on_exchange_done = on_exchange_done,
    };
    if (config->proxy) {
        int error = proxy_new(loop, config->proxy, &watch, &tunnel->proxy);
        if (error == 0)
            providers_init(&tunnel->providers, tunnel->proxy, config->link_count);
        return error;
    }
    return serve_new(loop, config->serve, &serve_handlers, tunnel, &tunnel->serve);
}

static void make_servers(struct tunnel *tunnel, struct loop *loop,
                         const struct tunnel_config *config)
{
    const char *why;
    tunnel->servers = ice_servers_new(loop);
    ice_servers_set_egress(tunnel->servers, config->egress);
    ice_servers_set_fixed(tunnel->servers, &config->fixed);
    /* A STUN server would only tell what is not to be told. */
    for (size_t i = 0; i < config->stun_count && !config->is_relay_only; i++)
        ice_servers_add(tunnel->servers, config->stun[i], NULL, NULL, &why);
    for (size_t i = 0; i < config->turn_count; i++)
        ice_servers_add(tunnel->servers, config->turn[i], config->turn_user, config->turn_pass,
                        &why);
}

static void make_reporter(struct tunnel *tunnel, struct loop *loop,
                          const struct tunnel_config *config)
{
    static const struct reporter_handlers handlers = {session_of, on_report};
    if (!config->state)
        return;
    const struct reporter_config reporter = {
        .stun = config->stun,
        .stun_count = config->stun_count,
        .second_stun = config->second_stun,
        .servers = tunnel->servers,
        .upstream = config->serve->upstream,
        .fixed = {.takes_relay = config->takes_relay && !config->is_relay_only,
                  .is_relay_only = config->is_relay_only,
                  .asks_router = config->fixed.asks_router ||
                                 config->fixed.external[0].family != ICE_FAMILY_NONE},
    };
    tunnel->reporter = reporter_new(loop, &reporter, &handlers, tunnel);
}

/* A provider takes the extension from whoever offers it. */
static unsigned features_of(const struct tunnel_config *config)
{
    bool is_silent = config->proxy && !config->proxy->is_forwarded;
    return is_silent ? config->features & ~(unsigned)FEATURE_FORWARDED : config->features;
}

static void open_meetings(struct tunnel *tunnel, struct loop *loop,
                          const struct tunnel_config *config)
{
    static const struct keeper_handlers handlers = {
        .on_up = on_up,
        .on_down = on_down,
        .on_gone = on_partner_gone,
        .on_round_trip = on_round_trip,
        .on_request = on_request,
        .on_question = on_question,
        .on_status = on_status,
        .on_signal_away = on_signal_away,
    };
    struct keeper_config keeper = {
        .role = config->proxy ? MUX_CONSUMER : MUX_PROVIDER,
        .features = features_of(config),
        .egress = config->own_signal_host ? NULL : config->egress,
        .room = config->room,
        .cert = tunnel->cert,
        .servers = tunnel->servers,
        .is_relay_only = config->is_relay_only,
        .takes_relay = config->takes_relay && !config->is_relay_only,
        .partners_max = config->proxy ? POOL_PROVIDERS_MAX : config->partners_max,
    };
    bool is_near = config->is_near && !config->is_relay_only && !config->room;
    if (is_near && config->state)
        tunnel->lan_host =
            lan_host_new(loop, tunnel->meetings[0].sealed_room, config->fixed.interface);
    keeper.near = (struct venue_near){.is_sought = is_near && config->link_count > 0,
                                      .port = lan_host_port(tunnel->lan_host),
                                      .interface = config->fixed.interface};
    for (size_t i = 0; i < tunnel->meeting_count; i++) {
        keeper.signal = config->link_count > 0 ? &config->links[i].signal : config->signal;
        meeting_open(&tunnel->meetings[i], loop, &keeper, &handlers);
    }
}

/* ---- the tunnel ---- */

int tunnel_new(struct loop *loop, const struct tunnel_config *config,
               const struct tunnel_handlers *handlers, void *arg, struct tunnel **out)
{
    assert(!config->proxy != !config->serve);
    assert(!config->room + !config->links + !config->state == 2);
    assert(!config->links == !config->link_count && config->link_count <= POOL_PROVIDERS_MAX);
    struct tunnel *tunnel = xcalloc(1, sizeof *tunnel);
    tunnel->handlers = *handlers;
    tunnel->arg = arg;
    tunnel->begun_us = clock_now_us();
    history_init(&tunnel->history);
    int error = make_end(tunnel, loop, config);
    if (error == 0) {
        tunnel->cert = cert_new();
        error = make_meetings(tunnel, loop, config);
    }
    if (error == 0)
        error = make_signal_server(tunnel, loop, config);
    if (error < 0) {
        tunnel_close(tunnel);
        return error;
    }
    make_servers(tunnel, loop, config);
    make_reporter(tunnel, loop, config);
    open_meetings(tunnel, loop, config);
    *out = tunnel;
    return 0;
}

uint16_t tunnel_port(const struct tunnel *tunnel)
{
    return tunnel->proxy ? proxy_port(tunnel->proxy) : 0;
}

void tunnel_close(struct tunnel *tunnel)
{
    if (!tunnel)
        return;
    providers_deinit(&tunnel->providers);
    reporter_free(tunnel->reporter);
    for (size_t i = 0; i < tunnel->meeting_count; i++)
        meeting_close(&tunnel->meetings[i]);
    lan_host_free(tunnel->lan_host);
    signal_server_close(tunnel->signal_server);
    guests_free(tunnel->guests);
    proxy_free(tunnel->proxy);
    serve_free(tunnel->serve);
    for (size_t i = 0; i < tunnel->meeting_count; i++)
        meeting_deinit(&tunnel->meetings[i]);
    ice_servers_free(tunnel->servers);
    cert_free(tunnel->cert);
    history_deinit(&tunnel->history);
    free(tunnel);
}
