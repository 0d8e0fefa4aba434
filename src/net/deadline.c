#include "net/deadline.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"

struct deadline {
    struct timer *timer;
    struct turn_hook *hook;
    uint64_t (*next_us)(void *arg);
    void (*on_due)(void *arg);
    void *arg;
    uint64_t armed_us; /* when the timer expires */
};

static void ask(void *arg)
{
    struct deadline *d = arg;
    uint64_t next_us = d->next_us(d->arg);
    if (next_us >= d->armed_us)
        return;
    d->armed_us = next_us;
    timer_start_at(d->timer, next_us);
}

static void on_expiry(void *arg)
{
    struct deadline *d = arg;
    d->armed_us = TIME_NEVER;
    if (d->next_us(d->arg) <= clock_now_us())
        d->on_due(d->arg);
}

struct deadline *deadline_new(struct loop *loop, uint64_t (*next_us)(void *arg),
                              void (*on_due)(void *arg), void *arg)
{
    struct deadline *d = xcalloc(1, sizeof *d);
    d->next_us = next_us;
    d->on_due = on_due;
    d->arg = arg;
    d->armed_us = TIME_NEVER;
    d->timer = timer_new(loop, on_expiry, d);
    d->hook = turn_hook_new(loop, ask, NULL, d);
    return d;
}

void deadline_free(struct deadline *d)
{
    if (!d)
        return;
    timer_free(d->timer);
    turn_hook_free(d->hook);
    free(d);
}
