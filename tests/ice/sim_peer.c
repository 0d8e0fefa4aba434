/*
 * Peers: an agent, its sockets, and data to send; and what the network brings
 * to them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "ice/turn_frame.h"
#include "sim_internal.h"

static int on_datagram(void *arg, int base, const struct ice_address *remote, struct span bytes)
{
    struct sim_peer *p = arg;
    struct sim_socket *k = &p->sockets[base];
    assert_true(k->is_used);
    if (!k->is_stream) {
        if (p->sim->refusing_permille > 0 &&
            sim_random(p->sim) % 1000 < (uint64_t)p->sim->refusing_permille)
            return -EPERM;
        sim_send(p->sim, k->realm, &k->address, remote, bytes);
        return 0;
    }
    assert_true(k->is_open);
    struct sim_event *e = sim_event_new(p->sim, SIM_STREAM, bytes);
    e->peer = p;
    e->base = base;
    e->server = &sim_server_node(p->sim, &k->server)->config;
    sim_schedule(p->sim, e, p->sim->delay_us);
    return 0;
}

static void on_candidate(void *arg, const char *line)
{
    struct sim_peer *p = arg;
    struct ice_candidate c;
    if (!line) {
        p->has_ended = true;
        if (!p->config.never_end && p->other)
            sim_signal_line(p, SIM_END, "");
        return;
    }
    assert_false(p->has_ended);
    assert_int_equal(ice_candidate_parse(span_from_string(line), &c), 0);
    p->candidates[c.type]++;
    if (p->config.hold_candidates || !p->other)
        return;
    char hidden[ICE_CANDIDATE_LINE_MAX];
    if (p->hidden[0] && c.type == ICE_CANDIDATE_HOST) {
        snprintf(c.hostname, sizeof c.hostname, "%s", p->hidden);
        line = ice_candidate_format(&c, hidden);
    }
    sim_signal_line(p, SIM_CANDIDATE, line);
}

static void on_state(void *arg, enum ice_state state, const char *text)
{
    struct sim_peer *p = arg;
    snprintf(p->text, sizeof p->text, "%s", text);
    p->failures += state == ICE_FAILED;
    if (getenv("SIM_TRACE"))
        printf("%8.3f %s: %s %s\n", (double)p->sim->now_us / 1e6, p->config.name,
               ice_state_name(state), text);
}

static void on_route(void *arg)
{
    struct sim_peer *p = arg;
    struct ice_path path;
    p->routes++;
    p->routes_lost += !ice_agent_route(p->agent);
    if (getenv("SIM_TRACE") && ice_agent_path(p->agent, &path)) {
        char l[ICE_CANDIDATE_TEXT_LEN];
        char r[ICE_CANDIDATE_TEXT_LEN];
        printf("%8.3f %s: %s <-> %s\n", (double)p->sim->now_us / 1e6, p->config.name,
               ice_candidate_describe(path.local_type, &path.local, l),
               ice_candidate_describe(path.remote_type, &path.remote, r));
    }
}

static void on_open_base(void *arg, int base, const struct ice_agent_server *server)
{
    struct sim_peer *p = arg;
    struct sim_server_node *n = sim_server_node(p->sim, &server->address);
    assert_false(p->sockets[base].is_used);
    p->sockets[base] =
        (struct sim_socket){.is_used = true, .is_stream = true, .server = server->address};
    bool is_there = n && !n->config.is_dead;
    struct sim_event *e =
        sim_event_new(p->sim, is_there ? SIM_OPENED : SIM_CLOSED, (struct span){0});
    e->peer = p;
    e->base = base;
    sim_schedule(p->sim, e, 2 * p->sim->delay_us);
}

static void on_close_base(void *arg, int base)
{
    struct sim_peer *p = arg;
    assert_true(p->sockets[base].is_used && p->sockets[base].is_stream);
    p->sockets[base].is_used = false;
}

static void on_resolve(void *arg, int id, const char *name)
{
    struct sim_peer *p = arg;
    struct sim_event *e = sim_event_new(p->sim, SIM_RESOLVED, span_of(name, strlen(name) + 1));
    e->peer = p;
    e->id = id;
    sim_schedule(p->sim, e, 2 * p->sim->delay_us);
}

static const struct ice_agent_handlers handlers = {on_datagram, on_candidate, on_state,
                                                   on_route,    on_open_base, on_close_base,
                                                   on_resolve,  NULL,         NULL,
                                                   NULL};

struct sim_peer *sim_add_peer(struct sim *s, const struct sim_peer_config *config)
{
    struct sim_peer *p = xcalloc(1, sizeof *p);
    struct ice_agent_config c = {.is_controlling = config->is_controlling,
                                 .is_relay_only = config->is_relay_only};
    for (size_t i = 0; i < sizeof c.seed; i++)
        c.seed[i] = (uint8_t)sim_random(s);
    p->sim = s;
    p->config = *config;
    p->agent = ice_agent_new(&c, &handlers, p);
    assert_true(s->peer_count < SIM_PEERS);
    if (s->peer_count == 1) {
        p->other = s->peers[0];
        s->peers[0]->other = p;
    }
    s->peers[s->peer_count++] = p;
    return p;
}

void sim_replace_agent(struct sim_peer *p)
{
    struct ice_agent_config c = {.is_controlling = p->config.is_controlling};
    ice_agent_free(p->agent, p->sim->now_us);
    p->agent = ice_agent_new(&c, &handlers, p);
}

int sim_add_address(struct sim_peer *p, int realm, struct ice_address address, const char *name)
{
    int base = ice_agent_add_interface(p->agent, &address, name, false, p->sim->now_us);
    if (base >= 0) {
        assert_false(p->sockets[base].is_used);
        p->sockets[base] = (struct sim_socket){.is_used = true, .realm = realm, .address = address};
    }
    return base;
}

void sim_remove_address(struct sim_peer *p, int base)
{
    ice_agent_remove_base(p->agent, base, p->sim->now_us);
    p->sockets[base].is_used = false;
}

void sim_use_server(struct sim_peer *p, const struct ice_agent_server *server)
{
    assert_int_equal(ice_agent_add_server(p->agent, server, p->sim->now_us), 0);
}

struct ice_agent_server sim_stun(struct ice_address address)
{
    return (struct ice_agent_server){.address = address};
}

struct ice_agent_server sim_turn(struct ice_address address, enum turn_transport transport)
{
    return (struct ice_agent_server){.is_turn = true,
                                     .transport = transport,
                                     .address = address,
                                     .user = "user",
                                     .pass = "secret"};
}

static void on_resolved(struct sim_peer *p, const struct sim_event *e)
{
    struct sim *s = p->sim;
    const struct ice_address *address = NULL;
    for (int i = 0; i < s->name_count; i++) {
        if (strcmp(s->names[i].name, (const char *)e->bytes) == 0)
            address = &s->names[i].address;
    }
    ice_agent_resolved(p->agent, e->id, address, s->now_us);
}

static void on_data(struct sim_peer *p)
{
    uint64_t gap_us = p->sim->now_us - p->heard_us;
    if (p->heard_us && gap_us > p->gap_us)
        p->gap_us = gap_us;
    p->heard_us = p->sim->now_us;
    p->received++;
}

static void receive_stream(struct sim_peer *p, int base, struct span bytes)
{
    struct span data;
    while (p->sockets[base].is_used &&
           ice_agent_receive_stream(p->agent, base, &bytes, p->sim->now_us, &data) > 0) {
        assert_int_equal(ice_packet_class(data), ICE_PACKET_DTLS);
        on_data(p);
    }
}

void sim_peer_receive(struct sim_peer *p, int base, struct sim_event *e)
{
    struct span data;
    /* Flush to the guard page. */
    uint8_t *bytes = p->sim->guard.map + p->sim->guard.map_len / 2 - e->len;
    memcpy(bytes, e->bytes, e->len);
    if (ice_agent_receive(p->agent, base, &e->src, span_of(bytes, e->len), p->sim->now_us, &data)) {
        assert_int_equal(ice_packet_class(data), ICE_PACKET_DTLS);
        on_data(p);
    }
}

