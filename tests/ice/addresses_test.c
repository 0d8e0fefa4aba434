/*
 * The addresses of two peers: changed, mapped anew by a NAT, learned from
 * checks, hidden by names, of no use, and too many.
 */
#include "life_rig.h"

#include <errno.h>
#include <stdio.h>

/* The laptop takes another address in mid-transfer, on either side; the
 * owner removes the old one, adds the new one and restarts. */
static void test_address_change(void **state)
{
    (void)state;
    for (int who = 0; who < 2; who++) {
        struct rig r = rig_nat(130, false);
        connect(&r);
        stream(&r, 5 * US_PER_MS);
        sim_run(r.s, US_PER_S);
        struct sim_peer *mover = who ? r.b : r.a;
        int realm = sim_add_nat(r.s, SIM_PUBLIC, ice_address_v4(203, 0, 113, 7, 0),
                                SIM_NAT_RESTRICTED, false);
        sim_gap_us(r.a);
        sim_gap_us(r.b);
        sim_remove_address(mover, who ? r.base_b : r.base_a);
        assert_null(ice_agent_route(sim_agent(mover)));
        assert_true(sim_add_address(mover, realm, ice_address_v4(10, 0, 0, 7, 7000), "wlan0") >= 0);
        sim_restart_ice(mover);
        sim_run(r.s, 10 * US_PER_S);
        assert_int_equal(ice_agent_state(sim_agent(r.a)), ICE_CONNECTED);
        assert_int_equal(ice_agent_state(sim_agent(r.b)), ICE_CONNECTED);
        uint64_t gap_a = sim_gap_us(r.a);
        uint64_t gap_b = sim_gap_us(r.b);
        printf("%s changes its address: %.0f and %.0f ms without data\n",
               who ? "answerer" : "offerer", (double)gap_a / 1e3, (double)gap_b / 1e3);
        assert_in_range(gap_a, 0, US_PER_S);
        assert_in_range(gap_b, 0, US_PER_S);
        assert_int_equal(sim_failures(r.a) + sim_failures(r.b), 0);
        sim_free(r.s);
    }
}

/* The same without signalling: on a network without NATs, the checks from the
 * new address make the other side doubt the old one at once. */
static void test_address_change_unsignalled(void **state)
{
    (void)state;
    for (int who = 0; who < 2; who++) {
        struct rig r = rig_lan(134, NULL, NULL);
        connect(&r);
        stream(&r, 5 * US_PER_MS);
        sim_run(r.s, US_PER_S);
        struct sim_peer *mover = who ? r.b : r.a;
        sim_gap_us(r.a);
        sim_gap_us(r.b);
        sim_remove_address(mover, who ? r.base_b : r.base_a);
        sim_add_address(mover, SIM_PUBLIC, ice_address_v4(192, 0, 2, 7, 7000), "eth0");
        sim_run(r.s, 10 * US_PER_S);
        assert_true(sim_is_consistent(r.a, r.b));
        assert_in_range(sim_gap_us(mover), 0, 3 * US_PER_S);
        assert_in_range(sim_gap_us(who ? r.a : r.b), 0, US_PER_S / 2);
        sim_free(r.s);
    }
}

/* A second interface comes up, better than the first: after a restart it is
 * used, and nothing was lost. */
static void test_better_interface(void **state)
{
    (void)state;
    struct rig r = rig_new(131, NULL, NULL);
    struct ice_path path;
    sim_add_address(r.a, SIM_PUBLIC, ice_address_v4(192, 0, 2, 1, 4000), "wg0");
    sim_add_address(r.b, SIM_PUBLIC, ice_address_v4(192, 0, 2, 2, 5000), "eth0");
    connect(&r);
    stream(&r, 5 * US_PER_MS);
    sim_add_address(r.a, SIM_PUBLIC, ice_address_v4(192, 0, 2, 3, 4000), "eth0");
    sim_restart_ice(r.a);
    sim_run(r.s, 5 * US_PER_S);
    assert_true(ice_agent_path(sim_agent(r.a), &path));
    assert_int_equal(path.local.ip[3], 3);
    assert_true(sim_is_consistent(r.a, r.b));
    all_arrived(&r);
    sim_free(r.s);
}

/* A NAT forgets its mappings: the next consent request comes from a new port,
 * which teaches the other side. No restart, no relay. */
