/*
 * Who is busy in the same turns.
 */
#include "testing.h"

#include "net/rush.h"

enum { MANY = 5 };

static void test_those_of_a_turn_are_counted(void **state)
{
    struct rush rush = {0};
    uint64_t joined[MANY] = {0};
    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(rush_join(&rush, 1, &joined[i]), i + 1);
        assert_int_equal(rush_join(&rush, 1, &joined[i]), i + 1); /* once a turn */
    }
    /* The first of the next turn knows of those of the last. */
    assert_int_equal(rush_join(&rush, 2, &joined[0]), MANY);
    assert_int_equal(rush_join(&rush, 2, &joined[1]), MANY);
    assert_int_equal(rush_join(&rush, 3, &joined[0]), 2);
    assert_int_equal(rush_join(&rush, 4, &joined[0]), 1);
}

static void test_others_are_long_gone(void **state)
{
    struct rush rush = {0};
    uint64_t joined[2] = {0};
    (void)state;
    rush_join(&rush, 7, &joined[0]);
    rush_join(&rush, 7, &joined[1]);
    assert_int_equal(rush_join(&rush, 9, &joined[0]), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_those_of_a_turn_are_counted),
        cmocka_unit_test(test_others_are_long_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
