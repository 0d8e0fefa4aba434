/*
 * The timers of one loop, ordered by deadline. Knows nothing of loops: struct
 * timer (net/loop.h) is a node on one.
 */
#ifndef NET_TIMERS_H
#define NET_TIMERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

/* Embedded in its owner. */
struct timer_node {
    void (*on_expiry)(void *arg);
    void *arg;
    uint64_t start; /* number of its start */
    size_t place;   /* index in the heap, or none */
    struct list due;
};

/* The deadline beside the pointer: to compare two looks at neither node. */
struct timer_place {
    uint64_t deadline_us;
    struct timer_node *node;
};

struct timers {
    struct timer_place *heap;
    size_t count;
    size_t cap;
    uint64_t starts; /* orders equal deadlines by their start */
    struct list due; /* taken off the heap, about to be called */
};

void timers_init(struct timers *timers);
void timers_deinit(struct timers *timers);

void timer_node_init(struct timer_node *d, void (*on_expiry)(void *arg), void *arg);

/* As timer_start_at() and timer_stop(). */
void timers_start(struct timers *timers, struct timer_node *d, uint64_t deadline_us);
void timers_stop(struct timers *timers, struct timer_node *d);

/* When the earliest timer expires; TIME_NEVER without one. */
uint64_t timers_next_us(const struct timers *timers);

/* Calls what is due at now_us, by deadline. A timer that its own or another
 * callback starts again waits for the next run, also when its time has come:
 * a timer can thus not keep the loop from everything else. */
void timers_run(struct timers *timers, uint64_t now_us);

#endif
