/*
 * The agent decides, this file does: it calls the agent with what the sockets
 * bring and when its deadline comes, and turns its events into the owner's.
 *
 * Events come out of the agent while it is at work, so what may make the
 * owner close us (connected, failed) is told in a turn of its own; candidates
 * and datagrams are told at once.
 *
 * Servers are given to the agent as their names are resolved; host candidates
 * never wait for that.
 */
#include "rtc/ice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "ice/turn_frame.h"
#include "rtc/ice_internal.h"

enum { ETHERNET_DATAGRAM_MAX = 1500 - 28 };

void ice_rearm(struct ice *ice)
{
    timer_start_at(ice->timer, ice_agent_deadline(ice->agent));
}

static void on_deadline(void *arg)
{
    struct ice *ice = arg;
    ice_agent_on_deadline(ice->agent, clock_now_us());
    ice_rearm(ice);
}

/* ---- events of the agent ---- */

static enum peer_path_state path_state(const struct ice *ice)
{
    if (!ice_agent_route(ice->agent))
        return PEER_PATH_LOST;
    return ice_agent_state(ice->agent) == ICE_DISCONNECTED ? PEER_PATH_SILENT : PEER_PATH_WORKS;
}

static void tell(void *arg)
{
    struct ice *ice = arg;
    ice->is_telling = false;
    if (ice->is_closed)
        return;
    if (!ice->is_connected) {
        if (ice->is_failed)
            ice->handlers.on_failed(ice->failure, ice->arg);
        return;
    }
    if (!ice->has_told_connected) {
        ice->has_told_connected = true;
        ice->has_new_route = false;
        ice->handlers.on_connected(ice->arg);
        if (ice->is_closed)
            return;
    }
    enum peer_path_state state = path_state(ice);
    bool is_other = ice->has_new_route;
    if (state == ice->told_path && !is_other)
        return;
    ice->told_path = state;
    ice->has_new_route = false;
    ice->handlers.on_path(state, is_other, ice->arg);
}

static void tell_later(struct ice *ice)
{
    if (ice->is_telling)
        return;
    ice->is_telling = true;
    loop_defer(ice->loop, tell, ice);
}

static int on_agent_datagram(void *arg, int base, const struct ice_address *remote,
                             struct span bytes)
{
    return ice_base_send(arg, base, remote, bytes);
}

static void on_agent_candidate(void *arg, const char *line)
{
    struct ice *ice = arg;
    ice->handlers.on_candidate(line, ice->arg);
}

static void on_agent_state(void *arg, enum ice_state state, const char *text)
{
    struct ice *ice = arg;
    log_debug("ice: %s%s%s", ice_state_name(state), *text ? ": " : "", text);
    if (state == ICE_FAILED && !ice->is_connected && !ice->is_failed) {
        ice->is_failed = true;
        snprintf(ice->failure, sizeof ice->failure, "no path to the other side works%s (%s)",
                 ice_servers_has_turn(ice->servers) ? "" : ", and there is no TURN server", text);
    }
    tell_later(ice);
}

static void on_agent_route(void *arg)
{
    struct ice *ice = arg;
    const struct ice_route *route = ice_agent_route(ice->agent);
    /* What waits belongs to the path that was. */
    ice->burst.len = ice->burst.count = 0;
    ice->burst.has_last = false;
    if (route) {
        ice->route_to = ice_to_sockaddr(&route->remote);
        ice->is_connected = true;
        ice->has_new_route = true;
    }
    tell_later(ice);
}

static void on_agent_open_base(void *arg, int base, const struct ice_agent_server *server)
{
    ice_open_stream(arg, base, server);
}

static void on_agent_close_base(void *arg, int base)
{
    ice_close_base(arg, base);
}

static void on_agent_resolve(void *arg, int id, const char *name)
{
    ice_look_up(arg, id, name);
}

/* ---- servers ---- */

static enum turn_transport transport_of(enum ice_transport transport)
{
    switch (transport) {
    case ICE_TRANSPORT_TCP:
        return TURN_TCP;
    case ICE_TRANSPORT_TLS:
        return TURN_TLS;
    case ICE_TRANSPORT_UDP:
        break;
    }
    return TURN_UDP;
}

