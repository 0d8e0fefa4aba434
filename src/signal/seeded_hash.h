/*
 * A hash of a byte string from a secret start: nobody outside can tell which
 * strings fall together.
 */
#ifndef SIGNAL_SEEDED_HASH_H
#define SIGNAL_SEEDED_HASH_H

#include <stdint.h>

#include "base/span.h"

/* FNV-1a, and a last mix, because FNV's low bits are weak. */
static inline uint64_t seeded_hash(uint64_t seed, struct span key)
{
    uint64_t hash = seed;
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ key.data[i]) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32;
    hash *= UINT64_C(0xd6e8feb86659fd93);
    return hash ^ (hash >> 32);
}

#endif
