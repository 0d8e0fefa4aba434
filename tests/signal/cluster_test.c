/*
 * Stories of a cluster, and storms of everything at once: when one is over,
 * every pair is together, alone, and has agreed on one session. CLUSTER_SEED=N
 * and CLUSTER_SEEDS=COUNT in the environment choose other storms, and more.
 */
#include "cluster_sim.h"

#include <stdio.h>
#include <stdlib.h>

enum { STORMS = 60 / SEEDS_SHARE, STORM_S = 90 };

static void run_for(struct sim *s, uint64_t us)
{
    sim_run_until(s, s->now_us + us);
}

/* Pair i is at servers i and i + 1, and together. */
static void gather(struct sim *s, uint64_t seed, int pairs)
{
    sim_init(s, seed, pairs);
    run_for(s, US_PER_S);
    for (int i = 0; i < 2 * pairs; i++)
        sim_connect(&s->clients[i], (i / 2 + i % 2) % SIM_SERVERS);
    run_for(s, US_PER_S);
    sim_check_together(s);
}

static unsigned told(const struct sim *s)
{
    unsigned count = 0;
    for (int i = 0; i < 2 * s->pairs; i++)
        count += s->clients[i].lefts + s->clients[i].joins + s->clients[i].errors;
    return count;
}

static void test_meet(void **state)
{
    (void)state;
    struct sim s;
    gather(&s, 1, 4);
    assert_int_equal(told(&s), 4); /* each first one of the second */
    run_for(&s, 200 * US_PER_S);
    sim_check_together(&s);
    assert_int_equal(told(&s), 4);
    sim_deinit(&s);
}

static void test_redis_blinks(void **state)
{
    (void)state;
    struct sim s;
    gather(&s, 2, 4);
    sim_redis_down(&s, true);
    run_for(&s, 100 * US_PER_MS);
    sim_redis_up(&s);
    run_for(&s, 5 * US_PER_S);
    sim_check_together(&s);
    assert_int_equal(told(&s), 4); /* nobody has noticed */
    sim_deinit(&s);
}

static void test_island(void **state)
{
    (void)state;
    struct sim s;
    sim_init(&s, 3, 2);
    run_for(&s, US_PER_S);
    sim_connect(&s.clients[0], 0);
    sim_connect(&s.clients[1], 1);
    sim_connect(&s.clients[2], 2);
    sim_connect(&s.clients[3], 2);
    run_for(&s, US_PER_S);
    sim_check_together(&s);
    unsigned session = s.clients[2].session;
    sim_redis_down(&s, false);
    run_for(&s, 30 * US_PER_S);
    assert_int_equal(s.clients[0].view_count, 0);
    assert_int_equal(s.clients[0].warnings, 1);
    assert_int_equal(s.clients[1].warnings, 1);
    assert_int_equal(s.clients[2].warnings, 0); /* they share a server */
    assert_int_equal(s.clients[2].session, session);
    sim_redis_up(&s);
    run_for(&s, 5 * US_PER_S);
    sim_check_together(&s);
    assert_int_equal(s.clients[2].session, session);
    assert_int_equal(s.clients[0].warnings, 1);
    sim_deinit(&s);
}

static void test_island_join(void **state)
{
    (void)state;
    struct sim s;
    sim_init(&s, 4, 1);
    sim_redis_down(&s, true);
    run_for(&s, 10 * US_PER_S);
    sim_connect(&s.clients[0], 0);
    sim_connect(&s.clients[1], 0);
    run_for(&s, US_PER_S);
    assert_int_equal(s.clients[0].session, s.clients[1].session);
    assert_true(s.clients[0].session > 0);
    assert_int_equal(s.clients[0].warnings, 1); /* nobody was there yet */
    assert_int_equal(s.clients[1].warnings, 0);
    sim_redis_up(&s);
    run_for(&s, 3 * US_PER_S);
    sim_check_together(&s);
    sim_deinit(&s);
}

/* How long until a client at another server knows that the other is gone. */
static void test_death(void **state)
{
    (void)state;
    struct sim s;
    gather(&s, 5, 1);
    unsigned lefts = s.clients[0].lefts;
    sim_crash(&s, 1);
    s.clients[1].visit++; /* and does not come back */
    uint64_t died_us = s.now_us;
    while (s.clients[0].lefts == lefts && s.now_us < died_us + 20 * US_PER_S)
        run_for(&s, 100 * US_PER_MS);
    assert_true(s.now_us <= died_us + 13 * US_PER_S);
    sim_connect(&s.clients[1], 2);
    run_for(&s, US_PER_S);
    sim_check_together(&s);
    sim_deinit(&s);
}

