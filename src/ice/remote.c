/*
 * Candidates of the other side: by signalling, which may name a host that
 * hides behind multicast DNS, or learned from a check (peer-reflexive). One
 * that was learned first and signalled later becomes what it was signalled
 * as.
 */
#include <errno.h>
#include <stdio.h>

#include "ice/agent_internal.h"

int remote_find(const struct ice_generation *g, const struct ice_address *address)
{
    for (int i = 0; i < g->remote_count; i++) {
        if (ice_address_is_equal(&g->remotes[i].candidate.address, address))
            return i;
    }
    return -1;
}

static bool has_answered(const struct ice_generation *g, const struct ice_address *address)
{
    for (int i = 0; g && i < g->remote_count; i++) {
        const struct ice_remote *r = &g->remotes[i];
        if (r->has_answered && ice_address_is_same_ip(&r->candidate.address, address))
            return true;
    }
    return false;
}

/* Of its host nobody need be spared any more. */
static void inherit_answer(const struct ice_agent *a, struct ice_remote *r)
{
    const struct ice_address *address = &r->candidate.address;
    r->has_answered = has_answered(a->now, address) || has_answered(a->old, address);
}

void remote_on_answer(struct ice_agent *a, const struct ice_address *address)
{
    struct ice_generation *g = a->now;
    for (int i = 0; i < g->remote_count; i++) {
        if (ice_address_is_same_ip(&g->remotes[i].candidate.address, address))
            g->remotes[i].has_answered = true;
    }
    ice_budget_on_answer(a->budget);
}

int remote_add_prflx(struct ice_agent *a, struct ice_generation *g,
                     const struct ice_address *address, uint32_t priority)
{
    if (g->remote_count == ICE_REMOTE_MAX || g->prflx_count == ICE_PRFLX_MAX)
        return -1;
    int index = g->remote_count++;
    struct ice_candidate *c = &g->remotes[index].candidate;
    g->prflx_count++;
    c->type = ICE_CANDIDATE_PRFLX;
    c->component = 1;
    c->priority = priority;
    c->address = *address;
    /* Section 7.3.1.3: a foundation of its own. */
    snprintf(c->foundation, sizeof c->foundation, "prflx%d", index);
    inherit_answer(a, &g->remotes[index]);
    a->is_dirty = true;
    return index;
}

/* A remote whose address is known now: new, or known in another guise. */
static void settle(struct ice_agent *a, int index, uint64_t now_us)
{
    struct ice_generation *g = a->now;
    struct ice_remote *r = &g->remotes[index];
    int known = remote_find(g, &r->candidate.address);
    if (known != index) {
        struct ice_remote *k = &g->remotes[known];
        if (k->candidate.type == ICE_CANDIDATE_PRFLX) {
            k->candidate = r->candidate;
            g->prflx_count--;
            pair_update_priorities(a);
            pair_add_for_remote(a, known); /* so far only where its check came in */
        }
        if (index == g->remote_count - 1)
            g->remote_count--;
        else
            r->candidate.address.family = ICE_FAMILY_NONE;
    } else {
        inherit_answer(a, r);
        pair_add_for_remote(a, index);
    }
    a->is_dirty = true;
    select_update(a, now_us);
}

static void resolve(struct ice_agent *a, struct ice_remote *r)
{
    int busy = 0;
    for (int i = 0; i < a->now->remote_count; i++)
        busy += a->now->remotes[i].resolving != 0;
    /* The question would tell the network that we are here; and a relay does
     * not lead into it. */
    if (busy >= ICE_RESOLVING_MAX || a->config.is_relay_only) {
        r->is_unresolved = true;
        return;
    }
    r->resolving = ++a->next_resolve_id;
    a->handlers.on_resolve(a->arg, r->resolving, r->candidate.hostname);
}

int ice_agent_add_remote(struct ice_agent *a, struct span line, uint64_t now_us)
{
    struct ice_generation *g = a->now;
    struct ice_candidate c;
    if (!g->has_remote)
        return -ENOTCONN;
    a->clock_us = now_us;
    int error = ice_candidate_parse(line, &c);
    if (error < 0)
        return error == -EOPNOTSUPP ? 0 : error;
    if (c.component != 1)
        return 0;
    if (c.is_tcp) {
        g->skipped_tcp++;
        return 0;
    }
    bool is_named = c.hostname[0] != '\0';
    if (c.address.port == 0 || (!is_named && (ice_address_is_unusable(&c.address) ||
                                              ice_address_is_link_local(&c.address))))
        return 0;
    if (!is_named) {
        int known = remote_find(g, &c.address);
        if (known >= 0 && g->remotes[known].candidate.type != ICE_CANDIDATE_PRFLX)
            return 0;
    }
    if (g->remote_count == ICE_REMOTE_MAX)
        return -ENOSPC;
    struct ice_remote *r = &g->remotes[g->remote_count++];
    *r = (struct ice_remote){.candidate = c};
    if (is_named)
        resolve(a, r);
    else
        settle(a, g->remote_count - 1, now_us);
    agent_finish(a, now_us);
    return 0;
}

void ice_agent_resolved(struct ice_agent *a, int id, const struct ice_address *address,
                        uint64_t now_us)
{
    struct ice_generation *g = a->now;
    a->clock_us = now_us;
    for (int i = 0; i < g->remote_count; i++) {
        struct ice_remote *r = &g->remotes[i];
        if (id == 0 || r->resolving != id)
            continue;
        r->resolving = 0;
        r->is_unresolved = !address || ice_address_is_unusable(address);
        if (!r->is_unresolved) {
            uint16_t port = r->candidate.address.port;
            r->candidate.address = *address;
            r->candidate.address.port = port;
            settle(a, i, now_us);
        }
        break;
    }
    select_update(a, now_us);
    agent_finish(a, now_us);
}

void ice_agent_end_remote(struct ice_agent *a, uint64_t now_us)
{
    a->clock_us = now_us;
    a->now->is_remote_ended = true;
    a->is_dirty = true;
    select_update(a, now_us);
}
