/*
 * A token bucket, kept as one time: each message moves the time at which the
 * bucket is full again by one interval, and may not move it farther ahead than
 * the burst. All zero is a full one.
 */
#ifndef BASE_BUCKET_H
#define BASE_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

struct bucket {
    uint64_t filled_at_us; /* when it was full, or will be */
};

/* Takes a token. False: there is none. per_s and burst are at least 1. */
static inline bool bucket_take(struct bucket *bucket, size_t per_s, size_t burst, uint64_t now_us)
{
    uint64_t interval_us = US_PER_S / per_s;
    if (bucket->filled_at_us < now_us)
        bucket->filled_at_us = now_us;
    if (bucket->filled_at_us - now_us > interval_us * (burst - 1))
        return false;
    bucket->filled_at_us += interval_us;
    return true;
}

/* Gives so many tokens back, as far as they were taken. */
static inline void bucket_give(struct bucket *bucket, size_t per_s, size_t count)
{
    uint64_t us = count * (US_PER_S / per_s);
    bucket->filled_at_us -= us < bucket->filled_at_us ? us : bucket->filled_at_us;
}

#endif
