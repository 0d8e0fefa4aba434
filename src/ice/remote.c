/*
 * Candidates of the other side: by signalling, which may name a host that
 * hides behind multicast DNS, or learned from a check (peer-reflexive). One
 * that was learned first and signalled later becomes what it was signalled
 * as. Behind a NAT64 each of IPv4 is there twice, the second time as it is
 * reached from here.
 *
 * Over ICE_REMOTE_MAX the type that has the most gives up its least: a peer
 * with a hundred addresses of its own may have one relay that leads to it, and
 * that is the last to come and the least of all by priority.
 */
#include <errno.h>
#include <stdio.h>

#include "base/alloc.h"
#include "ice/agent_internal.h"

static int find_other(const struct ice_generation *g, const struct ice_address *address, int index)
{
    for (int i = 0; i < g->remote_count; i++) {
        if (i != index && ice_address_is_equal(&g->remotes[i]->candidate.address, address))
            return i;
    }
    return -1;
}

int remote_find(const struct ice_generation *g, const struct ice_address *address)
{
    return find_other(g, address, -1);
}

static bool has_answered(const struct ice_generation *g, const struct ice_address *address)
{
    for (int i = 0; g && i < g->remote_count; i++) {
        const struct ice_remote *r = g->remotes[i];
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
        if (ice_address_is_same_ip(&g->remotes[i]->candidate.address, address))
            g->remotes[i]->has_answered = true;
    }
    ice_budget_on_answer(a->budget);
}

/* ---- slots ---- */

enum { TYPES = ICE_CANDIDATE_RELAY + 1 };

static bool is_free(const struct ice_remote *r)
{
    return r->candidate.address.family == ICE_FAMILY_NONE && !r->candidate.hostname[0];
}

static void free_slot(struct ice_agent *a, int index)
{
    pair_remove_for_remote(a, index);
    *a->now->remotes[index] = (struct ice_remote){0};
}

/* The least of a type that may go; -1: none. */
static int find_least(const struct ice_agent *a, enum ice_candidate_type type)
{
    struct ice_remote *const *remotes = a->now->remotes;
    int least = -1;
    for (int i = 0; i < a->now->remote_count; i++) {
        const struct ice_candidate *c = &remotes[i]->candidate;
        if (!is_free(remotes[i]) && c->type == type && pair_is_dispensable(a, i) &&
            (least < 0 || c->priority < remotes[least]->candidate.priority))
            least = i;
    }
    return least;
}

/* Who gives way to one of that type: the least of the type that has the most,
 * or of its own if that is worse. -1: nobody. */
static int find_lesser(const struct ice_agent *a, const int counts[TYPES],
                       enum ice_candidate_type type, uint32_t priority)
{
    enum ice_candidate_type most = type;
    for (int t = 0; t < TYPES; t++) {
        if (counts[t] > counts[most])
            most = (enum ice_candidate_type)t;
    }
    int least = most != type ? find_least(a, most) : -1;
    if (least >= 0)
        return least;
    least = find_least(a, type);
    return least >= 0 && a->now->remotes[least]->candidate.priority < priority ? least : -1;
}

static int add_slot(struct ice_generation *g)
{
    g->remotes[g->remote_count] = xcalloc(1, sizeof **g->remotes);
    return g->remote_count++;
}

/* A slot of zeros for a candidate of that type, or -1. */
static int take_slot(struct ice_agent *a, enum ice_candidate_type type, uint32_t priority)
{
    struct ice_generation *g = a->now;
    int counts[TYPES] = {0};
    int slot = -1;
    for (int i = 0; i < g->remote_count; i++) {
        if (is_free(g->remotes[i]))
            slot = i;
        else
            counts[g->remotes[i]->candidate.type]++;
    }
    if (type == ICE_CANDIDATE_PRFLX && counts[type] == ICE_PRFLX_MAX)
        slot = find_least(a, type); /* what a check taught before is older */
    else if (slot < 0 && g->remote_count < ICE_REMOTE_MAX)
        slot = add_slot(g);
    else if (slot < 0)
        slot = find_lesser(a, counts, type, priority);
    if (slot >= 0)
        free_slot(a, slot);
    return slot;
}

/* ---- learning ---- */

