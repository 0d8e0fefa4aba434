/*
 * Addresses, candidate lines, priorities, the ranking of interfaces.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>

#include "ice/candidate.h"

static int parse(const char *line, struct ice_candidate *c)
{
    struct guard g = guard_new(line, strlen(line));
    int result = ice_candidate_parse(g.bytes, c);
    guard_free(&g);
    return result;
}

static void test_lines(void **state)
{
    (void)state;
    struct ice_candidate c;
    struct ice_address want = ice_address_v4(192, 168, 1, 5, 40112);
    assert_int_equal(parse("candidate:1 1 UDP 2122252543 192.168.1.5 40112 typ host", &c), 0);
    assert_string_equal(c.foundation, "1");
    assert_int_equal(c.component, 1);
    assert_int_equal(c.priority, 2122252543);
    assert_int_equal(c.type, ICE_CANDIDATE_HOST);
    assert_false(c.is_tcp);
    assert_true(ice_address_is_equal(&c.address, &want));
    assert_int_equal(c.related.family, ICE_FAMILY_NONE);
    /* As Chromium and Firefox write them. */
    assert_int_equal(parse("a=candidate:842163049 1 udp 1677729535 203.0.113.9 51820 typ srflx "
                           "raddr 10.0.0.7 rport 6000 generation 0 ufrag EsAw network-cost 999\r\n",
                           &c),
                     0);
    assert_int_equal(c.type, ICE_CANDIDATE_SRFLX);
    want = ice_address_v4(10, 0, 0, 7, 6000);
    assert_true(ice_address_is_equal(&c.related, &want));
    assert_int_equal(parse("candidate:2 1 tcp 1518280447 192.168.1.5 9 typ host tcptype active",
                           &c),
                     0);
    assert_true(c.is_tcp);
    assert_int_equal(parse("candidate:3 1 udp 41885439 2001:db8::9 3478 typ relay raddr :: rport 0",
                           &c),
                     0);
    assert_int_equal(c.address.family, ICE_FAMILY_6);
    assert_int_equal(c.type, ICE_CANDIDATE_RELAY);
    assert_int_equal(
        parse("candidate:4 1 udp 2113937151 4e1c3d6f-7b1e-4c9a-9a59-3b5b54ff6ab2.local 54400 "
              "typ host generation 0",
              &c),
        0);
    assert_string_equal(c.hostname, "4e1c3d6f-7b1e-4c9a-9a59-3b5b54ff6ab2.local");
    assert_int_equal(c.address.family, ICE_FAMILY_NONE);
    assert_int_equal(c.address.port, 54400);
    /* IPv4 in IPv6's clothes. */
    assert_int_equal(parse("candidate:1 1 UDP 1 ::ffff:192.0.2.1 1 typ host", &c), 0);
    assert_int_equal(c.address.family, ICE_FAMILY_4);
}

