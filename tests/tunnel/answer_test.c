/*
 * Every way to end has an answer.
 */
#include "testing.h"

#include "tunnel/answer.h"

static void test_every_error_has_a_status(void **state)
{
    (void)state;
    for (int error = 0; error <= STREAM_ERRORS; error++) {
        int status = answer_status(answer_of_stream_error((enum stream_error)error));
        assert_true(status >= 400 && status <= 599);
    }
    assert_int_equal(answer_status(answer_of_stream_error(STREAM_TIMEOUT)), 504);
    assert_int_equal(answer_status(answer_of_stream_error(STREAM_TOO_MANY)), 503);
    assert_int_equal(answer_status(answer_of_stream_error(STREAM_SESSION)), 502);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_error_has_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
