/*
 * One of two peers closes: the other hears of it at once, and nothing is left
 * behind, whenever that is.
 */
#include "peer_scene.h"

#include <errno.h>

#include "base/clock.h"
#include "sleeping.h"

static bool close_is_noticed(struct scene *scene, int side)
{
    struct end *other = &scene->ends[1 - side];
    connect_both(scene);
    peer_close(scene->ends[side].peer);
    scene->ends[side].peer = NULL;
    uint64_t closed_us = clock_now_us();
    run_until(scene, any_closed);
    assert_true(other->is_closed);
    assert_non_null(strstr(other->close_text, "closed"));
    assert_true(peer_has_heard_goodbye(other->peer));
    assert_int_equal(peer_get_state(other->peer), PEER_CLOSED);
    assert_int_equal(peer_send(other->peer, 0, SPAN_LITERAL("x"), (struct span){0}), -ENOTCONN);
    return other->closed_us - closed_us < 200 * US_PER_MS;
}

static bool close_of_first_is_noticed(struct scene *scene)
{
    return close_is_noticed(scene, 0);
}

static bool close_of_second_is_noticed(struct scene *scene)
{
    return close_is_noticed(scene, 1);
}

static void test_close_is_noticed(void **state)
{
    assert_at_once(state, close_of_first_is_noticed);
    scene_teardown(state);
    scene_setup(state);
    assert_at_once(state, close_of_second_is_noticed);
}

static bool close_is_noticed_while_paused_and_full(struct scene *scene)
{
    struct end *from = &scene->ends[0];
    struct end *to = &scene->ends[1];
    peer_set_reading(to->peer, false);
    from->to_send_bytes = 32 << 20;
    connect_both(scene);
    run_for(scene, US_PER_S / 2);
    peer_close(from->peer);
    from->peer = NULL;
    uint64_t closed_us = clock_now_us();
    run_until(scene, any_closed);
    assert_int_equal(to->received, 0);
    return to->closed_us - closed_us < 200 * US_PER_MS;
}

static void test_close_is_noticed_while_paused_and_full(void **state)
{
    assert_at_once(state, close_is_noticed_while_paused_and_full);
}

/* What was to be sent at the turn's end is no longer there then. The rate that
 * the first megabytes show makes room for a long queue. */
static void test_close_in_the_turn_that_filled_the_queue(void **state)
{
    struct scene *scene = *state;
    struct end *from = &scene->ends[0];
    from->to_send_bytes = 4 << 20;
    peer_offer(from->peer);
    run_until(scene, all_received);
    from->to_send_bytes += 4 << 20;
    push(from);
    peer_close(from->peer);
    from->peer = NULL;
    run_until(scene, any_closed);
    assert_true(scene->ends[1].is_closed);
}

static void test_close_under_handlers(void **state)
{
    struct scene *scene = *state;
    scene->ends[0].to_send_bytes = 1 << 20;
    scene->ends[1].closes_on_message = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, any_closed);
    assert_true(scene->ends[0].is_closed);
    assert_int_equal(scene->ends[1].received, 1);
    scene_teardown(state);
    scene_setup(state);
    scene = *state;
    scene->ends[0].closes_on_open = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, any_closed);
    assert_true(scene->ends[1].is_closed);
}

static void test_close_at_every_step(void **state)
{
    for (int steps = 0; steps < 40; steps++) {
        struct scene *scene = *state;
        peer_offer(scene->ends[0].peer);
        if (steps > 0)
            run_for(scene, (uint64_t)steps * US_PER_MS);
        for (int i = 0; i < 2; i++) {
            peer_close(scene->ends[i].peer);
            scene->ends[i].peer = NULL;
        }
        scene_teardown(state);
        scene_setup(state);
    }
}

static bool both_gathered(struct scene *scene)
{
    return scene->ends[0].is_gathered && scene->ends[1].is_gathered;
}

static void drop_candidates(char *sdp)
{
    char *line;
    while ((line = strstr(sdp, "a=candidate:")) != NULL) {
        const char *rest = strstr(line, "\r\n") + 2;
        memmove(line, rest, strlen(rest) + 1);
    }
}

/* Neither has a candidate of the other's, and no more come: ICE says why there
 * is no path, before the peer's own patience ends. */
static void test_no_path(void **state)
{
    struct scene *scene = *state;
    scene->is_manual = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, first_described);
    drop_candidates(scene->ends[0].sdp);
    give_description(&scene->ends[0], SDP_OFFER);
    run_until(scene, second_described);
    drop_candidates(scene->ends[1].sdp);
    give_description(&scene->ends[1], SDP_ANSWER);
    run_until(scene, both_gathered);
    for (int i = 0; i < 2; i++) {
        const struct end *end = &scene->ends[i];
        peer_add_candidate(end->other->peer, end->candidates[end->candidate_count - 1]);
    }
    machine_sleeps(24);
    run_until(scene, any_closed);
    machine_forgets_sleep();
    for (int i = 0; i < 2; i++) {
        static const char expected[] =
            "no path to the other side works, and there is no TURN server (";
        const struct end *end = &scene->ends[i];
        if (end->is_closed)
            assert_int_equal(strncmp(end->close_text, expected, sizeof expected - 1), 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_close_is_noticed),
        TEST(test_close_is_noticed_while_paused_and_full),
        TEST(test_close_in_the_turn_that_filled_the_queue),
        TEST(test_close_under_handlers),
        TEST(test_close_at_every_step),
        TEST(test_no_path),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
