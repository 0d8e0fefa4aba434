/*
 * Gathering (RFC 8445 section 5.1.1): a host candidate for every interface,
 * and what STUN servers say its address is from outside. The end of candidates
 * is announced when every server has answered, failed, or kept us waiting too
 * long.
 *
 * What a server has told an agent before us is announced before it is asked
 * (mappings.h); what it says now takes the place of that.
 *
 * Until there is a route the servers are asked again every 15 s, which keeps
 * the NAT's mapping for the peer's checks to come through.
 */
#include <errno.h>

#include "base/alloc.h"
#include "ice/agent_internal.h"

static bool has_probe(const struct ice_agent *a, int base, int server)
{
    for (int i = 0; i < a->probe_count; i++) {
        if (a->probes[i].base == base && a->probes[i].server == server)
            return true;
    }
    return false;
}

/* A new slot, or that of the least base, if it is less than this one; else
 * -1. */
static int take_probe(struct ice_agent *a, int base)
{
    if (a->probe_count < ICE_SRFLX_PROBES_MAX) {
        a->probes = xreallocarray(a->probes, (size_t)a->probe_count + 1, sizeof *a->probes);
        return a->probe_count++;
    }
    int least = 0;
    for (int i = 1; i < a->probe_count; i++) {
        if (base_rank(a, a->probes[i].base) < base_rank(a, a->probes[least].base))
            least = i;
    }
    return base_rank(a, a->probes[least].base) < base_rank(a, base) ? least : -1;
}

void gather_add_probes(struct ice_agent *a)
{
    if (!a->is_gathering || a->config.is_relay_only)
        return;
    for (int base = 0; base < ICE_BASES_MAX; base++) {
        for (int server = 0; server < a->server_count; server++) {
            const struct ice_agent_server *s = &a->servers[server];
            if (s->is_turn || !base_is_fit(a, base, &s->address) || has_probe(a, base, server))
                continue;
            int slot = take_probe(a, base);
            if (slot >= 0)
                a->probes[slot] = (struct ice_probe){.base = base,
                                                     .server = server,
                                                     .is_waiting = true,
                                                     .again_us = TIME_NEVER};
        }
    }
}

/* Of those that were never asked. */
static void guess_mapped(struct ice_agent *a)
{
    struct ice_address mapped;
    for (int i = 0; a->config.mappings && i < a->probe_count; i++) {
        const struct ice_probe *p = &a->probes[i];
        const struct ice_address *server = &a->servers[p->server].address;
        if (!p->is_answered &&
            ice_mappings_guess(a->config.mappings, &a->bases[p->base]->address, server, &mapped))
            local_add_mapped(a, p->base, server, &mapped);
    }
}

/* Also after a restart: everything is announced again, every server asked. */
void gather_begin(struct ice_agent *a, uint64_t now_us)
{
    a->is_gathering = true;
    a->is_local_ended = false;
    a->gather_us = now_us;
    local_announce_again(a);
    for (int i = 0; i < a->probe_count; i++) {
        stun_transaction_stop(&a->probes[i].transaction);
        a->probes[i].is_waiting = true;
    }
    gather_add_probes(a);
    guess_mapped(a);
}

int gather_add_interface(struct ice_agent *a, const struct ice_address *address, const char *name,
                         bool is_default)
{
    struct ice_candidate c = {.type = ICE_CANDIDATE_HOST, .address = *address};
    int used = 0;
    if (ice_address_is_unusable(address) || ice_address_is_link_local(address) ||
        address->port == 0)
        return -EINVAL;
    for (int i = 0; i < ICE_BASES_MAX; i++) {
        const struct ice_base *b = a->bases[i];
        if (!base_is_used(a, i) || b->is_stream)
            continue;
        if (ice_address_is_equal(&b->address, address))
            return -EEXIST;
        used++;
    }
    int base = used < ICE_INTERFACES_MAX ? base_take(a) : -1;
    if (base < 0)
        return -ENOSPC;
    struct ice_base *b = a->bases[base];
    b->is_open = true;
    b->address = *address;
    b->kind = ice_interface_kind(name, address);
    base_set_default(a, base, is_default);
    c.priority = ice_candidate_priority(ICE_CANDIDATE_HOST, b->preference);
    ice_candidate_set_foundation(&c, address, NULL, TURN_UDP);
    if (local_add(a, &c, base, -1) < 0) {
        base_free(a, base);
        return -ENOSPC;
    }
    gather_add_probes(a);
    return base;
}

