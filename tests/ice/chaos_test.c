/*
 * Everything at once, at random but the same each time: cuts, NATs that
 * forget, addresses that come and go, restarts by either side or both, a TURN
 * server that restarts, loss. When the storm is over and one side restarts,
 * there is a path, both agree on it, and data flows.
 */
#include "sim.h"

#include <stdio.h>

enum { STORMS = 150 / SEEDS_SHARE, EVENTS = 40 };

struct side {
    struct sim_peer *peer;
    int realm;
    struct ice_address outer;
    int base;
    uint8_t n;
    uint16_t port;
};

struct storm {
    struct sim *s;
    struct side sides[2];
    struct sim_server *server;
    uint64_t random;
};

static uint64_t draw(struct storm *t, uint64_t below)
{
    t->random = t->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (t->random >> 33) % below;
}

static void add_address(struct side *d)
{
    d->base =
        sim_add_address(d->peer, d->realm, ice_address_v4(192, 168, d->n, 5, d->port++), "eth0");
    assert_true(d->base >= 0);
}

static void begin(struct storm *t, uint64_t seed)
{
    struct ice_address turn = ice_address_v4(198, 51, 100, 2, 3478);
    *t = (struct storm){.s = sim_new(seed), .random = seed};
    t->server = sim_add_server(t->s, turn);
    t->server->nonce_us = 30 * US_PER_S;
    for (uint8_t i = 0; i < 2; i++) {
        struct side *d = &t->sides[i];
        struct sim_peer_config config = {.name = i ? "b" : "a", .is_controlling = draw(t, 2)};
        d->peer = sim_add_peer(t->s, &config);
        d->n = (uint8_t)(i + 1);
        d->port = 4000;
        d->outer = ice_address_v4(203, 0, 113, d->n, 0);
        d->realm = sim_add_nat(t->s, SIM_PUBLIC, d->outer,
                               (enum sim_nat_kind)draw(t, SIM_NAT_KINDS), false);
        add_address(d);
        struct ice_agent_server server = sim_stun(turn);
        sim_use_server(d->peer, &server);
        server = sim_turn(turn, (enum turn_transport)draw(t, 3));
        sim_use_server(d->peer, &server);
    }
    sim_connect(t->s, t->sides[0].peer, t->sides[1].peer);
    sim_run(t->s, draw(t, 3000) * US_PER_MS);
    sim_send_stream(t->sides[0].peer, 50 * US_PER_MS);
    sim_send_stream(t->sides[1].peer, 70 * US_PER_MS);
}

static void strike(struct storm *t)
{
    struct side *d = &t->sides[draw(t, 2)];
    switch (draw(t, 9)) {
    case 0:
        sim_cut(t->s, t->sides[0].outer, t->sides[1].outer, draw(t, 2));
        break;
    case 1:
        sim_cut(t->s, d->outer, ice_address_v4(198, 51, 100, 2, 0), false);
        sim_cut(t->s, d->outer, ice_address_v4(198, 51, 100, 2, 0), true);
        break;
    case 2:
        sim_reset_nat(t->s, d->realm);
        break;
    case 3:
        sim_restart_ice(d->peer);
        break;
    case 4: /* at the same time */
        sim_restart_ice(t->sides[0].peer);
        sim_run(t->s, draw(t, 30) * US_PER_MS);
        sim_restart_ice(t->sides[1].peer);
        break;
    case 5:
        sim_remove_address(d->peer, d->base);
        add_address(d);
        sim_restart_ice(d->peer);
        break;
    case 6:
        sim_restart_server(t->s, t->server);
        break;
    case 7:
        sim_set_link(t->s, (int)draw(t, 200), draw(t, 100) * US_PER_MS, draw(t, 50) * US_PER_MS);
        break;
    default:
        sim_cut(t->s, d->outer, d->outer, false);
        sim_set_link(t->s, 0, 5 * US_PER_MS, 0);
        break;
    }
}

static void test_storms(void **state)
{
    (void)state;
    int failures = 0;
    for (uint64_t seed = 1; seed <= STORMS; seed++) {
        struct storm t;
        begin(&t, seed);
        for (int i = 0; i < EVENTS; i++) {
            strike(&t);
            sim_run(t.s, draw(&t, 20000) * US_PER_MS);
        }
        struct sim_peer *a = t.sides[0].peer;
        struct sim_peer *b = t.sides[1].peer;
        failures += sim_failures(a) + sim_failures(b);
        sim_send_stream(a, 0);
        sim_send_stream(b, 0);
        sim_cut(t.s, t.sides[0].outer, t.sides[1].outer, false);
        sim_set_link(t.s, 0, 5 * US_PER_MS, 0);
        sim_run(t.s, 2 * US_PER_S); /* what is under way arrives */
        sim_restart_ice(a);
        sim_run(t.s, 30 * US_PER_S);
        if (!sim_is_consistent(a, b))
            fail_msg("seed %d: no common path after the storm", (int)seed);
        uint64_t before_a = sim_received(a);
        uint64_t before_b = sim_received(b);
        for (int i = 0; i < 10; i++) {
            sim_send_data(a);
            sim_send_data(b);
        }
        sim_run(t.s, US_PER_S);
        assert_int_equal(sim_received(a), before_a + 10);
        assert_int_equal(sim_received(b), before_b + 10);
        sim_free(t.s);
    }
    printf("%d storms of %d events, %d times a side had failed on the way\n", STORMS, EVENTS,
           failures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_storms)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
