/*
 * What happens to a path in its life: roles in conflict, restarts under
 * traffic, consent lost, a relay that takes over or is left.
 */
#include "life_rig.h"

#include <stdio.h>

static void test_role_conflict(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        bool is_controlling = seed & 1;
        struct sim_peer_config a = {.name = "a", .is_controlling = is_controlling};
        struct sim_peer_config b = {.name = "b", .is_controlling = is_controlling};
        struct rig r = rig_lan(100 + seed, &a, &b);
        connect(&r);
        assert_int_not_equal(ice_agent_is_controlling(sim_agent(r.a)),
                             ice_agent_is_controlling(sim_agent(r.b)));
        sim_free(r.s);
    }
}

static void test_restart_under_traffic(void **state)
{
    (void)state;
    for (int who = 0; who < 2; who++) {
        struct rig r = rig_nat(110, true);
        connect(&r);
        char ufrag[ICE_UFRAG_LEN + 1];
        memcpy(ufrag, ice_agent_local_ufrag(sim_agent(r.a)), sizeof ufrag);
        stream(&r, 2 * US_PER_MS);
        for (int i = 0; i < 5; i++) {
            sim_restart_ice(who ? r.a : r.b);
            sim_run(r.s, 3 * US_PER_S);
        }
        assert_string_not_equal(ice_agent_local_ufrag(sim_agent(r.a)), ufrag);
        assert_true(sim_routes(r.a) >= 6 && sim_routes(r.b) >= 6);
        all_arrived(&r);
        assert_int_equal(ice_agent_state(sim_agent(r.a)), ICE_CONNECTED);
        /* The old path is dropped by and by; the new one stays. */
        sim_run(r.s, 120 * US_PER_S);
        assert_int_equal(ice_agent_state(sim_agent(r.a)), ICE_CONNECTED);
        assert_true(sim_is_consistent(r.a, r.b));
        sim_free(r.s);
    }
}

/* The answer is slow: the checks of the new generation come before it. */
static void test_restart_slow_signalling(void **state)
{
    (void)state;
    struct rig r = rig_nat(111, false);
    connect(&r);
    stream(&r, 5 * US_PER_MS);
    sim_set_signal_delay(r.s, 3 * US_PER_S);
    sim_restart_ice(r.a);
    sim_run(r.s, 20 * US_PER_S);
    all_arrived(&r);
    assert_int_equal(sim_failures(r.a) + sim_failures(r.b), 0);
    sim_free(r.s);
}

static void test_early_checks(void **state)
{
    (void)state;
    struct rig r = rig_lan(112, NULL, NULL);
    sim_set_signal_delay(r.s, 500 * US_PER_MS);
    uint64_t begun_us = sim_now(r.s);
    sim_connect(r.s, r.a, r.b);
    assert_true(sim_run_until_connected(r.s, 5 * US_PER_S));
    /* Offer and answer take a second; a check and its answer 20 ms. */
    assert_in_range(sim_now(r.s) - begun_us, 1000000, 1040000);
    sim_free(r.s);
}

/* The other side falls silent: first doubt, then no consent. */
static void test_consent_lost(void **state)
{
    (void)state;
    struct rig r = rig_lan(120, NULL, NULL);
    connect(&r);
    sim_run(r.s, 300 * US_PER_S);
    assert_int_equal(ice_agent_state(sim_agent(r.a)), ICE_CONNECTED);
    sim_cut(r.s, ice_address_v4(192, 0, 2, 1, 0), ice_address_v4(192, 0, 2, 2, 0), true);
    sim_run(r.s, 10 * US_PER_S);
    assert_int_equal(ice_agent_state(sim_agent(r.a)), ICE_DISCONNECTED);
    assert_string_equal(sim_last_text(r.a), "no answer from 192.0.2.2:5000");
    assert_non_null(ice_agent_route(sim_agent(r.a)));
    sim_run(r.s, 13 * US_PER_S); /* 23 s: consent is at most 30 s old */
    assert_int_equal(ice_agent_state(sim_agent(r.a)), ICE_DISCONNECTED);
    sim_run(r.s, 13 * US_PER_S); /* 36 s */
    assert_int_equal(ice_agent_state(sim_agent(r.a)), ICE_FAILED);
    assert_int_equal(ice_agent_state(sim_agent(r.b)), ICE_FAILED);
    assert_null(ice_agent_route(sim_agent(r.a)));
    assert_non_null(strstr(sim_last_text(r.a), "host 192.0.2.1:4000 -> host 192.0.2.2:5000: "
                                               "worked, then no answer for 30 s"));
    /* A restart brings it back. */
    sim_cut(r.s, ice_address_v4(192, 0, 2, 1, 0), ice_address_v4(192, 0, 2, 2, 0), false);
    sim_restart_ice(r.a);
    assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
    sim_free(r.s);
}

