/*
 * The sorted set of fragments, against a plain array.
 */
#include "testing.h"

#include <stdlib.h>

#include "sctp/draw.h"
#include "sctp/frag.h"

static void frags_sorted(void **state)
{
    (void)state;
    enum { COUNT = 700 };
    struct frag_set set = {0};
    static const uint8_t payload[4] = {1, 2, 3, 4};
    static bool in[COUNT];
    size_t cost = 0;
    for (int n = 0; n < 20000; n++) {
        uint32_t at = draw(COUNT);
        struct frag *found = frag_set_find(&set, at / 7, at % 7);
        assert_int_equal(found != NULL, in[at]);
        if (found) {
            assert_memory_equal(frag_payload(found), payload, 4);
            cost -= frag_set_remove(&set, found);
            in[at] = false;
        } else {
            struct chunk_data d = {.payload = {payload, 4}};
            struct frag *f = frag_new(&set, at / 7, at % 7, &d);
            assert_true(frag_set_insert(&set, f));
            struct frag *twin = frag_new(&set, at / 7, at % 7, &d);
            assert_false(frag_set_insert(&set, twin));
            free(twin);
            cost += frag_cost(4);
            in[at] = true;
        }
    }
    uint32_t at = 0;
    const struct frag *before = NULL;
    for (struct frag *f = set.first[0]; f; before = f, f = f->next[0]) {
        while (!in[at])
            at++;
        assert_true(f->major == at / 7 && f->minor == at % 7 && f->prev == before);
        at++;
    }
    assert_ptr_equal(set.last, before);
    assert_int_equal(frag_set_clear(&set), cost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frags_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