static void add_servers(struct ice *ice)
{
    struct ice_server servers[ICE_ADDRESSES_MAX];
    int count = ice_servers_get(ice->servers, servers, ICE_ADDRESSES_MAX);
    for (int i = 0; i < count; i++) {
        const struct ice_server *s = &servers[i];
        if (ice->has_server[s->index])
            continue;
        ice->has_server[s->index] = true;
        struct ice_agent_server server = {
            .is_turn = s->type == ICE_SERVER_TURN,
            .transport = transport_of(s->transport),
            .address = ice_from_sockaddr(&s->address),
            .host = s->host,
            .user = s->user,
            .pass = s->pass,
        };
        int ignored = ice_agent_add_server(ice->agent, &server, clock_now_us());
        (void)ignored; /* -ENOSPC: both caps are the same */
    }
}

static void on_servers_change(void *arg)
{
    struct ice *ice = arg;
    add_servers(ice);
    if (!ice_servers_is_pending(ice->servers))
        ice_agent_end_servers(ice->agent, clock_now_us());
    ice_rearm(ice);
}

/* ---- life ---- */

struct ice *ice_new(struct loop *loop, const struct ice_config *config,
                    const struct ice_handlers *handlers, void *arg)
{
    static const struct ice_agent_handlers agent_handlers = {
        .on_datagram = on_agent_datagram,
        .on_candidate = on_agent_candidate,
        .on_state = on_agent_state,
        .on_route = on_agent_route,
        .on_open_base = on_agent_open_base,
        .on_close_base = on_agent_close_base,
        .on_resolve = on_agent_resolve,
    };
    struct ice *ice = xcalloc(1, sizeof *ice);
    ice->loop = loop;
    ice->handlers = *handlers;
    ice->arg = arg;
    ice->timer = timer_new(loop, on_deadline, ice);
    ice->servers = config->servers;
    list_init(&ice->lookups);
    list_init(&ice->watch.link);
    ice->watch.on_change = on_servers_change;
    ice->watch.arg = ice;
    struct ice_agent_config agent_config = {
        .is_controlling = config->is_controlling,
        .is_relay_only = config->is_relay_only,
        .budget = config->servers ? ice_servers_budget(config->servers) : NULL,
    };
    random_bytes(agent_config.seed, sizeof agent_config.seed);
    ice->agent = ice_agent_new(&agent_config, &agent_handlers, ice);
    return ice;
}

void ice_shut(struct ice *ice)
{
    ice_close_lookups(ice);
    ice_agent_free(ice->agent, clock_now_us());
    for (int i = 0; i < ICE_BASES_MAX; i++)
        ice_close_base(ice, i);
    free(ice->interfaces);
    ice->interfaces = NULL;
    loop_defer(ice->loop, free, ice);
}

void ice_close(struct ice *ice)
{
    if (!ice || ice->is_closed)
        return;
    ice->is_closed = true;
    ice_servers_unwatch(&ice->watch);
    timer_free(ice->timer);
    if (!ice->is_in_agent)
        ice_shut(ice);
}

const char *ice_local_ufrag(const struct ice *ice)
{
    return ice_agent_local_ufrag(ice->agent);
}

const char *ice_local_pwd(const struct ice *ice)
{
    return ice_agent_local_pwd(ice->agent);
}

void ice_gather(struct ice *ice)
{
    ice_open_interfaces(ice);
    bool is_pending = false;
    if (ice->servers) {
        add_servers(ice);
        is_pending = ice_servers_is_pending(ice->servers);
        if (is_pending)
            ice_servers_watch(ice->servers, &ice->watch);
    }
    ice_agent_gather(ice->agent, is_pending, clock_now_us());
    ice_rearm(ice);
}

void ice_restart(struct ice *ice)
{
    ice_close_lookups(ice); /* of candidates that no longer count */
    ice_agent_restart(ice->agent, clock_now_us());
    ice_rearm(ice);
}

/* ---- the other side ---- */

int ice_set_remote_credentials(struct ice *ice, const char *ufrag, const char *pwd)
{
    int result = ice_agent_set_remote(ice->agent, ufrag, pwd, clock_now_us());
    if (result > 0)
        ice_close_lookups(ice);
    ice_rearm(ice);
    return result < 0 ? result : 0;
}

