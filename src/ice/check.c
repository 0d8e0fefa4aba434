/*
 * Checks going out (RFC 8445 section 7.2). One transaction begins every Ta:
 * triggered checks first, then waiting pairs from the best down. A pair of a
 * relayed candidate first has its channel bound, which takes its turn in the
 * same way.
 *
 * A triggered check replaces the one under way (section 7.3.1.4), whose
 * answer still counts when it comes: last_id remembers it.
 */
#include <errno.h>

#include "ice/agent_internal.h"

/* There is no way there from here. Any other refusal (a firewall's rule, want
 * of buffers) may pass, and is as good as a loss. */
static bool is_unreachable(int error)
{
    return error == -ENETUNREACH || error == -EHOSTUNREACH || error == -ENETDOWN ||
           error == -EACCES || error == -EADDRNOTAVAIL || error == -EAFNOSUPPORT;
}

/* A pair that works is not given up for what does not leave; that is for
 * consent to judge. Through a relay nothing is refused here: what becomes of
 * the relay, its own client tells. */
static void transmit(struct ice_agent *a, struct ice_pair *pair, uint64_t now_us)
{
    if (!a->now->remotes[pair->remote]->has_answered) {
        ice_budget_spend(a->budget, now_us);
        a->now->has_checked = true;
    }
    int error =
        binding_ask(a, a->now, pair, pair->check.id, pair->check_nominates, pair->check.sent <= 1);
    pair->checks_sent++;
    if (error < 0) {
        pair->checks_refused++;
        pair->refusal = error;
    }
    if (is_unreachable(error) && !pair->is_valid)
        pair_fail(a, pair, error);
}

/* False: the pair has to wait for its channel, or has failed for want of it.
 * Binding again a channel that is bound costs nothing and keeps it wanted. */
static bool has_channel(struct ice_agent *a, struct ice_pair *pair, uint64_t now_us)
{
    int relay = a->locals[pair->local]->relay;
    const struct ice_address *peer = pair_remote(a->now, pair);
    if (relay < 0)
        return true;
    struct turn_client *client = a->relays[relay].client;
    int error = turn_client_bind(client, peer, now_us);
    if (error < 0)
        pair_fail(a, pair, error == -ENOSPC ? PAIR_NO_CHANNEL : PAIR_RELAY_LOST);
    if (error < 0 || turn_client_channel(client, peer))
        return error == 0;
    pair->is_binding = true;
    pair->triggered = 0;
    return false;
}

/* Section 14.3: Ta for each check that is waiting or under way, so that a
 * round of them is through before the first is sent again. */
static uint64_t rto_us(const struct ice_agent *a)
{
    uint64_t unheard_us = ice_budget_interval_us(a->budget);
    uint64_t round_us = 0;
    if (unheard_us < a->pacing_us)
        unheard_us = a->pacing_us;
    for (int i = 0; i < a->now->pair_count; i++) {
        const struct ice_pair *pair = a->now->pairs[i];
        if (pair->state == PAIR_WAITING || pair->state == PAIR_IN_PROGRESS)
            round_us += a->now->remotes[pair->remote]->has_answered ? a->pacing_us : unheard_us;
    }
    return round_us; /* at least ICE_RTO_US is seen to elsewhere */
}

static void start_check(struct ice_agent *a, struct ice_pair *pair, uint64_t now_us)
{
    pair->triggered = 0;
    pair->has_last_id = pair->check.is_active;
    pair->last_nominates = pair->check_nominates;
    memcpy(pair->last_id, pair->check.id, STUN_ID_LEN);
    pair->check_nominates = pair->wants_nomination && a->is_controlling;
    pair->check_controlling = a->is_controlling;
    if (!pair->is_valid)
        pair->state = PAIR_IN_PROGRESS;
    stun_transaction_start(&pair->check, &a->random, rto_us(a), false, now_us);
    transmit(a, pair, now_us);
}

uint64_t check_start_deadline(const struct ice_agent *a)
{
    if (!a->now->has_remote)
        return TIME_NEVER;
    if (pair_next(a, false))
        return a->pace_us;
    uint64_t ready_us = ice_budget_ready_us(a->budget);
    if (pair_next(a, true))
        return ready_us > a->pace_us ? ready_us : a->pace_us;
    return TIME_NEVER;
}

bool check_start_one(struct ice_agent *a, uint64_t now_us)
{
    bool may_spend = now_us >= ice_budget_ready_us(a->budget);
    struct ice_pair *pair = a->now->has_remote ? pair_next(a, may_spend) : NULL;
    if (!pair)
        return false;
    if (has_channel(a, pair, now_us))
        start_check(a, pair, now_us);
    return true;
}

void check_set_role(struct ice_agent *a, bool is_controlling)
{
    if (a->is_controlling == is_controlling)
        return;
    a->is_controlling = is_controlling;
    for (int i = 0; i < a->now->pair_count; i++) {
        a->now->pairs[i]->wants_nomination = false;
        a->now->pairs[i]->nominate_on_success = false;
    }
    pair_update_priorities(a);
}

