/*
 * Which addresses are used: by their rank, alone; and of a machine with more of
 * them than there is room for, or with none that it lists.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "network_testing.h"
#include "rtc/ice_interfaces.h"
#include "rtc/ice_io.h"

static struct interface interface(const char *name, const char *address)
{
    struct interface out = {.has_carrier = true};
    snprintf(out.name, sizeof out.name, "%s", name);
    assert_int_equal(address_parse(address, 0, &out.address), 0);
    return out;
}

static void test_rank(void **state)
{
    (void)state;
    struct interface list[] = {
        interface("lo", "127.0.0.1"),      interface("docker0", "172.17.0.1"),
        interface("wg0", "10.0.0.1"),      interface("eth1", "192.168.2.1"),
        interface("eth3", "10.3.0.1"),     interface("corp", "10.2.0.1"),
        interface("eth1", "fe80::1"),      interface("wlan0", "192.168.1.1"),
        interface("wlan0", "2001:db8::1"),
    };
    int count = sizeof list / sizeof *list;
    static const char *const expected[] = {"wlan0", "eth1", "wlan0", "wg0", "corp", "docker0"};
    list[0].is_loopback = true;
    list[4].has_carrier = false;
    list[5].is_point_to_point = true;
    list[7].is_default = true;
    assert_int_equal(ice_interfaces_rank(list, count, NULL), 6);
    for (int i = 0; i < 6; i++)
        assert_string_equal(list[i].name, expected[i]);
    struct interface lonely[] = {interface("eth0", "fe80::1"), interface("lo", "127.0.0.1")};
    lonely[1].is_loopback = true;
    assert_int_equal(ice_interfaces_rank(lonely, 2, NULL), 1);
    assert_string_equal(lonely[0].name, "lo");
}

static void test_ipv6_only(void **state)
{
    (void)state;
    struct interface list[] = {
        interface("wlan0", "2001:db8::1"),
        interface("docker0", "172.17.0.1"),
        interface("wlan0", "192.168.1.1"),
    };
    struct ice_interfaces machine = {.list = list, .useful_count = 2};
    assert_false(ice_interfaces_is_ipv6_only(&machine)); /* it leads nowhere */
    list[0].is_default = true;
    assert_true(ice_interfaces_is_ipv6_only(&machine));
    list[2].is_default = true;
    assert_true(ice_interfaces_is_ipv6_only(&machine)); /* the last is of no use */
    machine.useful_count = 3;
    assert_false(ice_interfaces_is_ipv6_only(&machine));
}

/* --interface: its addresses and no others, be it the loopback. */
static void test_only(void **state)
{
    (void)state;
    struct interface list[] = {
        interface("lo", "127.0.0.1"),
        interface("eth0", "192.168.1.1"),
        interface("eth1", "192.168.2.1"),
        interface("eth1", "fe80::1"),
    };
    list[0].is_loopback = true;
    list[1].is_default = true;
    assert_int_equal(ice_interfaces_rank(list, 4, "eth1"), 1);
    assert_string_equal(list[0].name, "eth1");
    assert_int_equal(ice_interfaces_rank(list, 4, "lo"), 1);
    assert_string_equal(list[0].name, "lo");
    assert_int_equal(ice_interfaces_rank(list, 4, "eth2"), 0);
}

/* One interface with very many addresses does not keep out the others, even
 * if it is the default route's. */
static void test_many_addresses(void **state)
{
    (void)state;
    for (int is_default = 0; is_default < 2; is_default++) {
        enum { MANY = 150 };
        struct interface list[MANY + 1];
        for (int i = 0; i < MANY; i++) {
            char text[32];
            snprintf(text, sizeof text, "10.96.0.%d", i + 1);
            list[i] = interface("ipvs0", text);
            list[i].is_default = is_default;
        }
        list[MANY] = interface("docker0", "172.17.0.1");
        assert_int_equal(ice_interfaces_rank(list, MANY + 1, NULL), MANY + 1);
        assert_string_equal(list[ICE_PER_INTERFACE].name, "docker0");
    }
}

static void test_description(void **state)
{
    (void)state;
    char text[ICE_INTERFACES_TEXT_LEN];
    struct interface list[20];
    for (int i = 0; i < 20; i++) {
        char name[IF_NAMESIZE];
        snprintf(name, sizeof name, "br-%d", i / 2);
        list[i] = interface(name, "10.0.0.1");
    }
    assert_string_equal(ice_interfaces_describe(list, 0, text), "");
    assert_string_equal(ice_interfaces_describe(list, 3, text), "br-0, br-1");
    assert_string_equal(ice_interfaces_describe(list, 20, text),
                        "br-0, br-1, br-2, br-3, br-4 and 5 more");
    for (int i = 0; i < 20; i++) {
        memset(list[i].name, 'a' + i, sizeof list[i].name);
        list[i].name[sizeof list[i].name - 1] = '\0';
    }
    assert_true(strlen(ice_interfaces_describe(list, 20, text)) < ICE_INTERFACES_TEXT_LEN - 1);
}

