#include "base/histogram.h"

#include "base/clock.h"

static const uint64_t bounds_us[HISTOGRAM_BOUNDS] = {
    1 * US_PER_MS,   2500,           5 * US_PER_MS,    10 * US_PER_MS,
    25 * US_PER_MS,  50 * US_PER_MS, 100 * US_PER_MS,  250 * US_PER_MS,
    500 * US_PER_MS, 1 * US_PER_S,   2500 * US_PER_MS, 5 * US_PER_S,
    10 * US_PER_S,   30 * US_PER_S,  60 * US_PER_S,    300 * US_PER_S,
};

uint64_t histogram_bound_us(int at)
{
    return bounds_us[at];
}

void histogram_add(struct histogram *histogram, uint64_t us)
{
    int at = 0;
    while (at < HISTOGRAM_BOUNDS && us > bounds_us[at])
        at++;
    histogram->counts[at]++;
    histogram->sum_us += us;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    for (int i = 0; i <= HISTOGRAM_BOUNDS; i++)
        into->counts[i] += from->counts[i];
    into->sum_us += from->sum_us;
}
