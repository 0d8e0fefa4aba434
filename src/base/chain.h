/*
 * A queue of bytes with a maximum, as struct buf, for what may become long: its
 * bytes lie in a chain of blocks, so a byte is copied once, into its place, and
 * a block is free as soon as it is consumed. Not contiguous: chain_parts() is
 * what a gathering write takes.
 *
 *   first ─► | consumed | bytes … | ─► | bytes … | ─► | bytes … |room| ◄─ last
 *
 * Embedded in its owner.
 */
#ifndef BASE_CHAIN_H
#define BASE_CHAIN_H

#include <stddef.h>

#include "base/span.h"

struct chain_block;

struct chain {
    struct chain_block *first;
    struct chain_block *last;
    size_t len; /* queued bytes */
    size_t max; /* most bytes that may be queued */
};

/* An empty chain that allocates nothing until the first byte. */
void chain_init(struct chain *chain, size_t max);

/* Frees the bytes; the chain is empty afterwards and may be used again. */
void chain_clear(struct chain *chain);

/* 0, or -ENOBUFS when the bytes do not fit below the maximum; then nothing was
 * appended. */
int chain_append(struct chain *chain, struct span bytes);

/* The first of its bytes in up to `max` pieces, none of them empty, valid until
 * the next consume or clear. Returns how many. */
size_t chain_parts(const struct chain *chain, struct span *parts, size_t max);

/* Drops len bytes at the front; len must not exceed chain->len. */
void chain_consume(struct chain *chain, size_t len);

#endif
