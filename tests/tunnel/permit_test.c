/*
 * What may not be done with a field that `serve --header` adds.
 */
#include "testing.h"

#include "tunnel/permit.h"

enum { FREE = 0, FORBIDDEN = 403, NO_TRACE = 405 };

static int status_of(const struct permit *permit, const char *method, const char *origin,
                     enum http_framing framing)
{
    static struct head head;
    const char *why = NULL;
    head_init(&head);
    head.method = span_from_string(method);
    head.target = SPAN_LITERAL("/");
    head.framing = framing;
    head_add(&head, SPAN_LITERAL("Host"), SPAN_LITERAL("127.0.0.1:8000"));
    if (origin)
        head_add(&head, SPAN_LITERAL("Origin"), span_from_string(origin));
    const struct answer *answer = permit_refusal(permit, &head, &why);
    assert_int_equal(answer != NULL, why != NULL);
    return answer ? answer_status(answer) : FREE;
}

static void test_refusals(void **state)
{
    (void)state;
    static const char own[] = "http://127.0.0.1:8000", foreign[] = "https://b.example";
    static const struct {
        const char *method, *origin;
        enum http_framing framing;
        int without, removing, adding; /* rules */
    } rows[] = {
        {"GET", NULL, HTTP_BODY_NONE, FREE, FREE, FREE},
        {"GET", foreign, HTTP_BODY_NONE, FREE, FREE, FREE},
        {"HEAD", foreign, HTTP_BODY_NONE, FREE, FREE, FREE},
        {"OPTIONS", foreign, HTTP_BODY_NONE, FREE, FREE, FREE},
        {"GET", foreign, HTTP_BODY_PIPE, FREE, FREE, FORBIDDEN},
        {"GET", own, HTTP_BODY_PIPE, FREE, FREE, FREE},
        {"GET", NULL, HTTP_BODY_PIPE, FREE, FREE, FREE},
        {"POST", foreign, HTTP_BODY_LENGTH, FREE, FREE, FORBIDDEN},
        {"POST", "null", HTTP_BODY_LENGTH, FREE, FREE, FORBIDDEN},
        {"POST", own, HTTP_BODY_LENGTH, FREE, FREE, FREE},
        {"POST", NULL, HTTP_BODY_LENGTH, FREE, FREE, FREE},
        {"DELETE", foreign, HTTP_BODY_NONE, FREE, FREE, FORBIDDEN},
        {"get", foreign, HTTP_BODY_NONE, FREE, FREE, FORBIDDEN},
        {"PROPFIND", foreign, HTTP_BODY_NONE, FREE, FREE, FORBIDDEN},
        {"TRACE", NULL, HTTP_BODY_NONE, FREE, NO_TRACE, NO_TRACE},
        {"POST", "https://app.example", HTTP_BODY_LENGTH, FREE, FREE, FREE},
    };
    const struct http_field rules[] = {{SPAN_LITERAL("X"), SPAN_LITERAL("")},
                                       {SPAN_LITERAL("Authorization"), SPAN_LITERAL("Bearer s")}};
    static char app[] = "https://app.example";
    char *names[] = {app};
    const struct name_list allowed = {names, 1};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const int expected[] = {rows[i].without, rows[i].removing, rows[i].adding};
        for (size_t count = 0; count <= 2; count++) {
            struct permit permit;
            permit_init(&permit, rules, count, &allowed);
            int status = status_of(&permit, rows[i].method, rows[i].origin, rows[i].framing);
            if (status != expected[count])
                fail_msg("row %zu with %zu rules: %d", i, count, status);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
