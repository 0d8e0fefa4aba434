/*
 * What each part tells and another has to know goes through here: the keeper
 * says where a proxy's requests go, and brings those that a serve forwards;
 * what a client hears while there is no session is made of the keeper's status.
 */
#include "tunnel/tunnel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tunnel/guests.h"
#include "tunnel/outage.h"

struct tunnel {
    struct tunnel_handlers handlers;
    void *arg;
    struct cert *cert;
    struct ice_servers *servers;
    struct tls_client *signal_tls; /* NULL for ws */
    struct proxy *proxy;           /* of a consumer, else NULL */
    struct serve *serve;           /* of a provider, else NULL */
    struct seal *seal;             /* of signalling; NULL in a room of version 1 */
    struct guests *guests;         /* of a sealed provider, else NULL */
    char sealed_room[SEAL_ROOM_LEN + 1];
    struct keeper *keeper;
    enum keeper_state state;
    struct outage outage;
    struct exchange_totals exchanges;
};

/* ---- from the keeper ---- */

static void on_up(uint32_t partner, struct mux *mux, void *arg)
{
    struct tunnel *tunnel = arg;
    (void)partner;
    if (tunnel->proxy)
        proxy_set_mux(tunnel->proxy, mux);
}

static void on_down(uint32_t partner, const char *why, void *arg)
{
    struct tunnel *tunnel = arg;
    if (tunnel->proxy && why)
        proxy_set_problem(tunnel->proxy, why);
    on_up(partner, NULL, arg);
}

static void on_partner_gone(uint32_t partner, void *arg)
{
    (void)partner;
    (void)arg;
}

static void on_request(uint32_t partner, struct mux_stream *stream, const struct head *head,
                       void *arg)
{
    struct tunnel *tunnel = arg;
    (void)partner;
    serve_on_request(tunnel->serve, stream, head);
}

/* Of "srflx 203.0.113.9:51820". */
static const char *address_of(const struct peer_path *path)
{
    const char *blank = strrchr(path->remote, ' ');
    return blank ? blank + 1 : path->remote;
}

static void on_status(const struct keeper_status *status, void *arg)
{
    struct tunnel *tunnel = arg;
    tunnel->state = status->state;
    if (tunnel->serve && status->state == KEEPER_NEGOTIATING)
        serve_expect(tunnel->serve);
    if (outage_update(&tunnel->outage, status) && tunnel->proxy)
        proxy_set_problem(tunnel->proxy, tunnel->outage.text);
    if (tunnel->guests && status->device && !status->is_path_news)
        guests_see(tunnel->guests, status->device, address_of(&status->path));
    tunnel->handlers.on_status(status, tunnel->arg);
}

/* ---- from the guests ---- */

static void on_guest_gone(const char *device, void *arg)
{
    struct tunnel *tunnel = arg;
    log_info("tunnel: the invite '%s' is not good any more", device);
    keeper_end_device(tunnel->keeper, device);
}

/* ---- from the proxy or the serve ---- */

static void on_bad_upstream(const char *why, void *arg)
{
    struct tunnel *tunnel = arg;
    tunnel->handlers.on_bad_upstream(why, tunnel->arg);
}

static void on_exchange_done(const struct exchange_record *record, void *arg)
{
    struct tunnel *tunnel = arg;
    exchange_totals_add(&tunnel->exchanges, record);
    tunnel->handlers.on_exchange_done(record, tunnel->arg);
}

/* ---- its parts ---- */

static void make_consumer_seal(struct tunnel *tunnel, const struct link *link)
{
    const struct seal_config config = {
        .side = SEAL_CONSUMER,
        .fingerprint = cert_fingerprint(tunnel->cert),
    };
    tunnel->seal = seal_new(&config);
    seal_room(link->provider_id, tunnel->sealed_room);
    seal_admit(tunnel->seal, "link", link->provider_id, link->secret);
}

static int make_provider_seal(struct tunnel *tunnel, struct loop *loop, struct state *state)
{
    static const struct guests_handlers handlers = {.on_gone = on_guest_gone};
    char why[STATE_WHY_MAX];
    const struct seal_config config = {
        .side = SEAL_PROVIDER,
        .identity = state_identity(state),
        .fingerprint = cert_fingerprint(tunnel->cert),
    };
    tunnel->seal = seal_new(&config);
    seal_room(state_identity(state)->provider_id, tunnel->sealed_room);
    int error = guests_new(loop, state, tunnel->seal, &handlers, tunnel, &tunnel->guests, why);
    if (error < 0)
        log_error("tunnel: %s", why);
    else
        serve_set_guests(tunnel->serve, tunnel->guests);
    return error;
}

