/*
 * How fast negotiations may follow each other that come to nothing. Each sends
 * checks to the addresses that signalling names: a server that makes us
 * negotiate without end would aim them at whom it likes, and a newcomer that
 * was refused would ask for ever. A part of the rendezvous: each partner has
 * one, and there is one of all together, since a partner costs nothing to
 * invent.
 *
 * RESTRAINT_FREE in a row are free (of all together that many for each place
 * that there is for a partner), then there is a pause before the next, from
 * RESTRAINT_FIRST_US doubling to _MOST_US. A session that has been up for
 * RESTRAINT_CALM_US shows that all is well, once; so does one with the process
 * of the session before at once, since DTLS has shown who that is. A short one
 * that the other side ends in good order was not in vain either, and does not
 * count: a script may come for one request at a time.
 */
#ifndef TUNNEL_RESTRAINT_H
#define TUNNEL_RESTRAINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/backoff.h"
#include "base/clock.h"

enum { RESTRAINT_FREE = 4 };
#define RESTRAINT_FIRST_US (1 * US_PER_S)
#define RESTRAINT_MOST_US  (60 * US_PER_S)
#define RESTRAINT_CALM_US  (10 * US_PER_S)

struct restraint {
    struct restraint *all; /* of which it is a part; NULL for that one itself */
    unsigned tries;        /* that are free */
    unsigned begun;        /* negotiations, since all was well */
    uint64_t not_before_us;
    uint64_t up_us; /* since when a session has been up; TIME_NEVER: there is none */
    bool is_calm;   /* for long enough */
    struct backoff backoff;
};

void restraint_init(struct restraint *r, struct restraint *all, unsigned tries, uint64_t seed);

/* When another negotiation may begin. */
uint64_t restraint_not_before_us(const struct restraint *r);

/* A description of the other side's is about to be used. */
void restraint_begin(struct restraint *r, uint64_t now_us);

/* A session came up. is_known: in the place of another one with the same
 * process. */
void restraint_on_up(struct restraint *r, bool is_known, uint64_t now_us);
void restraint_on_down(struct restraint *r, bool is_goodbye);

/* True when a session has just been up for long enough. */
bool restraint_calm_down(struct restraint *r, uint64_t now_us);

#endif
