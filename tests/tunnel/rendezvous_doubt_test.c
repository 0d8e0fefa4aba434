/*
 * A session that may be dead, and another process that would take its place.
 */
#include "story.h"

#include <stdio.h>

/* ---- doubt ---- */

/* What begins waits for the answer, in which all may be well. */
static void test_doubt(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    expect(&s, "probe 1; doubt 1;");
    FEED(&s, .type = EVENT_ALIVE, .session = 1);
    expect(&s, "believe 1;");
    FEED(&s, .type = EVENT_ALIVE, .session = 1); /* to what the session asked by itself */
    expect(&s, "");
    scene_free(&s);
}

/* Who is asked again and again would have time again and again. */
static void test_asked_once(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    for (int i = 0; i < 3; i++) {
        FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
        FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
        if (i == 0)
            forget(&s);
    }
    expect(&s, "start 3 to offer; close 3: the other side left the room; start 4 to offer; "
               "close 4: the other side left the room;");
    scene_free(&s);
}

/* In a shared room: the server has forgotten us, or kept our place. */
static void join_again(struct scene *s, char *peer, bool is_resumed)
{
    lose_signal(s);
    wait_us(s, US_PER_S);
    forget(s);
    FEED(s, .type = EVENT_JOINED, .peers = &peer, .peer_count = 1, .is_shared = true,
         .is_resumed = is_resumed);
}

/* Nobody tells that it has left: the server was away, or we were. */
static void test_doubt_of_who_is_not_met_again(void **state)
{
    (void)state;
    for (int is_resumed = 0; is_resumed < 2; is_resumed++) {
        struct scene s = scene_new(MUX_CONSUMER, 16);
        FEED(&s, .type = EVENT_JOINED, .is_shared = true);
        meet(&s, "b", process_b);
        meet(&s, "c", process_c);
        become_ready(&s, 1);
        become_ready(&s, 2);
        change_path(&s, PEER_PATH_SILENT); /* a question would say nothing about that one */
        join_again(&s, is_resumed ? "b" : "x", is_resumed);
        assert_non_null(strstr(s.story, "probe 2; doubt 2;"));
        assert_null(strstr(s.story, "probe 1;"));
        forget(&s);
        FEED(&s, .type = EVENT_ALIVE, .session = 2);
        expect(&s, "believe 2;");
        scene_free(&s);
    }
}

static void test_doubt_after_sleep(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_WOKEN, .session = 1);
    expect(&s, "doubt 1;");
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b"); /* it has been asked */
    expect(&s, "");
    FEED(&s, .type = EVENT_ALIVE, .session = 1);
    expect(&s, "believe 1;");
    scene_free(&s);
}

/* Each reason must go. */
static void test_doubt_of_two_kinds(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    change_path(&s, PEER_PATH_SILENT);
    expect(&s, "probe 1; doubt 1; probe signal;");
    FEED(&s, .type = EVENT_ALIVE, .session = 1);
    expect(&s, "");
    change_path(&s, PEER_PATH_WORKS);
    expect(&s, "path of 1 again; believe 1;");
    scene_free(&s);
}

/* What was doubted is gone: the next one is believed. */
static void test_doubt_ends_with_its_session(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    meet(&s, "b", process_b);
    forget(&s);
    become_ready(&s, 2);
    expect(&s, "up 2; drain 1; probe 1; [up]");
    FEED(&s, .type = EVENT_ALIVE, .session = 1);
    FEED(&s, .type = EVENT_WOKEN, .session = 1);
    expect(&s, "");
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    expect(&s, "probe 2; doubt 2;");
    FEED(&s, .type = EVENT_CLOSED, .session = 2, .text = "silence");
    meet(&s, "b", process_b);
    become_ready(&s, 3);
    forget(&s);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    expect(&s, "probe 3; doubt 3;");
    scene_free(&s);
}

/* ---- other processes ---- */

/* What was open there is lost: nothing drains. */
static void test_restarted_process(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    meet(&s, "c", process_c);
    expect(&s, "start 2 to offer; feed 2 answer; probe 1; doubt 1;");
    become_ready(&s, 2);
    expect(&s, "hold 2;");
    wait_us(&s, DOUBT_MAKES_WAY_US - 1);
    expect(&s, "");
    wait_us(&s, 1);
    expect(&s, "admit 2; up 2; close 1: the other side was restarted;");
    scene_free(&s);
}

/* The one before was asked in good time, as when its WebSocket went. */
static void test_killed_process(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    meet(&s, "c", process_c);
    wait_us(&s, DOUBT_MAKES_WAY_US);
    forget(&s);
    become_ready(&s, 2);
    expect(&s, "up 2; close 1: the other side was restarted; [up]");
    scene_free(&s);
}

static void test_process_ends_while_contested(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    meet(&s, "c", process_c);
    FEED(&s, .type = EVENT_READY, .session = 2);
    forget(&s);
    FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "bye");
    expect(&s, "problem: the connection to the other side ended: bye; down; close 1; admit 2; "
               "up 2;");
    FEED(&s, .type = EVENT_MEASURED, .session = 2);
    expect(&s, "[up]");
    scene_free(&s);
}

