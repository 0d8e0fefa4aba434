/*
 * What is made is what clients verify (net/tls.h), and what it is asked for.
 */
#include "net/tls_certificate.h"

#include "testing.h"

static const char *const names[] = {"localhost", "127.0.0.1", "::1", "box.example"};

enum { DAY_S = 86400, NAMES = sizeof names / sizeof *names };

static void test_serves(void **state)
{
    struct tls_certificate made;
    (void)state;
    tls_certificate_make(names, NAMES, 100 * DAY_S, &made);
    assert_true(tls_certificate_serves(made.certificate, names, NAMES, 99 * DAY_S));
    assert_false(tls_certificate_serves(made.certificate, names, NAMES, 101 * DAY_S));
    for (size_t i = 0; i < NAMES; i++)
        assert_true(tls_certificate_serves(made.certificate, &names[i], 1, 0));
    static const char *const others[] = {"example", "127.0.0.2", "::2", "x.box.example"};
    for (size_t i = 0; i < 4; i++)
        assert_false(tls_certificate_serves(made.certificate, &others[i], 1, 0));
    /* The authority is no server. */
    assert_false(tls_certificate_serves(made.authority, names, NAMES, 0));
    assert_false(tls_certificate_serves(made.key, names, NAMES, 0));
    assert_false(tls_certificate_serves("", names, NAMES, 0));
    assert_false(tls_certificate_serves("-----BEGIN CERTIFICATE-----\nAAAA\n", names, NAMES, 0));
    tls_certificate_deinit(&made);
}

/* Two are never taken for each other. */
static void test_each_is_new(void **state)
{
    struct tls_certificate a, b;
    (void)state;
    tls_certificate_make(names, 1, DAY_S, &a);
    tls_certificate_make(names, 1, DAY_S, &b);
    assert_string_not_equal(a.authority, b.authority);
    assert_string_not_equal(a.certificate, b.certificate);
    assert_string_not_equal(a.key, b.key);
    assert_non_null(strstr(a.key, "PRIVATE KEY"));
    assert_null(strstr(a.certificate, "PRIVATE KEY"));
    assert_null(strstr(a.authority, "PRIVATE KEY"));
    /* The authority stands behind the server's. */
    assert_non_null(strstr(a.certificate, a.authority));
    tls_certificate_deinit(&a);
    tls_certificate_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_serves),
        cmocka_unit_test(test_each_is_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
