/*
 * ICE restarts of two peers: under traffic, by both at once, with offers and
 * answers that are lost, late or overtaken.
 */
#include "peer_scene.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"

static bool half_received(struct scene *scene)
{
    return scene->ends[0].received_bytes > scene->ends[1].to_send_bytes / 2;
}

/* Either side restarts in mid-transfer: new credentials on both, the session
 * the same, and every byte arrives once. */
static void test_restart_under_traffic(void **state)
{
    for (int who = 0; who < 2; who++) {
        struct scene *scene = *state;
        char before[2][2][64];
        char after[2][2][64];
        for (int i = 0; i < 2; i++)
            scene->ends[i].to_send_bytes = 8 << 20;
        peer_offer(scene->ends[0].peer);
        run_until(scene, half_received);
        for (int i = 0; i < 2; i++) {
            sdp_value(scene->ends[i].sdp, "a=ice-ufrag:", before[i][0]);
            sdp_value(scene->ends[i].sdp, "o=- ", before[i][1]);
        }
        scene->ends[0].path_changes = scene->ends[1].path_changes = 0;
        assert_int_equal(peer_restart(scene->ends[who].peer), 0);
        assert_int_equal(peer_restart(scene->ends[who].peer), -EALREADY);
        run_until(scene, both_on_new_paths);
        run_until(scene, all_received);
        for (int i = 0; i < 2; i++) {
            struct end *end = &scene->ends[i];
            sdp_value(end->sdp, "a=ice-ufrag:", after[i][0]);
            sdp_value(end->sdp, "o=- ", after[i][1]);
            assert_string_not_equal(before[i][0], after[i][0]);
            /* "ID 2 IN …" became "ID 3 IN …". */
            assert_memory_equal(before[i][1], after[i][1], strcspn(before[i][1], " ") + 1);
            assert_non_null(strstr(after[i][1], " 3 IN"));
            assert_int_equal(end->type, i == who ? SDP_OFFER : SDP_ANSWER);
            assert_int_equal(end->descriptions, 2);
            assert_same_digest(end, end->other);
        }
        assert_non_null(strstr(scene->ends[who].sdp, "a=setup:actpass"));
        /* The answerer of the first round was the DTLS client, and stays it. */
        assert_non_null(
            strstr(scene->ends[1 - who].sdp, who == 0 ? "a=setup:active" : "a=setup:passive"));
        scene_teardown(state);
        scene_setup(state);
    }
}

static bool both_restart_offered(struct scene *scene)
{
    return scene->ends[0].descriptions == 2 && scene->ends[1].descriptions == 2;
}

static bool second_answered(struct scene *scene)
{
    return scene->ends[1].descriptions == 3;
}

/* Both restart at once, and the offers cross: the first offerer's wins, with
 * the other's candidates, which came before its answer. */
static void test_restarts_cross(void **state)
{
    struct scene *scene = *state;
    struct end *first = &scene->ends[0];
    struct end *second = &scene->ends[1];
    connect_both(scene);
    scene->is_manual = true;
    first->path_changes = second->path_changes = 0;
    for (int i = 0; i < 2; i++) {
        struct end *end = &scene->ends[i];
        for (size_t k = 0; k < end->candidate_count; k++)
            free(end->candidates[k]);
        end->candidate_count = 0;
        assert_int_equal(peer_restart(end->peer), 0);
    }
    run_until(scene, both_restart_offered);
    char ufrag[64];
    sdp_value(second->sdp, "a=ice-ufrag:", ufrag);
    give_description(second, SDP_OFFER);
    for (size_t k = 0; k < second->candidate_count; k++)
        assert_int_equal(peer_add_candidate(first->peer, second->candidates[k]), 0);
    give_description(first, SDP_OFFER);
    run_until(scene, second_answered);
    assert_int_equal(second->type, SDP_ANSWER);
    assert_non_null(strstr(second->sdp, ufrag)); /* of its own offer */
    assert_int_equal(first->type, SDP_OFFER);    /* no answer */
    give_description(second, SDP_ANSWER);
    run_until(scene, both_on_new_paths);
    first->to_send_bytes = second->to_send_bytes = 1 << 20;
    push(first);
    push(second);
    run_until(scene, all_received);
    assert_same_digest(first, second);
    assert_same_digest(second, first);
}

static bool first_offered_again(struct scene *scene)
{
    return scene->ends[0].descriptions == 3;
}

/* Both restart at once, and have offered. */
static void restart_both(struct scene *scene)
{
    connect_both(scene);
    scene->is_manual = true;
    for (int i = 0; i < 2; i++) {
        scene->ends[i].path_changes = 0;
        assert_int_equal(peer_restart(scene->ends[i].peer), 0);
    }
    run_until(scene, both_restart_offered);
}

/* Both restart at once, and the offer that counts is lost on the way. The
 * other's shows that it was, so it is sent again. */
static void test_restart_offer_is_lost(void **state)
{
    struct scene *scene = *state;
    struct end *first = &scene->ends[0];
    struct end *second = &scene->ends[1];
    restart_both(scene);
    give_description(second, SDP_OFFER);
    run_until(scene, first_offered_again);
    give_description(first, SDP_OFFER);
    run_until(scene, second_answered);
    give_description(second, SDP_ANSWER);
    run_until(scene, both_on_new_paths);
}

