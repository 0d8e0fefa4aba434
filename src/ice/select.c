/*
 * Which pair carries the data, and what that makes of the agent's state.
 *
 * A pair is used as soon as it is valid (RFC 8445 section 12.1 lets data flow
 * before nomination), and left as soon as a better one is. Better means, in
 * this order: it answers; the other side, where it controls, nominated it, and
 * did so last; its priority is higher. The controlling side nominates what it
 * uses once there is nothing better to wait for, or it has waited long enough;
 * should a better pair work later it is nominated too, which every
 * implementation that knows the aggressive nomination of RFC 5245 follows.
 *
 * After a restart the old path is used until the new generation has one. Only
 * a direct path is not left for a relay so quickly: not before that is
 * nominated, or the other side sends by another way itself.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ice/agent_internal.h"

void select_set_state(struct ice_agent *a, enum ice_state state, const char *text)
{
    if (a->state == state)
        return;
    a->state = state;
    a->is_dirty = true;
    a->handlers.on_state(a->arg, state, text);
}

static uint16_t channel_of(const struct ice_agent *a, const struct ice_generation *g,
                           const struct ice_pair *pair)
{
    int relay = a->locals[pair->local]->relay;
    return relay < 0 ? 0 : turn_client_channel(a->relays[relay].client, pair_remote(g, pair));
}

static bool is_usable(const struct ice_agent *a, const struct ice_generation *g,
                      const struct ice_pair *pair, uint64_t now_us)
{
    return pair->is_valid && consent_is_fresh(&pair->consent, now_us) &&
           (a->locals[pair->local]->relay < 0 || channel_of(a, g, pair));
}

static bool is_better(const struct ice_agent *a, const struct ice_pair *x, const struct ice_pair *y)
{
    if (pair_is_suspect(x) != pair_is_suspect(y))
        return pair_is_suspect(y);
    if (!a->is_controlling) {
        uint64_t nx = x->is_nominated ? x->nomination : 0;
        uint64_t ny = y->is_nominated ? y->nomination : 0;
        if (nx != ny)
            return nx > ny;
    }
    return x->priority > y->priority;
}

static struct ice_pair *choose(const struct ice_agent *a, uint64_t now_us)
{
    struct ice_pair *best = NULL;
    for (int i = 0; i < a->now->pair_count; i++) {
        struct ice_pair *pair = a->now->pairs[i];
        if (is_usable(a, a->now, pair, now_us) && (!best || is_better(a, pair, best)))
            best = pair;
    }
    struct ice_pair *old = a->old_pair;
    if (!old || !is_usable(a, a->old, old, now_us))
        return best;
    if (!best)
        return old;
    bool is_worse = pair_is_relayed(a, a->now, best) && !pair_is_relayed(a, a->old, old);
    return is_worse && !best->is_nominated && !pair_is_suspect(old) && !a->is_old_left ? old : best;
}

static struct ice_route make_route(const struct ice_agent *a)
{
    const struct ice_pair *pair = a->selected;
    const struct ice_local *l = a->locals[pair->local];
    if (l->relay < 0)
        return (struct ice_route){.base = l->base,
                                  .remote = *pair_remote(a->selected_generation, pair)};
    const struct ice_relay *r = &a->relays[l->relay];
    return (struct ice_route){
        .base = r->base,
        .remote = *turn_client_server(r->client),
        .channel = channel_of(a, a->selected_generation, pair),
        .is_stream = turn_client_transport(r->client) != TURN_UDP,
    };
}

/* Also news is that signalling calls the remote end of the pair in use a relay,
 * which a check had told us of before. */
static void use(struct ice_agent *a, struct ice_pair *pair, uint64_t now_us)
{
    struct ice_generation *generation = pair == a->old_pair && pair ? a->old : a->now;
    bool is_relayed = pair && pair_is_relayed(a, generation, pair);
    bool was_dropped = !a->selected && a->has_route;
    if (pair == a->selected && is_relayed == a->is_route_relayed && !was_dropped)
        return;
    a->selected = pair;
    a->selected_generation = generation;
    a->has_route = pair != NULL;
    a->is_route_relayed = is_relayed;
    a->data_us = 0;
    a->is_dirty = true;
    a->retry_us = TIME_NEVER;
    if (pair) {
        a->route = make_route(a);
        /* It was asked as seldom as a backup until now. */
        consent_hurry(&pair->consent, now_us + ice_random_jitter(&a->random, ICE_CONSENT_US));
        if (is_relayed) {
            a->retry_wait_us = ICE_RETRY_DIRECT_US;
            a->retry_us = now_us + a->retry_wait_us;
        }
        if (a->old && pair != a->old_pair)
            a->old_until_us = now_us + ICE_OLD_PATH_US;
    }
    a->handlers.on_route(a->arg);
}