static void test_home_dies(void **state)
{
    (void)state;
    struct sim s;
    sim_init(&s, 6, 1);
    run_for(&s, US_PER_S);
    sim_connect(&s.clients[0], 0); /* the home, */
    run_for(&s, US_PER_S);
    sim_connect(&s.clients[1], 1);
    run_for(&s, US_PER_S);
    sim_end(&s, 0); /* which says goodbye */
    run_for(&s, 3 * US_PER_S);
    sim_check_together(&s);
    assert_int_equal(s.clients[1].lefts, 1);
    sim_deinit(&s);
}

static void test_wander(void **state)
{
    (void)state;
    struct sim s;
    gather(&s, 7, 2);
    for (int i = 0; i < 20; i++) {
        sim_wander(&s.clients[sim_draw(&s, 4)]);
        run_for(&s, sim_draw(&s, 2 * US_PER_S));
    }
    run_for(&s, 2 * US_PER_S);
    for (int i = 0; i < 4; i++) /* who has a key needs not wait for its ghost */
        assert_int_equal(s.clients[i].view_count, 1);
    assert_int_equal(s.clients[0].lefts + s.clients[1].lefts, 0);
    sim_deinit(&s);
}

/* A home whose own members are gone goes to where members are. */
static void test_hand_over(void **state)
{
    (void)state;
    struct sim s;
    gather(&s, 8, 1);
    struct sim_client *c = &s.clients[0];
    struct sim_socket *socket = c->socket;
    int before = c->server;
    (void)socket;
    sim_wander(c);
    while (c->server == before)
        sim_wander(c);
    run_for(&s, 100 * US_PER_S);
    sim_check_together(&s);
    struct cluster_stats stats;
    cluster_stats(s.servers[before].cluster, s.now_us, &stats);
    assert_int_equal(stats.rooms, 0);
    sim_deinit(&s);
}

/* Who gives up before its room's home has answered, whenever that is, is not
 * found there later. */
static void test_gives_up(void **state)
{
    (void)state;
    for (uint64_t wait_us = 0; wait_us < 60 * US_PER_MS; wait_us += US_PER_MS) {
        struct sim s;
        struct cluster_stats stats;
        sim_init(&s, 9, 1);
        run_for(&s, US_PER_S);
        sim_connect(&s.clients[0], 0);
        run_for(&s, US_PER_S);
        sim_pause(&s, 0, 4 * US_PER_S);
        sim_connect(&s.clients[1], 1);
        run_for(&s, CLUSTER_ANSWER_US + wait_us);
        sim_hang_up(&s.clients[1]);
        run_for(&s, 4 * US_PER_S);
        cluster_stats(s.servers[0].cluster, s.now_us, &stats);
        assert_int_equal(stats.lodgers, 0);
        assert_int_equal(s.clients[0].view_count, 0);
        sim_deinit(&s);
    }
}

static void stir(struct sim *s)
{
    int server = (int)sim_draw(s, SIM_SERVERS);
    switch (sim_draw(s, 10)) {
    case 0:
        sim_crash(s, server);
        break;
    case 1:
        sim_end(s, server);
        break;
    case 2:
    case 3:
        for (int i = 0; i < SIM_SERVERS; i++)
            sim_start(s, i);
        break;
    case 4:
        sim_pause(s, server, sim_draw(s, 20 * US_PER_S));
        break;
    case 5:
        sim_cut(s, server);
        break;
    case 6:
        sim_redis_down(s, sim_draw(s, 2));
        break;
    case 7:
        sim_redis_up(s);
        break;
    default:
        sim_wander(&s->clients[sim_draw(s, 2 * (uint64_t)s->pairs)]);
    }
}

static void storm(uint64_t seed)
{
    struct sim s;
    sim_init(&s, seed, SIM_PAIRS);
    for (int i = 0; i < 2 * SIM_PAIRS; i++)
        sim_connect(&s.clients[i], -1);
    while (s.now_us < STORM_S * US_PER_S) {
        run_for(&s, sim_draw(&s, 2 * US_PER_S));
        stir(&s);
    }
    sim_redis_up(&s);
    for (int i = 0; i < SIM_SERVERS; i++)
        sim_start(&s, i);
    run_for(&s, 60 * US_PER_S);
    sim_check_together(&s);
    sim_deinit(&s);
}

static void test_storms(void **state)
{
    (void)state;
    const char *first = getenv("CLUSTER_SEED"), *count = getenv("CLUSTER_SEEDS");
    uint64_t from = first ? strtoull(first, NULL, 10) : 1;
    uint64_t storms = count ? strtoull(count, NULL, 10) : STORMS;
    for (uint64_t seed = from; seed < from + storms; seed++) {
        if (first)
            fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
        storm(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meet),     cmocka_unit_test(test_redis_blinks),
        cmocka_unit_test(test_island),   cmocka_unit_test(test_island_join),
        cmocka_unit_test(test_death),    cmocka_unit_test(test_home_dies),
        cmocka_unit_test(test_wander),   cmocka_unit_test(test_hand_over),
        cmocka_unit_test(test_gives_up), cmocka_unit_test(test_storms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
