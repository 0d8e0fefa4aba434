/*
 * Who is in the room, who does our job, and what it means that the signal
 * server is gone.
 */
#include "story.h"

/* ---- the room ---- */

static void test_full_room(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    forget(&s);
    FEED(&s, .type = EVENT_SIGNAL_ERROR, .code = SIGNAL_CODE_ROOM_FULL, .text = "no place");
    assert_non_null(strstr(s.story, "no place; stop one that is in it or choose another room"));
    assert_non_null(strstr(s.story, "; leave; [retrying]"));
    assert_null(strstr(s.story, "a-room-of-my-own"));
    forget(&s);
    wait_us(&s, VISIT_BACKOFF_FIRST_US);
    expect(&s, "connect; [connecting]");
    FEED(&s, .type = EVENT_SIGNAL_ERROR, .text = "go away");
    assert_null(strstr(s.story, "--room"));
    assert_non_null(strstr(s.story, ": go away; leave; [retrying]"));
    scene_free(&s);
}

/* In the room it is about a message of ours. */
static void test_error_in_the_room(void **state)
{
    (void)state;
    struct scene s = scene_joined(MUX_CONSUMER, NULL);
    FEED(&s, .type = EVENT_SIGNAL_ERROR, .code = SIGNAL_CODE_MALFORMED, .text = "what?");
    expect(&s, "note: signal says: what?;");
    scene_free(&s);
}

/* The one who offered learns it from the answer: the other came later, goes,
 * and makes room for the right one. */
static void test_two_of_a_kind_first(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    join(&s, NULL, false);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
    forget(&s);
    FEED(&s, .type = EVENT_ANSWER, .peer = "b", .description = {.sdp = "x", .likeness = MUX_ALIKE});
    assert_non_null(strstr(s.story, "runs `tunnel proxy`, too"));
    assert_non_null(strstr(s.story, "; close 1; [waiting]"));
    assert_int_equal(deadline_in_us(&s), RENDEZVOUS_ALONE_US);
    forget(&s);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "c");
    expect(&s, "start 2 to offer; [negotiating]");
    scene_free(&s);
}

/* The one who answers tells the other by that, and comes back seldom. */
static void test_two_of_a_kind_second(void **state)
{
    (void)state;
    struct scene s = scene_joined(MUX_CONSUMER, "a");
    FEED(&s, .type = EVENT_OFFER, .peer = "a", .description = {.sdp = "x", .likeness = MUX_ALIKE});
    expect(&s, "start 1 to answer; feed 1 offer;");
    FEED(&s, .type = EVENT_DESCRIBED, .session = 1, .sdp_type = SDP_ANSWER);
    assert_non_null(strstr(s.story, "send answer; problem: "));
    assert_non_null(strstr(s.story, "runs `tunnel proxy`, too"));
    assert_non_null(strstr(s.story, "; close 1; leave; [retrying]"));
    assert_in_range(deadline_in_us(&s), VISIT_BACKOFF_MOST_US / 2, VISIT_BACKOFF_MOST_US);
    scene_free(&s);
}

/* Of peers without a tool in their descriptions, HELLO tells. */
static void test_two_of_a_kind_by_hello(void **state)
{
    (void)state;
    for (int came_first = 0; came_first < 2; came_first++) {
        struct scene s = scene_new(MUX_CONSUMER, 1);
        wait_us(&s, 0);
        join(&s, came_first ? NULL : "b", false);
        if (came_first)
            FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
        else
            describe(&s, EVENT_OFFER, "b", 0, process_b);
        forget(&s);
        FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "HELLO", .likeness = MUX_ALIKE);
        assert_non_null(strstr(s.story, "runs `tunnel proxy`, too"));
        const char *end = came_first ? "; close 1; [waiting] " : "; close 1; leave; [retrying] ";
        assert_non_null(strstr(s.story, end));
        scene_free(&s);
    }
}

/* Nor does a provider of version 1 say HELLO to one in a shared room. Whose
 * description says that it is a consumer is only late. */
static void test_two_of_a_kind_by_silence(void **state)
{
    (void)state;
    for (int has_tool = 0; has_tool < 2; has_tool++) {
        struct scene s = scene_new(MUX_PROVIDER, 64);
        wait_us(&s, 0);
        FEED(&s, .type = EVENT_JOINED, .is_shared = true);
        FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
        FEED(&s, .type = EVENT_ANSWER, .peer = "b",
             .description = {.sdp = "x",
                             .process = process_b,
                             .likeness = has_tool ? MUX_UNLIKE : MUX_PERHAPS_ALIKE});
        forget(&s);
        FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "no HELLO",
             .likeness = MUX_PERHAPS_ALIKE);
        assert_non_null(strstr(s.story, "no connection to the other side: no HELLO; close 1; "));
        assert_int_equal(strstr(s.story, "b is a misfit; ") != NULL, !has_tool);
        assert_int_equal(deadline_in_us(&s) < PARTNER_BACKOFF_MOST_US, has_tool);
        scene_free(&s);
    }
}

