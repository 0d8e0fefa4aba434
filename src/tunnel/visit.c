/*
 * The setter decides what goes with a state: only who is away has a time to
 * return.
 */
#include "tunnel/visit.h"

static void set_state(struct visit *visit, enum visit_state state, uint64_t return_at_us)
{
    visit->state = state;
    visit->return_at_us = return_at_us;
}

void visit_init(struct visit *visit, uint64_t seed, uint64_t now_us)
{
    *visit = (struct visit){0};
    backoff_init(&visit->backoff, VISIT_BACKOFF_FIRST_US, VISIT_BACKOFF_MOST_US, seed);
    set_state(visit, VISIT_AWAY, now_us);
}

void visit_connect(struct visit *visit)
{
    set_state(visit, VISIT_CONNECTING, TIME_NEVER);
}

bool visit_join(struct visit *visit)
{
    bool was_missed = visit->is_missed;
    visit->is_missed = false;
    set_state(visit, VISIT_JOINED, TIME_NEVER);
    return was_missed;
}

bool visit_miss(struct visit *visit)
{
    bool is_news = !visit->is_missed;
    visit->is_missed = true;
    return is_news;
}

void visit_leave(struct visit *visit, uint64_t now_us)
{
    visit->return_in_us = backoff_next_us(&visit->backoff);
    set_state(visit, VISIT_AWAY, now_us + visit->return_in_us);
}