/* Section 7.2.5.1: 487 means that the other side has our role and keeps it.
 * The check is repeated in the other one. */
static void on_role_conflict(struct ice_agent *a, struct ice_pair *pair)
{
    stun_transaction_stop(&pair->check);
    if (pair->check_controlling == a->is_controlling)
        check_set_role(a, !a->is_controlling);
    if (!pair->is_valid)
        pair->state = PAIR_WAITING;
    pair_trigger(a, pair);
}

static void on_success(struct ice_agent *a, struct ice_pair *pair, const struct stun_message *m,
                       bool nominates, uint64_t now_us)
{
    struct ice_address mapped;
    if (!stun_find_address(m, STUN_XOR_MAPPED_ADDRESS, &mapped))
        return;
    if (pair->check.is_active && pair->check.sent == 1 && stun_is_answer(m, pair->check.id))
        pair->rtt_us = now_us - pair->check.first_us;
    stun_transaction_stop(&pair->check);
    pair->has_last_id = false;
    pair->mapped = mapped;
    pair->state = PAIR_SUCCEEDED;
    pair->code = 0;
    consent_heard(&pair->consent, now_us);
    remote_on_answer(a, pair_remote(a->now, pair));
    if (!pair->is_valid) {
        pair->is_valid = true;
        consent_begin(&pair->consent, &a->random, now_us);
        if (a->now->first_valid_us == TIME_NEVER)
            a->now->first_valid_us = now_us;
    }
    if ((nominates && a->is_controlling) || pair->nominate_on_success) {
        pair->is_nominated = true;
        pair->wants_nomination = false;
        pair->nominate_on_success = false;
    }
    pair_unfreeze_like(a, pair);
}

/* Whether the message answers a check of the pair; *nominates says whether
 * that check carried USE-CANDIDATE. */
static bool answers(const struct ice_pair *pair, const struct stun_message *m, bool *nominates)
{
    if (pair->check.is_active && stun_is_answer(m, pair->check.id)) {
        *nominates = pair->check_nominates;
        return true;
    }
    *nominates = pair->last_nominates;
    return pair->has_last_id && stun_is_answer(m, pair->last_id);
}

static void on_check_answer(struct ice_agent *a, struct ice_pair *pair, int local,
                            const struct ice_address *source, const struct stun_message *m,
                            bool nominates, uint64_t now_us)
{
    struct span reason;
    if (!stun_check_integrity(m, span_from_string(a->now->remote_pwd)))
        return; /* section 7.2.5: as if it had not come */
    if (pair->local != local || !ice_address_is_equal(source, pair_remote(a->now, pair))) {
        pair_fail(a, pair, PAIR_ASYMMETRIC); /* 7.2.5.2.1 */
        return;
    }
    if (m->class == STUN_SUCCESS) {
        if (a->handlers.on_binding)
            a->handlers.on_binding(a->arg, m);
        on_success(a, pair, m, nominates, now_us);
        return;
    }
    int code = stun_find_error(m, &reason);
    if (code == STUN_ROLE_CONFLICT)
        on_role_conflict(a, pair);
    else
        pair_fail(a, pair, code ? code : STUN_BAD_REQUEST);
}

bool check_on_answer(struct ice_agent *a, int local, const struct ice_address *source,
                     const struct stun_message *m, uint64_t now_us)
{
    bool nominates;
    if (a->old && pair_consent_on_answer(a, a->old, a->old_pair, m, now_us))
        return true;
    for (int i = 0; i < a->now->pair_count; i++) {
        struct ice_pair *pair = a->now->pairs[i];
        if (answers(pair, m, &nominates)) {
            on_check_answer(a, pair, local, source, m, nominates, now_us);
            return true;
        }
        if (pair_consent_on_answer(a, a->now, pair, m, now_us))
            return true;
    }
    return false;
}

void check_on_deadline(struct ice_agent *a, uint64_t now_us)
{
    for (int i = 0; i < a->now->pair_count; i++) {
        struct ice_pair *pair = a->now->pairs[i];
        switch (stun_transaction_poll(&pair->check, now_us)) {
        case STUN_TIMER_SEND:
            transmit(a, pair, now_us);
            break;
        case STUN_TIMER_GIVE_UP:
            /* A valid pair whose nomination is not answered is for consent
             * to judge. */
            pair->wants_nomination = false;
            if (!pair->is_valid)
                pair_fail(a, pair, PAIR_NO_ANSWER);
            break;
        case STUN_TIMER_WAIT:
            break;
        }
    }
}

uint64_t check_deadline(const struct ice_agent *a)
{
    uint64_t deadline = TIME_NEVER;
    for (int i = 0; i < a->now->pair_count; i++)
        deadline = earlier(deadline, stun_transaction_deadline(&a->now->pairs[i]->check));
    return deadline;
}
