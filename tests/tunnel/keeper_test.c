/*
 * That a keeper does what the rendezvous decides (see rendezvous_test.c).
 */
#include "keeper_scene.h"

/* ---- conditions ---- */

static bool both_up(struct scene *scene)
{
    return scene->provider.is_told_up && scene->consumer.is_told_up;
}

static bool consumer_is_up(struct scene *scene)
{
    return scene->consumer.is_told_up && scene->naive.ready_count == 1;
}

static bool consumer_is_up_again(struct scene *scene)
{
    return scene->consumer.sessions == 2 && scene->naive.ready_count == 2;
}

static bool consumer_is_down(struct scene *scene)
{
    return !scene->consumer.mux;
}

static bool naive_is_away(struct scene *scene)
{
    return !scene->naive.client;
}

static bool naive_is_joined(struct scene *scene)
{
    return scene->naive.is_joined;
}

static bool naive_has_restarted(struct scene *scene)
{
    return scene->naive.restart_count > 0;
}

/* ---- tests ---- */

static void test_two_keepers(void **state)
{
    struct scene *scene = *state;
    start_keeper(&scene->provider, MUX_PROVIDER);
    start_keeper(&scene->consumer, MUX_CONSUMER);
    run_until(scene, both_up);
    begin_exchange(scene);
    end_exchange(scene);
    keeper_close(scene->provider.keeper);
    scene->provider.keeper = NULL;
    run_until(scene, consumer_is_down);
    start_keeper(&scene->provider, MUX_PROVIDER);
    run_until(scene, both_up);
}

/* The hand-made end is back first, takes the keeper for a newcomer and offers
 * it a session. The keeper knows whose that is, and offers a restart
 * instead. */
static void meet_anew(struct scene *scene)
{
    signal_server_close(scene->server);
    run_until(scene, naive_is_away);
    start_server(scene);
    start_naive(scene);
    run_until(scene, naive_is_joined);
}

static void test_restart(void **state)
{
    struct scene *scene = *state;
    scene->naive.can_restart = true;
    start_naive(scene);
    run_until(scene, naive_is_joined);
    start_keeper(&scene->consumer, MUX_CONSUMER);
    run_until(scene, consumer_is_up);
    begin_exchange(scene);
    meet_anew(scene);
    run_until(scene, naive_has_restarted);
    end_exchange(scene);
    assert_int_equal(scene->consumer.sessions, 1);
}

/* The other side makes a new session of the restart's offer: the keeper
 * notices, offers one in earnest, and what the old one has begun goes on in
 * it. */
static void test_other_side_cannot_restart(void **state)
{
    struct scene *scene = *state;
    start_naive(scene);
    run_until(scene, naive_is_joined);
    start_keeper(&scene->consumer, MUX_CONSUMER);
    run_until(scene, consumer_is_up);
    begin_exchange(scene);
    meet_anew(scene);
    run_until(scene, consumer_is_up_again);
    end_exchange(scene);
    /* Its own of before, the one that came to nothing, ours. */
    assert_int_equal(scene->naive.session_count, 4);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_two_keepers),
        TEST(test_restart),
        TEST(test_other_side_cannot_restart),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
