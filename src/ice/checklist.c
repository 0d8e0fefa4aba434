/*
 * The check list of a generation (RFC 8445 section 6.1.2): a pair for every
 * local candidate that can send and every remote one of its address family.
 * Server-reflexive candidates of ours form none: their checks would leave
 * from the same base, which is what pruning (6.1.2.4) is about.
 *
 * Of pairs with equal foundations, which are likely to fail or succeed alike,
 * only the first is checked; the others are frozen until it succeeds or
 * nothing better is left to do (6.1.2.6, 6.1.4.2).
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "ice/agent_internal.h"

struct ice_generation *generation_new(struct ice_agent *a)
{
    struct ice_generation *g = xcalloc(1, sizeof *g);
    ice_random_chars(&a->random, g->local_ufrag, ICE_UFRAG_LEN);
    ice_random_chars(&a->random, g->local_pwd, ICE_PWD_LEN);
    g->begun_us = TIME_NEVER;
    g->first_valid_us = TIME_NEVER;
    return g;
}

void generation_free(struct ice_generation *g)
{
    if (!g)
        return;
    for (int i = 0; i < g->pair_count; i++)
        free(g->pairs[i]);
    for (int i = 0; i < g->remote_count; i++)
        free(g->remotes[i]);
    free_secret(g, sizeof *g);
}

void generation_end(struct ice_agent *a, const struct ice_generation *g)
{
    if (g->has_checked && g->first_valid_us == TIME_NEVER)
        ice_budget_on_silence(a->budget, a->clock_us);
}

const struct ice_address *pair_remote(const struct ice_generation *g, const struct ice_pair *pair)
{
    return &g->remotes[pair->remote]->candidate.address;
}

bool pair_is_relayed(const struct ice_agent *a, const struct ice_generation *g,
                     const struct ice_pair *pair)
{
    return a->locals[pair->local]->relay >= 0 ||
           g->remotes[pair->remote]->candidate.type == ICE_CANDIDATE_RELAY;
}

static struct ice_pair *pair_find(const struct ice_generation *g, int local, int remote)
{
    for (int i = 0; i < g->pair_count; i++) {
        if (g->pairs[i]->local == local && g->pairs[i]->remote == remote)
            return g->pairs[i];
    }
    return NULL;
}

static uint64_t compute_priority(const struct ice_agent *a, const struct ice_generation *g,
                                 const struct ice_pair *pair)
{
    uint32_t local = a->locals[pair->local]->candidate.priority;
    uint32_t remote = g->remotes[pair->remote]->candidate.priority;
    return a->is_controlling ? ice_pair_priority(local, remote) : ice_pair_priority(remote, local);
}

void pair_update_priorities(struct ice_agent *a)
{
    struct ice_generation *g = a->now;
    for (int i = 0; i < g->pair_count; i++)
        g->pairs[i]->priority = compute_priority(a, g, g->pairs[i]);
    if (a->old)
        a->old_pair->priority = compute_priority(a, a->old, a->old_pair);
}

static bool has_same_foundation(const struct ice_agent *a, const struct ice_pair *x,
                                const struct ice_pair *y)
{
    struct ice_remote *const *remotes = a->now->remotes;
    return strcmp(a->locals[x->local]->candidate.foundation,
                  a->locals[y->local]->candidate.foundation) == 0 &&
           strcmp(remotes[x->remote]->candidate.foundation,
                  remotes[y->remote]->candidate.foundation) == 0;
}

/* Section 6.1.2.6 with trickling (RFC 8838 section 12): frozen when another
 * pair of the same foundations is still being found out about. */
static enum ice_pair_state first_state(const struct ice_agent *a, const struct ice_pair *pair)
{
    enum ice_pair_state state = PAIR_WAITING;
    for (int i = 0; i < a->now->pair_count; i++) {
        const struct ice_pair *other = a->now->pairs[i];
        if (other == pair || !has_same_foundation(a, other, pair))
            continue;
        if (other->state == PAIR_SUCCEEDED)
            return PAIR_WAITING;
        if (other->state == PAIR_WAITING || other->state == PAIR_IN_PROGRESS)
            state = PAIR_FROZEN;
    }
    return state;
}

static bool is_peer_of_another(const struct ice_generation *g, const struct ice_pair *pair,
                               const struct ice_address *peer)
{
    for (int i = 0; g && i < g->pair_count; i++) {
        const struct ice_pair *other = g->pairs[i];
        if (other != pair && other->local == pair->local &&
            ice_address_is_equal(pair_remote(g, other), peer))
            return true;
    }
    return false;
}

/* Its channel may lapse, unless the generation before or behind has a pair
 * with that relay and peer, too. */
