/*
 * delay = bound/2 + uniform(0, bound/2); bound doubles at each call.
 */
#include "base/backoff.h"

#include <assert.h>

#include "base/random.h"

void backoff_init(struct backoff *b, uint64_t first_us, uint64_t most_us)
{
    assert(first_us >= 2 && first_us <= most_us && most_us / 2 < UINT32_MAX);
    *b = (struct backoff){first_us, most_us, first_us};
}

uint64_t backoff_next_us(struct backoff *b)
{
    uint64_t half = b->bound_us / 2;
    uint64_t delay = half + random_below((uint32_t)half + 1);
    b->bound_us = b->bound_us > b->most_us / 2 ? b->most_us : b->bound_us * 2;
    return delay;
}

void backoff_reset(struct backoff *b)
{
    b->bound_us = b->first_us;
}
