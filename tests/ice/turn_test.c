/*
 * Relays over UDP, TCP and TLS: how they are got, kept, given back, and changed
 * for another.
 */
#include "turn_rig.h"

#include <stdio.h>

static void test_transports(void **state)
{
    (void)state;
    for (int transport = TURN_UDP; transport <= TURN_TLS; transport++) {
        struct rig r = rig_new(10, (enum turn_transport)transport);
        struct ice_path path;
        sim_connect(r.s, r.a, r.b);
        assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
        sim_run(r.s, 5 * US_PER_S);
        assert_true(sim_is_consistent(r.a, r.b));
        assert_true(ice_agent_path(sim_agent(r.a), &path));
        assert_true(path.is_relayed);
        assert_int_equal(path.local_type, ICE_CANDIDATE_RELAY);
        assert_int_equal(path.relay_transport, transport);
        const struct ice_route *route = ice_agent_route(sim_agent(r.a));
        assert_true(route->channel >= 0x4000);
        assert_int_equal(route->is_stream, transport != TURN_UDP);
        exchange(&r);
        sim_free(r.s);
    }
}

static void test_udp_blocked(void **state)
{
    (void)state;
    struct rig r = rig_new(11, TURN_TLS);
    sim_block_udp(r.s, r.realm_a, true);
    sim_connect(r.s, r.a, r.b);
    assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
    exchange(&r);
    sim_free(r.s);
}

/* An hour: channels, permissions, the allocation and its nonces all expire
 * many times over. */
static void test_one_hour(void **state)
{
    (void)state;
    struct rig r = rig_new(12, TURN_UDP);
    r.server->nonce_us = 100 * US_PER_S;
    sim_connect(r.s, r.a, r.b);
    assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
    sim_run(r.s, 5 * US_PER_S);
    int routes = sim_routes(r.a);
    for (int minute = 0; minute < 60; minute++) {
        sim_run(r.s, 60 * US_PER_S);
        exchange(&r);
    }
    assert_int_equal(r.server->allocates, 1);
    assert_true(r.server->refreshes >= 6);
    assert_true(r.server->channel_binds >= 14);
    assert_true(r.server->stale_nonces >= 10);
    assert_int_equal(sim_routes(r.a), routes);
    assert_int_equal(ice_agent_state(sim_agent(r.b)), ICE_CONNECTED);
    sim_free(r.s);
}

static void test_short_lifetime(void **state)
{
    (void)state;
    struct rig r = rig_new(13, TURN_UDP);
    r.server->lifetime_s = 30;
    sim_connect(r.s, r.a, r.b);
    assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
    sim_run(r.s, 600 * US_PER_S);
    exchange(&r);
    assert_int_equal(r.server->allocates, 1);
    assert_in_range(r.server->refreshes, 38, 42);
    sim_free(r.s);
}

static void test_realm_change(void **state)
{
    (void)state;
    struct rig r = rig_new(14, TURN_UDP);
    r.server->change_realm = true;
    r.server->nonce_us = 200 * US_PER_S;
    sim_connect(r.s, r.a, r.b);
    assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
    sim_run(r.s, 1200 * US_PER_S);
    exchange(&r);
    assert_int_equal(r.server->allocates, 1);
    sim_free(r.s);
}

