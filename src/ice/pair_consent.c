/*
 * What comes of consent (ice/consent.h): the path in use and a few backup pairs
 * are asked. A path that does not answer is asked again by an ordinary check,
 * with its retransmissions. One that still does not is suspect: every valid
 * pair is checked, and select.c prefers one that answers; a TURN server that
 * was restarted is found out by refreshing the allocation, and one that has
 * lost the channel alone is asked for it again.
 */
#include "ice/agent_internal.h"

static bool is_in_use(const struct ice_agent *a, const struct ice_pair *pair)
{
    return pair == a->selected || pair == a->old_pair;
}

/* Whether enough better pairs are kept warm already. */
static bool is_surplus(const struct ice_agent *a, const struct ice_pair *pair)
{
    int better = 0;
    for (int i = 0; i < a->now->pair_count; i++) {
        const struct ice_pair *other = a->now->pairs[i];
        better += other->is_valid && other != a->selected && other->priority > pair->priority;
    }
    return !is_in_use(a, pair) && better >= ICE_BACKUPS_MAX;
}

/* Nothing is checked any more in the generation of the old pair. */
static struct consent_use use_of(const struct ice_agent *a, const struct ice_pair *pair)
{
    return (struct consent_use){
        .is_in_use = is_in_use(a, pair),
        .is_surplus = is_surplus(a, pair),
        .is_asking = pair->check.is_active || pair == a->old_pair,
        .data_us = pair == a->selected ? a->data_us : 0,
    };
}

void pair_consent_ask_now(struct ice_agent *a, uint64_t now_us)
{
    struct ice_pair *pair = a->selected;
    if (pair && pair->is_valid && pair->consent.unanswered_us == TIME_NEVER)
        consent_hurry(&pair->consent, now_us);
    a->is_dirty = true;
}

bool pair_consent_on_answer(struct ice_agent *a, const struct ice_generation *g,
                            struct ice_pair *pair, const struct stun_message *m, uint64_t now_us)
{
    uint64_t sent_us = consent_find(&pair->consent, m);
    if (sent_us == TIME_NEVER)
        return false;
    if (m->class != STUN_SUCCESS || !stun_check_integrity(m, span_from_string(g->remote_pwd)))
        return true;
    pair->rtt_us = now_us - sent_us;
    consent_heard(&pair->consent, now_us);
    a->is_dirty = true;
    return true;
}

/* Repeating the nomination reminds a peer that heard two in the wrong order. */
static void ask(struct ice_agent *a, const struct ice_generation *g, struct ice_pair *pair,
                const struct consent_use *use, uint64_t now_us)
{
    const uint8_t *id = consent_ask(&pair->consent, use, &a->random, now_us);
    binding_ask(a, g, pair, id, pair == a->selected && pair->is_nominated, false);
}

static void on_suspect(struct ice_agent *a, const struct ice_generation *g, struct ice_pair *pair)
{
    for (int i = 0; pair == a->selected && i < a->now->pair_count; i++) {
        struct ice_pair *other = a->now->pairs[i];
        if (other->is_valid && !other->check.is_active)
            pair_trigger(a, other);
        if (other->state == PAIR_FAILED && other->code == PAIR_NO_ANSWER)
            other->state = PAIR_WAITING;
    }
    if (pair == a->selected)
        relay_refresh(a);
    relay_rebind(a, pair->local, pair_remote(g, pair));
}

static void on_deadline(struct ice_agent *a, const struct ice_generation *g, struct ice_pair *pair,
                        uint64_t now_us)
{
    while (pair->is_valid) {
        struct consent_use use = use_of(a, pair);
        switch (consent_poll(&pair->consent, &use, now_us)) {
        case CONSENT_DUE_NOTHING:
            return;
        case CONSENT_DUE_ASK:
            ask(a, g, pair, &use, now_us);
            break;
        case CONSENT_DUE_DOUBT:
            pair_trigger(a, pair);
            break;
        case CONSENT_DUE_SUSPECT:
            on_suspect(a, g, pair);
            break;
        case CONSENT_DUE_LOST:
            pair_fail(a, pair, PAIR_CONSENT_LOST);
            break;
        }
    }
}

void pair_consent_on_deadline(struct ice_agent *a, uint64_t now_us)
{
    for (int i = 0; i < a->now->pair_count; i++)
        on_deadline(a, a->now, a->now->pairs[i], now_us);
    if (a->old)
        on_deadline(a, a->old, a->old_pair, now_us);
}

static uint64_t deadline_of(const struct ice_agent *a, const struct ice_pair *pair)
{
    struct consent_use use = use_of(a, pair);
    return pair->is_valid ? consent_next_us(&pair->consent, &use) : TIME_NEVER;
}

uint64_t pair_consent_deadline(const struct ice_agent *a)
{
    uint64_t deadline = TIME_NEVER;
    for (int i = 0; i < a->now->pair_count; i++)
        deadline = earlier(deadline, deadline_of(a, a->now->pairs[i]));
    return a->old ? earlier(deadline, deadline_of(a, a->old_pair)) : deadline;
}
