/*
 * Two agents on one network, and what can be wrong with them.
 */
#include "sim.h"

#include <stdio.h>

struct rig {
    struct sim *s;
    struct sim_peer *a; /* the offerer */
    struct sim_peer *b;
};

static struct rig rig_new(uint64_t seed)
{
    struct rig r = {.s = sim_new(seed)};
    r.a = sim_add_peer(r.s, &(struct sim_peer_config){.name = "a", .is_controlling = true});
    r.b = sim_add_peer(r.s, &(struct sim_peer_config){.name = "b"});
    sim_add_address(r.a, SIM_PUBLIC, ice_address_v4(192, 0, 2, 1, 4000), "eth0");
    sim_add_address(r.b, SIM_PUBLIC, ice_address_v4(192, 0, 2, 2, 5000), "eth0");
    return r;
}

static void test_same_network(void **state)
{
    (void)state;
    struct rig r = rig_new(1);
    struct ice_path path;
    sim_set_link(r.s, 0, 1000, 0);
    sim_set_signal_delay(r.s, 1000);
    uint64_t begun_us = sim_now(r.s);
    sim_connect(r.s, r.a, r.b);
    assert_true(sim_run_until_connected(r.s, US_PER_S));
    uint64_t took_us = sim_now(r.s) - begun_us;
    printf("same network, 1 ms each way: both connected %.1f round trips after the offer\n",
           (double)took_us / 2000);
    /* The offer, the answer, a check and its answer: three round trips, with
     * what the pacing of two transactions adds. */
    assert_in_range(took_us, 3000, 8000);
    sim_run(r.s, US_PER_S);
    assert_true(sim_is_consistent(r.a, r.b));
    assert_true(ice_agent_path(sim_agent(r.a), &path));
    assert_int_equal(path.local_type, ICE_CANDIDATE_HOST);
    assert_int_equal(path.remote_type, ICE_CANDIDATE_HOST);
    assert_false(path.is_relayed);
    assert_int_equal(path.rtt_us, 2000);
    for (int i = 0; i < 10; i++) {
        sim_send_data(r.a);
        sim_send_data(r.b);
    }
    sim_run(r.s, US_PER_S);
    assert_int_equal(sim_received(r.a), 10);
    assert_int_equal(sim_received(r.b), 10);
    sim_free(r.s);
}

/* A firewall that refuses some of what leaves is a lossy path, no reason to
 * give up a pair: least of all one that works. */
static void test_refused_sends(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct rig r = rig_new(seed);
        sim_set_link(r.s, 0, 1000, 0);
        sim_set_refusing(r.s, 200);
        sim_connect(r.s, r.a, r.b);
        assert_true(sim_run_until_connected(r.s, 40 * US_PER_S));
        sim_run(r.s, 20 * US_PER_S);
        assert_int_equal(sim_routes_lost(r.a), 0);
        assert_int_equal(sim_routes_lost(r.b), 0);
        assert_true(sim_is_consistent(r.a, r.b));
        sim_free(r.s);
    }
}

static void test_all_sends_refused(void **state)
{
    (void)state;
    struct rig r = rig_new(1);
    sim_set_refusing(r.s, 1000);
    sim_connect(r.s, r.a, r.b);
    sim_run(r.s, 120 * US_PER_S);
    assert_int_equal(ice_agent_state(sim_agent(r.a)), ICE_FAILED);
    assert_non_null(strstr(sim_last_text(r.a), " of them not sent: Operation not permitted"));
    sim_free(r.s);
}

static void reports(const struct rig *r, const char *text)
{
    char report[ICE_REPORT_MAX];
    ice_agent_report(sim_agent(r->a), report);
    if (!strstr(report, text))
        fail_msg("\"%s\" is not in \"%s\"", text, report);
}

/* Whoever hears early that there is no path, since the other side gave up
 * first, is told of the STUN servers that were still being asked too. */
static void test_stun_servers(void **state)
{
    (void)state;
    struct rig r = rig_new(1);
    const struct ice_address dead = ice_address_v4(198, 51, 100, 1, 3478);
    const struct ice_address strict = ice_address_v4(198, 51, 100, 2, 3478);
    struct ice_agent_server stun = sim_stun(dead);
    sim_add_server(r.s, dead)->is_dead = true;
    sim_use_server(r.a, &stun);
    stun = sim_stun(strict);
    sim_add_server(r.s, strict)->refuse_binding = STUN_FORBIDDEN;
    sim_use_server(r.a, &stun);
    sim_cut(r.s, ice_address_v4(192, 0, 2, 1, 0), ice_address_v4(192, 0, 2, 2, 0), true);
    sim_connect(r.s, r.a, r.b);
    sim_run(r.s, 20 * US_PER_S);
    reports(&r, "stun server 198.51.100.1:3478 from 192.0.2.1: no answer yet; ");
    reports(&r, "stun server 198.51.100.2:3478 from 192.0.2.1: refused: 403 forbidden; ");
    sim_run(r.s, 4 * US_PER_S);
    reports(&r, "stun server 198.51.100.1:3478 from 192.0.2.1: no answer; ");
    sim_free(r.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_network),
        cmocka_unit_test(test_refused_sends),
        cmocka_unit_test(test_all_sends_refused),
        cmocka_unit_test(test_stun_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
