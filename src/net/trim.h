/*
 * When freed memory goes back to the system (alloc_trim()): once nobody has
 * asked for a second, since what is busy needs it again at once, or after
 * eight seconds in which somebody always did.
 */
#ifndef NET_TRIM_H
#define NET_TRIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "net/timers.h"

#define TRIM_QUIET_US (1 * US_PER_S)
#define TRIM_MOST_US  (8 * US_PER_S)

struct trim {
    struct timers *timers; /* borrowed */
    struct timer_node timer;
    uint64_t first_asked_us;
    bool is_asked; /* the timer runs */
    bool is_asked_again;
    uint64_t (*clock)(void);
    void (*act)(void);
};

/* As with clock_now_us() and alloc_trim() for clock and act, which only tests
 * give others. */
void trim_init(struct trim *trim, struct timers *timers, uint64_t (*clock)(void),
               void (*act)(void));
void trim_deinit(struct trim *trim);

void trim_ask(struct trim *trim);

#endif
