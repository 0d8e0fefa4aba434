/*
 * Which clients read JSON, and that every way to end has an answer.
 */
#include "testing.h"

#include "tunnel/answer.h"

static void test_accept(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        bool is_json;
    } rows[] = {
        {"*/*", true},
        {"application/json", true},
        {"Application/JSON; charset=utf-8", true},
        {"application/*;q=0.5", true},
        {"text/html, application/xhtml+xml, */*;q=0.8", true},
        {"text/html", false},
        {"text/*, image/png", false},
        {"application/jsonl", false},
        {"", false},
    };
    assert_true(answer_may_be_json((struct http_fields){0}));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_field fields[] = {
            {SPAN_LITERAL("Host"), SPAN_LITERAL("*/*")},
            {SPAN_LITERAL("accept"), span_from_string(rows[i].accept)},
        };
        assert_int_equal(answer_may_be_json((struct http_fields){fields, 2}), rows[i].is_json);
    }
}

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
        cmocka_unit_test(test_accept),
        cmocka_unit_test(test_every_error_has_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
