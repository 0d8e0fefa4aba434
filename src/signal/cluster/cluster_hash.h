/*
 * What Redis gets to see in place of the names of rooms and of keys.
 */
#ifndef SIGNAL_CLUSTER_HASH_H
#define SIGNAL_CLUSTER_HASH_H

#include "base/span.h"

enum { CLUSTER_HASH_LEN = 16 };

/* The first bytes of the SHA-256 of a label of ours, what, and data. Nobody
 * finds a name of 128 random bits from it, such as a link's; one of a few words
 * can be guessed. */
void cluster_hash(const char *what, struct span data, uint8_t out[CLUSTER_HASH_LEN]);

#endif
