/*
 * Checks that came too early: the most urgent are kept, each once.
 */
#include "testing.h"

#include "ice/early.h"

static struct early_check check(int local, uint8_t host, uint32_t priority, bool use_candidate)
{
    return (struct early_check){local, ice_address_v4(192, 0, 2, host, 5000), priority,
                                use_candidate};
}

static void add(struct early_checks *early, struct early_check c)
{
    early_checks_add(early, &c);
}

static bool has(const struct early_checks *early, uint8_t host)
{
    struct ice_address source = ice_address_v4(192, 0, 2, host, 5000);
    return early_checks_has(early, &source);
}

static void test_again(void **state)
{
    (void)state;
    struct early_checks early = {0};
    assert_false(has(&early, 1));
    add(&early, check(0, 1, 10, false));
    add(&early, check(0, 1, 10, true));
    add(&early, check(0, 1, 10, false)); /* takes nothing back */
    add(&early, check(1, 1, 10, false)); /* to another candidate of ours */
    assert_int_equal(early.count, 2);
    assert_true(early.list[0].use_candidate);
    assert_false(early.list[1].use_candidate);
    assert_true(has(&early, 1));
    assert_false(has(&early, 2));
}

static void test_cap(void **state)
{
    (void)state;
    struct early_checks early = {0};
    for (int i = 0; i < ICE_EARLY_CHECKS_MAX; i++)
        add(&early, check(0, (uint8_t)i, 100 + (uint32_t)i, false));
    add(&early, check(0, 200, 100, true)); /* no more urgent than the least */
    assert_false(has(&early, 200));
    add(&early, check(0, 201, 101, true));
    assert_true(has(&early, 201));
    assert_false(has(&early, 0));
    assert_true(has(&early, 1));
    assert_int_equal(early.count, ICE_EARLY_CHECKS_MAX);
}

static void test_forget(void **state)
{
    (void)state;
    struct early_checks early = {0};
    for (int i = 0; i < 6; i++)
        add(&early, check(i % 2, (uint8_t)i, 10, false));
    early_checks_forget(&early, 0);
    assert_int_equal(early.count, 3);
    for (uint8_t i = 0; i < 6; i++)
        assert_int_equal(has(&early, i), i % 2 == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
