/*
 * A provider and a consumer, and now and then a stranger, in a world that makes
 * trouble (world.h). Then it is kind, the stranger is gone, and after a while
 * both must have one session, the same, and requests must go into it.
 *
 *   TEST_SEED=N   that seed alone, and what happens in it
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

enum { SEEDS = 5000 / SEEDS_SHARE };
#define TROUBLE_US      (150 * US_PER_S)
#define PEACE_US        (300 * US_PER_S)
#define TROUBLE_MOST_US (12 * US_PER_S) /* to the next one */
#define STOP_MOST_US    (40 * US_PER_S)

/* ---- trouble ---- */

static void break_paths(struct world *w)
{
    say(w, "paths break");
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        w->sessions[i].has_path = false;
}

static void change_addresses(struct world *w, int end)
{
    unsigned outdated[SESSIONS_MAX];
    struct event event = {.type = EVENT_ADDRESSES, .outdated = outdated};
    if (is_stopped(w, end))
        return;
    say(w, "end %d: other addresses", end);
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct model *s = &w->sessions[i];
        if (s->id == 0 || s->end != end || !s->is_open)
            continue;
        s->has_path = s->has_path && chance(w, 30);
        outdated[event.outdated_count++] = s->number;
    }
    event.is_cut_off = w->ends[end].conn && chance(w, 70);
    if (event.is_cut_off)
        cut(w, w->ends[end].conn);
    feed(w, end, &event);
}

static void lose_session(struct world *w, int end)
{
    struct model *s = find_session(w, w->ends[end].up);
    if (s && !is_stopped(w, end))
        end_session(w, s, "bad luck");
}

/* Its machine has slept: the session has asked by itself. */
static void wake(struct world *w, int end)
{
    struct model *s = find_session(w, w->ends[end].up);
    if (!s || is_stopped(w, end))
        return;
    say(w, "end %d wakes up", end);
    ask(w, s);
    feed(w, end, &(struct event){.type = EVENT_WOKEN, .session = s->number});
}

static void stop_process(struct world *w, int end)
{
    say(w, "end %d is stopped", end);
    w->ends[end].stopped_until_us = w->now_us + roll(w, STOP_MOST_US);
}

static void restart_process(struct world *w, int end)
{
    enum mux_role role = w->ends[end].role;
    kill_process(w, end);
    begin_process(w, end, role);
}

/* It comes, and may find the place free of the one whose job it does; or it
 * goes. */
static void trouble_with_stranger(struct world *w)
{
    int end = (int)roll(w, 2);
    if (w->ends[STRANGER].rv) {
        kill_process(w, STRANGER);
        return;
    }
    begin_process(w, STRANGER, w->ends[end].role);
    if (w->ends[end].conn == 0 || chance(w, 50))
        return;
    cut(w, w->ends[end].conn);
    schedule(w, LOST_BY_SERVER, 0)->conn = w->ends[end].conn;
}

static void make_trouble(struct world *w)
{
    int end = (int)roll(w, 2);
    switch (roll(w, 12)) {
    case 0:
    case 1:
        restart_server(w);
        break;
    case 2:
    case 3:
        cut(w, w->ends[end].conn);
        break;
    case 4:
        break_paths(w);
        break;
    case 5:
        restart_process(w, end);
        break;
    case 6:
        change_addresses(w, end);
        break;
    case 7:
        lose_session(w, end);
        break;
    case 8:
        wake(w, end);
        break;
    case 9:
        stop_process(w, end);
        break;
    default:
        trouble_with_stranger(w);
        break;
    }
    w->loss_percent = (unsigned)roll(w, 40);
    if (w->now_us < TROUBLE_US)
        schedule(w, TROUBLE, roll(w, TROUBLE_MOST_US));
}

static void run_seed(struct world *w, uint64_t seed)
{
    *w = (struct world){.dice = seed, .has_server = true, .is_loud = getenv("TEST_SEED")};
    w->make_trouble = make_trouble;
    w->consumer_offers = seed % 2 == 1;
    begin_process(w, 0, MUX_PROVIDER);
    begin_process(w, 1, MUX_CONSUMER);
    schedule(w, TICK, US_PER_S);
    schedule(w, TROUBLE, roll(w, TROUBLE_MOST_US));
    run_until(w, TROUBLE_US + 20 * US_PER_S);
    kill_process(w, STRANGER);
    w->is_kind = true;
    if (!w->has_server)
        restart_server(w);
    say(w, "the world is kind");
    run_until(w, w->now_us + PEACE_US);
    check_together(w, seed);
    rendezvous_free(w->ends[0].rv);
    rendezvous_free(w->ends[1].rv);
}

static void add(struct figures *all, const struct figures *one)
{
    all->restarts += one->restarts;
    all->takeovers += one->takeovers;
    all->resumptions += one->resumptions;
    all->drains += one->drains;
    all->doubts += one->doubts;
    all->refusals += one->refusals;
    all->replacements += one->replacements;
}

static void test_together_in_the_end(void **state)
{
    (void)state;
    struct world *w = xcalloc(1, sizeof *w);
    const char *only = getenv("TEST_SEED");
    struct figures all = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        run_seed(w, only ? strtoull(only, NULL, 10) : seed);
        add(&all, &w->figures);
        if (only)
            break;
    }
    free(w);
    printf("%d restarts, %d places taken over, %d resumed, %d sessions drained, %d doubted, "
           "%d newcomers refused, %d let in\n",
           all.restarts, all.takeovers, all.resumptions, all.drains, all.doubts, all.refusals,
           all.replacements);
    if (only)
        return;
    assert_true(all.restarts > SEEDS && all.resumptions > SEEDS && all.drains > SEEDS / 8);
    assert_true(all.doubts > SEEDS && all.refusals > SEEDS / 8 && all.replacements > SEEDS / 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_together_in_the_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