static void test_nat_forgets(void **state)
{
    (void)state;
    struct rig r = rig_new(132, NULL, NULL);
    int realm =
        sim_add_nat(r.s, SIM_PUBLIC, ice_address_v4(203, 0, 113, 1, 0), SIM_NAT_PORT, false);
    sim_add_address(r.a, realm, ice_address_v4(192, 168, 1, 5, 4000), "eth0");
    sim_add_address(r.b, SIM_PUBLIC, ice_address_v4(203, 0, 113, 2, 5000), "eth0");
    connect(&r);
    for (int i = 0; i < 3; i++) {
        sim_reset_nat(r.s, realm);
        sim_run(r.s, 60 * US_PER_S);
        assert_int_equal(ice_agent_state(sim_agent(r.a)), ICE_CONNECTED);
        assert_int_equal(ice_agent_state(sim_agent(r.b)), ICE_CONNECTED);
        uint64_t before = sim_received(r.a);
        sim_send_data(r.b);
        sim_send_data(r.a);
        sim_run(r.s, US_PER_S);
        assert_int_equal(sim_received(r.a), before + 1);
    }
    assert_int_equal(sim_failures(r.a) + sim_failures(r.b), 0);
    sim_free(r.s);
}

/* Addresses that come and go for long leave nothing behind. */
static void test_flapping(void **state)
{
    (void)state;
    struct rig r = rig_nat(147, true);
    connect(&r);
    for (int i = 0; i < 100; i++) {
        int base = sim_add_address(r.a, r.realm_a,
                                   ice_address_v4(192, 168, 1, 6, (uint16_t)(6000 + i)), "wlan0");
        assert_true(base >= 0);
        sim_restart_ice(r.a);
        sim_run(r.s, US_PER_S);
        sim_remove_address(r.a, base);
        sim_restart_ice(r.a);
        sim_run(r.s, US_PER_S);
    }
    sim_run(r.s, 5 * US_PER_S);
    assert_int_equal(ice_agent_state(sim_agent(r.a)), ICE_CONNECTED);
    assert_true(sim_is_consistent(r.a, r.b));
    sim_free(r.s);
}

/* A NAT gives another address at each restart: those of before make way. */
static void test_mapped_addresses_come_and_go(void **state)
{
    (void)state;
    struct rig r = rig_nat(148, false);
    connect(&r);
    for (int i = 0; i < 100; i++) {
        sim_reset_nat(r.s, r.realm_a);
        sim_restart_ice(r.b);
        sim_run(r.s, 2 * US_PER_S);
    }
    assert_true(sim_add_address(r.a, r.realm_a, ice_address_v4(192, 168, 1, 6, 4000), "wlan0") > 0);
    sim_free(r.s);
}

/* One side tells nothing: the other learns its addresses from its checks. */
static void test_peer_reflexive(void **state)
{
    (void)state;
    struct sim_peer_config silent = {.name = "b", .hold_candidates = true, .never_end = true};
    struct rig r = rig_lan(140, NULL, &silent);
    struct ice_path path;
    connect(&r);
    assert_true(ice_agent_path(sim_agent(r.a), &path));
    assert_int_equal(path.remote_type, ICE_CANDIDATE_PRFLX);
    sim_free(r.s);
}

static void test_hidden_hosts(void **state)
{
    (void)state;
    struct rig r = rig_lan(141, NULL, NULL);
    struct ice_path path;
    sim_hide_hosts(r.a, "4e1c3d6f-7b1e-4c9a-9a59-3b5b54ff6ab2.local");
    sim_hide_hosts(r.b, "aaaaaaaa-7b1e-4c9a-9a59-3b5b54ff6ab2.local");
    sim_set_hostname(r.s, "4e1c3d6f-7b1e-4c9a-9a59-3b5b54ff6ab2.local",
                     ice_address_v4(192, 0, 2, 1, 0));
    sim_set_hostname(r.s, "aaaaaaaa-7b1e-4c9a-9a59-3b5b54ff6ab2.local",
                     ice_address_v4(192, 0, 2, 2, 0));
    connect(&r);
    assert_true(ice_agent_path(sim_agent(r.a), &path));
    assert_int_equal(path.remote_type, ICE_CANDIDATE_HOST);
    sim_free(r.s);
}

static void test_no_such_name(void **state)
{
    (void)state;
    struct rig r = rig_new(142, NULL, NULL);
    /* Two homes without servers: the names mean nothing to the other. */
    for (int i = 1; i <= 2; i++) {
        int realm = sim_add_nat(r.s, SIM_PUBLIC, ice_address_v4(203, 0, 113, (uint8_t)i, 0),
                                SIM_NAT_PORT, false);
        sim_add_address(i == 1 ? r.a : r.b, realm, ice_address_v4(192, 168, (uint8_t)i, 5, 4000),
                        "eth0");
    }
    sim_hide_hosts(r.b, "bbbb.local");
    sim_connect(r.s, r.a, r.b);
    assert_false(sim_run_until_connected(r.s, 60 * US_PER_S));
    assert_non_null(strstr(sim_last_text(r.a), "bbbb.local: no such name on this network"));
    assert_non_null(strstr(sim_last_text(r.b), "host 192.168.2.5:4000 -> host 192.168.1.5:4000: "
                                               "no answer to 6 checks"));
    sim_free(r.s);
}

