/*
 * What two peers take from signalling: candidates in a description, beside it
 * or before it, and descriptions that are wrong, or of other sessions.
 */
#include "peer_scene.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"

static bool first_gathered(struct scene *scene)
{
    return scene->ends[0].is_gathered;
}

static bool second_gathered(struct scene *scene)
{
    return scene->ends[1].is_gathered;
}

static void test_all_candidates_in_the_description(void **state)
{
    struct scene *scene = *state;
    scene->is_manual = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, first_described);
    assert_non_null(strstr(scene->ends[0].sdp, "a=candidate:"));
    give_description(&scene->ends[0], SDP_OFFER);
    run_until(scene, second_described);
    assert_non_null(strstr(scene->ends[1].sdp, "a=candidate:"));
    give_description(&scene->ends[1], SDP_ANSWER);
    run_until(scene, both_open); /* no candidate was carried */
}

/* Moves the candidates of a description into trickled ones. */
static char *strip_candidates(const char *sdp, char *candidates[], size_t *count)
{
    char *out = xcalloc(strlen(sdp) + 1, 1);
    size_t len = 0;
    *count = 0;
    for (const char *line = sdp; *line;) {
        const char *end = strstr(line, "\r\n") + 2;
        size_t line_len = (size_t)(end - line);
        if (strncmp(line, "a=candidate:", 12) == 0) {
            char *json = xasprintf("{\"candidate\":\"%.*s\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0}",
                                   (int)line_len - 4, line + 2);
            candidates[(*count)++] = json;
        } else if (strncmp(line, "a=end-of-candidates", 19) != 0) {
            memcpy(out + len, line, line_len);
            len += line_len;
        }
        line = end;
    }
    return out;
}

static void give_stripped(struct end *end, enum sdp_type type, bool candidates_first)
{
    char *candidates[CANDIDATES_MAX];
    size_t count;
    const char *why = NULL;
    char *sdp = strip_candidates(end->sdp, candidates, &count);
    assert_true(count > 0);
    if (!candidates_first)
        assert_int_equal(peer_set_remote(end->other->peer, type, sdp, &why), 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(peer_add_candidate(end->other->peer, candidates[i]), 0);
        free(candidates[i]);
    }
    assert_int_equal(peer_add_candidate(end->other->peer, "null"), 0);
    if (candidates_first)
        assert_int_equal(peer_set_remote(end->other->peer, type, sdp, &why), 0);
    free(sdp);
}

static void connect_stripped(struct scene *scene, bool candidates_first)
{
    scene->is_manual = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, first_gathered);
    give_stripped(&scene->ends[0], SDP_OFFER, candidates_first);
    run_until(scene, second_gathered);
    give_stripped(&scene->ends[1], SDP_ANSWER, candidates_first);
    run_until(scene, both_open);
}

static void test_no_candidates_in_the_description(void **state)
{
    connect_stripped(*state, false);
}

static void test_candidates_before_the_description(void **state)
{
    connect_stripped(*state, true);
}

static void test_unusable_candidates_are_skipped(void **state)
{
    struct scene *scene = *state;
    peer_offer(scene->ends[0].peer);
    run_until(scene, second_described);
    static const char *const unused[] = {
        "{\"candidate\":\"candidate:1 1 udp 2113937151 "
        "0b1c2d3e-aaaa-bbbb-cccc-001122334455.local 50000 typ host\",\"sdpMid\":\"0\"}",
        "{\"candidate\":\"candidate:1 2 udp 2113937151 192.0.2.7 50000 typ host\"}",
        "{\"candidate\":\"candidate:1 1 tcp 2113937151 192.0.2.7 9 typ host tcptype active\"}",
        "{\"candidate\":\"candidate:1 1 udp 2113937151 fe80::1 50000 typ host\"}",
        "{\"candidate\":\"candidate:1 1 udp 2113937151 192.0.2.7 0 typ host\"}",
    };
    static const char *const unusable[] = {
        "{\"candidate\":\"candidate:1 1 udp 2113937151 192.0.2.7 5000 typ host\","
        "\"usernameFragment\":\"another\"}",
        "{\"candidate\":\"rubbish\"}",
        "{\"candidate\":7}",
        "[]",
        "rubbish",
        "",
    };
    for (size_t i = 0; i < sizeof unused / sizeof *unused; i++)
        assert_int_equal(peer_add_candidate(scene->ends[1].peer, unused[i]), 0);
    for (size_t i = 0; i < sizeof unusable / sizeof *unusable; i++)
        assert_int_equal(peer_add_candidate(scene->ends[1].peer, unusable[i]), -EINVAL);
    run_until(scene, both_open);
}