void gather_remove_interface(struct ice_agent *a, int base)
{
    for (int i = 0; i < a->local_count; i++) {
        if (a->locals[i]->is_used && a->locals[i]->base == base)
            local_remove(a, i);
    }
    int kept = 0;
    for (int i = 0; i < a->probe_count; i++) {
        if (a->probes[i].base != base)
            a->probes[kept++] = a->probes[i];
    }
    a->probe_count = kept;
    base_free(a, base);
}

bool gather_is_waiting(const struct ice_agent *a)
{
    for (int i = 0; i < a->probe_count; i++) {
        if (a->probes[i].is_waiting)
            return true;
    }
    return false;
}

static void take_mapped(struct ice_agent *a, const struct ice_probe *p,
                        const struct ice_address *mapped)
{
    const struct ice_address *server = &a->servers[p->server].address;
    if (a->config.mappings)
        ice_mappings_note(a->config.mappings, &a->bases[p->base]->address, server, mapped);
    local_add_mapped(a, p->base, server, mapped);
}

static void transmit(struct ice_agent *a, const struct ice_probe *p)
{
    uint8_t data[STUN_MESSAGE_MAX];
    struct stun_writer w;
    stun_begin(&w, data, sizeof data, STUN_REQUEST, STUN_BINDING, p->transaction.id);
    stun_put_fingerprint(&w);
    base_send(a, p->base, &a->servers[p->server].address, stun_bytes(&w));
}

bool gather_start_one(struct ice_agent *a, uint64_t now_us)
{
    for (int i = 0; i < a->probe_count; i++) {
        struct ice_probe *p = &a->probes[i];
        if (!p->is_waiting)
            continue;
        p->is_waiting = false;
        p->again_us = TIME_NEVER;
        stun_transaction_start(&p->transaction, &a->random, ICE_RTO_US, false, now_us);
        transmit(a, p);
        return true;
    }
    return false;
}

bool gather_on_answer(struct ice_agent *a, int base, const struct stun_message *m, uint64_t now_us)
{
    struct ice_address mapped;
    struct span reason;
    for (int i = 0; i < a->probe_count; i++) {
        struct ice_probe *p = &a->probes[i];
        if (!p->transaction.is_active || !stun_is_answer(m, p->transaction.id))
            continue;
        stun_transaction_stop(&p->transaction);
        p->is_answered = true;
        p->is_silent = false;
        p->refusal = m->class == STUN_ERROR ? stun_find_error(m, &reason) : 0;
        p->again_us = now_us + ICE_KEEPALIVE_US;
        if (p->base == base && m->class == STUN_SUCCESS && stun_find_mapped(m, &mapped))
            take_mapped(a, p, &mapped);
        return true;
    }
    return false;
}

void gather_on_deadline(struct ice_agent *a, uint64_t now_us)
{
    for (int i = 0; i < a->probe_count; i++) {
        struct ice_probe *p = &a->probes[i];
        switch (stun_transaction_poll(&p->transaction, now_us)) {
        case STUN_TIMER_SEND:
            transmit(a, p);
            break;
        case STUN_TIMER_GIVE_UP:
            p->is_silent = true;
            break;
        case STUN_TIMER_WAIT:
            if (now_us >= p->again_us && !a->has_route)
                p->is_waiting = true;
            break;
        }
    }
}

static bool is_probing(const struct ice_agent *a)
{
    for (int i = 0; i < a->probe_count; i++) {
        if (a->probes[i].is_waiting || a->probes[i].transaction.is_active)
            return true;
    }
    return false;
}

void gather_end(struct ice_agent *a, bool is_relay_pending, uint64_t now_us)
{
    bool is_pending = a->more_servers || is_probing(a) || is_relay_pending;
    if (!a->is_gathering || a->is_local_ended ||
        (is_pending && now_us < a->gather_us + ICE_GATHER_PATIENCE_US))
        return;
    a->is_local_ended = true;
    a->handlers.on_candidate(a->arg, NULL);
}

uint64_t gather_deadline(const struct ice_agent *a)
{
    uint64_t deadline = TIME_NEVER;
    for (int i = 0; i < a->probe_count; i++) {
        deadline = earlier(deadline, stun_transaction_deadline(&a->probes[i].transaction));
        if (!a->has_route && !a->probes[i].is_waiting)
            deadline = earlier(deadline, a->probes[i].again_us);
    }
    if (a->is_gathering && !a->is_local_ended)
        deadline = earlier(deadline, a->gather_us + ICE_GATHER_PATIENCE_US);
    return deadline;
}
