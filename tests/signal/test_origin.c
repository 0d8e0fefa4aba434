/*
 * How many sockets and joins an address has, an IPv6 network, and a site; on a
 * clock of our own.
 */
#include "testing.h"

#include <stdio.h>

#include "signal/origin.h"

enum { SOCKETS_MAX = 8, JOINS_PER_S = 2 };

static struct origin *add(struct origins *origins, const char *host, uint64_t now_us)
{
    struct address address;
    assert_int_equal(address_parse(host, 80, &address), 0);
    if (!origins_has_room(origins, &address))
        return NULL;
    return origins_add_socket(origins, &address, now_us);
}

static void fill(struct origins *origins, const char *host, struct origin **out, int count)
{
    for (int i = 0; i < count; i++) {
        out[i] = add(origins, host, 1);
        assert_non_null(out[i]);
    }
}

static void drop(struct origins *origins, struct origin **from, int count)
{
    for (int i = 0; i < count; i++)
        origins_drop_socket(origins, from[i], 1);
}

static void test_addresses(void **state)
{
    (void)state;
    struct origins origins;
    struct origin *v4[SOCKETS_MAX], *v6[SOCKETS_MAX];
    origins_init(&origins, SOCKETS_MAX, JOINS_PER_S);
    fill(&origins, "192.0.2.1", v4, SOCKETS_MAX);
    assert_null(add(&origins, "192.0.2.1", 1));
    assert_null(add(&origins, "::ffff:192.0.2.1", 1)); /* the same one */
    fill(&origins, "2001:db8:0:1::1", v6, SOCKETS_MAX);
    assert_null(add(&origins, "2001:db8:0:1:ffff::2", 1)); /* of one /64 */
    drop(&origins, v4, 1);
    fill(&origins, "192.0.2.1", v4, 1);
    assert_null(add(&origins, "192.0.2.1", 1));
    drop(&origins, v4, SOCKETS_MAX);
    drop(&origins, v6, SOCKETS_MAX);
    assert_int_equal(origins.table.count, 0);
    origins_deinit(&origins);
}

/* Who has a /48 has 65536 networks. */
static void test_site(void **state)
{
    (void)state;
    struct origins origins;
    struct origin *all[ORIGIN_SITE_FACTOR][SOCKETS_MAX], *other;
    origins_init(&origins, SOCKETS_MAX, JOINS_PER_S);
    for (int i = 0; i < ORIGIN_SITE_FACTOR; i++) {
        char host[] = "2001:db8:0:0::1";
        host[11] = (char)('0' + i);
        fill(&origins, host, all[i], SOCKETS_MAX);
    }
    assert_null(add(&origins, "2001:db8:0:77::1", 1));
    other = add(&origins, "2001:db8:1:77::1", 1);
    assert_non_null(other);
    origins_drop_socket(&origins, other, 1);
    for (int i = 0; i < ORIGIN_SITE_FACTOR; i++)
        drop(&origins, all[i], SOCKETS_MAX);
    assert_int_equal(origins.table.count, 0);
    origins_deinit(&origins);
}

/* How many of that many joins are taken, each by a socket of its own. */
static int join(struct origins *origins, const char *format, int count, uint64_t now_us)
{
    int taken = 0;
    for (int i = 0; i < count; i++) {
        char host[64];
        snprintf(host, sizeof host, format, i);
        struct origin *origin = add(origins, host, now_us);
        assert_non_null(origin);
        taken += origins_take_join(origins, origin, now_us);
        origins_drop_socket(origins, origin, now_us);
    }
    return taken;
}

static void test_joins(void **state)
{
    (void)state;
    enum { BURST = SOCKETS_MAX * ORIGIN_JOINS_PER_SOCKET };
    struct origins origins;
    uint64_t now_us = US_PER_S;
    origins_init(&origins, SOCKETS_MAX, JOINS_PER_S);
    /* Though each socket is gone before the next comes. */
    assert_int_equal(join(&origins, "192.0.2.1", 1000, now_us), BURST);
    assert_int_equal(join(&origins, "192.0.2.2", 1000, now_us), BURST);
    assert_int_equal(join(&origins, "2001:db8::%x", 1000, now_us), BURST);
    assert_int_equal(join(&origins, "2001:db8:1:%x::", 1000, now_us), ORIGIN_SITE_FACTOR * BURST);
    now_us += 3 * US_PER_S;
    assert_int_equal(join(&origins, "192.0.2.1", 1000, now_us), 3 * JOINS_PER_S);
    /* What is idle does not stay. */
    now_us += 1000 * US_PER_S;
    for (int i = 0; i < 2000; i++)
        join(&origins, "198.51.100.1", 1, now_us += US_PER_S);
    assert_in_range(origins.table.count, 0, 2);
    origins_deinit(&origins);
}

static void test_no_limits(void **state)
{
    (void)state;
    struct origins origins;
    origins_init(&origins, 0, JOINS_PER_S);
    assert_int_equal(join(&origins, "192.0.2.1", 1000, US_PER_S), 1000);
    struct origin *many[100];
    fill(&origins, "2001:db8::1", many, 100);
    drop(&origins, many, 100);
    origins_deinit(&origins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_site),
        cmocka_unit_test(test_joins),
        cmocka_unit_test(test_no_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
