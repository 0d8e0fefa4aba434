/*
 * Relayed candidates: TURN clients, and the connections that those over TCP or
 * TLS need, for which the owner is asked.
 *
 * An allocation that is lost later is sought again: at once where the server
 * says so, since it is there; else a second later. One that a server refuses
 * since it has no room is sought again after 1 to 2 s, then ever more seldom:
 * most often what takes the room is an allocation of our own, of an address or
 * a process before this one, which is about to lapse. So it is where that holds
 * the very address and cannot be cleared, as it was made by another user.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "ice/agent_internal.h"

#define RELAY_AGAIN_US (1 * US_PER_S)
/* Between two tries at a server that is full: so long at least, twice as long
 * at most. */
#define RELAY_FULL_US      (1 * US_PER_S)
#define RELAY_FULL_MOST_US (64 * US_PER_S)
/* One that ended sooner than this is not worth another try. */
#define RELAY_LIVED_US (10 * US_PER_S)

static void on_send(void *arg, const struct ice_address *server, struct span bytes)
{
    struct ice_relay *r = arg;
    base_send(r->agent, r->base, server, bytes);
}

static void on_allocated(void *arg, const struct ice_address *relayed,
                         const struct ice_address *mapped)
{
    struct ice_relay *r = arg;
    struct ice_agent *a = r->agent;
    enum turn_transport transport = turn_client_transport(r->client);
    struct ice_candidate c = {.type = ICE_CANDIDATE_RELAY, .address = *relayed};
    r->is_done = true;
    r->is_questioned = false;
    r->since_us = a->clock_us;
    r->wait_us = RELAY_FULL_US;
    r->why[0] = '\0';
    if (!a->config.is_relay_only)
        local_add_mapped(a, r->base, turn_client_server(r->client), mapped);
    c.related = a->config.is_relay_only ? (struct ice_address){.family = relayed->family} : *mapped;
    unsigned preference =
        (3u - transport) << 14 | (63u - (unsigned)r->server) << 7 | (127u - (unsigned)r->index);
    c.priority = ice_candidate_priority(ICE_CANDIDATE_RELAY, (uint16_t)preference);
    ice_candidate_set_foundation(&c, relayed, turn_client_server(r->client), transport);
    local_add(a, &c, r->base, r->index);
}

static void close_stream(struct ice_relay *r, bool tell)
{
    struct ice_agent *a = r->agent;
    int base = r->base;
    if (base < 0 || !a->bases[base]->is_stream)
        return;
    r->base = -1;
    base_free(a, base);
    if (tell)
        a->handlers.on_close_base(a->arg, base);
}

static void drop_local(struct ice_relay *r)
{
    int local = local_find_relayed(r->agent, r->index);
    if (local >= 0)
        local_remove(r->agent, local);
}

/* By another allocation. */
static bool is_taken(int code)
{
    return code == STUN_ALLOCATION_QUOTA || code == STUN_INSUFFICIENT_CAPACITY ||
           code == STUN_ALLOCATION_MISMATCH;
}

static void try_again(struct ice_relay *r, uint64_t in_us)
{
    r->is_waiting = true;
    r->start_us = r->agent->clock_us + in_us;
}

static void on_taken(struct ice_relay *r)
{
    r->is_done = false;
    try_again(r, r->wait_us + ice_random_u64(&r->agent->random) % r->wait_us);
    if (r->wait_us < RELAY_FULL_MOST_US)
        r->wait_us *= 2;
}

/* No allocation, or no longer. */
static void lose(struct ice_relay *r, int code, const char *text, bool tell)
{
    struct ice_agent *a = r->agent;
    bool was_allocated = local_find_relayed(a, r->index) >= 0;
    bool is_forgotten = was_allocated && code == STUN_ALLOCATION_MISMATCH;
    bool is_worth_it = r->is_questioned || a->clock_us - r->since_us >= RELAY_LIVED_US;
    snprintf(r->why, sizeof r->why, "%s", text);
    drop_local(r);
    close_stream(r, tell);
    r->is_done = true;
    if (is_taken(code) && !is_forgotten)
        on_taken(r);
    else if (was_allocated && is_worth_it)
        try_again(r, is_forgotten ? 0 : RELAY_AGAIN_US);
    a->is_dirty = true;
}

static void on_failed(void *arg, int code, const char *text)
{
    struct ice_relay *r = arg;
    const struct ice_agent *a = r->agent;
    bool may_recover = is_taken(code) || local_find_relayed(a, r->index) >= 0;
    if (a->config.is_relay_only && !may_recover && a->handlers.on_no_relay)
        a->handlers.on_no_relay(a->arg, turn_client_server(r->client), text);
    lose(r, code, text, true);
}

static void on_redirect(void *arg, const struct ice_address *server)
{
    struct ice_relay *r = arg;
    (void)server; /* the client knows */
    if (turn_client_transport(r->client) == TURN_UDP)
        return;
    close_stream(r, true);
    try_again(r, 0);
}

static void on_channel(void *arg, const struct ice_address *peer, int code)
{
    struct ice_relay *r = arg;
    pair_on_channel(r->agent, r->index, peer, code);
}

static const struct turn_handlers turn_handlers = {on_send, on_allocated, on_failed, on_redirect,
                                                   on_channel};

int relay_free_slot(const struct ice_agent *a)
{
    if (!a->relays)
        return 0;
    for (int i = 0; i < a->relay_count; i++) {
        if (!a->relays[i].client)
            return i;
    }
    return -1;
}