static void test_relay_only(void **state)
{
    (void)state;
    struct rig r = {.s = sim_new(23)};
    struct ice_path path;
    sim_add_server(r.s, *turn_address());
    r.a = sim_add_peer(r.s, &(struct sim_peer_config){.name = "a",
                                                      .is_controlling = true,
                                                      .is_relay_only = true});
    r.b = sim_add_peer(r.s, &(struct sim_peer_config){.name = "b"});
    sim_add_address(r.a, SIM_PUBLIC, ice_address_v4(203, 0, 113, 1, 4000), "eth0");
    sim_add_address(r.b, SIM_PUBLIC, ice_address_v4(203, 0, 113, 2, 5000), "eth0");
    struct ice_agent_server turn = sim_turn(*turn_address(), TURN_UDP);
    sim_use_server(r.a, &turn);
    sim_connect(r.s, r.a, r.b);
    assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
    sim_run(r.s, 60 * US_PER_S);
    assert_int_equal(sim_candidates(r.a, ICE_CANDIDATE_HOST), 0);
    assert_int_equal(sim_candidates(r.a, ICE_CANDIDATE_SRFLX), 0);
    assert_int_equal(sim_candidates(r.a, ICE_CANDIDATE_RELAY), 1);
    assert_true(ice_agent_path(sim_agent(r.a), &path));
    assert_int_equal(path.local_type, ICE_CANDIDATE_RELAY);
    assert_true(ice_agent_path(sim_agent(r.b), &path));
    assert_int_equal(path.remote.ip[3], 2); /* the server: b has seen nothing else */
    assert_true(path.remote.port >= 50000);
    sim_free(r.s);
}

/* The allocation is given back when the agent goes. */
static void test_free_gives_back(void **state)
{
    (void)state;
    struct rig r = rig_new(24, TURN_UDP);
    sim_connect(r.s, r.a, r.b);
    assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
    assert_int_equal(r.server->allocations, 1);
    sim_replace_agent(r.a);
    sim_run(r.s, US_PER_S);
    assert_int_equal(r.server->allocations, 0);
    sim_free(r.s);
}

/* Two interfaces of which the better one leads nowhere: the other is tried. */
static void test_second_interface(void **state)
{
    (void)state;
    struct rig r = rig_new(25, TURN_UDP);
    int dead = sim_add_nat(r.s, SIM_PUBLIC, ice_address_v4(203, 0, 113, 9, 0), SIM_NAT_FULL, false);
    sim_block_udp(r.s, r.realm_a, true);
    sim_add_address(r.a, dead, ice_address_v4(192, 168, 9, 5, 4000), "docker0");
    sim_connect(r.s, r.a, r.b);
    assert_true(sim_run_until_connected(r.s, 3 * US_PER_S));
    exchange(&r);
    sim_free(r.s);
}

/* The interface that leads out goes away for a while, in which all the others
 * are tried in vain. When there is one again, the server is tried from it. */
static void test_interface_comes_back(void **state)
{
    (void)state;
    static const char *const bridges[] = {"docker0", "br-1", "br-2", "virbr0"};
    struct rig r = rig_new(26, TURN_UDP);
    int dead = sim_add_nat(r.s, SIM_PUBLIC, ice_address_v4(203, 0, 113, 9, 0), SIM_NAT_FULL, false);
    sim_block_udp(r.s, dead, true);
    for (uint8_t i = 0; i < 4; i++)
        sim_add_address(r.a, dead, ice_address_v4(172, 17, i, 1, 4000), bridges[i]);
    sim_connect(r.s, r.a, r.b);
    assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
    sim_remove_address(r.a, 0);
    sim_run(r.s, 40 * US_PER_S);
    assert_null(ice_agent_route(sim_agent(r.a)));
    sim_add_address(r.a, r.realm_a, ice_address_v4(192, 168, 1, 6, 4000), "eth0");
    sim_restart_ice(r.a);
    assert_true(sim_run_until_connected(r.s, 3 * US_PER_S));
    exchange(&r);
    sim_free(r.s);
}

/* Restarts without end while the other side is away, each with candidates that
 * never answer: their channels are left to lapse, lest none is left when it
 * comes back. */