static void test_bad_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int error;
    } bad[] = {
        {"", -EINVAL},
        {"candidate", -EINVAL},
        {"candidate:", -EINVAL},
        {"candidate:1 1 UDP 2122252543 192.168.1.5 40112", -EINVAL},
        {"candidate:1 1 UDP 2122252543 192.168.1.5 40112 typ", -EINVAL},
        {"candidate:1 1 UDP 2122252543 192.168.1.5 40112 typ wormhole", -EINVAL},
        {"candidate:1 1 UDP 2122252543 192.168.1.5 40112 typ host typ host", -EINVAL},
        {"candidate:1 0 UDP 2122252543 192.168.1.5 40112 typ host", -EINVAL},
        {"candidate:1 257 UDP 2122252543 192.168.1.5 40112 typ host", -EINVAL},
        {"candidate:1 1 UDP 4294967296 192.168.1.5 40112 typ host", -EINVAL},
        {"candidate:1 1 UDP -1 192.168.1.5 40112 typ host", -EINVAL},
        {"candidate:1 1 UDP 1 192.168.1.5 65536 typ host", -EINVAL},
        {"candidate:1 1 UDP 1 192.168.1.5 typ host", -EINVAL},
        {"candidate:1 1 UDP 1 192.168.1.5 1 typ srflx raddr 1.2.3.4 rport 99999", -EINVAL},
        {"candidate:123456789012345678901234567890123 1 UDP 1 192.168.1.5 1 typ host", -EINVAL},
        {"candidate:$ 1 UDP 1 192.168.1.5 1 typ host", -EINVAL},
        {"candidate:1 1 SCTP 1 192.168.1.5 1 typ host", -EOPNOTSUPP},
        {"candidate:1 1 UDP 1 example.org 1 typ host", -EOPNOTSUPP},
        {"candidate:1 1 UDP 1 .local 1 typ host", -EOPNOTSUPP},
        {"candidate:1 1 UDP 1 a..local 1 typ host", -EOPNOTSUPP},
        {"candidate:1 1 UDP 1 a/b.local 1 typ host", -EOPNOTSUPP},
        {"candidate:1 1 UDP 1 fe80::1%eth0 1 typ host", -EOPNOTSUPP},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ice_candidate c;
        assert_int_equal(parse(bad[i].line, &c), bad[i].error);
    }
    char line[ICE_CANDIDATE_LINE_MAX + 2];
    memset(line, ' ', sizeof line);
    static const char good[] = "candidate:1 1 UDP 1 192.168.1.5 1 typ host";
    memcpy(line, good, sizeof good - 1);
    struct ice_candidate c;
    assert_int_equal(ice_candidate_parse(span_of(line, ICE_CANDIDATE_LINE_MAX), &c), 0);
    assert_int_equal(ice_candidate_parse(span_of(line, ICE_CANDIDATE_LINE_MAX + 1), &c), -EINVAL);
}

/* No prefix of a line crashes, and none that lacks its type is taken. */
static void test_byte_by_byte(void **state)
{
    (void)state;
    static const char line[] = "candidate:842163049 1 udp 1677729535 203.0.113.9 51820 typ srflx "
                               "raddr 10.0.0.7 rport 6000";
    const char *type_end = strstr(line, "srflx") + strlen("srflx");
    for (size_t len = 0; len < sizeof line - 1; len++) {
        struct ice_candidate c;
        struct guard g = guard_new(line, len);
        int result = ice_candidate_parse(g.bytes, &c);
        if (len < (size_t)(type_end - line))
            assert_true(result < 0);
        guard_free(&g);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "candidate:1 1 udp 2122252543 192.168.1.5 40112 typ host",
        "candidate:abc+/ 1 udp 1 2001:db8::1 1 typ host",
        "candidate:8 1 udp 1677729535 203.0.113.9 51820 typ srflx raddr 10.0.0.7 rport 6",
        "candidate:9 1 udp 41885439 198.51.100.2 50000 typ relay raddr 0.0.0.0 rport 0",
        "candidate:4 1 udp 2113937151 a-b.local 54400 typ host",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct ice_candidate c;
        char out[ICE_CANDIDATE_LINE_MAX];
        assert_int_equal(parse(lines[i], &c), 0);
        assert_string_equal(ice_candidate_format(&c, out), lines[i]);
    }
}

static void test_priorities(void **state)
{
    (void)state;
    assert_int_equal(ice_candidate_priority(ICE_CANDIDATE_HOST, 65535), 2130706431);
    assert_int_equal(ice_candidate_priority(ICE_CANDIDATE_SRFLX, 65535), 1694498815);
    assert_int_equal(ice_candidate_priority(ICE_CANDIDATE_RELAY, 0), 255);
    /* 2^32 × min + 2 × max + (G > D). */
    assert_true(ice_pair_priority(7, 5) == (UINT64_C(5) << 32) + 14 + 1);
    assert_true(ice_pair_priority(5, 7) == (UINT64_C(5) << 32) + 14);
    assert_true(ice_pair_priority(UINT32_MAX, UINT32_MAX) ==
                (UINT64_C(0xffffffff) << 32) + UINT64_C(0x1fffffffe));
}

