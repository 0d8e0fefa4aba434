/*
 * Two peers of the simulator, on one network or behind NATs, and the traffic
 * between them.
 */
#ifndef TESTS_ICE_LIFE_RIG_H
#define TESTS_ICE_LIFE_RIG_H

#include "sim.h"

struct rig {
    struct sim *s;
    struct sim_peer *a;
    struct sim_peer *b;
    int base_a;
    int base_b;
    int realm_a;
    int realm_b;
    struct sim_server *server;
};

static const struct ice_address stun_address = {.family = ICE_FAMILY_4,
                                                .port = 3478,
                                                .ip = {198, 51, 100, 1}};

/* They have no address yet. NULL: a controls, b does not. */
static inline struct rig rig_new(uint64_t seed, const struct sim_peer_config *a,
                                 const struct sim_peer_config *b)
{
    struct rig r = {.s = sim_new(seed)};
    static const struct sim_peer_config plain_a = {.name = "a", .is_controlling = true};
    static const struct sim_peer_config plain_b = {.name = "b"};
    r.server = sim_add_server(r.s, stun_address);
    r.a = sim_add_peer(r.s, a ? a : &plain_a);
    r.b = sim_add_peer(r.s, b ? b : &plain_b);
    return r;
}

/* Both on one network. */
static inline struct rig rig_lan(uint64_t seed, const struct sim_peer_config *a,
                                 const struct sim_peer_config *b)
{
    struct rig r = rig_new(seed, a, b);
    r.base_a = sim_add_address(r.a, SIM_PUBLIC, ice_address_v4(192, 0, 2, 1, 4000), "eth0");
    r.base_b = sim_add_address(r.b, SIM_PUBLIC, ice_address_v4(192, 0, 2, 2, 5000), "eth0");
    return r;
}

/* Each behind a port-restricted NAT, with STUN and TURN. */
static inline struct rig rig_nat(uint64_t seed, bool has_turn)
{
    struct rig r = rig_new(seed, NULL, NULL);
    struct ice_agent_server stun = sim_stun(stun_address);
    struct ice_agent_server turn = sim_turn(stun_address, TURN_UDP);
    r.realm_a =
        sim_add_nat(r.s, SIM_PUBLIC, ice_address_v4(203, 0, 113, 1, 0), SIM_NAT_PORT, false);
    r.realm_b =
        sim_add_nat(r.s, SIM_PUBLIC, ice_address_v4(203, 0, 113, 2, 0), SIM_NAT_PORT, false);
    r.base_a = sim_add_address(r.a, r.realm_a, ice_address_v4(192, 168, 1, 5, 4000), "eth0");
    r.base_b = sim_add_address(r.b, r.realm_b, ice_address_v4(192, 168, 2, 5, 5000), "eth0");
    sim_use_server(r.a, &stun);
    sim_use_server(r.b, &stun);
    if (has_turn) {
        sim_use_server(r.a, &turn);
        sim_use_server(r.b, &turn);
    }
    return r;
}

/* And they have settled on a path. */
static inline void connect(struct rig *r)
{
    sim_connect(r->s, r->a, r->b);
    assert_true(sim_run_until_connected(r->s, 5 * US_PER_S));
    sim_run(r->s, 5 * US_PER_S);
    assert_true(sim_is_consistent(r->a, r->b));
}

/* A packet each way every so often; 0: no more. */
static inline void stream(struct rig *r, uint64_t interval_us)
{
    sim_send_stream(r->a, interval_us);
    sim_send_stream(r->b, interval_us);
}

/* Nothing that was sent on either side has got lost. */
static inline void all_arrived(struct rig *r)
{
    stream(r, 0);
    sim_run(r->s, US_PER_S);
    assert_int_equal(sim_received(r->a), sim_sent(r->b));
    assert_int_equal(sim_received(r->b), sim_sent(r->a));
}

#endif
