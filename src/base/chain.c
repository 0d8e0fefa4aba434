/*
 * A block is as large as what is queued already, within bounds: a short queue
 * takes little memory, a long one few blocks.
 */
#include "base/chain.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct chain_block {
    struct chain_block *next;
    size_t head; /* offset of its first byte */
    size_t len;
    size_t cap;
    uint8_t data[];
};

enum { BLOCK_LEAST = 512, BLOCK_MOST = 64 << 10 };

void chain_init(struct chain *chain, size_t max)
{
    *chain = (struct chain){.max = max};
}

static void drop_first(struct chain *chain)
{
    struct chain_block *block = chain->first;
    chain->first = block->next;
    if (!chain->first)
        chain->last = NULL;
    free(block);
}

void chain_clear(struct chain *chain)
{
    while (chain->first)
        drop_first(chain);
    chain->len = 0;
}

static void add_block(struct chain *chain, size_t wanted)
{
    size_t size = wanted > chain->len ? wanted : chain->len;
    if (size < BLOCK_LEAST)
        size = BLOCK_LEAST;
    if (size > BLOCK_MOST)
        size = BLOCK_MOST;
    struct chain_block *block = xmalloc(size);
    *block = (struct chain_block){.cap = size - sizeof *block};
    if (chain->last)
        chain->last->next = block;
    else
        chain->first = block;
    chain->last = block;
}

static size_t room(const struct chain_block *block)
{
    return block ? block->cap - block->head - block->len : 0;
}

int chain_append(struct chain *chain, struct span bytes)
{
    if (bytes.len > chain->max - chain->len)
        return -ENOBUFS;
    while (bytes.len > 0) {
        if (room(chain->last) == 0)
            add_block(chain, sizeof(struct chain_block) + bytes.len);
        struct chain_block *block = chain->last;
        size_t len = bytes.len < room(block) ? bytes.len : room(block);
        memcpy(block->data + block->head + block->len, bytes.data, len);
        block->len += len;
        chain->len += len;
        bytes = span_skip(bytes, len);
    }
    return 0;
}

size_t chain_parts(const struct chain *chain, struct span *parts, size_t max)
{
    size_t count = 0;
    for (const struct chain_block *b = chain->first; b && count < max; b = b->next)
        parts[count++] = span_of(b->data + b->head, b->len);
    return count;
}

void chain_consume(struct chain *chain, size_t len)
{
    assert(len <= chain->len);
    chain->len -= len;
    while (len > 0) {
        struct chain_block *block = chain->first;
        if (len < block->len) {
            block->head += len;
            block->len -= len;
            return;
        }
        len -= block->len;
        drop_first(chain);
    }
}
