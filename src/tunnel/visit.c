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
    backoff_init(&visit->retreat, VISIT_RETREAT_FIRST_US, VISIT_RETREAT_MOST_US, seed);
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

static void stay_away(struct visit *visit, struct backoff *backoff, uint64_t now_us)
{
    set_state(visit, VISIT_AWAY, now_us + backoff_next_us(backoff));
}

void visit_leave(struct visit *visit, uint64_t now_us)
{
    stay_away(visit, &visit->backoff, now_us);
}

void visit_retreat(struct visit *visit, bool is_shut_out, uint64_t now_us)
{
    if (is_shut_out)
        backoff_exhaust(&visit->retreat);
    bool is_first = !is_shut_out && !visit->is_unanswered;
    visit->is_unanswered = true;
    stay_away(visit, is_first ? &visit->backoff : &visit->retreat, now_us);
}

void visit_on_answer(struct visit *visit)
{
    visit->is_unanswered = false;
    backoff_reset(&visit->retreat);
}