/* A stranger who knows the room's name, or a second one: the first lives. */
static void test_newcomer_is_refused(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    meet_anew(&s, "c");
    describe(&s, EVENT_OFFER, "c", 0, process_c);
    expect(&s, "start 2 to answer; feed 2 offer; probe 1; doubt 1;");
    FEED(&s, .type = EVENT_ALIVE, .session = 1);
    expect(&s, "believe 1;");
    wait_us(&s, US_PER_S); /* much can happen until it is ready */
    FEED(&s, .type = EVENT_READY, .session = 2);
    expect(&s, "probe 1; doubt 1; hold 2;");
    FEED(&s, .type = EVENT_ALIVE, .session = 1);
    expect(&s, "believe 1; refuse 2: another `tunnel serve` is connected to this side, and "
               "answers; stop one of them or, without links, choose another room; note: newcomer;");
    assert_int_equal(deadline_in_us(&s), TIME_NEVER);
    scene_free(&s);
}

/* The answer comes too late. */
static void test_newcomer_of_a_frozen_process(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_PROVIDER);
    meet(&s, "c", process_c);
    FEED(&s, .type = EVENT_READY, .session = 2);
    wait_us(&s, DOUBT_MAKES_WAY_US);
    forget(&s);
    FEED(&s, .type = EVENT_ALIVE, .session = 1);
    FEED(&s, .type = EVENT_MEASURED, .session = 2);
    expect(&s, "[up]");
    scene_free(&s);
}

/* Time that we have slept through is none in which it could answer. */
static void test_newcomer_and_sleep(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    meet(&s, "c", process_c);
    FEED(&s, .type = EVENT_READY, .session = 2);
    forget(&s);
    s.now_us += 2 * DOUBT_MAKES_WAY_US;
    FEED(&s, .type = EVENT_WOKEN, .session = 1);
    wait_us(&s, DOUBT_MAKES_WAY_US - 1);
    expect(&s, "");
    wait_us(&s, 1);
    expect(&s, "admit 2; up 2; close 1: the other side was restarted;");
    scene_free(&s);
}

static void test_newcomer_goes_while_contested(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_PROVIDER);
    meet(&s, "c", process_c);
    FEED(&s, .type = EVENT_READY, .session = 2);
    forget(&s);
    FEED(&s, .type = EVENT_CLOSED, .session = 2, .text = "bye");
    expect(&s, "problem: no connection to the other side: bye; close 2; note: the old one goes "
               "on;");
    FEED(&s, .type = EVENT_ALIVE, .session = 1);
    expect(&s, "believe 1;");
    scene_free(&s);
}

/* The last one that was begun, in what has happened. */
static unsigned started(const struct scene *s)
{
    unsigned session = 0;
    for (const char *at = s->story; (at = strstr(at, "start ")) != NULL; at++)
        sscanf(at, "start %u", &session);
    return session;
}

/* It comes again and again, and makes us negotiate ever less often. */
static void test_refused_newcomer_comes_again(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    int refused = 0;
    uint64_t began_us = s.now_us;
    for (; s.now_us - began_us < 600 * US_PER_S; wait_us(&s, US_PER_S)) {
        FEED(&s, .type = EVENT_PEER_LEFT, .peer = "c");
        FEED(&s, .type = EVENT_ALIVE, .session = 1);
        meet(&s, "c", process_c);
        FEED(&s, .type = EVENT_READY, .session = started(&s));
        FEED(&s, .type = EVENT_ALIVE, .session = 1);
        refused += strstr(s.story, "refuse") != NULL;
        assert_null(strstr(s.story, "up "));
        forget(&s);
    }
    /* Four at once, once more when all was well; a minute apart in the end. */
    assert_in_range(refused, 14, 30);
    scene_free(&s);
}

/* The one who is refused comes back, but ever less often. */
static void test_refused(void **state)
{
    (void)state;
    struct scene s = scene_joined(MUX_PROVIDER, "a");
    uint64_t longest_us = 0;
    for (unsigned session = 1; session < 12; session++) {
        describe(&s, EVENT_OFFER, "a", 0, process_b);
        while (!strstr(s.story, "start"))
            wait_us(&s, deadline_in_us(&s));
        become_ready(&s, session);
        forget(&s);
        FEED(&s, .type = EVENT_CLOSED, .session = session, .text = "there is another one");
        assert_non_null(strstr(s.story, "leave; "));
        assert_non_null(strstr(s.story, "is gone; [retrying]"));
        uint64_t before_us = s.now_us;
        while (!strstr(s.story, "connect;"))
            wait_us(&s, deadline_in_us(&s));
        longest_us = s.now_us - before_us > longest_us ? s.now_us - before_us : longest_us;
        join(&s, "a", false);
        forget(&s);
    }
    assert_in_range(longest_us, VISIT_BACKOFF_MOST_US / 2, VISIT_BACKOFF_MOST_US);
    scene_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doubt),
        cmocka_unit_test(test_asked_once),
        cmocka_unit_test(test_doubt_of_who_is_not_met_again),
        cmocka_unit_test(test_doubt_after_sleep),
        cmocka_unit_test(test_doubt_of_two_kinds),
        cmocka_unit_test(test_doubt_ends_with_its_session),
        cmocka_unit_test(test_restarted_process),
        cmocka_unit_test(test_killed_process),
        cmocka_unit_test(test_process_ends_while_contested),
        cmocka_unit_test(test_newcomer_is_refused),
        cmocka_unit_test(test_newcomer_of_a_frozen_process),
        cmocka_unit_test(test_newcomer_and_sleep),
        cmocka_unit_test(test_newcomer_goes_while_contested),
        cmocka_unit_test(test_refused_newcomer_comes_again),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
