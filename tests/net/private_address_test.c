/*
 * The ends of each private network, and what is one beyond.
 */
#include "net/private_address.h"

#include "testing.h"

static struct address address_of(const char *text)
{
    struct address address;
    assert_int_equal(address_parse(text, 1, &address), 0);
    return address;
}

static void test_private(void **state)
{
    (void)state;
    static const char *const in[] = {"10.0.0.0",       "10.255.255.255", "172.16.0.0",
                                     "172.31.255.255", "192.168.0.0",    "192.168.255.255",
                                     "169.254.0.1",    "100.64.0.0",     "100.127.255.255",
                                     "fe80::1",        "fd00::1",        "fc00::1",
                                     "::ffff:10.0.0.1"};
    static const char *const outside[] = {"9.255.255.255",  "11.0.0.0",    "172.15.255.255",
                                          "172.32.0.0",     "192.167.0.1", "192.169.0.0",
                                          "100.63.255.255", "100.128.0.0", "127.0.0.1",
                                          "192.0.2.1",      "2001:db8::1", "::1",
                                          "::ffff:8.8.8.8", "fe00::1"};
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        struct address address = address_of(in[i]);
        assert_true(address_is_private(&address));
    }
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        struct address address = address_of(outside[i]);
        assert_false(address_is_private(&address));
    }
}

static void test_loopback(void **state)
{
    (void)state;
    static const char *const in[] = {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"};
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        struct address address = address_of(in[i]);
        assert_true(address_is_loopback(&address));
    }
    struct address other = address_of("128.0.0.1");
    assert_false(address_is_loopback(&other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_private),
        cmocka_unit_test(test_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
