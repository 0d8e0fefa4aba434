/*
 * Twenty in a shared room (crowd.h) that come, go, crash, are restarted, and
 * lose the signal server and their sessions. Then nothing more happens to them,
 * and after a while each provider and each consumer must have one session, the
 * same, and no other.
 *
 *   TEST_SEED=N    that seed alone, and what happens in it
 *   TEST_SEEDS=N   so many
 */
#include "crowd.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

enum { SEEDS = 100 / SEEDS_SHARE };
#define TROUBLE_US      (60 * US_PER_S)
#define PEACE_US        (240 * US_PER_S)
#define TROUBLE_MOST_US (1500 * US_PER_MS) /* to the next one */

static enum mux_role role_of(int member)
{
    return member % 4 == 0 ? MUX_PROVIDER : MUX_CONSUMER;
}

static void make_trouble(struct crowd *c)
{
    int member = (int)crowd_roll(c, CROWD_MEMBERS);
    bool runs = c->members[member].rv != NULL;
    switch (crowd_roll(c, 10)) {
    case 0:
        crowd_restart_server(c);
        break;
    case 1:
    case 2:
        crowd_cut(c, member);
        break;
    case 3:
        if (runs)
            crowd_lose_session(c, member);
        break;
    default:
        if (!runs) {
            crowd_begin(c, member, role_of(member));
            break;
        }
        crowd_end(c, member, crowd_roll(c, 2) == 0);
        if (crowd_roll(c, 2) == 0)
            crowd_begin(c, member, role_of(member));
        break;
    }
    if (c->now_us < TROUBLE_US)
        crowd_schedule_trouble(c, crowd_roll(c, TROUBLE_MOST_US));
}

static void run_seed(struct crowd *c, uint64_t seed, bool is_loud)
{
    memset(c, 0, sizeof *c); /* it is too large for the stack */
    c->dice = seed;
    c->has_server = true;
    c->is_loud = is_loud;
    c->make_trouble = make_trouble;
    c->consumer_offers = seed % 2 == 1;
    for (int i = 0; i < CROWD_MEMBERS; i++)
        crowd_begin(c, i, role_of(i));
    crowd_schedule_trouble(c, crowd_roll(c, 5 * TROUBLE_MOST_US));
    crowd_run(c, TROUBLE_US + TROUBLE_MOST_US);
    c->is_kind = true;
    if (!c->has_server)
        crowd_restart_server(c);
    crowd_run(c, c->now_us + PEACE_US);
    const char *wrong = crowd_check(c);
    if (wrong)
        fail_msg("seed %llu: %s", (unsigned long long)seed, wrong);
    for (int i = 0; i < CROWD_MEMBERS; i++) {
        if (c->members[i].rv)
            rendezvous_free(c->members[i].rv);
    }
}

static void test_all_together_in_the_end(void **state)
{
    (void)state;
    struct crowd *c = xcalloc(1, sizeof *c);
    const char *only = getenv("TEST_SEED");
    const char *many = getenv("TEST_SEEDS");
    uint64_t seeds = many ? strtoull(many, NULL, 10) : SEEDS;
    int sessions = 0, restarts = 0, resumed = 0;
    for (uint64_t seed = 0; seed < seeds && !only; seed++) {
        run_seed(c, seed, false);
        sessions += c->sessions;
        restarts += c->restarts;
        resumed += c->resumed;
    }
    if (only)
        run_seed(c, strtoull(only, NULL, 10), true);
    free(c);
    printf("%d sessions, %d restarts, %d resumed\n", sessions, restarts, resumed);
    if (!only)
        assert_true(sessions > 0 && restarts > 0 && resumed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_together_in_the_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
