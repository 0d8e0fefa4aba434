/*
 * A timer is a node of its loop's heap, and one of the objects that are to be
 * closed before the loop.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "net/loop_internal.h"

struct timer {
    struct loop *loop;
    struct timer_node node;
};

struct timer *timer_new(struct loop *loop, void (*on_expiry)(void *arg), void *arg)
{
    struct timer *timer = xcalloc(1, sizeof *timer);
    timer->loop = loop;
    timer_node_init(&timer->node, on_expiry, arg);
    loop_add_object(loop);
    return timer;
}

void timer_start_at(struct timer *timer, uint64_t deadline_us)
{
    timers_start(loop_timers(timer->loop), &timer->node, deadline_us);
}

void timer_start_in(struct timer *timer, uint64_t delay_us)
{
    uint64_t now_us = clock_now_us();
    timer_start_at(timer, delay_us < TIME_NEVER - now_us ? now_us + delay_us : TIME_NEVER);
}

void timer_stop(struct timer *timer)
{
    timers_stop(loop_timers(timer->loop), &timer->node);
}

void timer_free(struct timer *timer)
{
    if (!timer)
        return;
    timer_stop(timer);
    loop_drop_object(timer->loop);
    free(timer);
}
