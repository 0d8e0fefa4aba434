/*
 * How long to wait before the next try: exponential, with jitter between half
 * of the doubling bound and all of it, so that a thousand clients of a
 * restarted server do not come back in step.
 */
#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
    uint64_t first_us;
    uint64_t most_us;
    uint64_t bound_us; /* of the next delay */
    uint64_t dice;
};

/* The delays follow from the seed: a test has the same ones twice. */
void backoff_init(struct backoff *b, uint64_t first_us, uint64_t most_us, uint64_t seed);

/* The next delay: between half the bound and the bound. Doubles the bound up
 * to most_us. */
uint64_t backoff_next_us(struct backoff *b);

/* After a success: the next delay is short again. */
void backoff_reset(struct backoff *b);

/* After what only a person can change: the next delay is as long as any. */
void backoff_exhaust(struct backoff *b);

#endif