static void test_other_side_leaves_early(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_PROVIDER, 1);
    wait_us(&s, 0);
    join(&s, NULL, false);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
    forget(&s);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "x"); /* whoever that is */
    expect(&s, "");
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    expect(&s, "problem: the other side left before there was a connection (tried); close 1: the "
               "other side left the room; [waiting]");
    scene_free(&s);
}

/* ---- a link that is not good any more ---- */

static void go_unanswered(struct scene *s, uint64_t least_us, uint64_t most_us)
{
    forget(s);
    wait_us(s, NEGOTIATION_PATIENCE_US);
    assert_non_null(strstr(s->story, "; leave; [retrying]"));
    assert_in_range(deadline_in_us(s), least_us, most_us);
}

static void come_back(struct scene *s)
{
    wait_us(s, deadline_in_us(s));
    join(s, "b", false);
}

/* It is away for longer than others take to try; an answer makes all good. */
static void test_unanswered(void **state)
{
    (void)state;
    struct scene s = scene_sealed(MUX_CONSUMER);
    uint64_t most_us = VISIT_RETREAT_FIRST_US;
    go_unanswered(&s, 0, VISIT_BACKOFF_FIRST_US);
    for (int i = 0; i < 8; i++) {
        come_back(&s);
        go_unanswered(&s, most_us / 2, most_us);
        most_us = most_us < VISIT_RETREAT_MOST_US / 2 ? most_us * 2 : VISIT_RETREAT_MOST_US;
    }
    come_back(&s);
    describe(&s, EVENT_ANSWER, "b", 0, process_b);
    FEED(&s, .type = EVENT_CLOSED, .session = 10, .text = "DTLS");
    come_back(&s);
    go_unanswered(&s, 0, VISIT_BACKOFF_MOST_US);
    scene_free(&s);
}

/* It gives up when we do, and perhaps a moment earlier; or soon, as who is
 * stopped. */
static void test_unanswered_and_left(void **state)
{
    (void)state;
    struct scene s = scene_sealed(MUX_CONSUMER);
    go_unanswered(&s, 0, VISIT_BACKOFF_FIRST_US);
    come_back(&s);
    forget(&s);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    assert_non_null(strstr(s.story, "[waiting]"));
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "c");
    wait_us(&s, NEGOTIATION_PATIENCE_US - 1);
    forget(&s);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "c");
    assert_non_null(strstr(s.story, "; leave; [retrying]"));
    assert_in_range(deadline_in_us(&s), VISIT_RETREAT_FIRST_US / 2, VISIT_RETREAT_FIRST_US);
    scene_free(&s);
}

static void shut_out(struct scene *s)
{
    become_ready(s, 1);
    forget(s);
    FEED(s, .type = EVENT_CLOSED, .session = 1, .text = "revoked", .is_shut_out = true);
    assert_non_null(strstr(s->story, "; leave; 1 is gone; [retrying]"));
}

/* Only a consumer's provider can say so, and only where it is known. */
static void test_shut_out(void **state)
{
    (void)state;
    struct scene s = scene_sealed(MUX_CONSUMER);
    describe(&s, EVENT_ANSWER, "b", 0, process_b);
    shut_out(&s);
    assert_in_range(deadline_in_us(&s), VISIT_RETREAT_MOST_US / 2, VISIT_RETREAT_MOST_US);
    come_back(&s);
    go_unanswered(&s, VISIT_RETREAT_MOST_US / 2, VISIT_RETREAT_MOST_US);
    scene_free(&s);
    s = scene_sealed(MUX_PROVIDER);
    describe(&s, EVENT_OFFER, "b", 0, process_b);
    shut_out(&s);
    assert_in_range(deadline_in_us(&s), 0, VISIT_BACKOFF_FIRST_US);
    scene_free(&s);
    s = scene_joined(MUX_CONSUMER, "b");
    describe(&s, EVENT_OFFER, "b", 0, process_b);
    shut_out(&s);
    assert_in_range(deadline_in_us(&s), 0, VISIT_BACKOFF_FIRST_US);
    scene_free(&s);
}