static void test_interfaces(void **state)
{
    (void)state;
    struct ice_address v4 = ice_address_v4(192, 168, 1, 5, 1);
    struct ice_address lo = ice_address_v4(127, 0, 0, 1, 1);
    struct ice_address v6;
    ice_address_parse(SPAN_LITERAL("2001:db8::1"), 1, &v6);
    static const struct {
        const char *name;
        enum ice_interface_kind kind;
    } names[] = {
        {"eth0", ICE_INTERFACE_PHYSICAL},      {"wlp3s0", ICE_INTERFACE_PHYSICAL},
        {"enp0s31f6", ICE_INTERFACE_PHYSICAL}, {"wg0", ICE_INTERFACE_VPN},
        {"tun3", ICE_INTERFACE_VPN},           {"tailscale0", ICE_INTERFACE_VPN},
        {"docker0", ICE_INTERFACE_BRIDGE},     {"br-4af3c1", ICE_INTERFACE_BRIDGE},
        {"veth12ab", ICE_INTERFACE_BRIDGE},    {"virbr0", ICE_INTERFACE_BRIDGE},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(ice_interface_kind(names[i].name, &v4), names[i].kind);
    assert_int_equal(ice_interface_kind("eth0", &lo), ICE_INTERFACE_LOOPBACK);
    uint16_t best = ice_interface_preference(ICE_INTERFACE_PHYSICAL, &v6, false, 9);
    uint16_t first = ice_interface_preference(ICE_INTERFACE_PHYSICAL, &v4, false, 0);
    uint16_t second = ice_interface_preference(ICE_INTERFACE_PHYSICAL, &v4, false, 1);
    uint16_t vpn = ice_interface_preference(ICE_INTERFACE_VPN, &v6, false, 0);
    uint16_t bridge = ice_interface_preference(ICE_INTERFACE_BRIDGE, &v6, false, 0);
    assert_true(best > first && first > second && second > vpn && vpn > bridge);
    assert_true(bridge > ice_interface_preference(ICE_INTERFACE_LOOPBACK, &lo, false, 0));
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool keeper_local, loopback, unusable;
    } cases[] = {
        {"192.0.2.1", false, false, false},
        {"169.254.1.1", true, false, false},
        {"fe80::1", true, false, false},
        {"febf::1", true, false, false},
        {"fec0::1", false, false, false},
        {"127.9.9.9", false, true, false},
        {"::1", false, true, false},
        {"0.0.0.0", false, false, true},
        {"::", false, false, true},
        {"224.0.0.251", false, false, true},
        {"255.255.255.255", false, false, true},
        {"ff02::fb", false, false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ice_address a;
        assert_int_equal(ice_address_parse(span_from_string(cases[i].text), 5, &a), 0);
        assert_int_equal(ice_address_is_link_local(&a), cases[i].keeper_local);
        assert_int_equal(ice_address_is_loopback(&a), cases[i].loopback);
        assert_int_equal(ice_address_is_unusable(&a), cases[i].unusable);
        char out[ICE_ADDRESS_TEXT_LEN];
        assert_string_equal(ice_address_format_ip(&a, out), cases[i].text);
    }
    struct ice_address a;
    char out[ICE_ADDRESS_TEXT_LEN];
    ice_address_parse(SPAN_LITERAL("2001:db8::1"), 80, &a);
    assert_string_equal(ice_address_format(&a, out), "[2001:db8::1]:80");
    assert_int_equal(ice_address_parse(SPAN_LITERAL("1.2.3"), 1, &a), -EINVAL);
    assert_int_equal(ice_address_parse(SPAN_LITERAL("[::1]"), 1, &a), -EINVAL);
    assert_int_equal(ice_address_parse(span_of("1.2.3.4\0x", 9), 1, &a), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_byte_by_byte), cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_priorities),   cmocka_unit_test(test_interfaces),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
