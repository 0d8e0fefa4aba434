/*
 * When the next negotiation may begin.
 */
#include "testing.h"

#include "tunnel/restraint.h"

#define START_US (1000 * US_PER_S)

/* In a row, as soon as each may. Returns when the last one began. */
static uint64_t begin(struct restraint *r, int count, uint64_t now_us)
{
    for (int i = 0; i < count; i++) {
        if (restraint_not_before_us(r) > now_us)
            now_us = restraint_not_before_us(r);
        restraint_begin(r, now_us);
    }
    return now_us;
}

static void test_pauses(void **state)
{
    (void)state;
    struct restraint r;
    restraint_init(&r, NULL, RESTRAINT_FREE, 1);
    uint64_t now_us = begin(&r, RESTRAINT_FREE, START_US);
    assert_int_equal(now_us, START_US);
    for (uint64_t bound_us = RESTRAINT_FIRST_US; bound_us < RESTRAINT_MOST_US; bound_us *= 2) {
        uint64_t next_us = begin(&r, 1, now_us);
        assert_in_range(next_us - now_us, bound_us / 2, bound_us);
        now_us = next_us;
    }
    uint64_t next_us = begin(&r, 1, now_us);
    assert_in_range(next_us - now_us, RESTRAINT_MOST_US / 2, RESTRAINT_MOST_US);
}

/* While one lasts, and when it ends. */
static void test_session_that_lasts(void **state)
{
    (void)state;
    struct restraint r;
    restraint_init(&r, NULL, RESTRAINT_FREE, 1);
    uint64_t now_us = begin(&r, 10, START_US);
    restraint_on_up(&r, false, now_us);
    assert_false(restraint_calm_down(&r, now_us + RESTRAINT_CALM_US - 1));
    assert_true(restraint_not_before_us(&r) > now_us);
    now_us += RESTRAINT_CALM_US;
    assert_true(restraint_calm_down(&r, now_us));
    assert_int_equal(begin(&r, 10, now_us) > now_us, true);
    /* Once is enough, or whoever is up could be made to negotiate for ever. */
    now_us += RESTRAINT_CALM_US;
    assert_false(restraint_calm_down(&r, now_us));
    restraint_on_down(&r, false);
    assert_int_equal(begin(&r, RESTRAINT_FREE, now_us), now_us);
}

static void test_session_that_does_not(void **state)
{
    (void)state;
    struct restraint r;
    restraint_init(&r, NULL, RESTRAINT_FREE, 1);
    uint64_t now_us = begin(&r, 10, START_US);
    for (int i = 0; i < 10; i++) {
        restraint_on_up(&r, false, now_us);
        now_us += RESTRAINT_CALM_US - 1;
        assert_false(restraint_calm_down(&r, now_us));
        restraint_on_down(&r, false);
    }
    uint64_t before_us = begin(&r, 1, now_us);
    assert_true(begin(&r, 1, before_us) - before_us >= RESTRAINT_MOST_US / 2);
}

/* DTLS has shown who it is. */
static void test_session_with_whom_we_know(void **state)
{
    (void)state;
    struct restraint r;
    restraint_init(&r, NULL, RESTRAINT_FREE, 1);
    uint64_t now_us = START_US;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(begin(&r, 1, now_us), now_us);
        restraint_on_up(&r, true, now_us);
    }
}

/* Another process each time, for one request; what was in vain before is not
 * forgotten for that. */
static void test_short_sessions_in_good_order(void **state)
{
    (void)state;
    struct restraint r;
    restraint_init(&r, NULL, RESTRAINT_FREE, 1);
    uint64_t now_us = begin(&r, RESTRAINT_FREE - 1, START_US);
    for (int i = 0; i < 100; i++) {
        now_us += US_PER_S / 10;
        assert_int_equal(begin(&r, 1, now_us), now_us);
        restraint_on_up(&r, false, now_us);
        restraint_on_down(&r, true);
    }
    begin(&r, 1, now_us);
    assert_true(restraint_not_before_us(&r) > now_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_session_that_lasts),
        cmocka_unit_test(test_session_that_does_not),
        cmocka_unit_test(test_session_with_whom_we_know),
        cmocka_unit_test(test_short_sessions_in_good_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