static void pair_release(struct ice_agent *a, const struct ice_generation *g,
                         const struct ice_pair *pair)
{
    int relay = a->locals[pair->local]->relay;
    const struct ice_address *peer = pair_remote(g, pair);
    if (relay >= 0 && !is_peer_of_another(a->now, pair, peer) &&
        !is_peer_of_another(a->old, pair, peer))
        turn_client_release(a->relays[relay].client, peer);
}

void generation_release(struct ice_agent *a, const struct ice_generation *g,
                        const struct ice_pair *kept)
{
    for (int i = 0; i < g->pair_count; i++) {
        if (g->pairs[i] != kept)
            pair_release(a, g, g->pairs[i]);
    }
}

/* has_route stays until the next selection tells. */
static void deselect(struct ice_agent *a, const struct ice_pair *pair)
{
    if (a->selected == pair) {
        a->selected = NULL;
        a->is_dirty = true;
    }
}

static void pair_free(struct ice_agent *a, int index)
{
    struct ice_generation *g = a->now;
    struct ice_pair *pair = g->pairs[index];
    g->pairs[index] = g->pairs[--g->pair_count];
    pair_release(a, g, pair);
    deselect(a, pair);
    free(pair);
}

/* What a pair leads through, as far as the cap is concerned. */
enum kind { TO_HOST, TO_NAT, BY_RELAY, KINDS };

static enum kind kind_of(const struct ice_agent *a, const struct ice_pair *pair)
{
    if (pair_is_relayed(a, a->now, pair))
        return BY_RELAY;
    return a->now->remotes[pair->remote]->candidate.type == ICE_CANDIDATE_HOST ? TO_HOST : TO_NAT;
}

/* The least pair of a kind that is not known to work, or -1. */
static int find_least(const struct ice_agent *a, enum kind kind)
{
    const struct ice_generation *g = a->now;
    int least = -1;
    for (int i = 0; i < g->pair_count; i++) {
        const struct ice_pair *pair = g->pairs[i];
        if (!pair->is_valid && kind_of(a, pair) == kind &&
            (least < 0 || pair->priority < g->pairs[least]->priority))
            least = i;
    }
    return least;
}

/* Section 6.1.2.5 has the least pairs give way. Two machines with a dozen
 * bridges each would then have no pair but those of the bridges; so it is the
 * least of the kind that has the most, or of the new pair's own if that is
 * worse. */
static bool make_room(struct ice_agent *a, const struct ice_pair *fresh)
{
    struct ice_generation *g = a->now;
    int counts[KINDS] = {0};
    enum kind own = kind_of(a, fresh);
    enum kind most = own;
    if (g->pair_count < ICE_PAIRS_MAX)
        return true;
    for (int i = 0; i < g->pair_count; i++)
        counts[kind_of(a, g->pairs[i])]++;
    for (int kind = 0; kind < KINDS; kind++) {
        if (counts[kind] > counts[most])
            most = (enum kind)kind;
    }
    int least = find_least(a, most);
    if (least < 0 || (most == own && g->pairs[least]->priority >= fresh->priority))
        return false;
    pair_free(a, least);
    return true;
}

struct ice_pair *pair_add(struct ice_agent *a, struct ice_generation *g, int local, int remote)
{
    struct ice_pair fresh = {.local = local, .remote = remote};
    const struct ice_local *l = a->locals[local];
    const struct ice_remote *r = g->remotes[remote];
    struct ice_pair *pair = pair_find(g, local, remote);
    if (pair || g != a->now)
        return pair;
    consent_init(&fresh.consent);
    if (r->candidate.address.family != l->candidate.address.family)
        return NULL;
    fresh.priority = compute_priority(a, g, &fresh);
    if (!make_room(a, &fresh))
        return NULL;
    pair = xcalloc(1, sizeof *pair);
    *pair = fresh;
    pair->state = first_state(a, pair);
    g->pairs[g->pair_count++] = pair;
    a->is_dirty = true;
    return pair;
}

/* Whether a local candidate sends checks of its own. */
static bool forms_pairs(const struct ice_agent *a, int local)
{
    const struct ice_local *l = a->locals[local];
    if (!l->is_used || l->candidate.type == ICE_CANDIDATE_SRFLX)
        return false;
    return l->relay >= 0 || !a->config.is_relay_only;
}

void pair_add_for_local(struct ice_agent *a, int local)
{
    if (!forms_pairs(a, local) || !a->now->has_remote)
        return;
    for (int i = 0; i < a->now->remote_count; i++)
        pair_add(a, a->now, local, i);
}

