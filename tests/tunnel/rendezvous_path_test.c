/*
 * Another path for a session that stands.
 */
#include "story.h"

/* ---- another path ---- */

static void test_restart(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    change_path(&s, PEER_PATH_WORKS); /* another one is used */
    expect(&s, "path of 1;");
    change_path(&s, PEER_PATH_SILENT);
    expect(&s, "doubt 1; probe signal; note: restart: the other side does not answer; restart 1;");
    FEED(&s, .type = EVENT_DESCRIBED, .session = 1, .sdp_type = SDP_OFFER);
    describe(&s, EVENT_ANSWER, "b", 1, process_b);
    expect(&s, "send offer; feed 1 answer;");
    change_path(&s, PEER_PATH_WORKS);
    expect(&s, "path of 1 again; believe 1;");
    assert_int_equal(deadline_in_us(&s), TIME_NEVER);
    scene_free(&s);
}

/* The relay of last resort carries all: nothing waits, and another path is
 * tried for less and less often. */
static void test_relayed(void **state)
{
    (void)state;
    static const char restart[] =
        "note: restart: nothing but the relay of the signal server works; restart 1;";
    struct scene s = scene_up(MUX_CONSUMER);
    change_path(&s, PEER_PATH_RELAYED);
    expect(&s, "path of 1; probe signal; note: restart: nothing but the relay of the signal "
               "server works; restart 1;");
    for (uint64_t wait = RESTART_RELAYED_FIRST_US; wait < 8 * RESTART_RELAYED_FIRST_US; wait *= 2) {
        describe(&s, EVENT_ANSWER, "b", 1, process_b);
        expect(&s, "feed 1 answer;");
        assert_int_equal(deadline_in_us(&s), wait);
        wait_us(&s, wait);
        expect(&s, restart);
    }
    describe(&s, EVENT_ANSWER, "b", 1, process_b);
    change_path(&s, PEER_PATH_WORKS);
    expect(&s, "feed 1 answer; path of 1;");
    assert_int_equal(deadline_in_us(&s), TIME_NEVER);
    scene_free(&s);
}

/* Who does not answer a restart may go on by the relay. */
static void test_relayed_unanswered(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    change_path(&s, PEER_PATH_RELAYED);
    forget(&s);
    wait_us(&s, RESTART_PATIENCE_US);
    expect(&s, "abandon 1; note: no restart;");
    assert_int_equal(deadline_in_us(&s), RESTART_RELAYED_FIRST_US);
    change_path(&s, PEER_PATH_LOST);
    expect(&s, "doubt 1; probe signal; note: restart: the path to the other side is gone; "
               "restart 1;");
    scene_free(&s);
}

/* To whom relayed datagrams go. */
static void test_member(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    assert_string_equal(rendezvous_member_of(s.rv, 1), "b");
    assert_null(rendezvous_member_of(s.rv, 2));
    lose_signal(&s);
    assert_null(rendezvous_member_of(s.rv, 1));
    wait_us(&s, US_PER_S);
    join(&s, "b", true);
    assert_string_equal(rendezvous_member_of(s.rv, 1), "b");
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    assert_null(rendezvous_member_of(s.rv, 1));
    scene_free(&s);
}

/* Theirs does for ours. */
static void test_restart_by_the_other_side(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    lose_signal(&s);
    change_path(&s, PEER_PATH_LOST);
    wait_us(&s, US_PER_S);
    join(&s, "b", false);
    forget(&s);
    describe(&s, EVENT_OFFER, "b", 1, process_b);
    expect(&s, "feed 1 offer;");
    FEED(&s, .type = EVENT_DESCRIBED, .session = 1, .sdp_type = SDP_ANSWER);
    expect(&s, "send answer;");
    scene_free(&s);
}