static void test_uplinks(void **state)
{
    (void)state;
    struct interface list[] = {
        interface("eth0", "192.168.1.1"),  interface("wlan0", "192.168.2.1"),
        interface("tun0", "10.0.0.1"),     interface("docker0", "172.17.0.1"),
        interface("corp", "10.2.0.1"),     interface("", "192.168.3.1"),
        interface("wlan0", "2001:db8::1"),
    };
    int count = sizeof list / sizeof *list;
    list[4].is_point_to_point = true;
    for (int i = 0; i < count; i++)
        assert_false(ice_interfaces_is_uplink(list, count, &list[i])); /* no default route */
    list[0].is_default = true;
    for (int i = 0; i < count; i++)
        assert_int_equal(ice_interfaces_is_uplink(list, count, &list[i]), i == 1);
}

/* ---- a machine ---- */

struct rig {
    struct loop *loop;
    struct ice_io *io;
    int candidates;
    const char *wanted;
    bool has_wanted;
    unsigned long best_priority;
    char best[256]; /* the candidate of that */
};

static void on_candidate(const char *candidate, void *arg)
{
    struct rig *r = arg;
    if (!candidate)
        return;
    unsigned long priority = 0;
    sscanf(candidate, "%*[^ ] %*d %*s %lu", &priority);
    if (priority > r->best_priority) {
        r->best_priority = priority;
        snprintf(r->best, sizeof r->best, "%s", candidate);
    }
    r->candidates++;
    r->has_wanted |= strstr(candidate, r->wanted) != NULL;
}

static void rig_init(struct rig *r, const char *wanted)
{
    struct ice_io_config config = {.is_controlling = true};
    *r = (struct rig){.loop = loop_new(), .wanted = wanted};
    r->io = ice_io_new(r->loop, &config, on_candidate, r);
    ice_io_gather(r->io);
}

static void rig_deinit(struct rig *r)
{
    ice_io_close(r->io);
    loop_free(r->loop);
}

static bool has_after_restart(struct rig *r, const char *wanted)
{
    r->candidates = 0;
    r->has_wanted = false;
    r->wanted = wanted;
    ice_io_restart(r->io);
    assert_int_equal(r->candidates, 16);
    return r->has_wanted;
}

/* Twenty bridges come before the one that leads out; and then a better one
 * comes, as when a laptop moves. */
static void test_many_bridges(void **state)
{
    (void)state;
    if (!build_network())
        skip();
    for (int i = 0; i < 20; i++) {
        char name[IF_NAMESIZE];
        char address[32];
        snprintf(name, sizeof name, "br-%d", i);
        snprintf(address, sizeof address, "172.17.%d.1/24", i);
        add_interface(name, address);
    }
    add_interface("eth1", "192.0.2.10/24");
    ip("route add default dev eth1");
    struct rig r;
    rig_init(&r, " 192.0.2.10 ");
    assert_int_equal(r.candidates, 16);
    assert_true(r.has_wanted);

    add_interface("eth2", "198.51.100.10/24");
    assert_true(ice_io_update_addresses(r.io));
    assert_true(has_after_restart(&r, " 198.51.100.10 "));
    /* One bridge more is not worth another's place. */
    add_interface("br-20", "172.17.20.1/24");
    ice_io_update_addresses(r.io);
    assert_false(has_after_restart(&r, " 172.17.20.1 "));
    assert_true(has_after_restart(&r, " 192.0.2.10 "));
    rig_deinit(&r);
}

/* Of two uplinks, the one that the default route leads to ranks first. */
static void test_default_route_moves(void **state)
{
    (void)state;
    if (!build_network())
        skip();
    add_interface("eth1", "192.0.2.10/24");
    add_interface("eth2", "198.51.100.10/24");
    ip("route add default dev eth1");
    struct rig r;
    rig_init(&r, "");
    assert_non_null(strstr(r.best, " 192.0.2.10 "));
    assert_false(ice_io_update_addresses(r.io));
    ip("route replace default dev eth2");
    assert_true(ice_io_update_addresses(r.io));
    r.best_priority = 0;
    ice_io_restart(r.io);
    assert_non_null(strstr(r.best, " 198.51.100.10 "));
    assert_false(ice_io_update_addresses(r.io));
    rig_deinit(&r);
}

static void test_without_netlink(void **state)
{
    (void)state;
    if (!build_network())
        skip();
    add_interface("eth1", "192.0.2.10/24");
    ip("route add default dev eth1");
    if (!forgo_netlink())
        skip();
    struct rig r;
    rig_init(&r, " 192.0.2.10 ");
    assert_int_equal(r.candidates, 1);
    assert_true(r.has_wanted);
    rig_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rank),
        cmocka_unit_test(test_ipv6_only),
        cmocka_unit_test(test_only),
        cmocka_unit_test(test_many_addresses),
        cmocka_unit_test(test_description),
        cmocka_unit_test(test_uplinks),
        cmocka_unit_test(test_many_bridges),
        cmocka_unit_test(test_default_route_moves),
        cmocka_unit_test(test_without_netlink), /* the last: it stays so */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
