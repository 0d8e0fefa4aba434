/*
 * Every combination of NATs between two agents: what can connect directly
 * does, and everything connects once there is a TURN server. What can is
 * known beforehand: two NATs in a row act as the stricter one, and only a
 * symmetric NAT against a symmetric or port-restricted one is hopeless,
 * since neither side can know the port that the other will be seen from.
 *
 * The tables that it prints are those of docs/ICE.md.
 */
#include "sim.h"

#include <stdio.h>

/* A side: no NAT, one of four kinds, or a home NAT behind a carrier's. */
enum { OPEN = -1, SIDES = 1 + SIM_NAT_KINDS + SIM_NAT_KINDS * SIM_NAT_KINDS };

struct side {
    int home;    /* kind, or OPEN */
    int carrier; /* kind, or OPEN */
};

static const char *const short_names[] = {"F", "R", "P", "S"};

static struct side side_of(int index)
{
    if (index == 0)
        return (struct side){OPEN, OPEN};
    if (index <= SIM_NAT_KINDS)
        return (struct side){index - 1, OPEN};
    index -= 1 + SIM_NAT_KINDS;
    return (struct side){index / SIM_NAT_KINDS, index % SIM_NAT_KINDS};
}

static const char *side_name(int index, char out[8])
{
    struct side side = side_of(index);
    snprintf(out, 8, "%s%s%s", side.home == OPEN ? "-" : short_names[side.home],
             side.carrier == OPEN ? "" : "+",
             side.carrier == OPEN ? "" : short_names[side.carrier]);
    return out;
}

static int strictness(struct side side)
{
    return side.home > side.carrier ? side.home : side.carrier;
}

static bool can_be_direct(struct side x, struct side y)
{
    int a = strictness(x);
    int b = strictness(y);
    return !(a == SIM_NAT_SYMMETRIC && b >= SIM_NAT_PORT) &&
           !(b == SIM_NAT_SYMMETRIC && a >= SIM_NAT_PORT);
}

/* Puts a peer behind the side's NATs; n is 1 or 2. carrier_realm, when not 0,
 * is a carrier NAT that is there already. */
static void place(struct sim *s, struct sim_peer *p, struct side side, uint8_t n, int carrier_realm)
{
    int realm = SIM_PUBLIC;
    struct ice_address host = ice_address_v4(203, 0, 113, n, 4000);
    if (carrier_realm) {
        realm = carrier_realm;
        host = ice_address_v4(100, 64, 0, n, 4000);
    } else if (side.carrier != OPEN) {
        realm = sim_add_nat(s, realm, ice_address_v4(203, 0, 113, (uint8_t)(10 + n), 0),
                            (enum sim_nat_kind)side.carrier, false);
    }
    if (side.home != OPEN) {
        struct ice_address outer = realm ? ice_address_v4(100, 64, 0, n, 0)
                                         : ice_address_v4(203, 0, 113, (uint8_t)(20 + n), 0);
        realm = sim_add_nat(s, realm, outer, (enum sim_nat_kind)side.home, false);
        host = ice_address_v4(192, 168, n, 5, 4000);
    }
    assert_true(sim_add_address(p, realm, host, "eth0") >= 0);
}

struct conditions {
    bool has_turn;
    int loss_permille;
    uint64_t jitter_us;
    uint64_t seed;
};

/* 'D' direct, 'R' relayed, '.' not at all. */
static char outcome(struct sim *s, struct sim_peer *a, struct sim_peer *b, bool can_direct,
                    bool is_lossy)
{
    char result = '.';
    struct ice_path path;
    sim_connect(s, a, b);
    if (!sim_run_until_connected(s, 60 * US_PER_S)) {
        /* It has given up by then, and says why. */
        assert_true(sim_failures(a) > 0 && sim_failures(b) > 0);
        assert_non_null(strstr(sim_last_text(a), "no answer to"));
        return result;
    }
    /* A relay may have been first; a direct path has time to take over. */
    if (can_direct)
        sim_run_until_relayed(s, false, 60 * US_PER_S);
    /* Until a relay is nominated, each side uses what it likes best. */
    sim_run(s, ICE_NOMINATE_RELAY_US + 3 * US_PER_S);
    /* Where packets get lost, so may the last word on the path: for a while. */
    for (int i = 0; i < 30 && is_lossy && !sim_is_consistent(a, b); i++)
        sim_run(s, US_PER_S);
    assert_true(ice_agent_path(sim_agent(a), &path));
    result = path.is_relayed ? 'R' : 'D';
    assert_true(sim_is_consistent(a, b));
    uint64_t before_a = sim_received(a);
    uint64_t before_b = sim_received(b);
    for (int i = 0; i < 20; i++) {
        sim_send_data(a);
        sim_send_data(b);
        sim_run(s, 10 * US_PER_MS);
    }
    sim_run(s, US_PER_S);
    assert_true(sim_received(a) > before_a && sim_received(b) > before_b);
    return result;
}

