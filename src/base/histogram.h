/*
 * How often a time was how long: counts in classes that grow by about a factor
 * of two and a half, from a millisecond to five minutes, as Prometheus adds
 * them up. All zero is an empty one.
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BOUNDS = 16 };

/* The most that a class holds; what is above the last bound is in a class of
 * its own. */
uint64_t histogram_bound_us(int at);

struct histogram {
    uint64_t counts[HISTOGRAM_BOUNDS + 1];
    uint64_t sum_us;
};

void histogram_add(struct histogram *histogram, uint64_t us);
void histogram_merge(struct histogram *into, const struct histogram *from);

#endif
