/*
 * How far a TRACE or OPTIONS goes.
 */
#include "testing.h"

#include "tunnel/max_forwards.h"

static void test_count(void **state)
{
    (void)state;
    static const struct {
        const char *method, *in, *out; /* out: NULL when it may not go on */
    } rows[] = {
        {"TRACE", "0", NULL},
        {"OPTIONS", "0", NULL},
        {"OPTIONS", "00", NULL},
        {"OPTIONS", "1", "0"},
        {"TRACE", "10", "9"},
        {"TRACE", "999999999", "999999998"},
        {"TRACE", "1000000000", "999999999"},
        {"TRACE", "99999999999999999999999999999999", "999999999"},
        {"GET", "0", "0"},
        {"trace", "0", "0"},
        {"OPTIONS", "", ""},
        {"OPTIONS", "-1", "-1"},
        {"OPTIONS", "1x", "1x"},
        {"OPTIONS", "0, 0", "0, 0"},
    };
    static struct head head;
    char text[MAX_FORWARDS_TEXT];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        head_init(&head);
        head.method = span_from_string(rows[i].method);
        head_add(&head, SPAN_LITERAL("A"), SPAN_LITERAL("5"));
        head_add(&head, SPAN_LITERAL("max-forwards"), span_from_string(rows[i].in));
        bool is_spent = max_forwards_is_spent(head.method, head_fields(&head));
        if (is_spent != !rows[i].out)
            fail_msg("%s %s", rows[i].method, rows[i].in);
        max_forwards_count_down(&head, text);
        if (!is_spent && !span_is_string(head.at[1].value, rows[i].out))
            fail_msg("%s %s: %.*s", rows[i].method, rows[i].in, SPAN_ARG(head.at[1].value));
        assert_true(span_is_string(head.at[0].value, "5"));
        head_deinit(&head);
    }
    /* Without it, or with two, there is nothing to count. */
    const struct http_field twice[] = {{SPAN_LITERAL("Max-Forwards"), SPAN_LITERAL("0")},
                                       {SPAN_LITERAL("Max-Forwards"), SPAN_LITERAL("0")}};
    assert_false(max_forwards_is_spent(SPAN_LITERAL("TRACE"), (struct http_fields){0}));
    assert_false(max_forwards_is_spent(SPAN_LITERAL("TRACE"), (struct http_fields){twice, 2}));
    assert_true(max_forwards_is_spent(SPAN_LITERAL("TRACE"), (struct http_fields){twice, 1}));
}

static void test_trace(void **state)
{
    (void)state;
    const struct http_field fields[] = {
        {SPAN_LITERAL("Host"), SPAN_LITERAL("a")},
        {SPAN_LITERAL("Authorization"), SPAN_LITERAL("Bearer s")},
        {SPAN_LITERAL("Cookie"), SPAN_LITERAL("s")},
        {SPAN_LITERAL("X-Api-Key"), SPAN_LITERAL("s")},
        {SPAN_LITERAL("via"), SPAN_LITERAL("1.1 b")},
        {SPAN_LITERAL("Max-Forwards"), SPAN_LITERAL("0")},
    };
    const struct http_request request = {.method = SPAN_LITERAL("TRACE"),
                                         .target = SPAN_LITERAL("/x"),
                                         .minor_version = 1,
                                         .fields = {fields, 6}};
    struct buf out;
    max_forwards_trace(&request, &out);
    assert_true(span_is_string(buf_bytes(&out), "TRACE /x HTTP/1.1\r\nHost: a\r\nvia: 1.1 b\r\n"
                                                "Max-Forwards: 0\r\n\r\n"));
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
