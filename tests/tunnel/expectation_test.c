/*
 * Who waits for a 100 (Continue), by a clock that the test moves.
 */
#include "testing.h"

#include "tunnel/expectation.h"

static const uint64_t start_us = 5 * US_PER_S;

static void test_one_that_waits(void **state)
{
    struct expectations all;
    struct expectation one;
    (void)state;
    expectations_init(&all);
    expectation_init(&one);
    assert_true(expectations_deadline_us(&all) == TIME_NEVER);
    expectation_begin(&one, &all, start_us);
    assert_true(expectations_deadline_us(&all) == start_us + EXPECTATION_US);
    assert_null(expectations_next(&all, start_us + EXPECTATION_US - 1));
    assert_ptr_equal(expectations_next(&all, start_us + EXPECTATION_US), &one);
    /* Once. */
    assert_null(expectations_next(&all, TIME_NEVER - 1));
    assert_true(expectations_deadline_us(&all) == TIME_NEVER);
}

static void test_first_come_first_told(void **state)
{
    struct expectations all;
    struct expectation three[3];
    (void)state;
    expectations_init(&all);
    for (unsigned i = 0; i < 3; i++) {
        expectation_init(&three[i]);
        expectation_begin(&three[i], &all, start_us + i * US_PER_MS);
    }
    expectation_begin(&three[0], &all, start_us + 3 * US_PER_MS);
    uint64_t end_us = start_us + EXPECTATION_US + 2 * US_PER_MS;
    assert_ptr_equal(expectations_next(&all, end_us), &three[1]);
    assert_ptr_equal(expectations_next(&all, end_us), &three[2]);
    assert_null(expectations_next(&all, end_us));
    assert_true(expectations_deadline_us(&all) == end_us + US_PER_MS);
    expectation_end(&three[0]);
}

static void test_one_that_ends(void **state)
{
    struct expectations all;
    struct expectation one;
    (void)state;
    expectations_init(&all);
    expectation_init(&one);
    expectation_end(&one); /* it did not wait */
    expectation_begin(&one, &all, start_us);
    expectation_end(&one);
    assert_true(expectations_deadline_us(&all) == TIME_NEVER);
    assert_null(expectations_next(&all, TIME_NEVER - 1));
}

static void test_requests(void **state)
{
    static const struct {
        enum http_framing framing;
        const char *expect;
        bool is_in;
    } rows[] = {
        {HTTP_BODY_LENGTH, "100-continue", true},    {HTTP_BODY_UNKNOWN, "100-Continue", true},
        {HTTP_BODY_NONE, "100-continue", false},     {HTTP_BODY_PIPE, "100-continue", false},
        {HTTP_BODY_LENGTH, "the unexpected", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct head head;
        head_init(&head);
        head.framing = rows[i].framing;
        assert_false(expectation_is_in(&head));
        head_add(&head, SPAN_LITERAL("Expect"), span_from_string(rows[i].expect));
        assert_int_equal(expectation_is_in(&head), rows[i].is_in);
        head_deinit(&head);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_that_waits),
        cmocka_unit_test(test_first_come_first_told),
        cmocka_unit_test(test_one_that_ends),
        cmocka_unit_test(test_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