void sim_peer_event(struct sim *s, struct sim_event *e)
{
    struct sim_peer *p = e->peer;
    struct sim_socket *k = &p->sockets[e->base];
    switch (e->kind) {
    case SIM_STREAM:
        if (e->server) {
            sim_server_receive(s, (struct sim_server_node *)(void *)e->server, e);
        } else if (k->is_used && k->is_open) {
            /* In two pieces: a stream has no frames. */
            size_t half = e->len / 2;
            receive_stream(p, e->base, span_of(e->bytes, half));
            receive_stream(p, e->base, span_of(e->bytes + half, e->len - half));
        }
        break;
    case SIM_OPENED:
        k->is_open = true;
        ice_agent_base_opened(p->agent, e->base, s->now_us);
        break;
    case SIM_CLOSED:
        if (k->is_used && k->is_stream) {
            k->is_used = false;
            ice_agent_base_closed(p->agent, e->base, "connection refused", s->now_us);
        }
        break;
    case SIM_SIGNAL:
        sim_signal_event(p, e);
        break;
    case SIM_RESOLVED:
        on_resolved(p, e);
        break;
    case SIM_DATAGRAM:
        break;
    }
}

void sim_send_data(struct sim_peer *p)
{
    uint8_t packet[TURN_CHANNEL_HEADER_LEN + 101 + 3] = {[4] = 23};
    const struct ice_route *route = ice_agent_route(p->agent);
    size_t len = 101;
    p->sent++;
    if (!route)
        return;
    if (!route->channel) {
        on_datagram(p, route->base, &route->remote, span_of(packet + 4, len));
        return;
    }
    turn_channel_encode(route->channel, (uint16_t)len, packet);
    size_t padding = route->is_stream ? turn_channel_padding(len) : 0;
    on_datagram(p, route->base, &route->remote, span_of(packet, 4 + len + padding));
}

