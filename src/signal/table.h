/*
 * A hash table from byte strings to structs, intrusive: the node is a member
 * of the element, and so is the key that it points to.
 *
 * Keys come from strangers, so the hash is seeded: nobody outside can tell
 * which keys share a bucket.
 */
#ifndef SIGNAL_TABLE_H
#define SIGNAL_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct table_node {
    struct table_node *next;
    uint64_t hash;
    struct span key;
};

struct table {
    struct table_node **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
    uint64_t seed;
};

void table_init(struct table *table);

/* The table must be empty. */
void table_deinit(struct table *table);

/* The element's node, or NULL. */
struct table_node *table_find(const struct table *table, struct span key);

/* The key must live as long as the node and not be in the table yet. */
void table_insert(struct table *table, struct table_node *node, struct span key);
void table_remove(struct table *table, struct table_node *node);

#endif