/* ---- what a session says ---- */

/* It may live, and often does. */
static void test_peer_left_is_a_rumour(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    expect(&s, "probe 1; doubt 1;");
    FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "silence");
    expect(&s, "problem: the connection to the other side ended: silence; down; close 1; 1 is "
               "gone; [waiting]");
    scene_free(&s);
}

static void test_goodbye(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    expect(&s, "probe 1; doubt 1;");
    FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "closed", .is_goodbye = true);
    expect(&s, "goodbye: the connection to the other side ended: closed; down; close 1; 1 is "
               "gone; [waiting]");
    scene_free(&s);
}

static void test_takes_over_its_place(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    lose_signal(&s);
    wait_us(&s, US_PER_S);
    expect(&s, "note: signal is away: the signal server is gone; problem: the signal server is "
               "gone; abandon 1; leave; connect;");
    join(&s, "b", true); /* who has not noticed, and will not offer */
    expect(&s, "note: signal is back;");
    assert_int_equal(deadline_in_us(&s), TIME_NEVER);
    scene_free(&s);
}

/* The offer that came before may be lost; the other one waits. */
static void test_takes_over_without_a_session(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    join(&s, "a", false);
    lose_signal(&s);
    wait_us(&s, US_PER_S);
    forget(&s);
    join(&s, "a", true);
    expect(&s, "start 1 to offer; [negotiating]");
    scene_free(&s);
}

/* A server that says not who it is that speaks. */
static void test_nameless(void **state)
{
    (void)state;
    struct scene s = scene_joined(MUX_CONSUMER, "");
    describe(&s, EVENT_OFFER, NULL, 0, process_b);
    FEED(&s, .type = EVENT_CANDIDATE);
    expect(&s, "start 1 to answer; feed 1 offer; candidate for 1, 0, 0;");
    become_ready(&s, 1);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "whoever");
    expect(&s, "up 1; [up] probe 1; doubt 1;");
    scene_free(&s);
}

/* ---- the signal server ---- */

/* It is told, and nothing is given up. */
static void test_signal_is_slow(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    forget(&s);
    FEED(&s, .type = EVENT_SIGNAL_SLOW, .text = "it does not answer yet");
    expect(&s, "problem: it does not answer yet; [connecting]");
    join(&s, NULL, false);
    expect(&s, "[waiting]");
    scene_free(&s);
}

static void test_signal_is_lost_while_waiting(void **state)
{
    (void)state;
    struct scene s = scene_joined(MUX_CONSUMER, NULL);
    lose_signal(&s);
    expect(&s, "problem: the signal server is gone; leave; [retrying]");
    scene_free(&s);
}

/* A session does not depend on it. What happens to it is for the log, once. */
static void test_signal_is_lost_while_up(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    lose_signal(&s);
    forget(&s);
    wait_us(&s, US_PER_S);
    lose_signal(&s);
    expect(&s, "connect; problem: the signal server is gone; abandon 1; leave;");
    scene_free(&s);
}

/* A negotiation that is past its signalling may still succeed. */
static void test_signal_is_lost_in_negotiation(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    join(&s, "a", false);
    describe(&s, EVENT_OFFER, "a", 0, process_b);
    forget(&s);
    lose_signal(&s);
    expect(&s, "problem: the signal server is gone; leave; [retrying]");
    become_ready(&s, 1);
    expect(&s, "up 1; [up]");
    scene_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_room),
        cmocka_unit_test(test_error_in_the_room),
        cmocka_unit_test(test_two_of_a_kind_first),
        cmocka_unit_test(test_two_of_a_kind_second),
        cmocka_unit_test(test_two_of_a_kind_by_hello),
        cmocka_unit_test(test_two_of_a_kind_by_silence),
        cmocka_unit_test(test_other_side_leaves_early),
        cmocka_unit_test(test_unanswered),
        cmocka_unit_test(test_unanswered_and_left),
        cmocka_unit_test(test_shut_out),
        cmocka_unit_test(test_peer_left_is_a_rumour),
        cmocka_unit_test(test_goodbye),
        cmocka_unit_test(test_takes_over_its_place),
        cmocka_unit_test(test_takes_over_without_a_session),
        cmocka_unit_test(test_nameless),
        cmocka_unit_test(test_signal_is_slow),
        cmocka_unit_test(test_signal_is_lost_while_waiting),
        cmocka_unit_test(test_signal_is_lost_while_up),
        cmocka_unit_test(test_signal_is_lost_in_negotiation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
