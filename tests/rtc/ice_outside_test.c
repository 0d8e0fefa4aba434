#include "rtc/ice_outside.h"

#include <stdio.h>

#include "testing.h"

static struct interface interface(const char *name, const char *address, bool is_default)
{
    struct interface out = {.has_carrier = true, .is_default = is_default};
    snprintf(out.name, sizeof out.name, "%s", name);
    assert_int_equal(address_parse(address, 0, &out.address), 0);
    return out;
}

static enum ice_outside outside(const struct ice_fixed *fixed, struct ice_interfaces *machine,
                                int index, const char *local, struct ice_address *out)
{
    struct ice_address from;
    assert_int_equal(ice_address_parse(span_from_string(local), 4000, &from), 0);
    return ice_outside_of(fixed, machine, &machine->list[index], &from, out);
}

static void test_external(void **state)
{
    (void)state;
    struct interface list[] = {interface("eth0", "10.0.0.2", true),
                               interface("docker0", "172.17.0.1", false),
                               interface("eth0", "2001:db8::2", false)};
    struct ice_interfaces machine = {.list = list, .count = 3, .useful_count = 3};
    struct ice_fixed fixed = {.asks_router = true};
    struct ice_address out;
    fixed.external[0] = ice_address_v4(203, 0, 113, 9, 0);
    assert_int_equal(outside(&fixed, &machine, 0, "10.0.0.2", &out), ICE_OUTSIDE_KNOWN);
    assert_true(ice_address_is_equal(&out, &(struct ice_address){4, 4000, {203, 0, 113, 9}}));
    assert_int_equal(outside(&fixed, &machine, 1, "172.17.0.1", &out), ICE_OUTSIDE_UNKNOWN);
    assert_int_equal(outside(&fixed, &machine, 2, "2001:db8::2", &out), ICE_OUTSIDE_UNKNOWN);
    list[0].is_default = false; /* nobody knows which leads out */
    assert_int_equal(outside(&fixed, &machine, 1, "172.17.0.1", &out), ICE_OUTSIDE_KNOWN);
}

static void test_router(void **state)
{
    (void)state;
    static const struct {
        const char *local;
        enum ice_outside expected;
    } rows[] = {
        {"10.0.0.2", ICE_OUTSIDE_BY_ROUTER},  {"172.31.0.1", ICE_OUTSIDE_BY_ROUTER},
        {"172.32.0.1", ICE_OUTSIDE_UNKNOWN},  {"192.168.1.1", ICE_OUTSIDE_BY_ROUTER},
        {"192.169.1.1", ICE_OUTSIDE_UNKNOWN}, {"100.64.0.1", ICE_OUTSIDE_BY_ROUTER},
        {"100.128.0.1", ICE_OUTSIDE_UNKNOWN}, {"203.0.113.1", ICE_OUTSIDE_UNKNOWN},
        {"fd00::1", ICE_OUTSIDE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct interface list[] = {interface("eth0", rows[i].local, true)};
        struct ice_interfaces machine = {.list = list, .count = 1, .useful_count = 1};
        struct ice_fixed fixed = {.asks_router = true};
        struct ice_address out;
        assert_int_equal(outside(&fixed, &machine, 0, rows[i].local, &out), rows[i].expected);
        fixed.asks_router = false;
        assert_int_equal(outside(&fixed, &machine, 0, rows[i].local, &out), ICE_OUTSIDE_UNKNOWN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_external),
        cmocka_unit_test(test_router),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
