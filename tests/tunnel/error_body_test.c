/*
 * Which clients read JSON, and which of its shapes.
 */
#include "testing.h"

#include <stdlib.h>

#include "tunnel/error_body.h"

static void test_accept(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        enum error_body body;
    } rows[] = {
        {"*/*", ERROR_BODY_OPENAI},
        {"application/json", ERROR_BODY_OPENAI},
        {"Application/JSON; charset=utf-8", ERROR_BODY_OPENAI},
        {"application/*;q=0.5", ERROR_BODY_OPENAI},
        {"text/html, application/xhtml+xml, */*;q=0.8", ERROR_BODY_OPENAI},
        {"text/html", ERROR_BODY_TEXT},
        {"text/*, image/png", ERROR_BODY_TEXT},
        {"application/jsonl", ERROR_BODY_TEXT},
        {"", ERROR_BODY_TEXT},
    };
    struct span target = SPAN_LITERAL("/");
    assert_int_equal(error_body_choose(target, (struct http_fields){0}), ERROR_BODY_OPENAI);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_field fields[] = {
            {SPAN_LITERAL("Host"), SPAN_LITERAL("*/*")},
            {SPAN_LITERAL("accept"), span_from_string(rows[i].accept)},
        };
        assert_int_equal(error_body_choose(target, (struct http_fields){fields, 2}), rows[i].body);
    }
}

static void test_client(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        bool is_anthropic;
        enum error_body body;
    } rows[] = {
        {"/v1/chat/completions", false, ERROR_BODY_OPENAI},
        {"/v1/messages", false, ERROR_BODY_OPENAI},
        {"/v1/messages?beta=true", true, ERROR_BODY_ANTHROPIC},
        {"/api/chat", false, ERROR_BODY_OLLAMA},
        {"/api/tags?x", false, ERROR_BODY_OLLAMA},
        {"/api/v1/chat/completions", false, ERROR_BODY_OPENAI},
        {"/api/version", false, ERROR_BODY_OLLAMA},
        {"/api", false, ERROR_BODY_OPENAI},
        {"/apis/x", false, ERROR_BODY_OPENAI},
        {"/v1/api/x", false, ERROR_BODY_OPENAI},
        {"*", false, ERROR_BODY_OPENAI},
        {"*", true, ERROR_BODY_OPENAI},
        {"", false, ERROR_BODY_OPENAI},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_field version = {SPAN_LITERAL("Anthropic-Version"), SPAN_LITERAL("2023-06-01")};
        struct http_fields fields = {&version, rows[i].is_anthropic};
        enum error_body body = error_body_choose(span_from_string(rows[i].target), fields);
        if (body != rows[i].body)
            fail_msg("%s: %d", rows[i].target, body);
    }
}

static void test_encode(void **state)
{
    (void)state;
    static const char *const expected[] = {
        [ERROR_BODY_TEXT] = "say \"why\"\n",
        [ERROR_BODY_OPENAI] = "{\"error\":{\"message\":\"say \\\"why\\\"\",\"type\":"
                              "\"tunnel_error\",\"code\":\"tunnel_down\"}}",
        [ERROR_BODY_ANTHROPIC] = "{\"error\":{\"message\":\"say \\\"why\\\"\",\"type\":"
                                 "\"tunnel_error\",\"code\":\"tunnel_down\"},"
                                 "\"type\":\"error\"}",
        [ERROR_BODY_OLLAMA] = "{\"error\":\"say \\\"why\\\"\"}",
    };
    for (int body = ERROR_BODY_TEXT; body <= ERROR_BODY_OLLAMA; body++) {
        char *text = error_body_encode((enum error_body)body, "tunnel_down", "say \"why\"");
        assert_string_equal(text, expected[body]);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept),
        cmocka_unit_test(test_client),
        cmocka_unit_test(test_encode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
