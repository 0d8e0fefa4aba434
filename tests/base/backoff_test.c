/*
 * Delays lie between half the bound and the bound, which doubles to its most.
 */
#include "testing.h"

#include "base/backoff.h"
#include "base/clock.h"

static void expect_next(struct backoff *b, uint64_t bound_us)
{
    uint64_t delay = backoff_next_us(b);
    assert_in_range(delay, bound_us / 2, bound_us);
}

static void test_doubles(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct backoff b;
        backoff_init(&b, US_PER_S / 2, 30 * US_PER_S, (uint64_t)round);
        for (uint64_t bound = US_PER_S / 2; bound < 30 * US_PER_S; bound *= 2)
            expect_next(&b, bound);
        for (int i = 0; i < 5; i++)
            expect_next(&b, 30 * US_PER_S);
        backoff_reset(&b);
        expect_next(&b, US_PER_S / 2);
        backoff_exhaust(&b);
        expect_next(&b, 30 * US_PER_S);
    }
}

static void test_jitters(void **state)
{
    (void)state;
    struct backoff b;
    backoff_init(&b, US_PER_S, US_PER_S, 1);
    uint64_t least = US_PER_S;
    uint64_t most = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t delay = backoff_next_us(&b);
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    assert_true(least < US_PER_S * 55 / 100);
    assert_true(most > US_PER_S * 95 / 100);
}

/* So that a thousand clients do not come back in step, but a test does. */
static void test_follows_the_seed(void **state)
{
    (void)state;
    struct backoff a, same, other;
    backoff_init(&a, US_PER_S, 30 * US_PER_S, 7);
    backoff_init(&same, US_PER_S, 30 * US_PER_S, 7);
    backoff_init(&other, US_PER_S, 30 * US_PER_S, 8);
    uint64_t delay = backoff_next_us(&a);
    assert_int_equal(delay, backoff_next_us(&same));
    assert_int_not_equal(delay, backoff_next_us(&other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_jitters),
        cmocka_unit_test(test_follows_the_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
