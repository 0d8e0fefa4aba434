/*
 * A binary heap of pointers; each timer knows its place in it, so that
 * stopping one is O(log n) without a search. A run first moves all that is
 * due to a list and then calls from there: a callback may start, stop and
 * free any timer, its own too, because nothing is held across the call but
 * the list, which a freed timer has left.
 */
#include "net/timers.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "net/loop_internal.h"

#define NOT_IN_HEAP SIZE_MAX

struct timer {
    struct loop *loop;
    void (*on_expiry)(void *arg);
    void *arg;
    uint64_t deadline_us;
    uint64_t start; /* number of its start */
    size_t place;   /* index in the heap, or NOT_IN_HEAP */
    struct list due;
};

void timers_init(struct timers *timers)
{
    *timers = (struct timers){0};
    list_init(&timers->due);
}

void timers_deinit(struct timers *timers)
{
    assert(timers->count == 0);
    free(timers->heap);
}

static bool timer_is_before(const struct timer *a, const struct timer *b)
{
    if (a->deadline_us != b->deadline_us)
        return a->deadline_us < b->deadline_us;
    return a->start < b->start;
}

static void heap_set(struct timers *t, size_t place, struct timer *timer)
{
    t->heap[place] = timer;
    timer->place = place;
}

static void heap_sift_up(struct timers *t, size_t place)
{
    struct timer *timer = t->heap[place];
    while (place > 0) {
        size_t parent = (place - 1) / 2;
        if (!timer_is_before(timer, t->heap[parent]))
            break;
        heap_set(t, place, t->heap[parent]);
        place = parent;
    }
    heap_set(t, place, timer);
}

static void heap_sift_down(struct timers *t, size_t place)
{
    struct timer *timer = t->heap[place];
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= t->count)
            break;
        if (child + 1 < t->count && timer_is_before(t->heap[child + 1], t->heap[child]))
            child++;
        if (!timer_is_before(t->heap[child], timer))
            break;
        heap_set(t, place, t->heap[child]);
        place = child;
    }
    heap_set(t, place, timer);
}

static void heap_insert(struct timers *t, struct timer *timer)
{
    if (t->count == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 16;
        t->heap = xreallocarray(t->heap, t->cap, sizeof *t->heap);
    }
    heap_set(t, t->count, timer);
    t->count++;
    heap_sift_up(t, timer->place);
}

static void heap_remove(struct timers *t, struct timer *timer)
{
    size_t place = timer->place;
    timer->place = NOT_IN_HEAP;
    struct timer *last = t->heap[--t->count];
    if (last == timer)
        return;
    heap_set(t, place, last);
    heap_sift_up(t, place);
    heap_sift_down(t, last->place);
}

uint64_t timers_next_us(const struct timers *timers)
{
    return timers->count > 0 ? timers->heap[0]->deadline_us : TIME_NEVER;
}

void timers_run(struct timers *timers, uint64_t now_us)
{
    while (timers->count > 0 && timers->heap[0]->deadline_us <= now_us) {
        struct timer *timer = timers->heap[0];
        heap_remove(timers, timer);
        list_append(&timers->due, &timer->due);
    }
    struct list *first;
    while ((first = list_first(&timers->due)) != NULL) {
        struct timer *timer = LIST_ENTRY(first, struct timer, due);
        list_remove(first);
        timer->on_expiry(timer->arg);
    }
}

struct timer *timer_new(struct loop *loop, void (*on_expiry)(void *arg), void *arg)
{
    struct timer *timer = xcalloc(1, sizeof *timer);
    timer->loop = loop;
    timer->on_expiry = on_expiry;
    timer->arg = arg;
    timer->place = NOT_IN_HEAP;
    list_init(&timer->due);
    loop_add_object(loop);
    return timer;
}

void timer_start_at(struct timer *timer, uint64_t deadline_us)
{
    timer_stop(timer);
    if (deadline_us == TIME_NEVER)
        return;
    struct timers *timers = loop_timers(timer->loop);
    timer->deadline_us = deadline_us;
    timer->start = timers->starts++;
    heap_insert(timers, timer);
}

void timer_start_in(struct timer *timer, uint64_t delay_us)
{
    uint64_t now_us = clock_now_us();
    timer_start_at(timer, delay_us < TIME_NEVER - now_us ? now_us + delay_us : TIME_NEVER);
}

void timer_stop(struct timer *timer)
{
    list_remove(&timer->due);
    if (timer->place != NOT_IN_HEAP)
        heap_remove(loop_timers(timer->loop), timer);
}

void timer_free(struct timer *timer)
{
    if (!timer)
        return;
    timer_stop(timer);
    loop_drop_object(timer->loop);
    free(timer);
}