static void test_garbage_descriptions_are_refused(void **state)
{
    struct scene *scene = *state;
    struct peer *peer = scene->ends[1].peer;
    const char *why = NULL;
    assert_int_equal(peer_set_remote(peer, SDP_OFFER, "rubbish", &why), -EINVAL);
    assert_non_null(why);
    assert_int_equal(peer_set_remote(peer, SDP_OFFER, "", &why), -EINVAL);
    assert_int_equal(peer_set_remote(peer, SDP_OFFER, "v=0\r\n", &why), -EINVAL);
    assert_non_null(strstr(why, "data channel"));
    /* An answer without an offer, an offer against ours, and each twice. */
    scene->is_manual = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, first_described);
    assert_int_equal(peer_set_remote(peer, SDP_ANSWER, scene->ends[0].sdp, &why), -EINVAL);
    assert_int_equal(peer_set_remote(scene->ends[0].peer, SDP_OFFER, scene->ends[0].sdp, &why),
                     -EINVAL);
    give_description(&scene->ends[0], SDP_OFFER);
    assert_int_equal(peer_set_remote(peer, SDP_OFFER, scene->ends[0].sdp, &why), -EINVAL);
    run_until(scene, second_described);
    assert_int_equal(peer_set_remote(scene->ends[0].peer, SDP_ANSWER, "rubbish", &why), -EINVAL);
    give_description(&scene->ends[1], SDP_ANSWER);
    assert_int_equal(peer_set_remote(scene->ends[0].peer, SDP_ANSWER, scene->ends[1].sdp, &why),
                     -EINVAL);
    run_until(scene, both_open);
}

static void test_wrong_fingerprint_is_refused(void **state)
{
    struct scene *scene = *state;
    scene->is_manual = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, first_described);
    char *digit = strstr(scene->ends[0].sdp, "sha-256 ") + 8;
    *digit = *digit == 'A' ? 'B' : 'A';
    give_description(&scene->ends[0], SDP_OFFER);
    run_until(scene, second_described);
    give_description(&scene->ends[1], SDP_ANSWER);
    run_until(scene, any_closed);
    assert_false(scene->ends[1].is_open);
    assert_non_null(strstr(scene->ends[1].close_text, "fingerprint"));
}

/* Descriptions of other sessions do nothing to this one. */
static void test_other_sessions_are_refused(void **state)
{
    struct scene *scene = *state;
    struct peer *peer = scene->ends[1].peer;
    const char *why = NULL;
    assert_int_equal(peer_match(peer, SDP_OFFER, "v=0\r\n"), PEER_MATCH_NONE);
    assert_int_equal(peer_restart(peer), -ENOTCONN);
    connect_both(scene);
    char *sdp = xstrdup(scene->ends[0].sdp);
    assert_int_equal(peer_match(peer, SDP_OFFER, sdp), PEER_MATCH_SESSION);
    char *id = strstr(sdp, "o=- ") + 4;
    *id = *id == '1' ? '2' : '1';
    char *other = strstr(sdp, "a=ice-ufrag:") + strlen("a=ice-ufrag:");
    *other = *other == 'a' ? 'b' : 'a';
    assert_int_equal(peer_match(peer, SDP_OFFER, sdp), PEER_MATCH_PROCESS);
    assert_int_equal(peer_set_remote(peer, SDP_OFFER, sdp, &why), -EINVAL);
    assert_string_equal(why, "it is of another session");
    assert_int_equal(peer_match(peer, SDP_OFFER, scene->ends[1].sdp), PEER_MATCH_NONE);
    assert_int_equal(peer_set_remote(peer, SDP_ANSWER, scene->ends[0].sdp, &why), -EINVAL);
    free(sdp);
    /* Once more the same offer: answered, nothing is restarted. */
    char ufrag[64];
    sdp_value(scene->ends[1].sdp, "a=ice-ufrag:", ufrag);
    scene->is_manual = true;
    scene->ends[1].is_described = false;
    assert_int_equal(peer_set_remote(peer, SDP_OFFER, scene->ends[0].sdp, &why), 0);
    run_until(scene, second_described);
    assert_non_null(strstr(scene->ends[1].sdp, ufrag));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_all_candidates_in_the_description), TEST(test_no_candidates_in_the_description),
        TEST(test_candidates_before_the_description), TEST(test_unusable_candidates_are_skipped),
        TEST(test_garbage_descriptions_are_refused),  TEST(test_wrong_fingerprint_is_refused),
        TEST(test_other_sessions_are_refused),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
