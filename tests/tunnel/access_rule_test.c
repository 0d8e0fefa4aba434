/*
 * Access rules: what they match, and the paths that no rule is asked about.
 */
#include "testing.h"

#include <stdlib.h>

#include "tunnel/access_rule.h"

static bool allows(const char *rule, const char *method, const char *target)
{
    char *path = access_path(span_from_string(target));
    assert_null(access_rule_check(rule));
    bool is_allowed = access_rule_matches(rule, span_from_string(method), path);
    free(path);
    return is_allowed;
}

static void test_matches(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *method, *target;
        bool is_allowed;
    } rows[] = {
        {"GET /v1/*", "GET", "/v1/models", true},
        {"GET /v1/*", "GET", "/v1/a/b/c", true},
        {"GET /v1/*", "GET", "/v1/", true},
        {"GET /v1/*", "GET", "/v1", false},
        {"GET /v1/*", "GET", "/v10/models", false},
        {"GET /v1/*", "POST", "/v1/models", false},
        {"GET /v1/*", "get", "/v1/models", false},
        {"GET /v1/*", "GET", "/v1/models?x=/../admin", true},
        {"GET /v1/*", "GET", "/V1/models", false},
        {"* /health", "DELETE", "/health", true},
        {"* /health", "GET", "/health/", false},
        {"POST /v1/*/completions", "POST", "/v1/chat/completions", true},
        {"POST /v1/*/completions", "POST", "/v1/chat/x/completions", true},
        {"POST /v1/*/completions", "POST", "/v1/completions", false},
        {"GET /a*b*c", "GET", "/abbbc", true},
        {"GET /a*b*c", "GET", "/abcd", false},
        {"GET /*", "GET", "/", true},
        {"GET /%C3%A4", "GET", "/%c3%a4", true},
        {"GET /~u", "GET", "/%7eu", true},
        {"GET /v1/*", "GET", "/%76%31/models", true},
        {"GET *", "GET", "/../x", true},
        {"* *", "CONNECT", "host:80", true},
        {"* *", "OPTIONS", "*", true},
        {"* /*", "OPTIONS", "*", false},
        {"* /*", "CONNECT", "host:80", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (allows(rows[i].rule, rows[i].method, rows[i].target) != rows[i].is_allowed)
            fail_msg("%s: %s %s", rows[i].rule, rows[i].method, rows[i].target);
}

/* Whatever one server may read in another way than the next. */
static void test_paths_of_two_readings(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/v1/../admin",
        "/v1/./models",
        "/v1/..",
        "/v1/.",
        "/v1/%2e%2e/admin",
        "/v1/..;/admin",
        "/v1/..;a=b/admin",
        "/v1/%2e.;/admin",
        "/v1/..%3b/admin",
        "/v1/..%3Bx/admin",
        "/v1/x/.;",
        "/v1/;/admin",
        "/v1/;x",
        "/;//v1",
        "/v1/%2E./admin",
        "/v1//models",
        "//v1/models",
        "//",
        "/v1/%2fadmin",
        "/v1/..%2fadmin",
        "/v1\\..\\admin",
        "/v1/%5c..%5cadm",
        "/v1/%252e%252e",
        "/v1/%00",
        "/v1/%0d%0a",
        "/v1/%7f",
        "/v1/%",
        "/v1/%2",
        "/v1/%zz",
        "/v1/a b",
        "/v1/\xc3\xa4",
        "/v1/\x01",
        "/v1/a#b",
        "",
        "v1/models",
        "http://h/v1/x",
        "*",
        "?x",
        "/v1/\"",
        "/v1/<script>",
        "/v1/^",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char *path = access_path(span_from_string(paths[i]));
        if (path)
            fail_msg("%s became %s", paths[i], path);
        assert_false(allows("* /*", "GET", paths[i]));
    }
}

static void test_normal_form(void **state)
{
    (void)state;
    static const struct {
        const char *target, *path;
    } rows[] = {
        {"/", "/"},
        {"/?", "/"},
        {"/a/b/", "/a/b/"},
        {"/%41%2d%5F%7E", "/A-_~"},
        {"/a%20b%3f", "/a%20b%3F"},
        {"/...", "/..."},
        {"/.a/..b", "/.a/..b"},
        {"/a:b@c;d=e,f", "/a:b@c;d=e,f"},
        {"/...;a/..b;c/d;", "/...;a/..b;c/d;"},
        {"/a%3bb/", "/a%3Bb/"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct guard guard = guard_new(rows[i].target, strlen(rows[i].target));
        char *path = access_path(guard.bytes);
        assert_string_equal(path, rows[i].path);
        free(path);
        guard_free(&guard);
    }
}

static void test_rules_that_are_none(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "",         "GET",       "GET ",      "/v1/*",    " /v1",     "GET v1",
        "GET  /v1", "GET /v1 x", "GET /a/..", "GET //",   "GET /a?b", "GET /%41",
        "GET /%c3", "G\tT /",    "GET /\n",   "GET /%2f", "GET **",   "GET, POST /",
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!access_rule_check(rules[i]))
            fail_msg("'%s' is taken", rules[i]);
    assert_null(access_rule_check("M-SEARCH /x*y"));
}

/* A glob that backtracks for ever in a naive matcher. */
static void test_many_stars(void **state)
{
    (void)state;
    char rule[512] = "GET /";
    char target[2048] = "/";
    for (int i = 0; i < 100; i++)
        strncat(rule, "*a", 3);
    strncat(rule, "b", 2);
    memset(target + 1, 'a', sizeof target - 2);
    assert_false(allows(rule, "GET", target));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),     cmocka_unit_test(test_paths_of_two_readings),
        cmocka_unit_test(test_normal_form), cmocka_unit_test(test_rules_that_are_none),
        cmocka_unit_test(test_many_stars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
