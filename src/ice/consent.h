/*
 * Consent freshness of one pair (RFC 7675), as a clock: when the other side is
 * to be asked whether it is still there, and what its silence means. The owner
 * writes the requests.
 *
 *   asked                          answered, at any time: SURE again
 *     |--- 0.5 s ---|------ 2 s ------|------------ … 30 s since heard
 *     SURE          DOUBTED           SUSPECT                   LOST
 */
#ifndef ICE_CONSENT_H
#define ICE_CONSENT_H

#include <stdbool.h>
#include <stdint.h>

#include "ice/limits.h"
#include "ice/stun.h"
#include "ice/stun_auth.h"

enum consent_trust {
    CONSENT_SURE,
    CONSENT_DOUBTED, /* silent for ICE_DOUBT_US */
    CONSENT_SUSPECT  /* silent for ICE_SUSPECT_US */
};

/* Embedded in its pair. */
struct consent {
    uint8_t ids[ICE_CONSENT_IDS][STUN_ID_LEN];
    uint64_t sent_us[ICE_CONSENT_IDS];
    unsigned count;         /* of requests */
    uint64_t next_us;       /* the next one; TIME_NEVER: it is not asked */
    uint64_t heard_us;      /* last answer of any kind */
    uint64_t unanswered_us; /* first request after it; TIME_NEVER: none */
    enum consent_trust trust;
};

/* What the pair is used for, as it is now. */
struct consent_use {
    bool is_in_use;   /* else asked less often, and believed for longer */
    bool is_surplus;  /* not asked at all */
    bool is_asking;   /* an ordinary check is under way, or useless: no doubt */
    uint64_t data_us; /* data came: a sign of life, if no consent. 0: none */
};

void consent_init(struct consent *c); /* not asked */

/* The pair works: asked from now on. */
void consent_begin(struct consent *c, struct ice_random *random, uint64_t now_us);
void consent_stop(struct consent *c);

/* It answered, a request of consent or another. */
void consent_heard(struct consent *c, uint64_t now_us);

/* When the request was sent that this answers, of the last ICE_CONSENT_IDS;
 * TIME_NEVER: it answers none. */
uint64_t consent_find(const struct consent *c, const struct stun_message *m);

/* Asked by then, at the latest. */
void consent_hurry(struct consent *c, uint64_t at_us);

/* Whether it may be sent to. */
bool consent_is_fresh(const struct consent *c, uint64_t now_us);

enum consent_due {
    CONSENT_DUE_NOTHING,
    CONSENT_DUE_ASK,     /* a request is to be sent, with the id of consent_ask() */
    CONSENT_DUE_DOUBT,   /* to be asked by an ordinary check */
    CONSENT_DUE_SUSPECT, /* to be done without, where possible */
    CONSENT_DUE_LOST     /* nothing more may be sent there */
};

/* What is due, one after the other until NOTHING; after ASK consent_ask() is
 * called, after LOST it is stopped. */
enum consent_due consent_poll(struct consent *c, const struct consent_use *use, uint64_t now_us);

/* Counts a request that is sent now. Returns its id. */
const uint8_t *consent_ask(struct consent *c, const struct consent_use *use,
                           struct ice_random *random, uint64_t now_us);

/* When to poll. */
uint64_t consent_next_us(const struct consent *c, const struct consent_use *use);

#endif
