/*
 * Each node's key is no less than its parent's. What loses its parent is melded
 * again, two by two and then from the back: that keeps the tree flat.
 */
#include "base/heap.h"

#include <assert.h>

static void attach(struct heap_node **at, struct heap_node *node)
{
    *at = node;
    if (node)
        node->back = at;
}

/* Two roots, of which neither hangs anywhere; NULL is an empty tree. */
static struct heap_node *meld(struct heap_node *a, struct heap_node *b)
{
    if (!a || !b)
        return a ? a : b;
    struct heap_node *parent = b->key < a->key ? b : a;
    struct heap_node *child = parent == a ? b : a;
    attach(&child->next, parent->child);
    attach(&parent->child, child);
    return parent;
}

static struct heap_node *meld_all(struct heap_node *first)
{
    struct heap_node *pairs = NULL; /* in a row by next, the last one first */
    struct heap_node *all = NULL;
    while (first) {
        struct heap_node *a = first;
        struct heap_node *b = a->next;
        first = b ? b->next : NULL;
        a->next = NULL;
        if (b)
            b->next = NULL;
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    while (pairs) {
        struct heap_node *next = pairs->next;
        pairs->next = NULL;
        all = meld(all, pairs);
        pairs = next;
    }
    return all;
}

void heap_insert(struct heap *heap, struct heap_node *node, uint64_t key)
{
    assert(!heap_has(node));
    *node = (struct heap_node){.key = key};
    attach(&heap->first, meld(heap->first, node));
}

/* What hung from it takes its place: no key there is less. */
void heap_remove(struct heap_node *node)
{
    if (!heap_has(node))
        return;
    struct heap_node *rest = meld_all(node->child);
    if (rest)
        attach(&rest->next, node->next);
    attach(node->back, rest ? rest : node->next);
    *node = (struct heap_node){0};
}
