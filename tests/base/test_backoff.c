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
        backoff_init(&b, US_PER_S / 2, 30 * US_PER_S);
        for (uint64_t bound = US_PER_S / 2; bound < 30 * US_PER_S; bound *= 2)
            expect_next(&b, bound);
        for (int i = 0; i < 5; i++)
            expect_next(&b, 30 * US_PER_S);
        backoff_reset(&b);
        expect_next(&b, US_PER_S / 2);
    }
}

static void test_jitters(void **state)
{
    (void)state;
    struct backoff b;
    backoff_init(&b, US_PER_S, US_PER_S);
    uint64_t least = US_PER_S;
    uint64_t most = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t delay = backoff_next_us(&b);
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    /* 1000 draws miss a tenth of the range with a chance of 1e-45. */
    assert_true(least < US_PER_S * 55 / 100);
    assert_true(most > US_PER_S * 95 / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_jitters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