void ice_set_remote_pacing(struct ice *ice, unsigned pacing_ms)
{
    ice_agent_set_remote_pacing(ice->agent, pacing_ms * US_PER_MS);
    ice_rearm(ice);
}

int ice_add_remote_candidate(struct ice *ice, const char *candidate)
{
    int error = ice_agent_add_remote(ice->agent, span_from_string(candidate), clock_now_us());
    ice_rearm(ice);
    return error;
}

void ice_end_of_remote_candidates(struct ice *ice)
{
    ice_agent_end_remote(ice->agent, clock_now_us());
    ice_rearm(ice);
}

/* ---- data ---- */

void ice_flush(struct ice *ice)
{
    struct burst *burst = &ice->burst;
    const struct ice_route *route = ice_agent_route(ice->agent);
    if (burst->count == 0)
        return;
    struct span bytes = span_of(burst->data, burst->len);
    if (route && route->is_stream) {
        ice_base_send(ice, route->base, &route->remote, bytes);
    } else if (route && ice->bases[route->base]) {
        struct udp *udp = ice->bases[route->base]->udp;
        /* What the kernel refuses is lost, as on any path. */
        int ignored = burst->may_fragment
                          ? udp_send_in_fragments(udp, bytes, burst->segment, &ice->route_to)
                          : udp_send(udp, bytes, burst->segment, &ice->route_to);
        (void)ignored;
    }
    burst->len = burst->count = 0;
    burst->has_last = false;
}

/* Whether a datagram of that size may stand behind those that wait. */
static bool fits(const struct burst *burst, size_t len)
{
    if (burst->count == 0)
        return true;
    return !burst->has_last && len <= burst->segment && burst->count < UDP_BURST_MAX &&
           burst->len + len <= UDP_BURST_BYTES;
}

uint8_t *ice_queue(struct ice *ice, size_t len, bool may_fragment)
{
    struct burst *burst = &ice->burst;
    const struct ice_route *route = ice_agent_route(ice->agent);
    if (!route)
        return NULL;
    size_t header = route->channel ? TURN_CHANNEL_HEADER_LEN : 0;
    size_t padding = route->is_stream ? turn_channel_padding(len) : 0;
    size_t whole = header + len + padding;
    if (!fits(burst, whole) || burst->may_fragment != may_fragment)
        ice_flush(ice);
    uint8_t *at = burst->data + burst->len;
    if (header)
        turn_channel_encode(route->channel, (uint16_t)len, at);
    memset(at + header + len, 0, padding);
    if (burst->count == 0)
        burst->segment = whole;
    burst->may_fragment = may_fragment;
    burst->has_last = whole < burst->segment;
    burst->len += whole;
    burst->count++;
    return at + header;
}

size_t ice_datagram_max(const struct ice *ice)
{
    const struct ice_route *route = ice_agent_route(ice->agent);
    if (!route)
        return 0;
    /* Of the way from a relay on we know nothing. */
    if (route->is_stream)
        return ETHERNET_DATAGRAM_MAX;
    return udp_route_max(&ice->route_to) - (route->channel ? TURN_CHANNEL_HEADER_LEN : 0);
}

/* ---- for people ---- */

static void describe(enum ice_candidate_type type, const struct ice_address *address, char *out,
                     size_t size)
{
    char text[ICE_ADDRESS_TEXT_LEN];
    snprintf(out, size, "%s %s", ice_candidate_type_name(type), ice_address_format(address, text));
}

bool ice_get_path(const struct ice *ice, struct peer_path *out)
{
    struct ice_path path;
    if (!ice_agent_path(ice->agent, &path))
        return false;
    describe(path.local_type, &path.local, out->local, sizeof out->local);
    describe(path.remote_type, &path.remote, out->remote, sizeof out->remote);
    out->is_relayed = path.is_relayed;
    return true;
}

const char *ice_describe_tried(struct ice *ice, char out[PEER_TRIED_MAX])
{
    _Static_assert((int)PEER_TRIED_MAX >= (int)ICE_REPORT_MAX, "it holds the report");
    return ice_agent_report(ice->agent, out);
}
