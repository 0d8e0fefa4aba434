/*
 * The sorted set of fragments, against a plain array.
 */
#include "testing.h"

#include <stdlib.h>

#include "sctp/draw.h"
#include "sctp/frag.h"

enum { MOST = 700 };

/* Each level holds some of the level below, in order, and knows its last. */
static void check_levels(const struct frag_set *set)
{
    for (int level = 0; level < FRAG_LEVELS; level++) {
        const struct frag *last = NULL;
        for (const struct frag *f = set->first[level]; f; last = f, f = f->next[level])
            assert_true(f->levels > level &&
                        (!last || last->major * 7 + last->minor < f->major * 7 + f->minor));
        assert_ptr_equal(set->last[level], last);
    }
}

/* In a set of few, most come and go at its ends. */
static void run(uint32_t count)
{
    struct frag_set set = {0};
    static const uint8_t payload[4] = {1, 2, 3, 4};
    bool in[MOST] = {false};
    size_t cost = 0;
    for (int n = 0; n < 20000; n++) {
        uint32_t at = draw(count);
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
        if (count < 10 || n % 1000 == 0)
            check_levels(&set);
    }
    check_levels(&set);
    uint32_t at = 0;
    const struct frag *before = NULL;
    for (struct frag *f = set.first[0]; f; before = f, f = f->next[0]) {
        while (!in[at])
            at++;
        assert_true(f->major == at / 7 && f->minor == at % 7 && f->prev == before);
        at++;
    }
    assert_int_equal(frag_set_clear(&set), cost);
    check_levels(&set);
}

static void frags_sorted(void **state)
{
    (void)state;
    run(4);
    run(MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frags_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
