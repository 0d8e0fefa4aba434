/*
 * The timers of one loop, ordered by deadline. Part of loop.c, kept apart
 * because it needs no libuv; timer_new() and its kin (net/loop.h) are here.
 */
#ifndef NET_TIMERS_H
#define NET_TIMERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct timer;

struct timers {
    struct timer **heap;
    size_t count;
    size_t cap;
    uint64_t starts; /* orders equal deadlines by their start */
    struct list due; /* taken off the heap, about to be called */
};

void timers_init(struct timers *timers);
void timers_deinit(struct timers *timers);

/* When the earliest timer expires; TIME_NEVER without one. */
uint64_t timers_next_us(const struct timers *timers);

/* Calls what is due at now_us, by deadline. A timer that its own or another
 * callback starts again waits for the next run, also when its time has come:
 * a timer can thus not keep the loop from everything else. */
void timers_run(struct timers *timers, uint64_t now_us);

#endif
