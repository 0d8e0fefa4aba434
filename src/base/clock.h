/*
 * Time. Engines never call this: they are handed `now_us` and report the
 * deadline at which they next want to be called, on the same scale.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define US_PER_MS  UINT64_C(1000)
#define US_PER_S   UINT64_C(1000000)
#define TIME_NEVER UINT64_MAX /* a deadline that does not come */

/* Microseconds of CLOCK_BOOTTIME: monotonic, and goes on while the machine
 * sleeps. Others have waited all that time, so what they have given up
 * meanwhile is given up here at once after waking. */
uint64_t clock_now_us(void);

#endif
