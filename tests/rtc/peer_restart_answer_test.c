/*
 * What other stacks answer to the offer of an ICE restart, or do not, and what
 * their peer makes of it.
 */
#include "peer_scene.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

/* The first offers a restart; returns what the second answers. */
static char *answer_to_restart(struct scene *scene)
{
    scene->is_manual = true;
    for (int i = 0; i < 2; i++) {
        scene->ends[i].path_changes = 0;
        scene->ends[i].is_described = false;
    }
    assert_int_equal(peer_restart(scene->ends[0].peer), 0);
    run_until(scene, first_described);
    give_description(&scene->ends[0], SDP_OFFER);
    run_until(scene, second_described);
    return xstrdup(scene->ends[1].sdp);
}

/* text with what stands behind `name`, to the end of the line, replaced. */
static char *with_value(const char *text, const char *name, const char *value)
{
    const char *at = strstr(text, name);
    assert_non_null(at);
    at += strlen(name);
    size_t len = strlen(text) + strlen(value) + 1;
    char *out = xcalloc(1, len);
    snprintf(out, len, "%.*s%s%s", (int)(at - text), text, value, at + strcspn(at, "\r"));
    return out;
}

/* Firefox says "active" in its answer to a restart although it is not. */
static void test_restart_answer_changes_the_role(void **state)
{
    static const char *const roles[] = {"passive", "actpass"};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        struct scene *scene = *state;
        const char *why = NULL;
        connect_both(scene);
        char *answer = answer_to_restart(scene);
        assert_non_null(strstr(answer, "a=setup:active"));
        char *changed = with_value(answer, "a=setup:", roles[i]);
        assert_int_equal(peer_set_remote(scene->ends[0].peer, SDP_ANSWER, changed, &why), 0);
        free(changed);
        free(answer);
        run_until(scene, both_on_new_paths);
        /* And the second's own role is what it was. */
        scene->ends[0].is_described = scene->ends[1].is_described = false;
        assert_int_equal(peer_restart(scene->ends[1].peer), 0);
        run_until(scene, second_described);
        give_description(&scene->ends[1], SDP_OFFER);
        run_until(scene, first_described);
        assert_non_null(strstr(scene->ends[0].sdp, "a=setup:passive"));
        scene_teardown(state);
        scene_setup(state);
    }
}

static void assert_no_restart(struct peer *peer, const char *answer)
{
    const char *why = NULL;
    assert_int_equal(peer_match(peer, SDP_ANSWER, answer), PEER_MATCH_NO_RESTART);
    assert_true(peer_can_restart(peer));
    assert_int_equal(peer_set_remote(peer, SDP_ANSWER, answer, &why), -EINVAL);
    assert_string_equal(why, "the other side takes no part in the restart");
    peer_abandon_restart(peer);
    assert_false(peer_can_restart(peer));
    assert_int_equal(peer_restart(peer), -ENOTSUP);
}

/* aiortc and GStreamer answer a restart with the credentials that they had. */
static void test_answer_without_a_restart(void **state)
{
    struct scene *scene = *state;
    connect_both(scene);
    char *before = xstrdup(scene->ends[1].sdp);
    free(answer_to_restart(scene));
    assert_no_restart(scene->ends[0].peer, before);
    free(before);
}

/* werift answers with another session id: it takes part all the same. */
static void test_answer_of_werift(void **state)
{
    struct scene *scene = *state;
    const char *why = NULL;
    connect_both(scene);
    char *answer = answer_to_restart(scene);
    char *other = with_value(answer, "o=", "- 17 0 IN IP4 0.0.0.0");
    assert_int_equal(peer_set_remote(scene->ends[0].peer, SDP_ANSWER, other, &why), 0);
    run_until(scene, both_on_new_paths);
    assert_int_equal(peer_match(scene->ends[0].peer, SDP_ANSWER, other), PEER_MATCH_SESSION);
    free(other);
    free(answer);
}

/* An answer that comes once more says nothing of the restart that is out. */
static void test_answer_is_late(void **state)
{
    struct scene *scene = *state;
    struct peer *peer = scene->ends[0].peer;
    const char *why = NULL;
    connect_both(scene);
    char *first = answer_to_restart(scene);
    assert_int_equal(peer_set_remote(peer, SDP_ANSWER, first, &why), 0);
    run_until(scene, both_on_new_paths);
    char *second = answer_to_restart(scene);
    assert_int_equal(peer_match(peer, SDP_ANSWER, first), PEER_MATCH_LATE);
    assert_int_equal(peer_set_remote(peer, SDP_ANSWER, first, &why), 0);
    assert_true(peer_is_offering(peer));
    assert_int_equal(peer_match(peer, SDP_ANSWER, second), PEER_MATCH_SESSION);
    assert_int_equal(peer_set_remote(peer, SDP_ANSWER, second, &why), 0);
    free(first);
    free(second);
    run_until(scene, both_on_new_paths);
}

/* libdatachannel gives no answer, and tells who it is beforehand. */
static void test_other_side_cannot_restart(void **state)
{
    struct scene *scene = *state;
    const char *why = NULL;
    offer_by_hand(scene);
    char *answer = with_value(scene->ends[1].sdp, "o=", "rtc 3456789012 0 IN IP4 127.0.0.1");
    assert_int_equal(peer_set_remote(scene->ends[0].peer, SDP_ANSWER, answer, &why), 0);
    free(answer);
    run_until(scene, both_open);
    assert_false(peer_can_restart(scene->ends[0].peer));
    assert_int_equal(peer_restart(scene->ends[0].peer), -ENOTSUP);
    assert_true(peer_can_restart(scene->ends[1].peer));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_restart_answer_changes_the_role),
        TEST(test_answer_without_a_restart),
        TEST(test_answer_of_werift),
        TEST(test_answer_is_late),
        TEST(test_other_side_cannot_restart),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
