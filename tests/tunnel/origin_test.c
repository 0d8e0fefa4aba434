/*
 * Hosts that cannot be another's, and pages of other origins.
 */
#include "testing.h"

#include "tunnel/origin.h"

static char llm[] = "llm.example";
static char app[] = "https://app.example";
static char null_origin[] = "null";
static char all[] = "*";

static const struct name_list none;

static void test_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool is_safe;
    } rows[] = {
        {"", true},
        {":8000", true},
        {"127.0.0.1", true},
        {"127.0.0.1:8000", true},
        {"192.0.2.1", true},
        {"[::1]", true},
        {"[::1]:8000", true},
        {"[2001:db8::1]", true},
        {"localhost", true},
        {"LOCALHOST:8000", true},
        {"localhost.", true},
        {"a.b.localhost:1", true},
        {"llm.example", false},
        {"llm.example:8000", false},
        {"notlocalhost", false},
        {"localhost.example", false},
        {"127.0.0.1.example", false},
        {"127.0.0.1.example:80", false},
        {"[::1].example", false},
        {"[::1", false},
        {"1", false},
        {"here", false},
    };
    char *names[] = {llm};
    const struct name_list allowed = {names, 1};
    char *stars[] = {all};
    const struct name_list everything = {stars, 1};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct guard guard = guard_new(rows[i].host, strlen(rows[i].host));
        struct span host = guard.bytes;
        if (origin_is_safe_host(host, &none) != rows[i].is_safe)
            fail_msg("'%s'", rows[i].host);
        assert_true(origin_is_safe_host(host, &everything));
        guard_free(&guard);
    }
    assert_true(origin_is_safe_host((struct span){0}, &none));
    assert_true(origin_is_safe_host(SPAN_LITERAL("LLM.example.:8000"), &allowed));
    assert_false(origin_is_safe_host(SPAN_LITERAL("a.llm.example"), &allowed));
}

static bool is_foreign(const char *host, const char *origin, const struct name_list *allowed)
{
    const struct http_field fields[] = {
        {SPAN_LITERAL("Host"), span_from_string(host)},
        {SPAN_LITERAL("origin"), span_from_string(origin)},
    };
    return origin_is_foreign((struct http_fields){fields, 2}, allowed);
}

static void test_origins(void **state)
{
    (void)state;
    static const struct {
        const char *host, *origin;
        bool is_foreign;
    } rows[] = {
        {"127.0.0.1:8000", "http://127.0.0.1:8000", false},
        {"127.0.0.1:8000", "http://localhost:8000", true},
        {"127.0.0.1:8000", "http://127.0.0.1:8001", true},
        {"127.0.0.1", "http://127.0.0.1", false},
        {"127.0.0.1:80", "http://127.0.0.1", false},
        {"app.example:443", "https://App.Example", false},
        {"app.example:443", "http://app.example", true},
        {"app.example", "https://app.example:8443", true},
        {"[::1]:8000", "http://[::1]:8000", false},
        {"127.0.0.1:8000", "null", true},
        {"127.0.0.1:8000", "", true},
        {"127.0.0.1:8000", "127.0.0.1:8000", true},
        {"", "http://", true},
        {"", "null", true},
    };
    const struct http_field host = {SPAN_LITERAL("Host"), SPAN_LITERAL("a")};
    assert_false(origin_is_foreign((struct http_fields){&host, 1}, &none));
    char *stars[] = {all};
    const struct name_list everything = {stars, 1};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (is_foreign(rows[i].host, rows[i].origin, &none) != rows[i].is_foreign)
            fail_msg("'%s' at '%s'", rows[i].origin, rows[i].host);
        assert_false(is_foreign(rows[i].host, rows[i].origin, &everything));
    }
    char *names[] = {app, null_origin};
    const struct name_list allowed = {names, 2};
    assert_false(is_foreign("a", "https://APP.example", &allowed));
    assert_false(is_foreign("a", "null", &allowed));
    assert_true(is_foreign("a", "http://app.example", &allowed));
    assert_true(is_foreign("a", "https://app.example.b", &allowed));
}

static void test_options(void **state)
{
    (void)state;
    static const char *const hosts[] = {"*", "llm.example", "a_b-c.1", "LLM"};
    static const char *const no_hosts[] = {"",   "a:80", "http://a", "a/b", "[::1]",
                                           "a.", "a b",  "*.a",      "a*"};
    static const char *const origins[] = {"*",          "null",    "https://app.example",
                                          "http://a:1", "app://b", "http://[::1]:8000"};
    static const char *const no_origins[] = {"",           "app.example", "https://",  "http://a/",
                                             "http://a b", "http://u@a",  "http://a?b"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        assert_null(origin_check_host(hosts[i]));
    for (size_t i = 0; i < sizeof no_hosts / sizeof *no_hosts; i++)
        assert_non_null(origin_check_host(no_hosts[i]));
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++)
        assert_null(origin_check(origins[i]));
    for (size_t i = 0; i < sizeof no_origins / sizeof *no_origins; i++)
        assert_non_null(origin_check(no_origins[i]));
}

static void test_loopback(void **state)
{
    (void)state;
    assert_true(origin_is_loopback("127.0.0.1"));
    assert_true(origin_is_loopback("127.1.2.3"));
    assert_true(origin_is_loopback("::1"));
    assert_true(origin_is_loopback("localhost"));
    assert_false(origin_is_loopback("0.0.0.0"));
    assert_false(origin_is_loopback("::"));
    assert_false(origin_is_loopback("192.0.2.1"));
    assert_false(origin_is_loopback("2001:db8::1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