/* Both offer at once: the peer says which one counts. */
static void test_restarts_cross(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    change_path(&s, PEER_PATH_SILENT);
    forget(&s);
    s.is_offering = true; /* ours does */
    describe(&s, EVENT_OFFER, "b", 1, process_b);
    expect(&s, "feed 1 offer;");
    assert_int_equal(deadline_in_us(&s), RESTART_PATIENCE_US);
    s.is_offering = false;
    describe(&s, EVENT_ANSWER, "b", 1, process_b);
    change_path(&s, PEER_PATH_WORKS);
    expect(&s, "feed 1 answer; path of 1 again; believe 1;");
    assert_int_equal(deadline_in_us(&s), TIME_NEVER);
    scene_free(&s);
    s = scene_up(MUX_CONSUMER);
    change_path(&s, PEER_PATH_SILENT);
    change_path(&s, PEER_PATH_LOST); /* one more reason */
    forget(&s);
    describe(&s, EVENT_OFFER, "b", 1, process_b); /* theirs does */
    change_path(&s, PEER_PATH_WORKS);
    wait_us(&s, 60 * US_PER_S);
    expect(&s, "feed 1 offer; path of 1 again; believe 1;");
    scene_free(&s);
}

static void test_useless_description(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    s.unusable = "it is of yesterday";
    describe(&s, EVENT_ANSWER, "b", 1, process_b);
    expect(&s, "feed 1 answer; note: of no use: it is of yesterday;");
    scene_free(&s);
}

/* It begins when there is signalling, though that takes both for newcomers. */
static void test_restart_waits_for_signalling(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    lose_signal(&s);
    forget(&s);
    change_path(&s, PEER_PATH_SILENT);
    expect(&s, "doubt 1;");
    wait_us(&s, US_PER_S);
    join(&s, NULL, false);
    expect(&s, "connect; note: signal is back;");
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b2"); /* as if it were new */
    expect(&s, "start 2 to offer;");
    describe(&s, EVENT_OFFER, "b2", 1, process_b); /* but it knows us */
    expect(&s, "close 2: the session goes on; feed 1 offer;");
    scene_free(&s);
}

/* The newcomer offers to restart what stands, instead of an answer. */
static void test_met_again(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    meet_anew(&s, "b2");
    describe(&s, EVENT_OFFER, "b2", 0, process_b);
    expect(&s, "note: restart: the other side is met again; restart 1;");
    scene_free(&s);
}

/* Of another process no session stands. */
static void test_met_somebody_else(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    meet_anew(&s, "c");
    describe(&s, EVENT_OFFER, "c", 0, process_c);
    expect(&s, "start 2 to answer; feed 2 offer; probe 1; doubt 1;");
    scene_free(&s);
}

/* It is not needed: a restart of ours is only held back for a while. */
static void test_spare_offer_does_not_come(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    meet_anew(&s, "b2");
    change_path(&s, PEER_PATH_SILENT);
    expect(&s, "doubt 1; probe signal;");
    wait_us(&s, PARTNER_AWAIT_US);
    expect(&s, "note: restart: the other side does not answer; restart 1;");
    scene_free(&s);
}

/* Whether an offer that was out arrived, nobody knows: once more. */
static void test_signal_is_lost_in_a_restart(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    change_path(&s, PEER_PATH_SILENT);
    lose_signal(&s);
    wait_us(&s, RESTART_FIRST_US);
    forget(&s);
    join(&s, "b", true);
    expect(&s, "note: signal is back; note: restart: the other side does not answer; restart 1;");
    scene_free(&s);
}

/* Their offer does for ours, if our answer gets there. When signalling turns
 * out to be dead outwards, it has not. */
static void test_answer_is_lost_with_signalling(void **state)
{
    (void)state;
    const unsigned sessions[] = {1};
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b"); /* so that ours must wait */
    FEED(&s, .type = EVENT_ADDRESSES, .outdated = sessions, .outdated_count = 1);
    describe(&s, EVENT_OFFER, "b", 1, process_b);
    FEED(&s, .type = EVENT_DESCRIBED, .session = 1, .sdp_type = SDP_ANSWER);
    wait_us(&s, 5 * US_PER_S);
    lose_signal(&s);
    wait_us(&s, US_PER_S);
    forget(&s);
    join(&s, "b", true);
    expect(&s, "note: signal is back; note: restart: the addresses of this machine have changed; "
               "restart 1;");
    describe(&s, EVENT_ANSWER, "b", 1, process_b);
    lose_signal(&s); /* too late to matter */
    wait_us(&s, US_PER_S);
    forget(&s);
    join(&s, "b", true);
    expect(&s, "note: signal is back;");
    scene_free(&s);
}

