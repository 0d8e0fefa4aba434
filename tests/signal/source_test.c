/*
 * How many sockets and joins an address has, an IPv6 network, and a site; on a
 * clock of our own.
 */
#include "testing.h"

#include <stdio.h>

#include "signal/source.h"

enum { SOCKETS_MAX = 8, JOINS_PER_S = 2 };

static struct source *add(struct sources *sources, const char *host, uint64_t now_us)
{
    struct address address;
    assert_int_equal(address_parse(host, 80, &address), 0);
    if (!sources_has_room(sources, &address))
        return NULL;
    return sources_add_socket(sources, &address, now_us);
}

static void fill(struct sources *sources, const char *host, struct source **out, int count)
{
    for (int i = 0; i < count; i++) {
        out[i] = add(sources, host, 1);
        assert_non_null(out[i]);
    }
}

static void drop(struct sources *sources, struct source **from, int count)
{
    for (int i = 0; i < count; i++)
        sources_drop_socket(sources, from[i], 1);
}

static void test_addresses(void **state)
{
    (void)state;
    struct sources sources;
    struct source *v4[SOCKETS_MAX], *v6[SOCKETS_MAX];
    sources_init(&sources, SOCKETS_MAX, JOINS_PER_S);
    fill(&sources, "192.0.2.1", v4, SOCKETS_MAX);
    assert_null(add(&sources, "192.0.2.1", 1));
    assert_null(add(&sources, "::ffff:192.0.2.1", 1)); /* the same one */
    fill(&sources, "2001:db8:0:1::1", v6, SOCKETS_MAX);
    assert_null(add(&sources, "2001:db8:0:1:ffff::2", 1)); /* of one /64 */
    drop(&sources, v4, 1);
    fill(&sources, "192.0.2.1", v4, 1);
    assert_null(add(&sources, "192.0.2.1", 1));
    drop(&sources, v4, SOCKETS_MAX);
    drop(&sources, v6, SOCKETS_MAX);
    assert_int_equal(sources.table.count, 0);
    sources_deinit(&sources);
}

/* Who has a /48 has 65536 networks. */
static void test_site(void **state)
{
    (void)state;
    struct sources sources;
    struct source *all[SOURCE_SITE_FACTOR][SOCKETS_MAX], *other;
    sources_init(&sources, SOCKETS_MAX, JOINS_PER_S);
    for (int i = 0; i < SOURCE_SITE_FACTOR; i++) {
        char host[] = "2001:db8:0:0::1";
        host[11] = (char)('0' + i);
        fill(&sources, host, all[i], SOCKETS_MAX);
    }
    assert_null(add(&sources, "2001:db8:0:77::1", 1));
    other = add(&sources, "2001:db8:1:77::1", 1);
    assert_non_null(other);
    sources_drop_socket(&sources, other, 1);
    for (int i = 0; i < SOURCE_SITE_FACTOR; i++)
        drop(&sources, all[i], SOCKETS_MAX);
    assert_int_equal(sources.table.count, 0);
    sources_deinit(&sources);
}

/* How many of that many joins are taken, each by a socket of its own. */
static int join(struct sources *sources, const char *format, int count, uint64_t now_us)
{
    int taken = 0;
    for (int i = 0; i < count; i++) {
        char host[64];
        snprintf(host, sizeof host, format, i);
        struct source *source = add(sources, host, now_us);
        assert_non_null(source);
        taken += sources_take_join(sources, source, now_us);
        sources_drop_socket(sources, source, now_us);
    }
    return taken;
}

static void test_joins(void **state)
{
    (void)state;
    enum { BURST = SOCKETS_MAX * SOURCE_JOINS_PER_SOCKET };
    struct sources sources;
    uint64_t now_us = US_PER_S;
    sources_init(&sources, SOCKETS_MAX, JOINS_PER_S);
    /* Though each socket is gone before the next comes. */
    assert_int_equal(join(&sources, "192.0.2.1", 1000, now_us), BURST);
    assert_int_equal(join(&sources, "192.0.2.2", 1000, now_us), BURST);
    assert_int_equal(join(&sources, "2001:db8::%x", 1000, now_us), BURST);
    assert_int_equal(join(&sources, "2001:db8:1:%x::", 1000, now_us), SOURCE_SITE_FACTOR * BURST);
    now_us += 3 * US_PER_S;
    assert_int_equal(join(&sources, "192.0.2.1", 1000, now_us), 3 * JOINS_PER_S);
    /* What is idle does not stay. */
    now_us += 1000 * US_PER_S;
    for (int i = 0; i < 2000; i++)
        join(&sources, "198.51.100.1", 1, now_us += US_PER_S);
    assert_in_range(sources.table.count, 0, 2);
    sources_deinit(&sources);
}

static void test_no_limits(void **state)
{
    (void)state;
    struct sources sources;
    sources_init(&sources, 0, JOINS_PER_S);
    assert_int_equal(join(&sources, "192.0.2.1", 1000, US_PER_S), 1000);
    struct source *many[100];
    fill(&sources, "2001:db8::1", many, 100);
    drop(&sources, many, 100);
    sources_deinit(&sources);
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
