/*
 * A token bucket, kept as the one time at which it will be full again: each
 * check moves that by its cost. It is never further off than an empty bucket
 * needs: what is sent again beyond that is forgiven, lest a negotiation in vain
 * hold up the next one for minutes.
 */
#include "ice/budget.h"

#include "ice/limits.h"

uint64_t ice_budget_interval_us(const struct ice_budget *b)
{
    uint64_t interval_us = ICE_UNHEARD_US;
    for (unsigned i = 0; i < b->unanswered && interval_us < ICE_UNHEARD_MOST_US; i++)
        interval_us *= 2;
    return interval_us < ICE_UNHEARD_MOST_US ? interval_us : ICE_UNHEARD_MOST_US;
}

uint64_t ice_budget_ready_us(const struct ice_budget *b)
{
    uint64_t rest_us = (ICE_UNHEARD_BURST - 1) * ice_budget_interval_us(b);
    return b->full_us > rest_us ? b->full_us - rest_us : 0;
}

void ice_budget_spend(struct ice_budget *b, uint64_t now_us)
{
    uint64_t interval_us = ice_budget_interval_us(b);
    uint64_t most_us = now_us + ICE_UNHEARD_BURST * interval_us;
    uint64_t full_us = (b->full_us > now_us ? b->full_us : now_us) + interval_us;
    b->full_us = full_us < most_us ? full_us : most_us;
}

void ice_budget_on_answer(struct ice_budget *b)
{
    b->unanswered = 0;
}

/* What was spent comes back at the new pace. */
void ice_budget_on_silence(struct ice_budget *b, uint64_t now_us)
{
    uint64_t before_us = ice_budget_interval_us(b);
    b->unanswered++;
    if (b->full_us > now_us)
        b->full_us = now_us + (b->full_us - now_us) * ice_budget_interval_us(b) / before_us;
}
