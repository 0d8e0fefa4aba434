/*
 * There are a few dozen kinds, one for each place in the code that writes a
 * note, so a search from the front is as good as any other.
 */
#include "base/log_limit.h"

bool log_limits_take(struct log_limits *limits, const void *kind, uint64_t now_us, uint64_t *more)
{
    struct log_kind *k = limits->kinds;
    const struct log_kind *last = k + LOG_KINDS_MAX - 1;
    while (k < last && k->name && k->name != kind)
        k++;
    k->name = kind;
    if (!bucket_take(&k->bucket, LOG_KIND_PER_S, LOG_KIND_BURST, now_us)) {
        k->held_back++;
        return false;
    }
    *more = k->held_back;
    k->held_back = 0;
    return true;
}

uint64_t log_limits_untold(const struct log_limits *limits)
{
    uint64_t count = 0;
    for (int i = 0; i < LOG_KINDS_MAX; i++)
        count += limits->kinds[i].held_back;
    return count;
}