/* An offer that nobody answers: the path stays, and the next restart works,
 * whoever begins it. */
static void test_restart_without_answer(void **state)
{
    for (int who = 0; who < 2; who++) {
        struct scene *scene = *state;
        connect_both(scene);
        scene->is_manual = true;
        assert_int_equal(peer_restart(scene->ends[0].peer), 0);
        run_for(scene, 50 * US_PER_MS);
        peer_abandon_restart(scene->ends[0].peer);
        scene->is_manual = false;
        scene->ends[0].to_send_bytes = scene->ends[1].to_send_bytes = 1 << 20;
        push(&scene->ends[0]);
        push(&scene->ends[1]);
        run_until(scene, all_received);
        scene->ends[0].path_changes = scene->ends[1].path_changes = 0;
        assert_int_equal(peer_restart(scene->ends[who].peer), 0);
        run_until(scene, both_on_new_paths);
        scene_teardown(state);
        scene_setup(state);
    }
}

static int count_descriptors(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

/* One restart after the other, each with names to look up: the questions of
 * those before are not waited for, each of which has a socket. */
static void test_names_of_restarts_before(void **state)
{
    struct scene *scene = *state;
    struct peer *peer = scene->ends[1].peer;
    const char *why = NULL;
    connect_both(scene);
    scene->is_manual = true;
    int before = count_descriptors();
    for (int i = 0; i < 20; i++) {
        struct buf sdp;
        buf_init(&sdp, 1 << 20);
        buf_append_string(&sdp, scene->ends[0].sdp);
        for (int k = 0; k < 8; k++)
            buf_append_format(&sdp,
                              "a=candidate:%d 1 udp 2122252543 name-%d-%d.local 5000 typ host\r\n",
                              k, i, k);
        buf_append(&sdp, span_of("", 1));
        char *text = (char *)(uintptr_t)buf_bytes(&sdp).data;
        memcpy(strstr(text, "a=ice-ufrag:") + 12, (char[]){(char)('a' + i)}, 1);
        assert_int_equal(peer_set_remote(peer, SDP_OFFER, text, &why), 0);
        buf_deinit(&sdp);
    }
    assert_in_range(count_descriptors() - before, 0, 8);
}

static bool second_offered_again(struct scene *scene)
{
    return scene->ends[1].descriptions == 4;
}

static bool first_answered(struct scene *scene)
{
    return scene->ends[0].descriptions == 4;
}

/* Both restart at once, and the second does so again before the offer that
 * the first repeats is there: it was answered, and takes nothing back. */
static void test_repeated_offer_is_late(void **state)
{
    struct scene *scene = *state;
    struct end *first = &scene->ends[0];
    struct end *second = &scene->ends[1];
    const char *why = NULL;
    restart_both(scene);
    char *offer = xstrdup(first->sdp);
    give_description(second, SDP_OFFER);
    run_until(scene, first_offered_again);
    assert_int_equal(peer_set_remote(second->peer, SDP_OFFER, offer, &why), 0);
    free(offer);
    run_until(scene, second_answered);
    give_description(second, SDP_ANSWER);
    run_until(scene, both_on_new_paths);
    first->path_changes = second->path_changes = 0;

    assert_int_equal(peer_restart(second->peer), 0);
    run_until(scene, second_offered_again);
    assert_int_equal(second->type, SDP_OFFER);
    give_description(first, SDP_OFFER);
    assert_true(peer_is_offering(second->peer));
    give_description(second, SDP_OFFER);
    run_until(scene, first_answered);
    assert_int_equal(first->type, SDP_ANSWER);
    give_description(first, SDP_ANSWER);
    run_until(scene, both_on_new_paths);
    assert_int_equal(second->descriptions, 4);
}

static bool first_described_again(struct scene *scene)
{
    return scene->ends[0].descriptions == 2;
}

static bool second_described_again(struct scene *scene)
{
    return scene->ends[1].descriptions == 2;
}

/* The second restarts while its answer to the first's offer is on its way: an
 * offer goes out instead, and the answer to the repeated one has what
 * counts. */
static void test_restart_overtakes_answer(void **state)
{
    struct scene *scene = *state;
    struct end *first = &scene->ends[0];
    struct end *second = &scene->ends[1];
    connect_both(scene);
    scene->is_manual = true;
    first->path_changes = second->path_changes = 0;
    assert_int_equal(peer_restart(first->peer), 0);
    run_until(scene, first_described_again);
    give_description(first, SDP_OFFER);
    assert_int_equal(peer_restart(second->peer), 0);
    run_until(scene, second_described_again);
    assert_int_equal(second->type, SDP_OFFER);
    give_description(second, SDP_OFFER);
    run_until(scene, first_offered_again);
    give_description(first, SDP_OFFER);
    run_until(scene, second_answered);
    assert_int_equal(second->type, SDP_ANSWER);
    give_description(second, SDP_ANSWER);
    run_until(scene, both_on_new_paths);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_restart_under_traffic),    TEST(test_restarts_cross),
        TEST(test_restart_offer_is_lost),    TEST(test_restart_without_answer),
        TEST(test_names_of_restarts_before), TEST(test_repeated_offer_is_late),
        TEST(test_restart_overtakes_answer),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
