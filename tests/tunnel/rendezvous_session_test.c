/*
 * Sessions that stand, are replaced and lost.
 */
#include "story.h"

/* ---- sessions ---- */

/* Both are in the room, so nobody would offer: we make it do so. */
static void test_session_is_lost(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "silence");
    expect(&s, "problem: the connection to the other side ended: silence; down; close 1; leave; "
               "1 is gone; [retrying]");
    assert_in_range(deadline_in_us(&s), VISIT_BACKOFF_FIRST_US / 2, VISIT_BACKOFF_FIRST_US);
    scene_free(&s);
}

/* In a room of several. It leaves that next, which is not heard yet: nobody is
 * said to be there, before an offer of ours is out. */
static void test_goodbye_before_it_leaves(void **state)
{
    (void)state;
    const enum mux_role roles[] = {MUX_CONSUMER, MUX_PROVIDER};
    for (size_t i = 0; i < 2; i++) {
        struct scene s = scene_new(roles[i], 3);
        wait_us(&s, 0);
        FEED(&s, .type = EVENT_JOINED, .is_shared = true);
        meet(&s, "b", process_b);
        become_ready(&s, 1);
        forget(&s);
        FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "bye", .is_goodbye = true);
        expect(&s, "goodbye: the connection to the other side ended: bye; down; close 1; "
                   "[waiting]");
        wait_us(&s, deadline_in_us(&s));
        expect(&s, "start 2 to offer; [negotiating]");
        scene_free(&s);
    }
}

/* Its words include what was tried where there was no path. */
static void test_session_is_lost_with_its_path(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    lose_signal(&s);
    change_path(&s, PEER_PATH_LOST);
    for (int i = 0; i < 10; i++) { /* the signal server is long away */
        wait_us(&s, deadline_in_us(&s));
        lose_signal(&s);
    }
    forget(&s);
    FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "silence");
    expect(&s, "problem: the connection to the other side ended: silence (tried); down; close "
               "1; 1 is gone; [retrying]");
    /* The path is needed now. */
    assert_in_range(deadline_in_us(&s), VISIT_BACKOFF_FIRST_US / 2, VISIT_BACKOFF_FIRST_US);
    scene_free(&s);
}

static void test_make_before_break(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    meet_anew(&s, NULL);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b2");
    expect(&s, "start 2 to offer;");
    describe(&s, EVENT_ANSWER, "b2", 0, process_b);
    FEED(&s, .type = EVENT_CANDIDATE, .peer = "b2");
    expect(&s, "feed 2 answer; candidate for 2, 1, 0;");
    become_ready(&s, 2);
    expect(&s, "up 2; drain 1; probe 1; [up]");
    FEED(&s, .type = EVENT_CANDIDATE, .peer = "b2");
    expect(&s, "candidate for 0, 2, 1;");
    FEED(&s, .type = EVENT_IDLE, .session = 2); /* it takes new ones */
    expect(&s, "");
    FEED(&s, .type = EVENT_IDLE, .session = 1);
    expect(&s, "close 1: the session was replaced;");
    scene_free(&s);
}

static void test_idle_session_is_replaced(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    s.is_idle = true;
    meet(&s, "b2", process_b);
    forget(&s);
    become_ready(&s, 2);
    expect(&s, "up 2; drain 1; probe 1; close 1: the session was replaced; [up]");
    scene_free(&s);
}

/* Only the consumer knows that it will open no more. */
static void test_provider_leaves_draining_to_the_consumer(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_PROVIDER);
    s.is_idle = true;
    meet(&s, "b2", process_b);
    forget(&s);
    become_ready(&s, 2);
    expect(&s, "up 2; drain 1; probe 1; [up]");
    FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "bye");
    expect(&s, "close 1: bye;");
    scene_free(&s);
}

static void test_replaced_twice(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    for (unsigned session = 2; session < 4; session++) {
        meet(&s, "b", process_b);
        forget(&s);
        become_ready(&s, session);
    }
    expect(&s, "up 3; close 1: the session was replaced twice; drain 2; probe 2; [up]");
    scene_free(&s);
}