static struct sim *new_world(const struct conditions *c, struct sim_peer **a, struct sim_peer **b)
{
    struct ice_address stun = ice_address_v4(198, 51, 100, 1, 3478);
    struct ice_address turn = ice_address_v4(198, 51, 100, 2, 3478);
    struct sim *s = sim_new(c->seed);
    sim_set_link(s, c->loss_permille, 5 * US_PER_MS, c->jitter_us);
    sim_add_server(s, stun);
    sim_add_server(s, turn);
    *a = sim_add_peer(s, &(struct sim_peer_config){.name = "a", .is_controlling = true});
    *b = sim_add_peer(s, &(struct sim_peer_config){.name = "b"});
    struct sim_peer *const peers[] = {*a, *b};
    for (int i = 0; i < 2; i++) {
        struct ice_agent_server server = sim_stun(stun);
        sim_use_server(peers[i], &server);
        server = sim_turn(turn, TURN_UDP);
        if (c->has_turn)
            sim_use_server(peers[i], &server);
    }
    return s;
}

static char run_pair(int x, int y, const struct conditions *c)
{
    struct sim_peer *a;
    struct sim_peer *b;
    struct sim *s = new_world(c, &a, &b);
    place(s, a, side_of(x), 1, 0);
    place(s, b, side_of(y), 2, 0);
    char result = outcome(s, a, b, can_be_direct(side_of(x), side_of(y)), c->loss_permille > 0);
    sim_free(s);
    return result;
}

static void run_matrix(const char *title, const struct conditions *base, bool is_printed)
{
    char name[8];
    int wrong = 0;
    if (is_printed) {
        printf("\n%s\n     ", title);
        for (int y = 0; y < SIDES; y++)
            printf(" %-3s", side_name(y, name));
        printf("\n");
    }
    for (int x = 0; x < SIDES; x++) {
        if (is_printed)
            printf(" %-4s", side_name(x, name));
        for (int y = 0; y < SIDES; y++) {
            struct conditions c = *base;
            c.seed += (uint64_t)(x * SIDES + y);
            char expected = can_be_direct(side_of(x), side_of(y)) ? 'D' : c.has_turn ? 'R' : '.';
            char result = run_pair(x, y, &c);
            if (is_printed)
                printf(" %c  ", result);
            if (result != expected) {
                char other[8];
                wrong++;
                print_error("%s: %s to %s: %c, not %c\n", title, side_name(x, name),
                            side_name(y, other), result, expected);
            }
        }
        if (is_printed)
            printf("\n");
    }
    assert_int_equal(wrong, 0);
}

static void test_stun_only(void **state)
{
    (void)state;
    run_matrix("STUN only", &(struct conditions){.seed = 1000}, true);
}

static void test_turn(void **state)
{
    (void)state;
    run_matrix("STUN and TURN", &(struct conditions){.has_turn = true, .seed = 2000}, true);
}

static void test_loss_and_reordering(void **state)
{
    (void)state;
    run_matrix("STUN and TURN, 3 % loss a hop, reordering",
               &(struct conditions){.has_turn = true,
                                    .loss_permille = 30,
                                    .jitter_us = 30 * US_PER_MS,
                                    .seed = 3000},
               false);
    printf("the same with 3 %% loss a hop and reordering\n");
}

/* A third of what is sent does not arrive, on relayed ways more: which path
 * is in use then changes with the weather, but there is one, and data flows. */
