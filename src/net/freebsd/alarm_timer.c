/*
 * By how long it is from now: absolute times are those of the day here, which
 * jump. 0 would be refused, or expire never, by some releases.
 */
#include "net/bsd/alarm_timer.h"

#include <stddef.h>

#include "base/clock.h"

struct kevent alarm_timer_at(uint64_t at_us)
{
    uint64_t now_us = clock_now_us();
    struct kevent timer;
    EV_SET(&timer, ALARM_TIMER, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_USECONDS,
           at_us > now_us ? (int64_t)(at_us - now_us) : 1, NULL);
    return timer;
}
