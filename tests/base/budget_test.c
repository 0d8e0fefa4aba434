/*
 * What is shared by who takes all that there is: nobody has more than another
 * could get, and all that is given back is there again.
 */
#include "testing.h"

#include "base/budget.h"

enum { USERS = 15, WHOLE = 1600 };

static size_t take_all(struct budget_share *share)
{
    while (budget_take(share, 1))
        ;
    return share->used;
}

static void test_own_maximum(void **state)
{
    (void)state;
    struct budget whole = {.most = WHOLE};
    struct budget_share share = {&whole, 100, 0};
    assert_false(budget_take(&share, 101));
    assert_true(budget_take(&share, 100));
    assert_false(budget_take(&share, 1));
    budget_give(&share, 40);
    assert_int_equal(whole.used, 60);
    assert_false(budget_take(&share, 41));
    assert_true(budget_take(&share, 40));
}

static void test_shared_with_nobody(void **state)
{
    (void)state;
    struct budget_share share = {NULL, 100, 0};
    assert_int_equal(take_all(&share), 100);
    budget_give(&share, 100);
    assert_int_equal(share.used, 0);
}

/* However greedy those before are, the next one gets as much as any. */
static void test_next_one_finds_something(void **state)
{
    (void)state;
    struct budget whole = {.most = WHOLE};
    struct budget_share shares[USERS];
    for (int i = 0; i < USERS; i++)
        shares[i] = (struct budget_share){&whole, WHOLE, 0};
    /* By turns, as those do who run side by side. */
    for (int round = 0; round < WHOLE; round++) {
        for (int i = 0; i < USERS; i++)
            budget_take(&shares[i], 1);
    }
    for (int i = 0; i < USERS; i++)
        assert_int_equal(shares[i].used, WHOLE / (USERS + 1));
    struct budget_share late = {&whole, WHOLE, 0};
    assert_true(take_all(&late) >= WHOLE / (USERS + 1) / 2);
    for (int i = 0; i < USERS; i++)
        budget_give(&shares[i], shares[i].used);
    budget_give(&late, late.used);
    assert_int_equal(whole.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_maximum),
        cmocka_unit_test(test_shared_with_nobody),
        cmocka_unit_test(test_next_one_finds_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
