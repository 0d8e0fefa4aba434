/*
 * The handshakes of two peers: DTLS in ICE's checks, SCTP by its INITs in the
 * descriptions, what is sent before they are over, and those that never are.
 */
#include "peer_scene.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "rtc/peer_internal.h"
#include "sleeping.h"

/* ---- DTLS in checks ---- */

static bool first_has_hello(struct scene *scene)
{
    return scene->ends[1].sdp && scene->ends[0].peer->early_datagrams.len > 0;
}

/* DTLS goes with ICE's checks where both descriptions say so. */
static void test_dtls_in_checks(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct scene *scene = *state;
        bool is_spoken = i == 0;
        scene->is_manual = true;
        peer_offer(scene->ends[0].peer);
        run_until(scene, first_described);
        char *option = strstr(scene->ends[0].sdp, "trickle sped");
        assert_non_null(option);
        if (!is_spoken)
            memcpy(option, "trickle other", 12);
        give_description(&scene->ends[0], SDP_OFFER);
        run_until(scene, second_described);
        assert_int_equal(strstr(scene->ends[1].sdp, " sped") != NULL, is_spoken);
        give_description(&scene->ends[1], SDP_ANSWER);
        run_until(scene, both_open);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(scene->ends[k].peer->has_ridden, is_spoken);
            assert_int_equal(scene->ends[k].peer->sped.is_heard, is_spoken);
        }
        scene_teardown(state);
        scene_setup(state);
    }
}

/* The answerer's check, with its ClientHello, is there before its answer. */
static void test_dtls_in_checks_before_the_answer(void **state)
{
    struct scene *scene = *state;
    scene->is_manual = true;
    peer_offer(scene->ends[0].peer);
    run_until(scene, first_described);
    give_description(&scene->ends[0], SDP_OFFER);
    run_until(scene, first_has_hello);
    assert_int_equal(peer_get_state(scene->ends[0].peer), PEER_NEW);
    give_description(&scene->ends[1], SDP_ANSWER);
    run_until(scene, both_open);
}

/* What is wrong with the handshake is told once, and behind ICE's call. */
static void test_wrong_fingerprint_in_checks(void **state)
{
    struct scene *scene = *state;
    offer_by_hand(scene);
    char *digit = strstr(scene->ends[1].sdp, "sha-256 ") + 8;
    *digit = *digit == 'A' ? 'B' : 'A';
    give_description(&scene->ends[1], SDP_ANSWER);
    run_until(scene, any_closed);
    assert_false(scene->ends[0].is_open);
    assert_non_null(strstr(scene->ends[0].close_text, "fingerprint"));
}

/* ---- SNAP ---- */

/* The description with another a=sctp-init; NULL: without. */
static void replace_init(struct end *end, const char *value)
{
    char *line = strstr(end->sdp, "a=sctp-init:");
    if (line) {
        char *rest = strstr(line, "\r\n") + 2;
        memmove(line, rest, strlen(rest) + 1);
    }
    if (value) {
        char *longer = xasprintf("%sa=sctp-init:%s\r\n", end->sdp, value);
        free(end->sdp);
        end->sdp = longer;
    }
}

static bool both_described(struct scene *scene)
{
    return scene->ends[0].is_described && scene->ends[1].is_described;
}

static void test_sctp_without_a_handshake(void **state)
{
    struct scene *scene = *state;
    connect_both(scene);
    char before[2][64];
    for (int i = 0; i < 2; i++)
        sdp_value(scene->ends[i].sdp, "a=sctp-init:", before[i]);
    assert_string_not_equal(before[0], before[1]);
    assert_int_equal(scene->ends[0].packets_before_open, 0);
    /* Of the session: it stays. */
    scene->ends[0].is_described = scene->ends[1].is_described = false;
    assert_int_equal(peer_restart(scene->ends[1].peer), 0);
    run_until(scene, both_described);
    for (int i = 0; i < 2; i++) {
        char now[64];
        sdp_value(scene->ends[i].sdp, "a=sctp-init:", now);
        assert_string_equal(now, before[i]);
    }
}

/* The first is one of ours and says so: the second may send at the end of its
 * part of DTLS, before their OPEN; which it acknowledges all the same. Not
 * so the first, whom nobody has promised anything. */
static void test_sends_before_the_channel_is_opened(void **state)
{
    struct scene *scene = *state;
    struct end *second = &scene->ends[1];
    second->to_send_bytes = scene->ends[0].to_send_bytes = 100 << 10;
    peer_offer(scene->ends[0].peer);
    run_until(scene, all_received);
    assert_true(second->is_early);
    assert_false(second->peer->first.is_awaited);
    assert_same_digest(&scene->ends[0], second);
    assert_same_digest(second, &scene->ends[0]);
}

