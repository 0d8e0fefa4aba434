/*
 * A binary heap of pointers; each node knows its place in it, so that
 * stopping one is O(log n) without a search. A run first moves all that is
 * due to a list and then calls from there: a callback may start, stop and
 * free any, its own too, because nothing is held across the call but the
 * list, which one that was stopped has left.
 */
#include "net/timers.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"

#define NOT_IN_HEAP SIZE_MAX /* a place */

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

static bool is_before(const struct timer_place *a, const struct timer_place *b)
{
    if (a->deadline_us != b->deadline_us)
        return a->deadline_us < b->deadline_us;
    return a->node->start < b->node->start;
}

static void heap_set(struct timers *t, size_t place, struct timer_place d)
{
    t->heap[place] = d;
    d.node->place = place;
}

static void heap_sift_up(struct timers *t, size_t place)
{
    struct timer_place d = t->heap[place];
    while (place > 0) {
        size_t parent = (place - 1) / 2;
        if (!is_before(&d, &t->heap[parent]))
            break;
        heap_set(t, place, t->heap[parent]);
        place = parent;
    }
    heap_set(t, place, d);
}

static void heap_sift_down(struct timers *t, size_t place)
{
    struct timer_place d = t->heap[place];
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= t->count)
            break;
        if (child + 1 < t->count && is_before(&t->heap[child + 1], &t->heap[child]))
            child++;
        if (!is_before(&t->heap[child], &d))
            break;
        heap_set(t, place, t->heap[child]);
        place = child;
    }
    heap_set(t, place, d);
}

static void heap_insert(struct timers *t, struct timer_place d)
{
    if (t->count == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 16;
        t->heap = xreallocarray(t->heap, t->cap, sizeof *t->heap);
    }
    heap_set(t, t->count, d);
    heap_sift_up(t, t->count++);
}

static void heap_remove(struct timers *t, struct timer_node *d)
{
    size_t place = d->place;
    d->place = NOT_IN_HEAP;
    struct timer_place last = t->heap[--t->count];
    if (last.node == d)
        return;
    heap_set(t, place, last);
    heap_sift_up(t, place);
    heap_sift_down(t, last.node->place);
}

uint64_t timers_next_us(const struct timers *timers)
{
    return timers->count > 0 ? timers->heap[0].deadline_us : TIME_NEVER;
}

void timers_run(struct timers *timers, uint64_t now_us)
{
    while (timers->count > 0 && timers->heap[0].deadline_us <= now_us) {
        struct timer_node *d = timers->heap[0].node;
        heap_remove(timers, d);
        list_append(&timers->due, &d->due);
    }
    struct list *first;
    while ((first = list_first(&timers->due)) != NULL) {
        struct timer_node *d = LIST_ENTRY(first, struct timer_node, due);
        list_remove(first);
        d->on_expiry(d->arg);
    }
}

void timer_node_init(struct timer_node *d, void (*on_expiry)(void *arg), void *arg)
{
    *d = (struct timer_node){.on_expiry = on_expiry, .arg = arg, .place = NOT_IN_HEAP};
    list_init(&d->due);
}

void timers_start(struct timers *timers, struct timer_node *d, uint64_t deadline_us)
{
    timers_stop(timers, d);
    if (deadline_us == TIME_NEVER)
        return;
    d->start = timers->starts++;
    heap_insert(timers, (struct timer_place){deadline_us, d});
}

void timers_stop(struct timers *timers, struct timer_node *d)
{
    list_remove(&d->due);
    if (d->place != NOT_IN_HEAP)
        heap_remove(timers, d);
}
