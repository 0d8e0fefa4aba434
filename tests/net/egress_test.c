#include "net/egress.h"

#include <errno.h>

#include "net/egress_exceptions.h"
#include "testing.h"

static void check_url(const char *url, enum egress_protocol protocol, const char *host,
                      uint16_t port, const char *name)
{
    struct egress *egress;
    const char *why;
    assert_int_equal(egress_new(url, NULL, &egress, &why), 0);
    assert_int_equal(egress->protocol, protocol);
    assert_string_equal(egress->host, host);
    assert_int_equal(egress->port, port);
    assert_string_equal(egress->name, name);
    egress_free(egress);
}

static void test_urls(void **state)
{
    (void)state;
    check_url("http://proxy.corp:3128", EGRESS_HTTP, "proxy.corp", 3128, "http://proxy.corp:3128");
    check_url("proxy.corp:3128/", EGRESS_HTTP, "proxy.corp", 3128, "http://proxy.corp:3128");
    check_url("HTTPS://proxy.corp", EGRESS_HTTP, "proxy.corp", 443, "https://proxy.corp:443");
    check_url("socks5h://[2001:db8::1]:9", EGRESS_SOCKS5, "2001:db8::1", 9,
              "socks5h://[2001:db8::1]:9");
    check_url("socks5://u:p@10.0.0.1", EGRESS_SOCKS5, "10.0.0.1", 1080, "socks5://10.0.0.1:1080");
    check_url("http://[::1]", EGRESS_HTTP, "::1", 80, "http://[::1]:80");
}

static void test_credentials(void **state)
{
    (void)state;
    struct egress *egress;
    const char *why;
    assert_int_equal(egress_new("https://us%40er:p%3aa:s@s@proxy:1", NULL, &egress, &why), 0);
    assert_string_equal(egress->user, "us@er");
    assert_string_equal(egress->password, "p:a:s@s");
    assert_string_equal(egress->host, "proxy");
    assert_non_null(egress->tls);
    egress_free(egress);
    assert_int_equal(egress_new("http://me@proxy", NULL, &egress, &why), 0);
    assert_string_equal(egress->user, "me");
    assert_string_equal(egress->password, "");
    egress_free(egress);
}

static void test_wrong_urls(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "socks4://proxy",    "ftp://proxy",    "http://",       "http://:3128", "http://proxy:0",
        "http://proxy:",     "http://p:65536", "http://p:1x",   "http://[::1",  "http://[::1]x",
        "http://u%zz@proxy", "http://u%0a@p",  "http://pro xy", "http://u%4@p", "",
    };
    struct egress *egress;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *why = NULL;
        assert_int_equal(egress_new(wrong[i], NULL, &egress, &why), -EINVAL);
        assert_true(strncmp(why, "must ", 5) == 0);
    }
    char user[320] = "http://";
    const char *why;
    memset(user + 7, 'u', 256);
    memcpy(user + 263, "@proxy", sizeof "@proxy");
    assert_int_equal(egress_new(user, NULL, &egress, &why), -EINVAL);
}

/* A '+' in front: it is excepted. */
static void test_exceptions(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        const char *host;
        uint16_t port;
        bool is_excepted;
    } rows[] = {
        {"", "example.org", 443, false},
        {"*", "example.org", 443, true},
        {"example.org", "example.org", 443, true},
        {"example.org", "EXAMPLE.org.", 443, true},
        {"example.org", "a.example.org", 443, true},
        {"example.org", "notexample.org", 443, false},
        {".example.org", "example.org", 443, true},
        {".example.org", "a.b.example.org", 443, true},
        {"*.example.org", "a.example.org", 443, true},
        {"corp , example.org", "example.org", 443, true},
        {"corp\texample.org", "example.org", 443, true},
        {"example.org:8443", "example.org", 443, false},
        {"example.org:8443", "example.org", 8443, true},
        {"10.1.2.3", "10.1.2.3", 443, true},
        {"10.1.2.3", "10.1.2.4", 443, false},
        {"10.0.0.0/8", "10.200.2.3", 443, true},
        {"10.0.0.0/8", "11.0.0.1", 443, false},
        {"10.0.0.0/9", "10.128.0.1", 443, false},
        {"0.0.0.0/0", "203.0.113.9", 443, true},
        {"0.0.0.0/0", "2001:db8::1", 443, false},
        {"10.0.0.0/33", "10.0.0.1", 443, false},
        {"10.0.0.0/", "10.0.0.1", 443, false},
        {"2001:db8::/33", "2001:db8:7fff::1", 443, true},
        {"2001:db8::/33", "2001:db8:8000::1", 443, false},
        {"2001:DB8::1", "2001:db8::1", 443, true},
        {"[2001:db8::1]:443", "2001:db8::1", 443, true},
        {"[2001:db8::1]:443", "2001:db8::1", 80, false},
        {"0.2.3", "10.0.2.3", 443, false}, /* an address has nothing below it */
        {".", "example.org", 443, false},
        {"example.org", "org", 443, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool is_excepted = egress_exceptions_have(rows[i].list, rows[i].host, rows[i].port);
        if (is_excepted != rows[i].is_excepted)
            fail_msg("'%s' and %s:%u", rows[i].list, rows[i].host, rows[i].port);
    }
}

static void test_leads(void **state)
{
    (void)state;
    struct egress *egress;
    const char *why;
    assert_false(egress_leads_to(NULL, "example.org", 443));
    assert_int_equal(egress_new("http://proxy", "corp", &egress, &why), 0);
    assert_true(egress_leads_to(egress, "example.org", 443));
    assert_false(egress_leads_to(egress, "signal.corp", 443));
    assert_false(egress_leads_to(egress, "localhost", 8787));
    assert_false(egress_leads_to(egress, "127.0.0.2", 8787));
    assert_false(egress_leads_to(egress, "::1", 8787));
    egress_free(egress);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),       cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_wrong_urls), cmocka_unit_test(test_exceptions),
        cmocka_unit_test(test_leads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