/* Only what we send is lost: they do not get our answer, and signalling seems
 * to be well. Their offer must not be the end of it. */
static void test_answer_is_lost(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b"); /* so that ours must wait */
    FEED(&s, .type = EVENT_ALIVE, .session = 1);
    change_path(&s, PEER_PATH_SILENT);
    describe(&s, EVENT_OFFER, "b", 1, process_b);
    FEED(&s, .type = EVENT_DESCRIBED, .session = 1, .sdp_type = SDP_ANSWER);
    forget(&s);
    wait_us(&s, RESTART_PATIENCE_US - 1);
    expect(&s, "");
    wait_us(&s, 1);
    expect(&s, "note: restart: the other side does not answer; restart 1;");
    scene_free(&s);
}

/* An answer is no path either. */
static void test_restart_brings_no_path(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    change_path(&s, PEER_PATH_LOST);
    describe(&s, EVENT_ANSWER, "b", 1, process_b);
    forget(&s);
    wait_us(&s, RESTART_PATIENCE_US);
    expect(&s, "note: restart: the path to the other side is gone; restart 1;");
    describe(&s, EVENT_ANSWER, "b", 1, process_b);
    change_path(&s, PEER_PATH_WORKS);
    forget(&s);
    wait_us(&s, 2 * RESTART_PATIENCE_US);
    expect(&s, "");
    scene_free(&s);
}

/* A peer that does not know what a restart is makes a new session of it. */
static void test_other_side_makes_a_session_of_it(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    change_path(&s, PEER_PATH_SILENT);
    forget(&s);
    describe(&s, EVENT_ANSWER, "b", 0, process_b);
    expect(&s, "abandon 1; note: no restart; start 2 to offer;");
    describe(&s, EVENT_ANSWER, "b", 0, process_b);
    become_ready(&s, 2);
    expect(&s, "feed 2 answer; up 2; drain 1; probe 1; [up]");
    /* What was true of the old one need not be of the new one. */
    FEED(&s, .type = EVENT_PATH, .session = 2, .path = PEER_PATH_SILENT);
    expect(&s, "doubt 2; probe signal;");
    wait_us(&s, RESTART_FIRST_US);
    expect(&s, "note: restart: the other side does not answer; restart 2;");
    scene_free(&s);
}

/* Or one that is known to fail at it: it is not asked. */
static void test_other_side_is_known_not_to_restart(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    s.cannot_restart = true;
    change_path(&s, PEER_PATH_SILENT);
    expect(&s, "doubt 1; probe signal; note: restart: the other side does not answer; restart 1; "
               "abandon 1; note: no restart; start 2 to offer;");
    scene_free(&s);
}

static void test_restart_is_not_answered(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    change_path(&s, PEER_PATH_SILENT);
    change_path(&s, PEER_PATH_WORKS); /* by itself */
    forget(&s);
    wait_us(&s, RESTART_PATIENCE_US);
    expect(&s, "abandon 1; note: no restart;");
    change_path(&s, PEER_PATH_SILENT);
    forget(&s);
    wait_us(&s, RESTART_PATIENCE_US);
    expect(&s, "abandon 1; note: no restart; abandon 1; leave;");
    wait_us(&s, US_PER_S);
    join(&s, "b", false); /* which will offer a new one */
    change_path(&s, PEER_PATH_LOST);
    expect(&s, "connect; probe signal;");
    describe(&s, EVENT_OFFER, "b", 0, process_b);
    expect(&s, "start 2 to answer; feed 2 offer;");
    scene_free(&s);
}