static void test_heavy_loss(void **state)
{
    (void)state;
    for (int i = 0; i < SIDES * SIDES; i++) {
        struct conditions c = {.has_turn = true,
                               .loss_permille = 100,
                               .jitter_us = 30 * US_PER_MS,
                               .seed = 6000 + (uint64_t)i};
        struct sim_peer *a;
        struct sim_peer *b;
        struct sim *s = new_world(&c, &a, &b);
        place(s, a, side_of(i / SIDES), 1, 0);
        place(s, b, side_of(i % SIDES), 2, 0);
        sim_connect(s, a, b);
        assert_true(sim_run_until_connected(s, 60 * US_PER_S));
        sim_send_stream(a, 50 * US_PER_MS);
        sim_run(s, 30 * US_PER_S);
        assert_true(sim_received(b) > sim_sent(a) / 4);
        sim_free(s);
    }
    printf("connected with 10 %% loss a hop\n");
}

/* Both homes behind one carrier NAT: the way leads out of it and back in,
 * which it allows (hairpin) or not. */
static char run_hairpin(int home_a, int home_b, int carrier, bool hairpin, bool has_turn)
{
    struct conditions c = {.has_turn = has_turn, .seed = 4000};
    struct sim_peer *a;
    struct sim_peer *b;
    struct sim *s = new_world(&c, &a, &b);
    int realm = sim_add_nat(s, SIM_PUBLIC, ice_address_v4(203, 0, 113, 11, 0),
                            (enum sim_nat_kind)carrier, hairpin);
    struct side x = {home_a, carrier};
    struct side y = {home_b, carrier};
    place(s, a, x, 1, realm);
    place(s, b, y, 2, realm);
    char result = outcome(s, a, b, hairpin && can_be_direct(x, y), false);
    sim_free(s);
    return result;
}

static void test_one_carrier(void **state)
{
    (void)state;
    printf("\nboth homes behind one carrier NAT: hairpin / none, each STUN only and with TURN\n"
           "     ");
    for (int carrier = 0; carrier < SIM_NAT_KINDS; carrier++)
        printf("  carrier %s  ", short_names[carrier]);
    printf("\n");
    for (int x = 0; x < SIM_NAT_KINDS; x++) {
        for (int y = 0; y < SIM_NAT_KINDS; y++) {
            printf(" %s-%s ", short_names[x], short_names[y]);
            for (int carrier = 0; carrier < SIM_NAT_KINDS; carrier++) {
                bool direct = can_be_direct((struct side){x, carrier}, (struct side){y, carrier});
                char r[4] = {run_hairpin(x, y, carrier, true, false),
                             run_hairpin(x, y, carrier, true, true),
                             run_hairpin(x, y, carrier, false, false),
                             run_hairpin(x, y, carrier, false, true)};
                printf("  %c%c / %c%c    ", r[0], r[1], r[2], r[3]);
                assert_int_equal(r[0], direct ? 'D' : '.');
                assert_int_equal(r[1], direct ? 'D' : 'R');
                assert_int_equal(r[2], '.');
                assert_int_equal(r[3], 'R');
            }
            printf("\n");
        }
    }
}

/* In one home, whatever the NAT: the host candidates meet. */
static void test_one_home(void **state)
{
    (void)state;
    for (int kind = 0; kind < SIM_NAT_KINDS; kind++) {
        struct conditions c = {.seed = 5000};
        struct sim_peer *a;
        struct sim_peer *b;
        struct sim *s = new_world(&c, &a, &b);
        int realm = sim_add_nat(s, SIM_PUBLIC, ice_address_v4(203, 0, 113, 11, 0),
                                (enum sim_nat_kind)kind, false);
        sim_add_address(a, realm, ice_address_v4(192, 168, 1, 1, 4000), "eth0");
        sim_add_address(b, realm, ice_address_v4(192, 168, 1, 2, 4000), "eth0");
        assert_int_equal(outcome(s, a, b, true, false), 'D');
        sim_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stun_only),           cmocka_unit_test(test_turn),
        cmocka_unit_test(test_one_carrier),         cmocka_unit_test(test_one_home),
        cmocka_unit_test(test_loss_and_reordering), cmocka_unit_test(test_heavy_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
