/*
 * What a page of another origin is told.
 */
#include "testing.h"

#include <stdio.h>

#include "tunnel/cors.h"

/* The fields of an answer, as "Name: value" lines. */
static void check(const char *method, const struct http_field *fields, size_t count,
                  const char *expected)
{
    struct cors cors;
    struct http_field out[CORS_FIELDS_MAX];
    char text[1024] = "";
    size_t len = 0;
    cors_init(&cors, span_from_string(method), (struct http_fields){fields, count});
    size_t out_count = cors_fields(&cors, out);
    for (size_t i = 0; i < out_count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%.*s: %.*s\n",
                                SPAN_ARG(out[i].name), SPAN_ARG(out[i].value));
    assert_string_equal(text, expected);
    cors_deinit(&cors);
}

#define READABLE                                         \
    "Access-Control-Allow-Origin: https://app.example\n" \
    "Access-Control-Allow-Credentials: true\n"           \
    "Vary: Origin\n"
#define EXPOSED READABLE "Access-Control-Expose-Headers: Proxy-Status, Retry-After\n"

static void test_fields(void **state)
{
    (void)state;
    static const struct http_field fields[] = {
        {SPAN_LITERAL("origin"), SPAN_LITERAL("https://app.example")},
        {SPAN_LITERAL("Access-Control-Request-Method"), SPAN_LITERAL("PUT")},
        {SPAN_LITERAL("Access-Control-Request-Headers"), SPAN_LITERAL("authorization,x-a")},
    };
    check("GET", NULL, 0, "");
    check("GET", fields, 1, EXPOSED);
    check("GET", fields, 3, EXPOSED); /* no preflight */
    check("OPTIONS", fields, 1, EXPOSED);
    check("OPTIONS", fields + 1, 2, "");
    check("OPTIONS", fields, 2,
          READABLE "Access-Control-Allow-Methods: PUT\nAccess-Control-Max-Age: 0\n");
    check("OPTIONS", fields, 3,
          READABLE "Access-Control-Allow-Methods: PUT\n"
                   "Access-Control-Allow-Headers: authorization,x-a\n"
                   "Access-Control-Max-Age: 0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fields)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