/* Candidates that are of no use do no harm. */
static void test_useless_candidates(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "candidate:1 1 tcp 1518280447 192.0.2.2 9 typ host tcptype active",
        "candidate:1 2 udp 2122252543 192.0.2.2 5001 typ host",
        "candidate:1 1 udp 2122252543 169.254.3.4 5001 typ host",
        "candidate:1 1 udp 2122252543 fe80::1 5001 typ host",
        "candidate:1 1 udp 2122252543 0.0.0.0 5001 typ host",
        "candidate:1 1 udp 2122252543 224.0.0.1 5001 typ host",
        "candidate:1 1 udp 2122252543 192.0.2.2 0 typ host",
        "candidate:1 1 udp 2122252543 example.org 5001 typ host",
        "candidate:1 1 sctp 2122252543 192.0.2.2 5001 typ host",
    };
    struct rig r = rig_lan(143, NULL, NULL);
    struct ice_agent *a = sim_agent(r.a);
    assert_int_equal(ice_agent_add_remote(a, span_from_string(lines[0]), 0), -ENOTCONN);
    sim_connect(r.s, r.a, r.b);
    sim_run(r.s, 60 * US_PER_MS);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_int_equal(ice_agent_add_remote(a, span_from_string(lines[i]), sim_now(r.s)), 0);
    assert_int_equal(ice_agent_add_remote(a, SPAN_LITERAL("nonsense"), sim_now(r.s)), -EINVAL);
    assert_true(sim_run_until_connected(r.s, US_PER_S));
    sim_free(r.s);
}

/* A flood of candidates is cut off at the caps, and the one that works is
 * found all the same. */
static void test_flood(void **state)
{
    (void)state;
    struct rig r = rig_lan(144, NULL, NULL);
    struct ice_agent *a = sim_agent(r.a);
    int taken = 0;
    sim_connect(r.s, r.a, r.b);
    sim_run(r.s, 41 * US_PER_MS); /* the answer is here, b's candidate too */
    for (int i = 0; i < 200; i++) {
        char line[128];
        snprintf(line, sizeof line, "candidate:%d 1 udp 2122252543 198.18.0.%d 6000 typ host", i,
                 i + 1);
        int error = ice_agent_add_remote(a, span_from_string(line), sim_now(r.s));
        assert_true(error == 0 || error == -ENOSPC);
        taken += error == 0;
    }
    assert_in_range(taken, 40, ICE_REMOTE_MAX);
    assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
    sim_free(r.s);
}

static void test_ipv6_first(void **state)
{
    (void)state;
    struct rig r = rig_lan(145, NULL, NULL);
    struct ice_address v6;
    struct ice_path path;
    ice_address_parse(SPAN_LITERAL("2001:db8::1"), 4000, &v6);
    sim_add_address(r.a, SIM_PUBLIC, v6, "eth0");
    ice_address_parse(SPAN_LITERAL("2001:db8::2"), 5000, &v6);
    sim_add_address(r.b, SIM_PUBLIC, v6, "eth0");
    connect(&r);
    assert_true(ice_agent_path(sim_agent(r.a), &path));
    assert_int_equal(path.local.family, ICE_FAMILY_6);
    sim_free(r.s);
}

static void test_bad_interfaces(void **state)
{
    (void)state;
    struct rig r = rig_lan(146, NULL, NULL);
    static const char *const bad[] = {"0.0.0.0", "169.254.1.1", "fe80::1", "ff02::1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ice_address a;
        ice_address_parse(span_from_string(bad[i]), 4000, &a);
        assert_int_equal(sim_add_address(r.a, SIM_PUBLIC, a, "eth0"), -EINVAL);
    }
    assert_int_equal(sim_add_address(r.a, SIM_PUBLIC, ice_address_v4(192, 0, 2, 1, 4000), "eth0"),
                     -EEXIST);
    int added = 0;
    for (int i = 0; i < 40; i++)
        added += sim_add_address(r.a, SIM_PUBLIC, ice_address_v4(10, 9, 0, (uint8_t)i, 4000),
                                 "br-1") >= 0;
    assert_int_equal(added, ICE_INTERFACES_MAX - 1);
    connect(&r);
    sim_free(r.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address_change),
        cmocka_unit_test(test_address_change_unsignalled),
        cmocka_unit_test(test_better_interface),
        cmocka_unit_test(test_nat_forgets),
        cmocka_unit_test(test_flapping),
        cmocka_unit_test(test_mapped_addresses_come_and_go),
        cmocka_unit_test(test_peer_reflexive),
        cmocka_unit_test(test_hidden_hosts),
        cmocka_unit_test(test_no_such_name),
        cmocka_unit_test(test_useless_candidates),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_ipv6_first),
        cmocka_unit_test(test_bad_interfaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
