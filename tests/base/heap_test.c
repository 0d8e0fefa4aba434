/*
 * The heap against a plain search: what is inserted and removed at random comes
 * out in order.
 */
#include "testing.h"

#include "base/heap.h"

enum { NODES = 64, ROUNDS = 20000 };

static const struct heap_node *least_of(const struct heap_node nodes[NODES])
{
    const struct heap_node *least = NULL;
    for (size_t i = 0; i < NODES; i++) {
        if (heap_has(&nodes[i]) && (!least || nodes[i].key < least->key))
            least = &nodes[i];
    }
    return least;
}

static void test_random(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct heap_node nodes[NODES] = {0};
    uint64_t dice = 1;
    for (int round = 0; round < ROUNDS; round++) {
        dice = dice * UINT64_C(6364136223846793005) + 1;
        struct heap_node *node = &nodes[dice >> 58];
        if (heap_has(node))
            heap_remove(node);
        else
            heap_insert(&heap, node, (dice >> 40) % 100);
        const struct heap_node *least = least_of(nodes);
        assert_int_equal(heap.first != NULL, least != NULL);
        if (least)
            assert_int_equal(heap.first->key, least->key);
    }
}

static void test_order(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct heap_node nodes[NODES] = {0};
    for (size_t i = 0; i < NODES; i++)
        heap_insert(&heap, &nodes[i], i * 37 % NODES);
    for (size_t i = 0; i < NODES; i++) {
        assert_int_equal(heap.first->key, i);
        heap_remove(heap.first);
    }
    assert_null(heap.first);
    heap_remove(&nodes[0]); /* harmless */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random), cmocka_unit_test(test_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
