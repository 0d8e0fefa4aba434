/*
 * Those that are asked in every turn hang on a hook of the loop. The others are
 * in its list of what was touched, which is empty again before it sleeps: what
 * is at rest costs a turn nothing.
 *
 * Nor does each wake the loop by itself: a touched deadline that is far away is
 * put off to a grid that all have in common, the coarser the longer the wait.
 * So a thousand that wait for 5 s each are due four times a second, and not two
 * hundred times.
 */
#include "net/deadline.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "net/loop_internal.h"

#ifdef TUNNEL_CHECK
enum { IS_CHECKED = true };
#else
enum { IS_CHECKED = false };
#endif

struct deadline {
    struct loop *loop;
    struct timer *timer;
    struct turn_hook *hook;   /* or NULL: touched */
    struct before_sleep call; /* where it is touched */
    bool is_on_grid;
    uint64_t (*next_us)(void *arg);
    void (*on_due)(void *arg);
    void *arg;
    uint64_t armed_us; /* what the timer was set for */
};

uint64_t deadline_on_grid(uint64_t at_us, uint64_t now_us)
{
    if (at_us == TIME_NEVER || at_us < now_us + DEADLINE_EXACT_US)
        return at_us;
    uint64_t grid_us = 1;
    while (grid_us <= (at_us - now_us) / DEADLINE_LATE_PART / 2)
        grid_us *= 2;
    return (at_us + grid_us - 1) & ~(grid_us - 1);
}

static void ask(void *arg)
{
    struct deadline *d = arg;
    uint64_t next_us = d->next_us(d->arg);
    if (next_us >= d->armed_us)
        return;
    d->armed_us = next_us;
    timer_start_at(d->timer, d->is_on_grid ? deadline_on_grid(next_us, clock_now_us()) : next_us);
}

static void check(void *arg)
{
    const struct deadline *d = arg;
    bool is_touched = !list_is_empty(&d->call.link);
    assert(is_touched || d->next_us(d->arg) >= d->armed_us);
}

static void on_expiry(void *arg)
{
    struct deadline *d = arg;
    d->armed_us = TIME_NEVER;
    deadline_touch(d);
    if (d->next_us(d->arg) <= clock_now_us())
        d->on_due(d->arg);
}

static struct deadline *new_deadline(struct loop *loop, uint64_t (*next_us)(void *arg),
                                     void (*on_due)(void *arg), void *arg)
{
    struct deadline *d = xcalloc(1, sizeof *d);
    d->loop = loop;
    d->next_us = next_us;
    d->on_due = on_due;
    d->arg = arg;
    d->armed_us = TIME_NEVER;
    d->timer = timer_new(loop, on_expiry, d);
    d->call = (struct before_sleep){.call = ask, .arg = d};
    list_init(&d->call.link);
    return d;
}

struct deadline *deadline_new(struct loop *loop, uint64_t (*next_us)(void *arg),
                              void (*on_due)(void *arg), void *arg)
{
    struct deadline *d = new_deadline(loop, next_us, on_due, arg);
    d->hook = turn_hook_new(loop, ask, NULL, d);
    return d;
}

struct deadline *deadline_new_touched(struct loop *loop, uint64_t (*next_us)(void *arg),
                                      void (*on_due)(void *arg), void *arg)
{
    struct deadline *d = new_deadline(loop, next_us, on_due, arg);
    d->is_on_grid = true;
    if (IS_CHECKED)
        d->hook = turn_hook_new(loop, check, NULL, d);
    deadline_touch(d);
    return d;
}

void deadline_touch(struct deadline *d)
{
    if (d && list_is_empty(&d->call.link))
        list_append(loop_before_sleep(d->loop), &d->call.link);
}

void deadline_free(struct deadline *d)
{
    if (!d)
        return;
    timer_free(d->timer);
    turn_hook_free(d->hook);
    list_remove(&d->call.link);
    free(d);
}