static bool is_open(const struct ice_pair *pair)
{
    return pair->state < PAIR_SUCCEEDED || pair->triggered || pair->is_binding;
}

/* The time up to which nomination waits for something better; 0: not at all. */
static uint64_t nominate_at(const struct ice_agent *a)
{
    const struct ice_pair *best = a->selected;
    bool is_relayed = pair_is_relayed(a, a->now, best);
    bool is_waiting = is_relayed && (!a->is_local_ended || !a->now->is_remote_ended);
    for (int i = 0; i < a->now->pair_count && !is_waiting; i++) {
        const struct ice_pair *pair = a->now->pairs[i];
        is_waiting = pair != best && pair->priority > best->priority && is_open(pair);
    }
    if (!is_waiting)
        return 0;
    return a->now->first_valid_us + (is_relayed ? ICE_NOMINATE_RELAY_US : ICE_NOMINATE_US);
}

static bool wants_to_nominate(const struct ice_agent *a)
{
    const struct ice_pair *pair = a->selected;
    return a->is_controlling && pair && a->selected_generation == a->now && !pair->is_nominated &&
           !pair->wants_nomination && !pair_is_suspect(pair);
}

static void nominate(struct ice_agent *a, uint64_t now_us)
{
    if (!wants_to_nominate(a) || now_us < nominate_at(a))
        return;
    /* No late retransmission may bring the other side back to another one. */
    for (int i = 0; i < a->now->pair_count; i++) {
        struct ice_pair *other = a->now->pairs[i];
        if (other->is_valid && other->check_nominates)
            stun_transaction_stop(&other->check);
        other->wants_nomination = false;
        other->is_nominated = false;
    }
    a->selected->wants_nomination = true;
    pair_trigger(a, a->selected);
}

/* RFC 8863: patience beyond the last pair's failure. A peer that never says
 * that it has no more candidates gets twice as much. */
static uint64_t fail_at(const struct ice_agent *a)
{
    if (a->now->begun_us == TIME_NEVER)
        return TIME_NEVER;
    return a->now->begun_us + (a->now->is_remote_ended ? 1 : 2) * ICE_PATIENCE_US;
}

static bool has_open_pairs(const struct ice_agent *a)
{
    for (int i = 0; i < a->now->pair_count; i++) {
        const struct ice_pair *pair = a->now->pairs[i];
        if (is_open(pair) || pair->check.is_active)
            return true;
    }
    return false;
}

static void update_state(struct ice_agent *a, uint64_t now_us)
{
    char text[ICE_REPORT_MAX];
    char where[ICE_ADDRESS_TEXT_LEN];
    if (a->selected && !pair_is_suspect(a->selected)) {
        select_set_state(a, ICE_CONNECTED, "");
    } else if (a->selected) {
        snprintf(text, sizeof text, "no answer from %s",
                 ice_address_format(pair_remote(a->selected_generation, a->selected), where));
        select_set_state(a, ICE_DISCONNECTED, text);
    } else if (!a->now->has_remote) {
        select_set_state(a, a->state == ICE_NEW ? ICE_NEW : ICE_CHECKING, "");
    } else if (a->state != ICE_FAILED && !has_open_pairs(a) && now_us >= fail_at(a)) {
        select_set_state(a, ICE_FAILED, report_write(a, text));
    } else if (a->state != ICE_FAILED) {
        select_set_state(a, ICE_CHECKING, "");
    }
}

/* Data goes through a relay: see whether a direct way has opened. Less and
 * less often, but that is counted from when something was tried again: the
 * first checks are still under way after 20 s. */
