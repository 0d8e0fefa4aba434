/*
 * Kinds of notes and their buckets, on a clock of our own.
 */
#include "testing.h"

#include "base/log_limit.h"

static void test_limits(void **state)
{
    (void)state;
    struct log_limits limits = {0};
    const char *kinds = "ab";
    uint64_t more = 7;
    uint64_t now_us = US_PER_S;
    int written = 0;
    for (int i = 0; i < 1000; i++)
        written += log_limits_take(&limits, kinds, now_us, &more);
    assert_int_equal(written, LOG_KIND_BURST);
    assert_int_equal(more, 0);
    assert_int_equal(log_limits_untold(&limits), 1000 - LOG_KIND_BURST);
    assert_true(log_limits_take(&limits, kinds + 1, now_us, &more));
    assert_int_equal(more, 0);
    now_us += US_PER_S / LOG_KIND_PER_S;
    assert_true(log_limits_take(&limits, kinds, now_us, &more));
    assert_int_equal(more, 1000 - LOG_KIND_BURST);
    assert_false(log_limits_take(&limits, kinds, now_us, &more));
    assert_int_equal(log_limits_untold(&limits), 1);
}

static void test_more_kinds_than_places(void **state)
{
    (void)state;
    static const char kinds[3 * LOG_KINDS_MAX];
    struct log_limits limits = {0};
    uint64_t more;
    for (size_t i = 0; i < LOG_KIND_BURST; i++)
        assert_true(log_limits_take(&limits, &kinds[i % sizeof kinds], US_PER_S, &more));
    assert_true(log_limits_take(&limits, &kinds[0], US_PER_S, &more));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_more_kinds_than_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
