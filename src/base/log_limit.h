/*
 * How often a note of one kind may be written: what a stranger can cause, he
 * can cause a million times a second, and must not fill the disk with it.
 */
#ifndef BASE_LOG_LIMIT_H
#define BASE_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bucket.h"

enum {
    LOG_KINDS_MAX = 64, /* the rest share the last place */
    LOG_KIND_PER_S = 10,
    LOG_KIND_BURST = 100
};

struct log_kind {
    const void *name;
    struct bucket bucket;
    uint64_t held_back; /* since the last that was written */
};

/* All zero before the first. */
struct log_limits {
    struct log_kind kinds[LOG_KINDS_MAX];
};

/* Whether a note may be written now, of the kind that this address stands for.
 * *more: how many before it were not. */
bool log_limits_take(struct log_limits *limits, const void *kind, uint64_t now_us, uint64_t *more);

/* All that were held back and that no later note of their kind told. */
uint64_t log_limits_untold(const struct log_limits *limits);

#endif
