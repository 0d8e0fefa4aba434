/*
 * How two come together, for the first time and after failures.
 */
#include "story.h"

/* ---- coming together ---- */

static void test_first(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_PROVIDER, 1);
    assert_int_equal(deadline_in_us(&s), 0);
    wait_us(&s, 0);
    expect(&s, "connect; [connecting]");
    join(&s, NULL, false);
    expect(&s, "[waiting]");
    wait_us(&s, RENDEZVOUS_ALONE_US - 1);
    expect(&s, "");
    wait_us(&s, 1);
    expect(&s, "[waiting alone]");
    assert_int_equal(deadline_in_us(&s), TIME_NEVER); /* once is enough */
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
    expect(&s, "start 1 to offer; [negotiating]");
    FEED(&s, .type = EVENT_DESCRIBED, .session = 1, .sdp_type = SDP_OFFER);
    FEED(&s, .type = EVENT_GATHERED, .session = 1);
    expect(&s, "send offer; send candidate;");
    describe(&s, EVENT_ANSWER, "b", 0, process_b);
    expect(&s, "feed 1 answer;");
    FEED(&s, .type = EVENT_CANDIDATE, .peer = "b");
    expect(&s, "candidate for 1, 0, 0;");
    FEED(&s, .type = EVENT_READY, .session = 1);
    expect(&s, "up 1;");
    FEED(&s, .type = EVENT_MEASURED, .session = 1);
    expect(&s, "[up]");
    assert_int_equal(deadline_in_us(&s), TIME_NEVER);
    scene_free(&s);
}

static void test_second(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    forget(&s);
    join(&s, "a", false);
    expect(&s, "[negotiating]");
    assert_int_equal(deadline_in_us(&s), NEGOTIATION_PATIENCE_US);
    describe(&s, EVENT_OFFER, "a", 0, process_b);
    expect(&s, "start 1 to answer; feed 1 offer;");
    FEED(&s, .type = EVENT_DESCRIBED, .session = 1, .sdp_type = SDP_ANSWER);
    expect(&s, "send answer;");
    become_ready(&s, 1);
    expect(&s, "up 1; [up]");
    scene_free(&s);
}

static void test_no_offer(void **state)
{
    (void)state;
    struct scene s = scene_joined(MUX_CONSUMER, "a");
    wait_us(&s, NEGOTIATION_PATIENCE_US - 1);
    expect(&s, "");
    wait_us(&s, 1);
    expect(&s, "problem: the other side is in the room but sent no offer; leave; [retrying]");
    assert_in_range(deadline_in_us(&s), VISIT_BACKOFF_FIRST_US / 2, VISIT_BACKOFF_FIRST_US);
    scene_free(&s);
}

static void test_no_path_in_time(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_PROVIDER, 1);
    wait_us(&s, 0);
    join(&s, NULL, false);
    meet(&s, "b", process_b);
    forget(&s);
    wait_us(&s, NEGOTIATION_PATIENCE_US);
    expect(&s, "problem: no connection to the other side within 30 s, and there is no TURN server "
               "(tried); close 1; leave; [retrying]");
    scene_free(&s);
}

/* The retries become rarer, until nobody is there to fail with. */
static void test_backoff(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 1);
    for (uint64_t bound_us = VISIT_BACKOFF_FIRST_US; bound_us < VISIT_BACKOFF_MOST_US;
         bound_us *= 2) {
        wait_us(&s, deadline_in_us(&s));
        lose_signal(&s);
        assert_in_range(deadline_in_us(&s), bound_us / 2, bound_us);
    }
    lose_signal(&s);
    assert_in_range(deadline_in_us(&s), VISIT_BACKOFF_MOST_US / 2, VISIT_BACKOFF_MOST_US);
    wait_us(&s, VISIT_BACKOFF_MOST_US);
    join(&s, NULL, false);
    lose_signal(&s);
    assert_in_range(deadline_in_us(&s), VISIT_BACKOFF_FIRST_US / 2, VISIT_BACKOFF_FIRST_US);
    scene_free(&s);
}

