/*
 * CLOCK_MONOTONIC is made of the time of day here, and jumps with it; the raw
 * one is mach_continuous_time() in nanoseconds.
 */
#include "base/clock.h"

#include <time.h>

uint64_t clock_now_us(void)
{
    return clock_gettime_nsec_np(CLOCK_MONOTONIC_RAW) / 1000;
}