static void test_short_silence(void **state)
{
    (void)state;
    struct rig r = rig_lan(121, NULL, NULL);
    connect(&r);
    sim_cut(r.s, ice_address_v4(192, 0, 2, 1, 0), ice_address_v4(192, 0, 2, 2, 0), true);
    sim_run(r.s, 15 * US_PER_S);
    assert_int_equal(ice_agent_state(sim_agent(r.a)), ICE_DISCONNECTED);
    sim_cut(r.s, ice_address_v4(192, 0, 2, 1, 0), ice_address_v4(192, 0, 2, 2, 0), false);
    sim_run(r.s, 10 * US_PER_S);
    assert_int_equal(ice_agent_state(sim_agent(r.a)), ICE_CONNECTED);
    assert_int_equal(ice_agent_state(sim_agent(r.b)), ICE_CONNECTED);
    assert_int_equal(sim_failures(r.a), 0);
    sim_free(r.s);
}

/* The direct way dies, the relay takes over long before consent is lost. */
static void test_backup_takes_over(void **state)
{
    (void)state;
    struct rig r = rig_nat(122, true);
    struct ice_path path;
    connect(&r);
    assert_true(ice_agent_path(sim_agent(r.a), &path));
    assert_false(path.is_relayed);
    sim_run(r.s, 60 * US_PER_S);
    stream(&r, 10 * US_PER_MS);
    sim_gap_us(r.a);
    sim_gap_us(r.b);
    sim_cut(r.s, ice_address_v4(203, 0, 113, 1, 0), ice_address_v4(203, 0, 113, 2, 0), true);
    sim_run(r.s, 25 * US_PER_S);
    assert_true(ice_agent_path(sim_agent(r.a), &path) && path.is_relayed);
    assert_true(ice_agent_path(sim_agent(r.b), &path) && path.is_relayed);
    uint64_t gap_us = sim_gap_us(r.a);
    printf("direct path cut: %.1f s without data\n", (double)gap_us / 1e6);
    assert_in_range(gap_us, 0, 10 * US_PER_S);
    assert_int_equal(sim_failures(r.a) + sim_failures(r.b), 0);
    sim_free(r.s);
}

/* Direct was not possible, then it is: the relay is left, nothing is lost. */
static void test_relay_is_left(void **state)
{
    (void)state;
    struct rig r = rig_nat(123, true);
    struct ice_path path;
    sim_cut(r.s, ice_address_v4(203, 0, 113, 1, 0), ice_address_v4(203, 0, 113, 2, 0), true);
    connect(&r);
    assert_true(ice_agent_path(sim_agent(r.a), &path) && path.is_relayed);
    sim_run(r.s, 60 * US_PER_S);
    assert_true(ice_agent_path(sim_agent(r.a), &path) && path.is_relayed);
    stream(&r, 5 * US_PER_MS);
    sim_cut(r.s, ice_address_v4(203, 0, 113, 1, 0), ice_address_v4(203, 0, 113, 2, 0), false);
    assert_true(sim_run_until_relayed(r.s, false, 120 * US_PER_S));
    sim_run(r.s, 5 * US_PER_S);
    assert_true(sim_is_consistent(r.a, r.b));
    all_arrived(&r);
    sim_free(r.s);
}

/* The first checks fail after 23.5 s; they are not left alone for long. */
static void test_relay_is_left_early(void **state)
{
    (void)state;
    struct rig r = rig_nat(124, true);
    sim_cut(r.s, ice_address_v4(203, 0, 113, 1, 0), ice_address_v4(203, 0, 113, 2, 0), true);
    connect(&r);
    sim_run(r.s, 30 * US_PER_S);
    sim_cut(r.s, ice_address_v4(203, 0, 113, 1, 0), ice_address_v4(203, 0, 113, 2, 0), false);
    assert_true(sim_run_until_relayed(r.s, false, 15 * US_PER_S));
    sim_free(r.s);
}

/* The relay works first and is used at once; the direct path, whose first
 * checks are lost, takes over while data flows, and no packet is lost. */
static void test_relay_then_direct(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct rig r = rig_nat(150 + seed, true);
        struct ice_address a = ice_address_v4(203, 0, 113, 1, 0);
        struct ice_address b = ice_address_v4(203, 0, 113, 2, 0);
        sim_cut(r.s, a, b, true);
        sim_connect(r.s, r.a, r.b);
        assert_true(sim_run_until_relayed(r.s, true, US_PER_S));
        stream(&r, 2 * US_PER_MS);
        sim_run(r.s, 2 * US_PER_S);
        sim_cut(r.s, a, b, false);
        assert_true(sim_run_until_relayed(r.s, false, 10 * US_PER_S));
        sim_run(r.s, US_PER_S);
        assert_true(sim_is_consistent(r.a, r.b));
        all_arrived(&r);
        sim_free(r.s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_role_conflict),
        cmocka_unit_test(test_restart_under_traffic),
        cmocka_unit_test(test_restart_slow_signalling),
        cmocka_unit_test(test_early_checks),
        cmocka_unit_test(test_consent_lost),
        cmocka_unit_test(test_short_silence),
        cmocka_unit_test(test_backup_takes_over),
        cmocka_unit_test(test_relay_is_left),
        cmocka_unit_test(test_relay_is_left_early),
        cmocka_unit_test(test_relay_then_direct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
