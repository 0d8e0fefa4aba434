/*
 * Which TURN server is tried when, and from where. One over UDP first from the
 * best interface, and after ICE_TURN_STAGGER_US from the next: the best one by
 * name need not be the one that leads anywhere. So it is with the addresses of
 * a server that has several.
 */
#include "ice/agent_internal.h"

static bool is_tried(const struct ice_agent *a, int server, int base)
{
    for (int i = 0; i < a->relay_count; i++) {
        const struct ice_relay *r = &a->relays[i];
        if (r->client && r->server == server && r->base == base)
            return true;
    }
    return false;
}

/* The interface of the highest rank from which the server was not tried yet, or
 * -1: also when ICE_TURN_BASES_MAX better ones were. Lesser ones do not count:
 * they may have been tried because the one that leads out was away. */
static int untried_base(const struct ice_agent *a, int server)
{
    const struct ice_address *address = &a->servers[server].address;
    int best = -1;
    int better = 0;
    for (int base = 0; base < ICE_BASES_MAX; base++) {
        if (base_is_fit(a, base, address) && !is_tried(a, server, base) &&
            (best < 0 || base_rank(a, base) > base_rank(a, best)))
            best = base;
    }
    for (int base = 0; best >= 0 && base < ICE_BASES_MAX; base++)
        better += base_is_fit(a, base, address) && is_tried(a, server, base) &&
                  base_rank(a, base) > base_rank(a, best);
    return better < ICE_TURN_BASES_MAX ? best : -1;
}

static bool has_relay(const struct ice_agent *a, int server)
{
    for (int i = 0; i < a->relay_count; i++) {
        if (a->relays[i].client && a->relays[i].server == server)
            return true;
    }
    return false;
}

static bool has_interface(const struct ice_agent *a, int family)
{
    for (int i = 0; i < ICE_BASES_MAX; i++) {
        const struct ice_base *b = a->bases[i];
        if (base_is_used(a, i) && !b->is_stream && b->address.family == family)
            return true;
    }
    return false;
}

/* Whether there is one more way to it: a connection, or from an interface. */
static bool is_untried(const struct ice_agent *a, int server)
{
    const struct ice_agent_server *s = &a->servers[server];
    if (s->transport == TURN_UDP)
        return untried_base(a, server) >= 0;
    return !has_relay(a, server) && has_interface(a, s->address.family);
}

/* Addresses of one server: one allocation will do. */
static bool is_same_server(const struct ice_agent *a, int x, int y)
{
    const struct ice_agent_server *s = &a->servers[x];
    const struct ice_agent_server *t = &a->servers[y];
    return x == y || (t->is_turn && s->transport == t->transport && s->host[0] != '\0' &&
                      strcmp(s->host, t->host) == 0 && s->address.port == t->address.port &&
                      strcmp(s->user, t->user) == 0);
}

/* When the server may be tried in one more way; TIME_NEVER: no need. */
static uint64_t next_try_at(const struct ice_agent *a, int server)
{
    uint64_t at = 0;
    if (!is_untried(a, server) || relay_free_slot(a) < 0)
        return TIME_NEVER;
    for (int i = 0; i < a->relay_count; i++) {
        const struct ice_relay *r = &a->relays[i];
        if (!r->client || !is_same_server(a, server, r->server))
            continue;
        if (turn_client_state(r->client) == TURN_ALLOCATED)
            return TIME_NEVER;
        if (!r->is_done && r->started_us + ICE_TURN_STAGGER_US > at)
            at = r->started_us + ICE_TURN_STAGGER_US;
    }
    return at;
}

void relay_plan(struct ice_agent *a, uint64_t now_us)
{
    if (!a->is_gathering)
        return;
    for (int i = 0; i < a->server_count; i++) {
        bool is_udp = a->servers[i].transport == TURN_UDP;
        if (a->servers[i].is_turn && now_us >= next_try_at(a, i))
            relay_add(a, i, is_udp ? untried_base(a, i) : -1, now_us);
    }
}

uint64_t relay_plan_deadline(const struct ice_agent *a)
{
    uint64_t deadline = TIME_NEVER;
    for (int i = 0; i < a->server_count && a->is_gathering; i++) {
        if (a->servers[i].is_turn)
            deadline = earlier(deadline, next_try_at(a, i));
    }
    return deadline;
}