static void retry_direct(struct ice_agent *a, uint64_t now_us)
{
    bool has_tried = false;
    for (int i = 0; i < a->now->pair_count; i++) {
        struct ice_pair *pair = a->now->pairs[i];
        if (pair->state == PAIR_FAILED && pair->code == PAIR_NO_ANSWER &&
            !pair_is_relayed(a, a->now, pair)) {
            pair->state = PAIR_WAITING;
            has_tried = true;
        }
    }
    if (has_tried && a->retry_wait_us < 8 * ICE_RETRY_DIRECT_US)
        a->retry_wait_us *= 2;
    a->retry_us = now_us + a->retry_wait_us;
}

static void drop_old(struct ice_agent *a)
{
    generation_release(a, a->old, NULL);
    generation_drop_old(a);
}

/* Whether the path before a restart has served: it does not work any more, or
 * another one has been used for a while. */
static bool is_old_over(const struct ice_agent *a, uint64_t now_us)
{
    return a->old_pair &&
           (!a->old_pair->is_valid || (a->selected != a->old_pair && now_us >= a->old_until_us));
}

void select_update(struct ice_agent *a, uint64_t now_us)
{
    a->is_dirty = true;
    if (is_old_over(a, now_us))
        drop_old(a);
    use(a, choose(a, now_us), now_us);
    if (a->selected && now_us >= a->retry_us)
        retry_direct(a, now_us);
    nominate(a, now_us);
    update_state(a, now_us);
}

/* Of the generation that ends only the path in use is kept. */
void select_keep_old(struct ice_agent *a)
{
    struct ice_generation *g = a->now;
    bool is_old_used = a->selected && a->selected_generation == a->old;
    if (a->old && !is_old_used)
        drop_old(a);
    generation_release(a, g, is_old_used ? NULL : a->selected);
    if (is_old_used || !a->selected) {
        generation_free(g);
        return;
    }
    for (int i = 0; i < g->pair_count; i++) {
        if (g->pairs[i] != a->selected)
            free(g->pairs[i]);
    }
    g->pairs[0] = a->selected;
    g->pair_count = 1;
    stun_transaction_stop(&a->selected->check);
    a->selected->triggered = 0;
    a->selected->is_nominated = false;
    a->selected->wants_nomination = false;
    a->old = g;
    a->old_pair = a->selected;
    a->old_until_us = TIME_NEVER;
    a->is_old_left = false;
}

uint64_t select_deadline(const struct ice_agent *a)
{
    if (a->selected && !a->selected->is_valid)
        return a->clock_us; /* it failed as something was started */
    uint64_t deadline = a->selected ? a->retry_us : TIME_NEVER;
    if (a->old && a->selected != a->old_pair)
        deadline = earlier(deadline, a->old_until_us);
    if (wants_to_nominate(a))
        deadline = earlier(deadline, nominate_at(a));
    if (!a->selected && a->state == ICE_CHECKING && a->now->has_remote && !has_open_pairs(a))
        deadline = earlier(deadline, fail_at(a));
    return deadline;
}

/* What the other side sees of us: one of our candidates, or an address that
 * only the check's answer told (peer-reflexive). */
static enum ice_candidate_type mapped_type(const struct ice_agent *a, const struct ice_pair *pair)
{
    if (a->locals[pair->local]->relay >= 0)
        return ICE_CANDIDATE_RELAY;
    for (int i = 0; i < a->local_count; i++) {
        if (a->locals[i]->is_used &&
            ice_address_is_equal(&a->locals[i]->candidate.address, &pair->mapped))
            return a->locals[i]->candidate.type;
    }
    return ICE_CANDIDATE_PRFLX;
}

bool select_describe(const struct ice_agent *a, struct ice_path *out)
{
    const struct ice_pair *pair = a->selected;
    if (!pair || !a->has_route)
        return false;
    const struct ice_generation *g = a->selected_generation;
    int relay = a->locals[pair->local]->relay;
    *out = (struct ice_path){
        .local_type = mapped_type(a, pair),
        .remote_type = g->remotes[pair->remote]->candidate.type,
        .local = pair->mapped,
        .remote = *pair_remote(g, pair),
        .relay_transport = relay >= 0 ? turn_client_transport(a->relays[relay].client) : TURN_UDP,
        .is_relayed = pair_is_relayed(a, g, pair),
        .rtt_us = pair->rtt_us,
    };
    return true;
}