static void test_new_session_fails_beside_the_old_one(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b2");
    forget(&s);
    FEED(&s, .type = EVENT_CLOSED, .session = 2, .text = "no path");
    expect(&s, "problem: no connection to the other side: no path; close 2; note: the old one "
               "goes on;");
    scene_free(&s);
}

/* The old one dies while the new one is negotiated: that is waited for. */
static void test_old_session_ends_beside_the_new_one(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b2");
    forget(&s);
    FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "silence");
    expect(&s, "problem: the connection to the other side ended: silence; down; close 1; "
               "[negotiating]");
    describe(&s, EVENT_ANSWER, "b2", 0, process_b);
    become_ready(&s, 2);
    expect(&s, "feed 2 answer; up 2; [up]");
    scene_free(&s);
}

static void test_newer_negotiation_replaces(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    join(&s, NULL, false);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
    forget(&s);
    describe(&s, EVENT_OFFER, "b", 0, process_b);
    expect(&s, "close 1: replaced by a newer negotiation; start 2 to answer; feed 2 offer;");
    describe(&s, EVENT_ANSWER, "b", 0, process_b); /* to what is not out any more */
    expect(&s, "");
    scene_free(&s);
}

/* What is closed is unknown, whatever was on its way from it. */
static void test_events_of_the_dead(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "silence");
    forget(&s);
    for (enum event_type type = EVENT_DESCRIBED; type <= EVENT_CLOSED; type++) {
        FEED(&s, .type = type, .session = 1, .text = "late", .path = PEER_PATH_LOST);
        FEED(&s, .type = type, .session = 99, .text = "never", .path = PEER_PATH_LOST);
        FEED(&s, .type = type, .text = "none", .path = PEER_PATH_LOST);
    }
    expect(&s, "");
    scene_free(&s);
}

/* What a client is told is what we do: from now on, not from when it was
 * decided. */
static void test_next_try_away(void **state)
{
    (void)state;
    struct scene s = scene_joined(MUX_CONSUMER, NULL);
    lose_signal(&s);
    assert_true(s.retry_in_us > 0);
    assert_int_equal(s.retry_in_us, deadline_in_us(&s));
    wait_us(&s, s.retry_in_us / 2);
    FEED(&s, .type = EVENT_SIGNAL_SLOW, .text = "it was slow");
    assert_int_equal(s.retry_in_us, deadline_in_us(&s));
    scene_free(&s);
}

/* In a shared room we stay, and wait there. */
static void test_next_try_there(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 2);
    wait_us(&s, 0);
    FEED(&s, .type = EVENT_JOINED, .is_shared = true);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
    FEED(&s, .type = EVENT_DESCRIBED, .session = 1, .sdp_type = SDP_OFFER, .text = "offer");
    describe(&s, EVENT_ANSWER, "b", 0, process_b);
    become_ready(&s, 1);
    assert_int_equal(s.retry_in_us, 0);
    forget(&s);
    FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "no place");
    expect(&s, "problem: the connection to the other side ended: no place; down; close 1; "
               "[negotiating]");
    assert_true(s.retry_in_us > 0);
    assert_int_equal(s.retry_in_us, deadline_in_us(&s));
    scene_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_is_lost),
        cmocka_unit_test(test_goodbye_before_it_leaves),
        cmocka_unit_test(test_session_is_lost_with_its_path),
        cmocka_unit_test(test_make_before_break),
        cmocka_unit_test(test_idle_session_is_replaced),
        cmocka_unit_test(test_provider_leaves_draining_to_the_consumer),
        cmocka_unit_test(test_replaced_twice),
        cmocka_unit_test(test_new_session_fails_beside_the_old_one),
        cmocka_unit_test(test_old_session_ends_beside_the_new_one),
        cmocka_unit_test(test_newer_negotiation_replaces),
        cmocka_unit_test(test_events_of_the_dead),
        cmocka_unit_test(test_next_try_away),
        cmocka_unit_test(test_next_try_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