int remote_add_prflx(struct ice_agent *a, struct ice_generation *g,
                     const struct ice_address *address, uint32_t priority)
{
    int index = take_slot(a, ICE_CANDIDATE_PRFLX, priority);
    if (index < 0)
        return -1;
    struct ice_candidate *c = &g->remotes[index]->candidate;
    c->type = ICE_CANDIDATE_PRFLX;
    c->component = 1;
    c->priority = priority;
    c->address = *address;
    /* Section 7.3.1.3: a foundation of its own. */
    snprintf(c->foundation, sizeof c->foundation, "prflx%d", index);
    inherit_answer(a, g->remotes[index]);
    a->is_dirty = true;
    return index;
}

/* A remote whose address is known now: new, or known in another guise. */
static void settle(struct ice_agent *a, int index)
{
    struct ice_generation *g = a->now;
    struct ice_remote *r = g->remotes[index];
    int known = find_other(g, &r->candidate.address, index);
    if (known >= 0) {
        struct ice_remote *k = g->remotes[known];
        if (k->candidate.type == ICE_CANDIDATE_PRFLX) {
            k->candidate = r->candidate;
            pair_update_priorities(a);
            pair_add_for_remote(a, known); /* so far only where its check came in */
        }
        *r = (struct ice_remote){0};
    } else {
        inherit_answer(a, r);
        pair_add_for_remote(a, index);
    }
    a->is_dirty = true;
}

/* Asks for names that wait, as many as may be asked for at the same time. */
static void resolve_some(struct ice_agent *a)
{
    struct ice_generation *g = a->now;
    int busy = 0;
    for (int i = 0; i < g->remote_count; i++)
        busy += g->remotes[i]->name == NAME_ASKED;
    for (int i = 0; i < g->remote_count && busy < ICE_RESOLVING_MAX; i++) {
        struct ice_remote *r = g->remotes[i];
        if (r->name != NAME_WAITING)
            continue;
        busy++;
        r->name = NAME_ASKED;
        r->resolve_id = ++a->next_resolve_id;
        a->handlers.on_resolve(a->arg, r->resolve_id, r->candidate.hostname);
    }
}

static int add_with_address(struct ice_agent *a, const struct ice_candidate *c)
{
    struct ice_generation *g = a->now;
    int known = remote_find(g, &c->address);
    if (known >= 0 && g->remotes[known]->candidate.type != ICE_CANDIDATE_PRFLX)
        return 0;
    int index = take_slot(a, c->type, c->priority);
    if (index < 0)
        return -ENOSPC;
    g->remotes[index]->candidate = *c;
    settle(a, index);
    return 0;
}

/* The same candidate where a NAT64 leads to it. */
static int add_translated(struct ice_agent *a, const struct ice_candidate *c)
{
    struct ice_candidate translated = *c;
    if (a->nat64.len == 0 || c->address.family != ICE_FAMILY_4)
        return 0;
    translated.address = ice_nat64_translate(&a->nat64, &c->address);
    return add_with_address(a, &translated);
}

void remote_on_nat64(struct ice_agent *a)
{
    for (int i = 0; i < a->now->remote_count; i++) {
        struct ice_candidate c = a->now->remotes[i]->candidate;
        if (c.address.port != 0)
            add_translated(a, &c); /* -ENOSPC: as if it had not been told */
    }
}

int remote_add(struct ice_agent *a, struct span line)
{
    struct ice_generation *g = a->now;
    struct ice_candidate c;
    if (!g->has_remote)
        return -ENOTCONN;
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
        error = add_with_address(a, &c);
        return error ? error : add_translated(a, &c);
    }
    int index = take_slot(a, c.type, c.priority);
    if (index < 0)
        return -ENOSPC;
    g->remotes[index]->candidate = c;
    /* The question would tell the network that we are here; and a relay does
     * not lead into it. */
    g->remotes[index]->name = a->config.is_relay_only ? NAME_UNKNOWN : NAME_WAITING;
    resolve_some(a);
    return 0;
}

void remote_on_resolved(struct ice_agent *a, int id, const struct ice_address *address)
{
    struct ice_generation *g = a->now;
    for (int i = 0; i < g->remote_count; i++) {
        struct ice_remote *r = g->remotes[i];
        if (r->name != NAME_ASKED || r->resolve_id != id)
            continue;
        bool is_known = address && !ice_address_is_unusable(address);
        r->name = is_known ? NAME_NONE : NAME_UNKNOWN;
        if (is_known) {
            uint16_t port = r->candidate.address.port;
            r->candidate.address = *address;
            r->candidate.address.port = port;
            settle(a, i);
        }
        break;
    }
    resolve_some(a);
}