void pair_add_for_remote(struct ice_agent *a, int remote)
{
    for (int i = 0; i < a->local_count; i++) {
        if (forms_pairs(a, i))
            pair_add(a, a->now, i, remote);
    }
}

void generation_drop_old(struct ice_agent *a)
{
    struct ice_generation *old = a->old;
    deselect(a, a->old_pair);
    a->old = NULL;
    a->old_pair = NULL;
    a->is_dirty = true;
    generation_free(old);
}

void pair_remove_for_local(struct ice_agent *a, int local)
{
    struct ice_generation *g = a->now;
    for (int i = g->pair_count - 1; i >= 0; i--) {
        if (g->pairs[i]->local == local)
            pair_free(a, i);
    }
    if (a->old && a->old_pair->local == local)
        generation_drop_old(a);
}

bool pair_is_dispensable(const struct ice_agent *a, int remote)
{
    for (int i = 0; i < a->now->pair_count; i++) {
        if (a->now->pairs[i]->remote == remote && a->now->pairs[i]->is_valid)
            return false;
    }
    return true;
}

void pair_remove_for_remote(struct ice_agent *a, int remote)
{
    struct ice_generation *g = a->now;
    for (int i = g->pair_count - 1; i >= 0; i--) {
        if (g->pairs[i]->remote == remote)
            pair_free(a, i);
    }
}

void pair_trigger(struct ice_agent *a, struct ice_pair *pair)
{
    if (!pair->triggered)
        pair->triggered = ++a->triggered_count;
    a->is_dirty = true;
}

void pair_unfreeze_like(struct ice_agent *a, const struct ice_pair *pair)
{
    for (int i = 0; i < a->now->pair_count; i++) {
        struct ice_pair *other = a->now->pairs[i];
        if (other->state == PAIR_FROZEN && has_same_foundation(a, other, pair))
            other->state = PAIR_WAITING;
    }
}

/* Once something is nominated, only what is better is still worth a check
 * (section 8.1.1 stops all; ours goes on upwards so that a relay is left when
 * a direct way opens). */
static bool is_worth_checking(const struct ice_agent *a, const struct ice_pair *pair)
{
    const struct ice_pair *s = a->selected;
    return !s || a->selected_generation != a->now || !s->is_nominated || pair_is_suspect(s) ||
           pair->priority > s->priority;
}

/* A check that answers another costs its receiver nothing that it did not ask
 * for. */
static bool may_begin(const struct ice_generation *g, const struct ice_pair *pair, bool may_spend)
{
    return may_spend || pair->triggered || g->remotes[pair->remote]->has_answered;
}

struct ice_pair *pair_next(const struct ice_agent *a, bool may_spend)
{
    const struct ice_generation *g = a->now;
    struct ice_pair *triggered = NULL;
    struct ice_pair *waiting = NULL;
    struct ice_pair *frozen = NULL;
    for (int i = 0; i < g->pair_count; i++) {
        struct ice_pair *pair = g->pairs[i];
        if (pair->is_binding || !may_begin(g, pair, may_spend))
            continue;
        if (pair->triggered && (!triggered || pair->triggered < triggered->triggered))
            triggered = pair;
        if (pair->state == PAIR_WAITING && is_worth_checking(a, pair) &&
            (!waiting || pair->priority > waiting->priority))
            waiting = pair;
        if (pair->state == PAIR_FROZEN && is_worth_checking(a, pair) &&
            (!frozen || pair->priority > frozen->priority))
            frozen = pair;
    }
    if (triggered)
        return triggered;
    return waiting ? waiting : frozen;
}

void pair_fail(struct ice_agent *a, struct ice_pair *pair, int code)
{
    stun_transaction_stop(&pair->check);
    pair->state = PAIR_FAILED;
    pair->code = code;
    pair->triggered = 0;
    pair->is_binding = false;
    pair->is_valid = false;
    pair->is_nominated = false;
    pair->nomination = 0;
    pair->has_plain_check = false;
    pair->wants_nomination = false;
    consent_stop(&pair->consent);
    a->is_dirty = true;
}

void pair_on_channel(struct ice_agent *a, int relay, const struct ice_address *peer, int code)
{
    for (int i = 0; i < a->now->pair_count; i++) {
        struct ice_pair *pair = a->now->pairs[i];
        if (a->locals[pair->local]->relay != relay ||
            !ice_address_is_equal(pair_remote(a->now, pair), peer))
            continue;
        if (code != 0) {
            pair_fail(a, pair, code > 0 ? code : PAIR_NO_CHANNEL);
        } else if (pair->is_binding) {
            pair->is_binding = false;
            pair_trigger(a, pair);
        }
    }
}
