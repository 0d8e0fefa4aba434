/*
 * Consent freshness (RFC 7675): on the path in use a Binding request every
 * 5 s, give or take a fifth, each with an id of its own and never repeated;
 * 30 s without an answer, and nothing more may be sent there. The requests
 * also keep the NATs on the way open (RFC 8445 section 11), for a few backup
 * pairs too, less often.
 *
 * Long before the 30 s are over a path that does not answer is asked again by
 * an ordinary check, with its retransmissions. One that still does not is
 * suspect: every valid pair is checked, and select.c prefers one that answers;
 * a TURN server that was restarted is found out by refreshing the allocation,
 * and one that has lost the channel alone is asked for it again.
 */
#include "ice/agent_internal.h"

static bool is_in_use(const struct ice_agent *a, const struct ice_pair *pair)
{
    return pair == a->selected || pair == a->old_pair;
}

void consent_begin(struct ice_agent *a, struct ice_pair *pair, uint64_t now_us)
{
    pair->consent_count = 0;
    pair->consent_next_us = now_us + ice_random_jitter(&a->random, ICE_CONSENT_US);
}

void consent_ask_now(struct ice_agent *a, uint64_t now_us)
{
    struct ice_pair *pair = a->selected;
    if (pair && pair->is_valid && pair->unanswered_us == TIME_NEVER)
        pair->consent_next_us = earlier(pair->consent_next_us, now_us);
    a->is_dirty = true;
}

bool consent_is_fresh(const struct ice_pair *pair, uint64_t now_us)
{
    return now_us - pair->heard_us < ICE_CONSENT_LOST_US;
}

bool consent_on_answer(struct ice_agent *a, struct ice_generation *g, struct ice_pair *pair,
                       const struct stun_message *m, uint64_t now_us)
{
    unsigned first =
        pair->consent_count > ICE_CONSENT_IDS ? pair->consent_count - ICE_CONSENT_IDS : 0;
    for (unsigned i = first; i < pair->consent_count; i++) {
        unsigned slot = i % ICE_CONSENT_IDS;
        if (!stun_is_answer(m, pair->consent_ids[slot]))
            continue;
        if (m->class != STUN_SUCCESS || !stun_check_integrity(m, span_from_string(g->remote_pwd)))
            return true;
        pair->rtt_us = now_us - pair->consent_sent_us[slot];
        pair->heard_us = now_us;
        pair->unanswered_us = TIME_NEVER;
        pair->is_suspect = false;
        pair->is_doubted = false;
        a->is_dirty = true;
        return true;
    }
    return false;
}

static void send_request(struct ice_agent *a, const struct ice_generation *g, struct ice_pair *pair,
                         uint64_t now_us)
{
    unsigned slot = pair->consent_count++ % ICE_CONSENT_IDS;
    ice_random_bytes(&a->random, pair->consent_ids[slot], STUN_ID_LEN);
    pair->consent_sent_us[slot] = now_us;
    if (pair->unanswered_us == TIME_NEVER)
        pair->unanswered_us = now_us;
    uint64_t interval_us = is_in_use(a, pair) ? ICE_CONSENT_US : ICE_KEEPALIVE_US;
    pair->consent_next_us = now_us + ice_random_jitter(&a->random, interval_us);
    /* Repeating the nomination reminds a peer that heard two in the wrong
     * order. */
    binding_ask(a, g, pair, pair->consent_ids[slot], pair == a->selected && pair->is_nominated);
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

/* Since when the pair has been silent; TIME_NEVER: it is not. */
static uint64_t silent_since(const struct ice_agent *a, const struct ice_pair *pair)
{
    if (pair->unanswered_us != TIME_NEVER && pair == a->selected &&
        a->data_us > pair->unanswered_us)
        return a->data_us; /* what arrives is a sign of life, if no consent */
    return pair->unanswered_us;
}

static uint64_t doubt_at(const struct ice_agent *a, const struct ice_pair *pair)
{
    uint64_t since_us = silent_since(a, pair);
    bool is_asked = pair->is_doubted || pair->is_suspect || pair->check.is_active;
    return since_us == TIME_NEVER || is_asked || pair == a->old_pair ? TIME_NEVER
                                                                     : since_us + ICE_DOUBT_US;
}

static uint64_t suspect_at(const struct ice_agent *a, const struct ice_pair *pair)
{
    uint64_t since_us = silent_since(a, pair);
    return since_us == TIME_NEVER || pair->is_suspect ? TIME_NEVER : since_us + ICE_SUSPECT_US;
}

static uint64_t lost_at(const struct ice_agent *a, const struct ice_pair *pair)
{
    /* A backup is asked less often; it is not used unless consent is fresh. */
    return pair->heard_us + (is_in_use(a, pair) ? 1 : 2) * ICE_CONSENT_LOST_US;
}

static void on_suspect(struct ice_agent *a, const struct ice_generation *g, struct ice_pair *pair)
{
    pair->is_suspect = true;
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

static void pair_on_deadline(struct ice_agent *a, struct ice_generation *g, struct ice_pair *pair,
                             uint64_t now_us)
{
    if (!pair->is_valid)
        return;
    if (now_us >= lost_at(a, pair)) {
        pair_fail(a, pair, PAIR_CONSENT_LOST);
        return;
    }
    if (now_us >= pair->consent_next_us && !is_surplus(a, pair))
        send_request(a, g, pair, now_us);
    if (now_us >= doubt_at(a, pair)) {
        pair->is_doubted = true;
        pair_trigger(a, pair);
    }
    if (now_us >= suspect_at(a, pair))
        on_suspect(a, g, pair);
}

void consent_on_deadline(struct ice_agent *a, uint64_t now_us)
{
    for (int i = 0; i < a->now->pair_count; i++)
        pair_on_deadline(a, a->now, a->now->pairs[i], now_us);
    if (a->old)
        pair_on_deadline(a, a->old, a->old_pair, now_us);
}

static uint64_t pair_deadline(const struct ice_agent *a, const struct ice_pair *pair)
{
    if (!pair->is_valid)
        return TIME_NEVER;
    uint64_t deadline = earlier(suspect_at(a, pair), lost_at(a, pair));
    deadline = earlier(deadline, doubt_at(a, pair));
    return is_surplus(a, pair) ? deadline : earlier(deadline, pair->consent_next_us);
}

uint64_t consent_deadline(const struct ice_agent *a)
{
    uint64_t deadline = TIME_NEVER;
    for (int i = 0; i < a->now->pair_count; i++)
        deadline = earlier(deadline, pair_deadline(a, a->now->pairs[i]));
    return a->old ? earlier(deadline, pair_deadline(a, a->old_pair)) : deadline;
}
