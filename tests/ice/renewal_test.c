/*
 * A TURN server has other credentials than at first: allocations to come are
 * made with them.
 */
#include "testing.h"

#include "ice/sim.h"

static void check(enum turn_transport transport)
{
    struct sim *s = sim_new(21);
    struct ice_address at = ice_address_v4(198, 51, 100, 2, 3478);
    struct sim_server *turn = sim_add_server(s, at);
    struct sim_peer *a =
        sim_add_peer(s, &(struct sim_peer_config){.name = "a", .is_controlling = true});
    struct sim_peer *b = sim_add_peer(s, &(struct sim_peer_config){.name = "b"});
    int realm_a =
        sim_add_nat(s, SIM_PUBLIC, ice_address_v4(203, 0, 113, 1, 0), SIM_NAT_SYMMETRIC, false);
    int realm_b =
        sim_add_nat(s, SIM_PUBLIC, ice_address_v4(203, 0, 113, 2, 0), SIM_NAT_SYMMETRIC, false);
    sim_add_address(a, realm_a, ice_address_v4(192, 168, 1, 5, 4000), "eth0");
    sim_add_address(b, realm_b, ice_address_v4(192, 168, 2, 5, 5000), "eth0");
    struct ice_agent_server good = sim_turn(at, transport);
    struct ice_agent_server expired = good;
    expired.user = "yesterday";
    expired.pass = "guess";
    sim_use_server(a, &expired);
    /* By which the relay is to let b in. */
    struct ice_agent_server stun = sim_stun(ice_address_v4(198, 51, 100, 1, 3478));
    sim_add_server(s, stun.address);
    sim_use_server(b, &stun);
    sim_connect(s, a, b);
    assert_false(sim_run_until_connected(s, 60 * US_PER_S));
    assert_int_equal(turn->allocations, 0);
    /* Another server's are nothing to this one. */
    struct ice_agent_server other = good;
    other.address.port = 3479;
    ice_agent_renew_server(sim_agent(a), &other);
    ice_agent_renew_server(sim_agent(a), &good);
    sim_restart_ice(a);
    assert_true(sim_run_until_connected(s, 10 * US_PER_S));
    assert_int_equal(turn->allocations, 1);
    sim_free(s);
}

static void test_renewal(void **state)
{
    (void)state;
    check(TURN_UDP);
    check(TURN_TCP);
    check(TURN_TLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_renewal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