void sim_send_stream(struct sim_peer *p, uint64_t interval_us)
{
    p->stream_us = interval_us;
    p->stream_next_us = p->sim->now_us + interval_us;
    p->other->heard_us = interval_us ? p->sim->now_us : 0;
}

struct ice_agent *sim_agent(struct sim_peer *p)
{
    return p->agent;
}

uint64_t sim_sent(const struct sim_peer *p)
{
    return p->sent;
}

uint64_t sim_received(const struct sim_peer *p)
{
    return p->received;
}

uint64_t sim_gap_us(struct sim_peer *p)
{
    uint64_t gap_us = p->gap_us;
    p->gap_us = 0;
    return gap_us;
}

const char *sim_last_text(const struct sim_peer *p)
{
    return p->text;
}

int sim_failures(const struct sim_peer *p)
{
    return p->failures;
}

int sim_routes(const struct sim_peer *p)
{
    return p->routes;
}

int sim_routes_lost(const struct sim_peer *p)
{
    return p->routes_lost;
}

int sim_candidates(const struct sim_peer *p, enum ice_candidate_type type)
{
    return p->candidates[type];
}

bool sim_has_ended(const struct sim_peer *p)
{
    return p->has_ended;
}

void sim_set_hostname(struct sim *s, const char *name, struct ice_address address)
{
    assert_true(s->name_count < SIM_NAMES);
    snprintf(s->names[s->name_count].name, 64, "%s", name);
    s->names[s->name_count++].address = address;
}

void sim_hide_hosts(struct sim_peer *p, const char *name)
{
    snprintf(p->hidden, sizeof p->hidden, "%s", name);
}

bool sim_is_consistent(struct sim_peer *a, struct sim_peer *b)
{
    struct ice_path x;
    struct ice_path y;
    return ice_agent_path(a->agent, &x) && ice_agent_path(b->agent, &y) &&
           ice_address_is_equal(&x.local, &y.remote) && ice_address_is_equal(&y.local, &x.remote);
}