void relay_add(struct ice_agent *a, int server, int base, uint64_t now_us)
{
    const struct ice_agent_server *s = &a->servers[server];
    int index = relay_free_slot(a);
    if (index < 0)
        return;
    if (!a->relays) {
        a->relays = xcalloc(ICE_TURN_CLIENTS_MAX, sizeof *a->relays);
        a->relay_count = ICE_TURN_CLIENTS_MAX;
    }
    struct ice_relay *r = &a->relays[index];
    *r = (struct ice_relay){.agent = a,
                            .index = index,
                            .server = server,
                            .base = base,
                            .is_waiting = true,
                            .start_us = now_us,
                            .started_us = now_us,
                            .wait_us = RELAY_FULL_US};
    r->client =
        turn_client_new(s->transport, &s->address, s->user, s->pass, &a->random, &turn_handlers, r);
    a->is_dirty = true;
}

static bool open_stream(struct ice_relay *r)
{
    struct ice_agent *a = r->agent;
    int base = base_take(a);
    if (base < 0)
        return false;
    a->bases[base]->is_stream = true;
    a->bases[base]->relay = r->index;
    r->base = base;
    struct ice_agent_server info = a->servers[r->server];
    info.address = *turn_client_server(r->client);
    a->handlers.on_open_base(a->arg, base, &info);
    return true;
}

/* With the credentials of now, which may be others than last time. */
static void start(struct ice_relay *r, uint64_t now_us)
{
    const struct ice_agent_server *s = &r->agent->servers[r->server];
    turn_client_set_user(r->client, s->user, s->pass);
    turn_client_start(r->client, now_us);
}

bool relay_start_one(struct ice_agent *a, uint64_t now_us)
{
    for (int i = 0; i < a->relay_count; i++) {
        struct ice_relay *r = &a->relays[i];
        if (!r->client || !r->is_waiting || now_us < r->start_us)
            continue;
        r->is_waiting = false;
        r->started_us = now_us;
        if (turn_client_transport(r->client) == TURN_UDP)
            start(r, now_us);
        else if (!open_stream(r))
            lose(r, 0, "too many connections", false);
        return true;
    }
    return false;
}

void relay_refresh(struct ice_agent *a)
{
    for (int i = 0; i < a->relay_count; i++) {
        struct ice_relay *r = &a->relays[i];
        if (!r->client || turn_client_state(r->client) != TURN_ALLOCATED)
            continue;
        r->is_questioned = true;
        turn_client_refresh(r->client);
    }
}

void relay_rebind(struct ice_agent *a, int local, const struct ice_address *peer)
{
    int relay = a->locals[local]->relay;
    if (relay >= 0)
        turn_client_rebind(a->relays[relay].client, peer);
}

void relay_again(struct ice_agent *a, uint64_t now_us)
{
    relay_refresh(a);
    for (int i = 0; i < a->relay_count; i++) {
        struct ice_relay *r = &a->relays[i];
        bool is_connecting =
            r->client && turn_client_transport(r->client) != TURN_UDP && r->base >= 0;
        if (!r->client || r->is_waiting || is_connecting || turn_client_is_asking(r->client) ||
            turn_client_state(r->client) == TURN_ALLOCATED)
            continue;
        r->is_waiting = true;
        r->is_done = false;
        r->start_us = now_us;
    }
}

void relay_on_open(struct ice_agent *a, int base, uint64_t now_us)
{
    a->bases[base]->is_open = true;
    start(&a->relays[a->bases[base]->relay], now_us);
}

void relay_on_close(struct ice_agent *a, int base, const char *text)
{
    struct ice_relay *r = &a->relays[a->bases[base]->relay];
    a->bases[base]->is_open = false; /* nothing more is sent there */
    turn_client_stop(r->client);
    lose(r, 0, text, false);
}

static void relay_free(struct ice_relay *r)
{
    turn_client_free(r->client);
    r->client = NULL;
}

void relay_base_removed(struct ice_agent *a, int base)
{
    for (int i = 0; i < a->relay_count; i++) {
        struct ice_relay *r = &a->relays[i];
        if (!r->client || r->base != base)
            continue;
        drop_local(r);
        relay_free(r);
    }
}

void relay_free_all(struct ice_agent *a)
{
    for (int i = 0; i < a->relay_count; i++) {
        struct ice_relay *r = &a->relays[i];
        if (!r->client)
            continue;
        turn_client_stop(r->client);
        close_stream(r, true);
        relay_free(r);
    }
}

struct ice_relay *relay_find(struct ice_agent *a, int base, const struct ice_address *server)
{
    for (int i = 0; i < a->relay_count; i++) {
        struct ice_relay *r = &a->relays[i];
        if (r->client && r->base == base &&
            ice_address_is_equal(turn_client_server(r->client), server))
            return r;
    }
    return NULL;
}

bool relay_is_pending(const struct ice_agent *a)
{
    for (int i = 0; i < a->relay_count; i++) {
        const struct ice_relay *r = &a->relays[i];
        bool is_in_question =
            r->is_questioned && (r->is_waiting || (r->client && turn_client_is_asking(r->client)));
        if (r->client && (!r->is_done || is_in_question))
            return true;
    }
    return false;
}

void relay_on_deadline(struct ice_agent *a, uint64_t now_us)
{
    for (int i = 0; i < a->relay_count; i++) {
        if (a->relays[i].client)
            turn_client_on_deadline(a->relays[i].client, now_us);
    }
}

uint64_t relay_deadline(const struct ice_agent *a)
{
    uint64_t deadline = TIME_NEVER;
    for (int i = 0; i < a->relay_count; i++) {
        const struct ice_relay *r = &a->relays[i];
        if (!r->client)
            continue;
        deadline = earlier(deadline, turn_client_deadline(r->client));
        if (r->is_waiting)
            deadline = earlier(deadline, r->start_us > a->pace_us ? r->start_us : a->pace_us);
    }
    return deadline;
}
