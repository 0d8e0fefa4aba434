/*
 * A time of mach_continuous_time(), as clock_now_us() is: it comes at once when
 * the machine has slept past it.
 */
#include "net/bsd/alarm_timer.h"

#include <mach/mach_time.h>
#include <stddef.h>

#include "base/clock.h"

/* In units of that clock, not before that time: 125/3 ns, or 1. */
static uint64_t to_mach(uint64_t at_us)
{
    mach_timebase_info_data_t ns;
    mach_timebase_info(&ns);
    uint64_t parts = at_us * 1000;
    return parts / ns.numer * ns.denom + (parts % ns.numer * ns.denom + ns.numer - 1) / ns.numer;
}

struct kevent alarm_timer_at(uint64_t at_us)
{
    struct kevent timer;
    EV_SET(&timer, ALARM_TIMER, EVFILT_TIMER, EV_ADD | EV_ONESHOT,
           NOTE_ABSOLUTE | NOTE_MACHTIME | NOTE_MACH_CONTINUOUS_TIME, (intptr_t)to_mach(at_us),
           NULL);
    return timer;
}
