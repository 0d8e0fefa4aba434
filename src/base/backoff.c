/*
 * delay = bound/2 + uniform(0, bound/2); bound doubles at each call.
 */
#include "base/backoff.h"

#include <assert.h>

void backoff_init(struct backoff *b, uint64_t first_us, uint64_t most_us, uint64_t seed)
{
    assert(first_us >= 2 && first_us <= most_us && most_us / 2 < UINT32_MAX);
    *b = (struct backoff){first_us, most_us, first_us, seed};
}

/* SplitMix64 (Steele, Lea, Flood 2014): enough for what need not be secret. */
static uint32_t roll(struct backoff *b)
{
    b->dice += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = b->dice;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(z >> 32);
}

uint64_t backoff_next_us(struct backoff *b)
{
    uint64_t half = b->bound_us / 2;
    uint64_t delay = half + (roll(b) * (half + 1) >> 32);
    b->bound_us = b->bound_us > b->most_us / 2 ? b->most_us : b->bound_us * 2;
    return delay;
}

void backoff_reset(struct backoff *b)
{
    b->bound_us = b->first_us;
}

void backoff_exhaust(struct backoff *b)
{
    b->bound_us = b->most_us;
}
