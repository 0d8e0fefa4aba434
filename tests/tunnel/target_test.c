/*
 * Targets: --advertise and the upstream's base path, and the forms in which a
 * client may write one.
 */
#include "testing.h"

#include <stdlib.h>

#include "tunnel/target.h"

static void test_for_upstream(void **state)
{
    (void)state;
    static const struct {
        const char *path, *advertise, *base, *expected;
    } rows[] = {
        {"/v1/models", "/", "/", "/v1/models"},
        {"/v1/models", "/v1", "/", "/models"},
        {"/v1/models", "/v1/", "/", "/models"},
        {"/v1", "/v1", "/", "/"},
        {"/v1/", "/v1", "/", "/"},
        {"/v1?a=b", "/v1", "/", "/?a=b"},
        {"/v1x/models", "/v1", "/", "/v1x/models"},
        {"/health", "/v1", "/", "/health"},
        {"/models", "/", "/api", "/api/models"},
        {"/models?x", "/", "/api/", "/api/models?x"},
        {"/v1/models", "/v1", "/api/v2", "/api/v2/models"},
        {"/v1", "/v1", "/api", "/api/"},
        {"/models", "/", "/api?key=1", "/api/models"},
        {"/a%2Fb//c/../d", "/", "/", "/a%2Fb//c/../d"},
        {"*", "/v1", "/api", "*"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *storage;
        struct span got = target_for_upstream(span_from_string(rows[i].path), rows[i].advertise,
                                              rows[i].base, &storage);
        assert_true(span_is_string(got, rows[i].expected));
        free(storage);
    }
}

static void test_for_client(void **state)
{
    (void)state;
    static const struct {
        const char *path, *advertise, *base, *expected;
    } rows[] = {
        {"/a", "/", "/", "/a"},
        {"", "/", "/", "/"},
        {"?a", "/", "/", "/?a"},
        {"#a", "/", "/", "/#a"},
        {"/a", "/v1", "/", "/v1/a"},
        {"/a", "/v1/", "/", "/v1/a"},
        {"", "/v1", "/", "/v1"},
        {"?a", "/v1", "/", "/v1?a"},
        {"/api/a?b#c", "/", "/api", "/a?b#c"},
        {"/api/a", "/", "/api/", "/a"},
        {"/api", "/", "/api", "/"},
        {"/api#a", "/", "/api", "/#a"},
        {"/api/v2/a", "/v1", "/api/v2", "/v1/a"},
        {"/api/a", "/api", "/api", "/api/a"},
        {"/apis/a", "/", "/api", NULL},
        {"/a", "/v1", "/api", NULL},
        /* Never another host's name. */
        {"//a.example/", "/", "/", "/.//a.example/"},
        {"/\\a.example/", "/", "/", "/./\\a.example/"},
        {"/api//a.example/", "/", "/api", "/.//a.example/"},
        {"//a.example/", "/v1", "/", "/v1//a.example/"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct span path = span_from_string(rows[i].path);
        char *got = target_for_client(path, rows[i].advertise, rows[i].base);
        if (rows[i].expected)
            assert_string_equal(got, rows[i].expected);
        else
            assert_null(got);
        free(got);
    }
}

static void test_from_target(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target, *expected;
    } rows[] = {
        {"GET", "/", "/"},
        {"GET", "/a?b=c", "/a?b=c"},
        {"OPTIONS", "*", "*"},
        {"GET", "http://example.com/a?b", "/a?b"},
        {"GET", "http://example.com", "/"},
        {"GET", "http://example.com?b", "/?b"},
        {"OPTIONS", "http://example.com", "*"},
        {"OPTIONS", "http://example.com/", "/"},
        {"OPTIONS", "http://example.com?b", "/?b"},
        {"GET", "https://[::1]:8000/x", "/x"},
        {"GET", "example.com:443", ""},
        {"GET", "", ""},
        {"GET", "a/b", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct guard g = guard_new(rows[i].target, strlen(rows[i].target));
        char *storage;
        struct span got = target_origin_form(span_from_string(rows[i].method), g.bytes, &storage);
        assert_true(span_is_string(got, rows[i].expected));
        free(storage);
        guard_free(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_for_upstream),
        cmocka_unit_test(test_for_client),
        cmocka_unit_test(test_from_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
