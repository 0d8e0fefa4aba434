/*
 * Chains in a power-of-two number of buckets, doubled when there are as many
 * elements as buckets.
 */
#include "signal/table.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/random.h"
#include "signal/seeded_hash.h"

enum { BUCKETS_FIRST = 16 };

void table_init(struct table *table)
{
    *table = (struct table){.bucket_count = BUCKETS_FIRST};
    table->buckets = xcalloc(BUCKETS_FIRST, sizeof(struct table_node *));
    random_bytes(&table->seed, sizeof table->seed);
}

void table_deinit(struct table *table)
{
    assert(table->count == 0);
    free(table->buckets);
    table->buckets = NULL;
}

static struct table_node **bucket_of(const struct table *table, uint64_t hash)
{
    return &table->buckets[hash & (table->bucket_count - 1)];
}

struct table_node *table_find(const struct table *table, struct span key)
{
    uint64_t hash = seeded_hash(table->seed, key);
    struct table_node *node = *bucket_of(table, hash);
    while (node && !(node->hash == hash && span_is_equal(node->key, key)))
        node = node->next;
    return node;
}

static void table_link(struct table *table, struct table_node *node)
{
    struct table_node **bucket = bucket_of(table, node->hash);
    node->next = *bucket;
    *bucket = node;
}

static void table_grow(struct table *table)
{
    struct table_node **old = table->buckets;
    size_t old_count = table->bucket_count;
    table->bucket_count *= 2;
    table->buckets = xcalloc(table->bucket_count, sizeof(struct table_node *));
    for (size_t i = 0; i < old_count; i++) {
        struct table_node *next;
        for (struct table_node *node = old[i]; node; node = next) {
            next = node->next;
            table_link(table, node);
        }
    }
    free(old);
}

void table_insert(struct table *table, struct table_node *node, struct span key)
{
    assert(!table_find(table, key));
    if (table->count == table->bucket_count)
        table_grow(table);
    node->key = key;
    node->hash = seeded_hash(table->seed, key);
    table_link(table, node);
    table->count++;
}

void table_remove(struct table *table, struct table_node *node)
{
    struct table_node **at = bucket_of(table, node->hash);
    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    table->count--;
}
