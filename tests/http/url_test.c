/*
 * The URLs and addresses that people type, and what is said about wrong ones.
 */
#include "testing.h"

#include <errno.h>
#include <stdlib.h>

#include "http/url.h"

#define LONG "12345678901234567890123456789012345678901234567890123456789012345678901234567890"

static void test_good(void **state)
{
    (void)state;
    static const struct {
        const char *text, *scheme, *host;
        uint16_t port;
        const char *path, *authority;
        bool is_tls;
    } cases[] = {
        {"http://a", "http", "a", 80, "/", "a", false},
        {"HTTPS://A.example/", "https", "A.example", 443, "/", "A.example", true},
        {"ws://127.0.0.1:8787", "ws", "127.0.0.1", 8787, "/", "127.0.0.1:8787", false},
        {"wss://h:443/x?y=z", "wss", "h", 443, "/x?y=z", "h", true},
        {"http://[::1]:11434/v1/", "http", "::1", 11434, "/v1/", "[::1]:11434", false},
        {"http://[fe80::1]", "http", "fe80::1", 80, "/", "[fe80::1]", false},
        {"ws://[fe80::1%eth0]:8787", "ws", "fe80::1%eth0", 8787, "/", "[fe80::1]:8787", false},
        {"http://h?q", "http", "h", 80, "/?q", "h", false},
        {"unix:/run/api.sock", "unix", "/run/api.sock", 0, "/", "localhost", false},
        {"http://my_host:65535/a%20b", "http", "my_host", 65535, "/a%20b", "my_host:65535", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct url url;
        const char *why;
        assert_int_equal(url_parse(cases[i].text, &url, &why), 0);
        assert_string_equal(url.scheme, cases[i].scheme);
        assert_string_equal(url.host, cases[i].host);
        assert_int_equal(url.port, cases[i].port);
        assert_string_equal(url.path, cases[i].path);
        assert_string_equal(url.authority, cases[i].authority);
        assert_int_equal(url.is_tls, cases[i].is_tls);
        url_deinit(&url);
        url_deinit(&url); /* twice is harmless */
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "must begin with"},
        {"localhost:8000", "must begin with"},
        {"ftp://a", "must begin with"},
        {"http:/a", "must begin with"},
        {"http", "must begin with"},
        {"unix:", "absolute path"},
        {"unix:api.sock", "absolute path"},
        {"unix:/" LONG LONG, "too long"},
        {"http://", "no host"},
        {"http:///a", "no host"},
        {"http://:80", "no host"},
        {"http://a:", "port"},
        {"http://a:0", "port"},
        {"http://a:65536", "port"},
        {"http://a:8o", "port"},
        {"http://a:-1", "port"},
        {"http://a:000080", "port"},
        {"http://u:p@a", "password"},
        {"http://u@a", "password"},
        {"http://::1", "brackets"},
        {"http://[::1", "']'"},
        {"http://[fe80::1%]", "IPv6"},
        {"http://[fe80::1%a b]", "IPv6"},
        {"http://[::1]80", "behind ']'"},
        {"http://[a]", "IPv6"},
        {"http://[]", "IPv6"},
        {"http://a b", "character"},
        {"http://\xc3\xa4", "character"},
        {"http://a/b c", "percent-encoded"},
        {"http://a/\r\nX: y", "percent-encoded"},
        {"http://a/#b", "fragment"},
        {"http://a#b", "fragment"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct url url;
        const char *why = NULL;
        assert_int_equal(url_parse(cases[i].text, &url, &why), -EINVAL);
        assert_non_null(why);
        if (!strstr(why, cases[i].why))
            fail_msg("\"%s\": %s", cases[i].text, why);
    }
}

static void test_listen(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        uint16_t port;
    } good[] = {
        {"0.0.0.0:9000", "0.0.0.0", 9000},
        {"9000", "127.0.0.1", 9000},
        {"0", "127.0.0.1", 0},
        {"[::1]:0", "::1", 0},
        {"[::]", "::", 8000},
        {"localhost", "localhost", 8000},
        {":81", "127.0.0.1", 81},
        {"h:65535", "h", 65535},
    };
    const char *why;
    char *host;
    uint16_t port;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int error = listen_address_parse(good[i].text, "127.0.0.1", 8000, &host, &port, &why);
        assert_int_equal(error, 0);
        assert_string_equal(host, good[i].host);
        assert_int_equal(port, good[i].port);
        free(host);
    }
    static const char *const bad[] = {"",       "h:",     "h:65536", "65536", "::1", "[::1]x",
                                      "[::1]:", "[zz]:1", "a b:1",   "h:1x",  "a/b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why = NULL;
        int error = listen_address_parse(bad[i], "127.0.0.1", 8000, &host, &port, &why);
        assert_int_equal(error, -EINVAL);
        assert_non_null(why);
    }
}

static void test_listen_format(void **state)
{
    (void)state;
    char *v4 = listen_address_format("0.0.0.0", 80);
    char *v6 = listen_address_format("::1", 8080);
    assert_string_equal(v4, "0.0.0.0:80");
    assert_string_equal(v6, "[::1]:8080");
    assert_string_equal(listen_address_loopback("0.0.0.0"), "127.0.0.1");
    assert_string_equal(listen_address_loopback("::"), "::1");
    assert_null(listen_address_loopback("127.0.0.1"));
    free(v4);
    free(v6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_listen),
        cmocka_unit_test(test_listen_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