static int make_seal(struct tunnel *tunnel, struct loop *loop, const struct tunnel_config *config)
{
    if (config->state)
        return make_provider_seal(tunnel, loop, config->state);
    if (config->link)
        make_consumer_seal(tunnel, config->link);
    return 0;
}

/* Comes first; what fails here leaves nothing behind. */
static int make_end(struct tunnel *tunnel, struct loop *loop, const struct tunnel_config *config)
{
    const struct exchange_watch watch = {on_exchange_done, tunnel};
    static const struct serve_handlers serve_handlers = {
        .on_bad_upstream = on_bad_upstream,
        .on_exchange_done = on_exchange_done,
    };
    if (config->proxy)
        return proxy_new(loop, config->proxy, &watch, &tunnel->proxy);
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
    if (config->turn)
        ice_servers_add(tunnel->servers, config->turn, config->turn_user, config->turn_pass, &why);
}

/* A provider takes the extension from whoever offers it. */
static unsigned features_of(const struct tunnel_config *config)
{
    bool is_silent = config->proxy && !config->proxy->is_forwarded;
    return is_silent ? config->features & ~(unsigned)FEATURE_FORWARDED : config->features;
}

static void make_keeper(struct tunnel *tunnel, struct loop *loop,
                        const struct tunnel_config *config)
{
    static const struct keeper_handlers handlers = {
        .on_up = on_up,
        .on_down = on_down,
        .on_gone = on_partner_gone,
        .on_request = on_request,
        .on_status = on_status,
    };
    if (config->signal->is_tls) {
        int error = tls_client_new(NULL, false, &tunnel->signal_tls);
        assert(error == 0); /* only a ca_file can be wrong */
        (void)error;
    }
    const struct keeper_config keeper_config = {
        .role = config->proxy ? MUX_CONSUMER : MUX_PROVIDER,
        .features = features_of(config),
        .signal = config->signal,
        .tls = tunnel->signal_tls,
        .egress = config->egress,
        .room = tunnel->seal ? tunnel->sealed_room : config->room,
        .seal = tunnel->seal,
        .cert = tunnel->cert,
        .servers = tunnel->servers,
        .is_relay_only = config->is_relay_only,
        .partners_max = config->partners_max,
    };
    tunnel->keeper = keeper_new(loop, &keeper_config, &handlers, tunnel);
}

/* ---- the tunnel ---- */

int tunnel_new(struct loop *loop, const struct tunnel_config *config,
               const struct tunnel_handlers *handlers, void *arg, struct tunnel **out)
{
    assert(!config->proxy != !config->serve);
    assert(!config->room + !config->link + !config->state == 2);
    struct tunnel *tunnel = xcalloc(1, sizeof *tunnel);
    tunnel->handlers = *handlers;
    tunnel->arg = arg;
    int error = make_end(tunnel, loop, config);
    if (error == 0) {
        tunnel->cert = cert_new();
        error = make_seal(tunnel, loop, config);
    }
    if (error < 0) {
        tunnel_close(tunnel);
        return error;
    }
    make_servers(tunnel, loop, config);
    make_keeper(tunnel, loop, config);
    *out = tunnel;
    return 0;
}

uint16_t tunnel_port(const struct tunnel *tunnel)
{
    return tunnel->proxy ? proxy_port(tunnel->proxy) : 0;
}

void tunnel_status(const struct tunnel *tunnel, struct tunnel_status *out)
{
    *out = (struct tunnel_status){
        .state = tunnel->state,
        .problem = tunnel->outage.text[0] ? tunnel->outage.text : NULL,
        .waiting = tunnel->proxy ? proxy_waiting(tunnel->proxy) : 0,
        .exchanges = tunnel->exchanges,
    };
    keeper_stats(tunnel->keeper, &out->keeper);
}

void tunnel_close(struct tunnel *tunnel)
{
    if (!tunnel)
        return;
    if (tunnel->keeper)
        keeper_close(tunnel->keeper);
    guests_free(tunnel->guests);
    seal_free(tunnel->seal);
    proxy_free(tunnel->proxy);
    serve_free(tunnel->serve);
    ice_servers_free(tunnel->servers);
    cert_free(tunnel->cert);
    tls_client_free(tunnel->signal_tls);
    free(tunnel);
}
