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
    assert_int_equal(answer_status(answer_of_stream_error(STREAM_UNSENT)), 503);
}

static void test_event_source(void **state)
{
    (void)state;
    static const struct {
        const char *method, *accept, *cache_control;
        bool is_one;
    } rows[] = {
        {"GET", "text/event-stream", "no-cache", true},
        {"GET", "Text/Event-Stream", "no-store, No-Cache", true},
        {"HEAD", "text/event-stream", "no-cache", false},
        {"POST", "text/event-stream", "no-cache", false},
        {"GET", "application/json, text/event-stream", "no-cache", false},
        {"GET", "text/event-stream, application/json", "no-cache", false},
        {"GET", "*/*", "no-cache", false},
        {"GET", "text/event-stream", "no-store", false},
        {"GET", "text/event-stream", "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct http_field fields[] = {
            {SPAN_LITERAL("accept"), span_from_string(rows[i].accept)},
            {SPAN_LITERAL("cache-control"), span_from_string(rows[i].cache_control)},
            {SPAN_LITERAL("Accept"), SPAN_LITERAL("application/json")},
        };
        for (size_t count = 1; count <= 3; count++) {
            struct answer_form form;
            answer_form_init(&form, span_from_string(rows[i].method), SPAN_LITERAL("/"),
                             (struct http_fields){fields, count});
            assert_int_equal(form.is_event_source, rows[i].is_one && count == 2);
            answer_form_deinit(&form);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_error_has_a_status),
        cmocka_unit_test(test_event_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
