/*
 * On a path in use a request every 5 s, give or take a fifth, each with an id
 * of its own and never repeated; 30 s without an answer, and nothing more may
 * be sent there. The requests also keep the NATs on the way open (RFC 8445
 * section 11), for pairs that are not in use less often.
 */
#include "ice/consent.h"

#include <string.h>

#include "base/clock.h"

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void consent_init(struct consent *c)
{
    *c = (struct consent){.next_us = TIME_NEVER, .unanswered_us = TIME_NEVER};
}

void consent_begin(struct consent *c, struct ice_random *random, uint64_t now_us)
{
    c->count = 0;
    c->next_us = now_us + ice_random_jitter(random, ICE_CONSENT_US);
}

void consent_stop(struct consent *c)
{
    c->next_us = TIME_NEVER;
    c->trust = CONSENT_SURE;
}

void consent_heard(struct consent *c, uint64_t now_us)
{
    c->heard_us = now_us;
    c->unanswered_us = TIME_NEVER;
    c->trust = CONSENT_SURE;
}

uint64_t consent_find(const struct consent *c, const struct stun_message *m)
{
    unsigned first = c->count > ICE_CONSENT_IDS ? c->count - ICE_CONSENT_IDS : 0;
    for (unsigned i = first; i < c->count; i++) {
        if (stun_is_answer(m, c->ids[i % ICE_CONSENT_IDS]))
            return c->sent_us[i % ICE_CONSENT_IDS];
    }
    return TIME_NEVER;
}

void consent_hurry(struct consent *c, uint64_t at_us)
{
    c->next_us = earlier(c->next_us, at_us);
}

bool consent_is_fresh(const struct consent *c, uint64_t now_us)
{
    return now_us - c->heard_us < ICE_CONSENT_LOST_US;
}

const uint8_t *consent_ask(struct consent *c, const struct consent_use *use,
                           struct ice_random *random, uint64_t now_us)
{
    unsigned slot = c->count++ % ICE_CONSENT_IDS;
    ice_random_bytes(random, c->ids[slot], STUN_ID_LEN);
    c->sent_us[slot] = now_us;
    if (c->unanswered_us == TIME_NEVER)
        c->unanswered_us = now_us;
    uint64_t interval_us = use->is_in_use ? ICE_CONSENT_US : ICE_KEEPALIVE_US;
    c->next_us = now_us + ice_random_jitter(random, interval_us);
    return c->ids[slot];
}

/* ---- silence ---- */

/* Since when the pair has been silent; TIME_NEVER: it is not. */
static uint64_t silent_since(const struct consent *c, const struct consent_use *use)
{
    if (c->unanswered_us != TIME_NEVER && use->data_us > c->unanswered_us)
        return use->data_us;
    return c->unanswered_us;
}

static uint64_t doubt_at(const struct consent *c, const struct consent_use *use)
{
    uint64_t since_us = silent_since(c, use);
    bool needs_none = c->trust != CONSENT_SURE || use->is_asking;
    return since_us == TIME_NEVER || needs_none ? TIME_NEVER : since_us + ICE_DOUBT_US;
}

static uint64_t suspect_at(const struct consent *c, const struct consent_use *use)
{
    uint64_t since_us = silent_since(c, use);
    return since_us == TIME_NEVER || c->trust == CONSENT_SUSPECT ? TIME_NEVER
                                                                 : since_us + ICE_SUSPECT_US;
}

static uint64_t lost_at(const struct consent *c, const struct consent_use *use)
{
    /* One that is asked less often is not used unless consent is fresh. */
    return c->heard_us + (use->is_in_use ? 1 : 2) * ICE_CONSENT_LOST_US;
}

enum consent_due consent_poll(struct consent *c, const struct consent_use *use, uint64_t now_us)
{
    if (now_us >= lost_at(c, use))
        return CONSENT_DUE_LOST;
    if (now_us >= c->next_us && !use->is_surplus)
        return CONSENT_DUE_ASK;
    if (now_us >= doubt_at(c, use)) {
        c->trust = CONSENT_DOUBTED;
        return CONSENT_DUE_DOUBT;
    }
    if (now_us >= suspect_at(c, use)) {
        c->trust = CONSENT_SUSPECT;
        return CONSENT_DUE_SUSPECT;
    }
    return CONSENT_DUE_NOTHING;
}

uint64_t consent_next_us(const struct consent *c, const struct consent_use *use)
{
    uint64_t next = earlier(suspect_at(c, use), lost_at(c, use));
    next = earlier(next, doubt_at(c, use));
    return use->is_surplus ? next : earlier(next, c->next_us);
}
