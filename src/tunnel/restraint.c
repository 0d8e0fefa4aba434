/*
 * What counts is the descriptions that are used, not the offers that go out:
 * those aim at nobody.
 */
#include "tunnel/restraint.h"

static void forgive(struct restraint *r)
{
    r->begun = 0;
    r->not_before_us = 0;
    backoff_reset(&r->backoff);
    if (r->all)
        forgive(r->all);
}

void restraint_init(struct restraint *r, struct restraint *all, unsigned tries, uint64_t seed)
{
    *r = (struct restraint){.all = all, .tries = tries, .up_us = TIME_NEVER};
    backoff_init(&r->backoff, RESTRAINT_FIRST_US, RESTRAINT_MOST_US, seed);
}

uint64_t restraint_not_before_us(const struct restraint *r)
{
    uint64_t all_us = r->all ? r->all->not_before_us : 0;
    return r->not_before_us > all_us ? r->not_before_us : all_us;
}

void restraint_begin(struct restraint *r, uint64_t now_us)
{
    if (++r->begun >= r->tries)
        r->not_before_us = now_us + backoff_next_us(&r->backoff);
    if (r->all)
        restraint_begin(r->all, now_us);
}

void restraint_on_up(struct restraint *r, bool is_known, uint64_t now_us)
{
    r->up_us = now_us;
    r->is_calm = false;
    if (is_known)
        forgive(r);
}

/* One was not in vain. */
static void take_back(struct restraint *r)
{
    if (r->begun > 0) {
        r->begun--;
        r->not_before_us = 0;
    }
    if (r->all)
        take_back(r->all);
}

void restraint_on_down(struct restraint *r, bool is_goodbye)
{
    r->up_us = TIME_NEVER;
    if (r->is_calm)
        forgive(r);
    else if (is_goodbye)
        take_back(r);
    r->is_calm = false;
}

bool restraint_calm_down(struct restraint *r, uint64_t now_us)
{
    if (r->is_calm || r->up_us == TIME_NEVER || now_us - r->up_us < RESTRAINT_CALM_US)
        return false;
    r->is_calm = true;
    forgive(r);
    return true;
}
