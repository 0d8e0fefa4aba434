/*
 * Our candidates: what each is, the pairs that it forms, and that it is told
 * the other side as soon as it is known (RFC 8838).
 */
#include <errno.h>

#include "base/alloc.h"
#include "ice/agent_internal.h"

int local_find_host(const struct ice_agent *a, int base)
{
    for (int i = 0; i < a->local_count; i++) {
        const struct ice_local *l = a->locals[i];
        if (l->is_used && l->base == base && l->candidate.type == ICE_CANDIDATE_HOST)
            return i;
    }
    return -1;
}

int local_find_relayed(const struct ice_agent *a, int relay)
{
    for (int i = 0; i < a->local_count; i++) {
        if (a->locals[i]->is_used && a->locals[i]->relay == relay)
            return i;
    }
    return -1;
}

static void announce(struct ice_agent *a, struct ice_local *l)
{
    char line[ICE_CANDIDATE_LINE_MAX];
    if (!a->is_gathering || a->is_local_ended || l->is_announced)
        return;
    if (a->config.is_relay_only && l->candidate.type != ICE_CANDIDATE_RELAY)
        return;
    l->is_announced = true;
    a->handlers.on_candidate(a->arg, ice_candidate_format(&l->candidate, line));
}

/* Over the cap the least server-reflexive candidate gives way: those only tell
 * the other side where we are, and it finds that out. -1: there is none. */
static int make_room(struct ice_agent *a, const struct ice_candidate *fresh)
{
    int least = -1;
    for (int i = 0; i < a->local_count; i++) {
        const struct ice_candidate *c = &a->locals[i]->candidate;
        if (c->type == ICE_CANDIDATE_SRFLX &&
            (least < 0 || c->priority < a->locals[least]->candidate.priority))
            least = i;
    }
    if (least < 0 || (fresh->type == ICE_CANDIDATE_SRFLX &&
                      fresh->priority <= a->locals[least]->candidate.priority))
        return -1;
    local_remove(a, least);
    return least;
}

static int add_slot(struct ice_agent *a)
{
    a->locals[a->local_count] = xcalloc(1, sizeof **a->locals);
    return a->local_count++;
}

int local_add(struct ice_agent *a, const struct ice_candidate *candidate, int base, int relay)
{
    int slot = -1;
    for (int i = a->local_count - 1; i >= 0; i--) {
        const struct ice_local *l = a->locals[i];
        if (!l->is_used)
            slot = i;
        else if (l->base == base && (l->relay < 0) == (relay < 0) &&
                 ice_address_is_equal(&l->candidate.address, &candidate->address))
            return -EEXIST; /* section 5.1.3: redundant */
    }
    if (slot < 0 && a->local_count < ICE_LOCAL_MAX)
        slot = add_slot(a);
    else if (slot < 0)
        slot = make_room(a, candidate);
    if (slot < 0)
        return -ENOSPC;
    struct ice_local *l = a->locals[slot];
    *l = (struct ice_local){true, false, *candidate, base, relay};
    l->candidate.component = 1;
    announce(a, l);
    pair_add_for_local(a, slot);
    return slot;
}

void local_remove(struct ice_agent *a, int local)
{
    pair_remove_for_local(a, local);
    a->locals[local]->is_used = false;
    early_checks_forget(&a->now->early, local);
}

/* What the same server told the same base before: the NAT has another mapping
 * now, and nobody reaches us there. */
static void forget_mapped(struct ice_agent *a, int base, const struct ice_candidate *c)
{
    for (int i = 0; i < a->local_count; i++) {
        const struct ice_local *l = a->locals[i];
        if (l->is_used && l->base == base && l->candidate.type == ICE_CANDIDATE_SRFLX &&
            strcmp(l->candidate.foundation, c->foundation) == 0 &&
            !ice_address_is_equal(&l->candidate.address, &c->address))
            local_remove(a, i);
    }
}

void local_add_mapped(struct ice_agent *a, int base, const struct ice_address *server,
                      const struct ice_address *mapped)
{
    const struct ice_base *b = a->bases[base];
    struct ice_candidate c = {.type = ICE_CANDIDATE_SRFLX, .address = *mapped};
    if (b->is_stream || mapped->family == ICE_FAMILY_NONE || ice_address_is_unusable(mapped))
        return;
    c.related = b->address;
    c.priority = ice_candidate_priority(ICE_CANDIDATE_SRFLX, b->preference);
    ice_candidate_set_foundation(&c, &b->address, server, TURN_UDP);
    forget_mapped(a, base, &c);
    local_add(a, &c, base, -1);
}

void local_announce_again(struct ice_agent *a)
{
    for (int i = 0; i < a->local_count; i++) {
        struct ice_local *l = a->locals[i];
        l->is_announced = false;
        if (!l->is_used)
            continue;
        if (l->candidate.type != ICE_CANDIDATE_RELAY)
            l->candidate.priority =
                ice_candidate_priority(l->candidate.type, a->bases[l->base]->preference);
        announce(a, l);
    }
}
