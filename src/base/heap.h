/*
 * An intrusive heap: the element with the least key is found at once, and any
 * can leave. A pairing heap (Fredman et al. 1986): insert O(1), the rest
 * O(log n) amortized. Never allocates. Of equal keys none has precedence.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero while it is in no heap. */
struct heap_node {
    struct heap_node *child; /* its first */
    struct heap_node *next;  /* of its parent's children */
    struct heap_node **back; /* what points here; NULL: it is in no heap */
    uint64_t key;
};

/* All zero while it is empty. */
struct heap {
    struct heap_node *first; /* the one with the least key, or NULL */
};

/* The element that holds this node. */
#define HEAP_ENTRY(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline bool heap_has(const struct heap_node *node)
{
    return node->back != NULL;
}

/* The node is in no heap. */
void heap_insert(struct heap *heap, struct heap_node *node, uint64_t key);

/* From the heap that it is in; harmless where that is none. */
void heap_remove(struct heap_node *node);

#endif