static void test_unusable(void **state)
{
    (void)state;
    struct scene s = scene_joined(MUX_CONSUMER, "a");
    s.unusable = "it is in Latin";
    describe(&s, EVENT_OFFER, "a", 0, NULL);
    expect(&s, "start 1 to answer; feed 1 offer; problem: the other side's offer cannot be used: "
               "it is in Latin; close 1; leave; [retrying]");
    scene_free(&s);
    s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    join(&s, NULL, false);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
    forget(&s);
    s.unusable = "it is in Latin";
    describe(&s, EVENT_ANSWER, "b", 0, NULL);
    expect(&s, "feed 1 answer; problem: the other side's answer cannot be used: it is in Latin; "
               "close 1; leave; [retrying]");
    scene_free(&s);
}

/* ---- in vain ---- */

static int count(const struct scene *s, const char *words)
{
    int found = 0;
    for (const char *at = s->story; (at = strstr(at, words)) != NULL; at++)
        found++;
    return found;
}

/* A signal server that invents others, to make us send checks to addresses that
 * it names: as answers, as offers, or both. */
static void test_server_that_invents_others(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct scene s = scene_joined(MUX_CONSUMER, NULL);
        int fed = 0;
        uint64_t began_us = s.now_us;
        for (; s.now_us - began_us < 600 * US_PER_S; wait_us(&s, 100 * US_PER_MS)) {
            if (strstr(s.story, "connect;"))
                join(&s, NULL, false);
            if (kind != 1)
                meet(&s, "b", process_b);
            if (kind != 0)
                describe(&s, EVENT_OFFER, "b", 0, process_b);
            fed += count(&s, "feed");
            forget(&s);
        }
        /* RESTRAINT_FREE, then after 1, 2, 4, … 60 s. */
        assert_in_range(fed, RESTRAINT_FREE + 5, RESTRAINT_FREE + 25);
        scene_free(&s);
    }
}

/* What comes too soon is not lost: we offer when its time has come. */
static void test_offer_that_comes_too_soon(void **state)
{
    (void)state;
    struct scene s = scene_joined(MUX_CONSUMER, "a");
    for (int i = 0; i < RESTRAINT_FREE; i++)
        describe(&s, EVENT_OFFER, "a", 0, process_b);
    forget(&s);
    describe(&s, EVENT_OFFER, "a", 0, process_b);
    expect(&s, "close 4: replaced by a newer negotiation;");
    assert_in_range(deadline_in_us(&s), RESTRAINT_FIRST_US / 2, RESTRAINT_FIRST_US);
    wait_us(&s, RESTRAINT_FIRST_US);
    expect(&s, "start 5 to offer;");
    describe(&s, EVENT_ANSWER, "a", 0, process_b);
    become_ready(&s, 5);
    expect(&s, "feed 5 answer; up 5; [up]");
    scene_free(&s);
}

/* Nor does it wait for who has gone. */
static void test_who_came_too_soon_goes(void **state)
{
    (void)state;
    struct scene s = scene_joined(MUX_CONSUMER, "a");
    for (int i = 0; i <= RESTRAINT_FREE; i++)
        describe(&s, EVENT_OFFER, "a", 0, process_b);
    forget(&s);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "a");
    expect(&s, "[waiting]");
    assert_int_equal(deadline_in_us(&s), RENDEZVOUS_ALONE_US);
    scene_free(&s);
}

/* Others with our job cost nobody anything. */
static void test_others_with_our_job_are_free(void **state)
{
    (void)state;
    struct scene s = scene_joined(MUX_CONSUMER, NULL);
    for (int i = 0; i < 100; i++) {
        FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
        FEED(&s, .type = EVENT_ANSWER, .peer = "b",
             .description = {.sdp = "x", .likeness = MUX_ALIKE});
        FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
        forget(&s);
    }
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "c");
    expect(&s, "start 101 to offer; [negotiating]");
    scene_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first),
        cmocka_unit_test(test_second),
        cmocka_unit_test(test_no_offer),
        cmocka_unit_test(test_no_path_in_time),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_unusable),
        cmocka_unit_test(test_server_that_invents_others),
        cmocka_unit_test(test_offer_that_comes_too_soon),
        cmocka_unit_test(test_who_came_too_soon_goes),
        cmocka_unit_test(test_others_with_our_job_are_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