/* Where one of them does not know of it, or says what is no INIT, there is a
 * handshake as ever; also where it repeats our line. */
static void test_sctp_with_a_handshake(void **state)
{
    static const char *const values[] = {NULL, "", "AAAA", "=", "AQAAFAAAAAAAAQAAAAEAAQAAAAE="};
    for (size_t i = 0; i <= sizeof values / sizeof *values; i++) {
        struct scene *scene = *state;
        struct end *first = &scene->ends[0];
        struct end *second = &scene->ends[1];
        bool is_echo = i == sizeof values / sizeof *values;
        scene->is_manual = true;
        peer_offer(first->peer);
        run_until(scene, first_described);
        replace_init(first, is_echo ? NULL : values[i]);
        give_description(first, SDP_OFFER);
        run_until(scene, second_described);
        assert_null(strstr(second->sdp, "a=sctp-init"));
        if (is_echo)
            replace_init(second, first->peer->local.sctp_init);
        give_description(second, SDP_ANSWER);
        run_until(scene, both_open);
        assert_true(first->packets_before_open > 0);
        /* What was not agreed on at first is not to be had later. */
        first->is_described = false;
        assert_int_equal(peer_restart(first->peer), 0);
        run_until(scene, first_described);
        assert_null(strstr(first->sdp, "a=sctp-init"));
        scene_teardown(state);
        scene_setup(state);
    }
}

static void test_answer_with_a_wrong_init(void **state)
{
    struct scene *scene = *state;
    const char *why = NULL;
    offer_by_hand(scene);
    char *good = xstrdup(scene->ends[1].peer->local.sctp_init);
    replace_init(&scene->ends[1], "AAAA");
    assert_int_equal(peer_set_remote(scene->ends[0].peer, SDP_ANSWER, scene->ends[1].sdp, &why),
                     -EINVAL);
    assert_non_null(strstr(why, "sctp-init"));
    replace_init(&scene->ends[1], good);
    free(good);
    give_description(&scene->ends[1], SDP_ANSWER);
    run_until(scene, both_open);
    assert_int_equal(scene->ends[0].packets_before_open, 0);
}

/* ---- without an end ---- */

static bool both_opening(struct scene *scene)
{
    unsigned mask = 1u << PEER_OPENING;
    return (scene->ends[0].states & scene->ends[1].states & mask) != 0;
}

static bool second_closed(struct scene *scene)
{
    return scene->ends[1].is_closed;
}

/* An offerer whose SCTP does not get to opening the channel is given up long
 * before the connection's time is over; on a slow path it has longer. */
static void test_channel_that_never_opens(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct scene *scene = *state;
        bool is_slow = i == 1;
        scene->ends[0].never_opens = true;
        scene->ends[0].peer->config.promise = NULL; /* or it were not waited for */
        for (int k = 0; k < 2; k++)
            scene->ends[k].sleeps_s = is_slow ? 4 : 0;
        peer_offer(scene->ends[0].peer);
        run_until(scene, both_opening);
        machine_sleeps(12);
        run_for(scene, US_PER_MS);
        assert_int_equal(scene->ends[1].is_closed, !is_slow);
        machine_sleeps(30);
        run_until(scene, second_closed);
        assert_non_null(strstr(scene->ends[1].close_text, "did not open within"));
        scene_teardown(state);
        machine_forgets_sleep();
        scene_setup(state);
    }
}

/* Who is busy, or has lost an INIT, has longer for that. */
static void test_sctp_that_never_connects(void **state)
{
    struct scene *scene = *state;
    struct end *first = &scene->ends[0];
    struct end *second = &scene->ends[1];
    first->never_connects = true;
    scene->is_manual = true;
    peer_offer(first->peer);
    run_until(scene, first_described);
    replace_init(first, NULL); /* or there were no handshake */
    give_description(first, SDP_OFFER);
    run_until(scene, second_described);
    give_description(second, SDP_ANSWER);
    run_until(scene, both_opening);
    machine_sleeps(8);
    run_for(scene, US_PER_MS);
    assert_false(second->is_closed);
    machine_sleeps(3);
    run_until(scene, second_closed);
    assert_non_null(strstr(second->close_text, "SCTP did not connect within"));
    machine_forgets_sleep();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_dtls_in_checks),
        TEST(test_dtls_in_checks_before_the_answer),
        TEST(test_wrong_fingerprint_in_checks),
        TEST(test_sctp_without_a_handshake),
        TEST(test_sends_before_the_channel_is_opened),
        TEST(test_sctp_with_a_handshake),
        TEST(test_answer_with_a_wrong_init),
        TEST(test_channel_that_never_opens),
        TEST(test_sctp_that_never_connects),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