static void channels_of_restarts_in_vain(uint64_t apart_us)
{
    struct rig r = rig_new(27, TURN_UDP);
    sim_connect(r.s, r.a, r.b);
    assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
    sim_remove_address(r.b, 0);
    sim_run(r.s, 60 * US_PER_S);
    assert_null(ice_agent_route(sim_agent(r.a)));
    for (int i = 0; i < 12; i++) {
        sim_restart_ice(r.a);
        sim_run(r.s, 100 * US_PER_MS);
        for (int k = 0; k < 5; k++) {
            char line[96];
            snprintf(line, sizeof line, "candidate:%d 1 udp 1694498815 198.51.100.%d %d typ srflx",
                     k, 100 + i, 7000 + k);
            sim_inject_candidate(r.a, line);
        }
        sim_run(r.s, apart_us);
    }
    sim_reset_nat(r.s, r.realm_b); /* it comes from another port */
    sim_add_address(r.b, r.realm_b, ice_address_v4(192, 168, 2, 5, 5000), "eth0");
    sim_restart_ice(r.a);
    assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
    exchange(&r);
    sim_free(r.s);
}

/* Also sooner than they lapse. */
static void test_channels_of_restarts_in_vain(void **state)
{
    (void)state;
    channels_of_restarts_in_vain(100 * US_PER_S);
    channels_of_restarts_in_vain(20 * US_PER_S);
}

/* The same with a path that stands: each restart finds the other side at
 * another address, and the channel of the one before is left. */
static void test_channels_of_paths_before(void **state)
{
    (void)state;
    struct rig r = rig_new(28, TURN_UDP);
    sim_connect(r.s, r.a, r.b);
    assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
    for (int i = 0; i < 60; i++) {
        sim_reset_nat(r.s, r.realm_b);
        sim_restart_ice(r.a);
        sim_run(r.s, 100 * US_PER_S);
        exchange(&r);
    }
    sim_free(r.s);
}

/* One server with an IPv4 and an IPv6 address, both of which a reaches; and b
 * is reached from the relays of both, but not from a. Returns the
 * allocations. */
static int allocates_of_two(enum turn_transport transport, bool is_first_dead)
{
    static const char *const texts[] = {"2001:db8::1", "2001:db8::5", "2001:db8::6"};
    struct ice_address server_address, a, b;
    struct ice_address *const all[] = {&server_address, &a, &b};
    for (int i = 0; i < 3; i++)
        assert_int_equal(ice_address_parse(span_from_string(texts[i]), 3478, all[i]), 0);
    struct rig r = rig_new(29, transport);
    sim_add_address(r.a, SIM_PUBLIC, a, "eth0");
    sim_add_address(r.b, SIM_PUBLIC, b, "eth0");
    sim_cut(r.s, a, b, true);
    r.server->is_dead = is_first_dead;
    struct sim_server *second = sim_add_server(r.s, server_address);
    struct ice_agent_server server = sim_turn(server_address, transport);
    server.host = "turn.example";
    sim_use_server(r.a, &server);
    sim_connect(r.s, r.a, r.b);
    assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
    exchange(&r);
    sim_run(r.s, 60 * US_PER_S);
    assert_int_equal(second->allocates > 0, is_first_dead);
    int allocates = r.server->allocates + second->allocates;
    sim_free(r.s);
    return allocates;
}

static void test_two_addresses(void **state)
{
    (void)state;
    for (int transport = TURN_UDP; transport <= TURN_TLS; transport++) {
        assert_int_equal(allocates_of_two((enum turn_transport)transport, false), 1);
        assert_int_equal(allocates_of_two((enum turn_transport)transport, true), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transports),
        cmocka_unit_test(test_udp_blocked),
        cmocka_unit_test(test_one_hour),
        cmocka_unit_test(test_short_lifetime),
        cmocka_unit_test(test_realm_change),
        cmocka_unit_test(test_relay_only),
        cmocka_unit_test(test_free_gives_back),
        cmocka_unit_test(test_second_interface),
        cmocka_unit_test(test_interface_comes_back),
        cmocka_unit_test(test_channels_of_restarts_in_vain),
        cmocka_unit_test(test_channels_of_paths_before),
        cmocka_unit_test(test_two_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