/* A hundred reasons are one restart now and one a little later. */
static void test_storm(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    int begun = 0;
    uint64_t began_us = s.now_us;
    for (int i = 0; i < 1000; i++) {
        const unsigned sessions[] = {1};
        FEED(&s, .type = EVENT_ADDRESSES, .outdated = sessions, .outdated_count = 1);
        if (strstr(s.story, "restart 1"))
            begun++;
        forget(&s);
        describe(&s, EVENT_ANSWER, "b", 1, process_b);
        if (strstr(s.story, "restart 1"))
            begun++;
        forget(&s);
        wait_us(&s, 100 * US_PER_MS);
    }
    /* 100 s: after 0, 1, 3, 7, 15, 31, 61, 91 s, or a little sooner. */
    assert_in_range(s.now_us - began_us, 100 * US_PER_S, 101 * US_PER_S);
    assert_in_range(begun, 6, 12);
    scene_free(&s);
}

static void test_addresses(void **state)
{
    (void)state;
    const unsigned sessions[] = {1};
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_ADDRESSES);
    expect(&s, "");
    FEED(&s, .type = EVENT_ADDRESSES, .outdated = sessions, .outdated_count = 1);
    expect(&s, "probe signal; note: restart: the addresses of this machine have changed; "
               "restart 1;");
    describe(&s, EVENT_ANSWER, "b", 1, process_b);
    forget(&s);
    /* Signalling goes first: it takes over its own place. */
    FEED(&s, .type = EVENT_ADDRESSES, .outdated = sessions, .outdated_count = 1,
         .is_cut_off = true);
    expect(&s, "abandon 1; leave; connect;");
    join(&s, "b", true);
    wait_us(&s, RESTART_FIRST_US);
    expect(&s, "note: restart: the addresses of this machine have changed; restart 1;");
    scene_free(&s);
}

/* A path that heals by itself does not tell the other side of addresses. */
static void test_addresses_are_not_forgotten(void **state)
{
    (void)state;
    const unsigned sessions[] = {1};
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    FEED(&s, .type = EVENT_ADDRESSES, .outdated = sessions, .outdated_count = 1);
    change_path(&s, PEER_PATH_SILENT);
    change_path(&s, PEER_PATH_WORKS);
    forget(&s);
    FEED(&s, .type = EVENT_OFFER, .peer = "b", .description = {.sdp = "x", .session = 1});
    expect(&s, "feed 1 offer;"); /* which tells as well */
    scene_free(&s);
}

/* Whoever waits for the signal server need not, with another address. */
static void test_addresses_while_away(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    lose_signal(&s);
    forget(&s);
    FEED(&s, .type = EVENT_ADDRESSES);
    expect(&s, "connect; [connecting]");
    assert_int_equal(deadline_in_us(&s), TIME_NEVER);
    scene_free(&s);
}

/* In a shared room, where the session may still come back: nobody is told that
 * there is none. */
static void test_restart_is_not_answered_in_a_shared_room(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 16);
    FEED(&s, .type = EVENT_JOINED, .is_shared = true);
    meet(&s, "b", process_b);
    become_ready(&s, 1);
    change_path(&s, PEER_PATH_SILENT);
    forget(&s);
    wait_us(&s, RESTART_PATIENCE_US);
    expect(&s, "abandon 1; note: no restart;");
    scene_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_relayed),
        cmocka_unit_test(test_relayed_unanswered),
        cmocka_unit_test(test_member),
        cmocka_unit_test(test_restart_by_the_other_side),
        cmocka_unit_test(test_restarts_cross),
        cmocka_unit_test(test_useless_description),
        cmocka_unit_test(test_restart_waits_for_signalling),
        cmocka_unit_test(test_met_again),
        cmocka_unit_test(test_met_somebody_else),
        cmocka_unit_test(test_spare_offer_does_not_come),
        cmocka_unit_test(test_signal_is_lost_in_a_restart),
        cmocka_unit_test(test_answer_is_lost_with_signalling),
        cmocka_unit_test(test_answer_is_lost),
        cmocka_unit_test(test_restart_brings_no_path),
        cmocka_unit_test(test_other_side_makes_a_session_of_it),
        cmocka_unit_test(test_other_side_is_known_not_to_restart),
        cmocka_unit_test(test_restart_is_not_answered),
        cmocka_unit_test(test_storm),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_addresses_are_not_forgotten),
        cmocka_unit_test(test_addresses_while_away),
        cmocka_unit_test(test_restart_is_not_answered_in_a_shared_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
