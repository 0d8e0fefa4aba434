/*
 * What the variables of an environment lead to.
 */
#include "testing.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/egress_variables.h"

enum { VARIABLES_MAX = 4 };

static char *const *environment; /* of the row, up to NULL */

static char *get(const char *name)
{
    size_t len = strlen(name);
    for (char *const *at = environment; *at; at++) {
        if (strncmp(*at, name, len) == 0 && (*at)[len] == '=')
            return *at + len + 1;
    }
    return NULL;
}

static void test_read(void **state)
{
    static const struct {
        char *environment[VARIABLES_MAX];
        const char *name; /* of the egress; NULL: none */
    } rows[] = {
        {{"HTTP_PROXY=http://a.example:1"}, NULL},
        {{"HTTPS_PROXY="}, NULL},
        {{"HTTPS_PROXY_=http://a.example:1"}, NULL},
        {{"ALL_PROXY=http://a.example:1", "HTTPS_PROXY=http://b.example:2"}, "b.example:2"},
        {{"HTTPS_PROXY=http://b.example:2", "https_proxy=http://c.example:3"}, "c.example:3"},
        {{"all_proxy=http://a.example:1", "HTTPS_PROXY="}, "a.example:1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct egress *egress;
        const char *variable, *why;
        environment = rows[i].environment;
        assert_int_equal(egress_variables_read(get, &egress, &variable, &why), 0);
        assert_int_equal(egress != NULL, rows[i].name != NULL);
        if (egress)
            assert_non_null(strstr(egress->name, rows[i].name));
        egress_free(egress);
    }
}

static void test_wrong(void **state)
{
    char *const wrong[] = {"all_proxy=ftp://a.example", NULL};
    struct egress *egress;
    const char *variable, *why;
    (void)state;
    environment = wrong;
    assert_int_equal(egress_variables_read(get, &egress, &variable, &why), -EINVAL);
    assert_string_equal(variable, "all_proxy");
}

#define PROXY "HTTP_PROXY=http://proxy.example:3128"

static void test_detour(void **state)
{
    static const struct {
        char *environment[VARIABLES_MAX];
        const char *scheme, *host;
        const char *named, *advised; /* NULL: nothing is said */
    } rows[] = {
        {{PROXY}, "http", "127.0.0.1", "HTTP_PROXY is", "export NO_PROXY=127.0.0.1,localhost"},
        {{PROXY}, "http", "::1", "HTTP_PROXY is", "export NO_PROXY=::1,localhost"},
        {{PROXY}, "http", "192.0.2.7", "HTTP_PROXY is", "export NO_PROXY=192.0.2.7"},
        {{PROXY}, "http", "localhost", "HTTP_PROXY is", "NO_PROXY=127.0.0.1,localhost"},
        {{PROXY, "http_proxy=http://b"}, "http", "::1", "http_proxy is", "NO_PROXY=::1,localhost"},
        {{"ALL_PROXY=socks5h://a"}, "http", "::1", "ALL_PROXY is", "NO_PROXY=::1,localhost"},
        {{"all_proxy=socks5h://a"}, "https", "::1", "all_proxy is", "NO_PROXY=::1,localhost"},
        {{"HTTPS_PROXY=http://a"}, "https", "::1", "HTTPS_PROXY is", "NO_PROXY=::1,localhost"},
        /* They do not lead there. */
        {{"PATH=/bin"}, "http", "127.0.0.1", NULL, NULL},
        {{"HTTP_PROXY="}, "http", "127.0.0.1", NULL, NULL},
        {{"HTTPS_PROXY=http://a"}, "http", "127.0.0.1", NULL, NULL},
        {{PROXY}, "https", "127.0.0.1", NULL, NULL},
        {{PROXY, "ALL_PROXY=http://a"}, "tcp", "127.0.0.1", NULL, NULL},
        /* What is excepted already, and what is something else. */
        {{PROXY, "NO_PROXY=127.0.0.1,localhost"}, "http", "127.0.0.1", NULL, NULL},
        {{PROXY, "NO_PROXY=a.example, 127.0.0.1"}, "http", "127.0.0.1", NULL, NULL},
        {{PROXY, "no_proxy=*"}, "http", "127.0.0.1", NULL, NULL},
        {{PROXY, "NO_PROXY=127.0.0.1:8000"}, "http", "127.0.0.1", NULL, NULL},
        {{PROXY, "NO_PROXY=127.0.0.0/8"}, "http", "127.0.0.1", NULL, NULL},
        {{PROXY, "NO_PROXY=[::1]"}, "http", "::1", NULL, NULL},
        {{PROXY, "NO_PROXY=127.0.0.1:8001"},
         "http",
         "127.0.0.1",
         "HTTP_PROXY is",
         "export NO_PROXY=\"$NO_PROXY,127.0.0.1,localhost\""},
        {{PROXY, "NO_PROXY=127.0.0.1", "no_proxy=a.example"},
         "http",
         "127.0.0.1",
         "HTTP_PROXY is",
         "export no_proxy=\"$no_proxy,127.0.0.1,localhost\""},
        {{PROXY, "NO_PROXY=localhost,0.0.1,10.0.0.0/8"},
         "http",
         "127.0.0.1",
         "HTTP_PROXY is",
         "export NO_PROXY=\"$NO_PROXY,127.0.0.1,localhost\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        environment = rows[i].environment;
        char *hint = egress_variables_detour(get, rows[i].scheme, rows[i].host, 8000);
        if (rows[i].named) {
            assert_non_null(hint);
            assert_memory_equal(hint, rows[i].named, strlen(rows[i].named));
            const char *advised = strstr(hint, rows[i].advised);
            assert_non_null(advised);
            assert_string_equal(advised, rows[i].advised);
        } else {
            assert_null(hint);
        }
        free(hint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_detour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
