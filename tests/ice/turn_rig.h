/*
 * Two peers of the simulator who need a relay, and its server.
 */
#ifndef TESTS_ICE_TURN_RIG_H
#define TESTS_ICE_TURN_RIG_H

#include "sim.h"

static inline const struct ice_address *turn_address(void)
{
    static const struct ice_address address = {.family = ICE_FAMILY_4,
                                               .port = 3478,
                                               .ip = {198, 51, 100, 2}};
    return &address;
}

struct rig {
    struct sim *s;
    struct sim_peer *a;
    struct sim_peer *b;
    struct sim_server *server;
    int realm_a;
    int realm_b;
};

/* Two symmetric NATs, one TURN server that only a uses: nothing but a relay
 * can do. b knows its address from a STUN server. */
static inline struct rig rig_new(uint64_t seed, enum turn_transport transport)
{
    struct rig r = {.s = sim_new(seed)};
    r.server = sim_add_server(r.s, *turn_address());
    r.a = sim_add_peer(r.s, &(struct sim_peer_config){.name = "a", .is_controlling = true});
    r.b = sim_add_peer(r.s, &(struct sim_peer_config){.name = "b"});
    r.realm_a =
        sim_add_nat(r.s, SIM_PUBLIC, ice_address_v4(203, 0, 113, 1, 0), SIM_NAT_SYMMETRIC, false);
    r.realm_b =
        sim_add_nat(r.s, SIM_PUBLIC, ice_address_v4(203, 0, 113, 2, 0), SIM_NAT_SYMMETRIC, false);
    sim_add_address(r.a, r.realm_a, ice_address_v4(192, 168, 1, 5, 4000), "eth0");
    sim_add_address(r.b, r.realm_b, ice_address_v4(192, 168, 2, 5, 5000), "eth0");
    struct ice_agent_server server = sim_turn(*turn_address(), transport);
    server.host = "turn.example";
    sim_use_server(r.a, &server);
    server = sim_stun(ice_address_v4(198, 51, 100, 1, 3478));
    sim_add_server(r.s, server.address);
    sim_use_server(r.b, &server);
    return r;
}

/* Whatever they send now arrives, in both directions. */
static inline void exchange(struct rig *r)
{
    uint64_t a = sim_received(r->a);
    uint64_t b = sim_received(r->b);
    for (int i = 0; i < 10; i++) {
        sim_send_data(r->a);
        sim_send_data(r->b);
    }
    sim_run(r->s, 200 * US_PER_MS);
    assert_int_equal(sim_received(r->a), a + 10);
    assert_int_equal(sim_received(r->b), b + 10);
}

#endif
