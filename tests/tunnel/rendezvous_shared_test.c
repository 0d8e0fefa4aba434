/*
 * Several others in one room: each partner has a session of its own, and what
 * becomes of one leaves the others alone, and the room.
 */
#include "story.h"

#include <stdio.h>

/* peers: their ids, each a letter. */
static void join_shared(struct scene *s, const char *peers)
{
    char names[8][2];
    char *pointers[8];
    size_t count = strlen(peers);
    for (size_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "%c", peers[i]);
        pointers[i] = names[i];
    }
    FEED(s, .type = EVENT_JOINED, .peers = pointers, .peer_count = count, .is_shared = true);
}

static struct scene scene_shared(enum mux_role role, size_t partners_max, const char *peers)
{
    struct scene s = scene_new(role, partners_max);
    wait_us(&s, 0);
    forget(&s);
    join_shared(&s, peers);
    return s;
}

/* The same with a link. */
static struct scene scene_shared_by_link(enum mux_role role, size_t partners_max, const char *peers)
{
    struct rendezvous_config config = {.role = role,
                                       .partners_max = partners_max,
                                       .seed = 7,
                                       .consumer_offers = true};
    struct scene s = {.now_us = 1000 * US_PER_S};
    s.rv = rendezvous_new(&config, s.now_us);
    wait_us(&s, 0);
    forget(&s);
    join_shared(&s, peers);
    return s;
}

/* We were first; b and c have come, sessions 1 and 2 are up. */
static struct scene scene_two_up(enum mux_role role, size_t partners_max)
{
    struct scene s = scene_shared(role, partners_max, "");
    meet(&s, "b", process_b);
    meet(&s, "c", process_c);
    become_ready(&s, 1);
    become_ready(&s, 2);
    forget(&s);
    return s;
}

/* ---- coming together ---- */

static void test_several(void **state)
{
    (void)state;
    struct scene s = scene_shared(MUX_PROVIDER, 3, "");
    expect(&s, "[waiting]");
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "c");
    expect(&s, "start 1 to offer; [negotiating] start 2 to offer;");
    describe(&s, EVENT_ANSWER, "c", 0, process_c);
    describe(&s, EVENT_ANSWER, "b", 0, process_b);
    expect(&s, "feed 2 answer; feed 1 answer;");
    become_ready(&s, 1);
    become_ready(&s, 2);
    expect(&s, "up 1; [up] up 2; [up]");
    FEED(&s, .type = EVENT_PATH, .session = 1, .path = PEER_PATH_LOST);
    expect(&s, "doubt 1; probe signal; note: restart: the path to the other side is gone; "
               "restart 1;");
    scene_free(&s);
}

static void test_partners_are_there_already(void **state)
{
    (void)state;
    struct scene s = scene_shared(MUX_CONSUMER, 16, "bc");
    expect(&s, "[negotiating]");
    describe(&s, EVENT_OFFER, "c", 0, process_c);
    describe(&s, EVENT_OFFER, "b", 0, process_b);
    expect(&s, "start 1 to answer; feed 1 offer; start 2 to answer; feed 2 offer;");
    become_ready(&s, 2);
    become_ready(&s, 1);
    expect(&s, "up 2; [up] up 1; [up]");
    scene_free(&s);
}

static void test_consumer_offers_by_link(void **state)
{
    (void)state;
    struct scene s = scene_shared_by_link(MUX_CONSUMER, 16, "bc");
    expect(&s, "start 1 to offer; start 2 to offer; [negotiating]");
    scene_free(&s);
    s = scene_shared_by_link(MUX_PROVIDER, 64, "");
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "c");
    expect(&s, "[waiting] [negotiating]");
    describe(&s, EVENT_OFFER, "c", 0, process_c);
    expect(&s, "start 1 to answer; feed 1 offer;");
    scene_free(&s);
}

/* Of a plain one whose other side has gone: it was here before us, in a way. */
static void test_who_was_first_offers(void **state)
{
    (void)state;
    struct scene s = scene_shared(MUX_PROVIDER, 64, "");
    forget(&s);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b", .was_first = true);
    expect(&s, "[negotiating]");
    describe(&s, EVENT_OFFER, "b", 0, process_b);
    expect(&s, "start 1 to answer; feed 1 offer;");
    scene_free(&s);
}

/* ---- one goes ---- */

static void test_one_goes(void **state)
{
    (void)state;
    struct scene s = scene_two_up(MUX_PROVIDER, 3);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "c");
    FEED(&s, .type = EVENT_CLOSED, .session = 2, .text = "silence");
    expect(&s, "probe 2; doubt 2; problem: the connection to the other side ended: silence; "
               "down; close 2; 2 has parted; 2 is gone;");
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "bye", .is_goodbye = true);
    expect(&s, "probe 1; doubt 1; goodbye: the connection to the other side ended: bye; down; "
               "close 1; 1 is gone; [waiting]");
    scene_free(&s);
}

/* The others stay in the room with us: we offer to the one that is there. */
static void test_session_is_lost(void **state)
{
    (void)state;
    struct scene s = scene_two_up(MUX_CONSUMER, 16);
    FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "silence");
    expect(&s, "problem: the connection to the other side ended: silence; down; close 1; "
               "1 has parted;");
    assert_in_range(deadline_in_us(&s), PARTNER_BACKOFF_FIRST_US / 2, PARTNER_BACKOFF_FIRST_US);
    wait_us(&s, PARTNER_BACKOFF_FIRST_US);
    expect(&s, "start 3 to offer;");
    describe(&s, EVENT_ANSWER, "b", 0, process_b);
    become_ready(&s, 3);
    expect(&s, "feed 3 answer; up 3; [up]");
    scene_free(&s);
}

/* Ever less often, and the log hears of it once. */
static void test_one_fails(void **state)
{
    (void)state;
    struct scene s = scene_two_up(MUX_CONSUMER, 16);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "d");
    expect(&s, "start 3 to offer;");
    wait_us(&s, NEGOTIATION_PATIENCE_US);
    expect(&s, "problem: no connection to the other side within 30 s, and there is no TURN server "
               "(tried); close 3; note: the others go on;");
    wait_us(&s, PARTNER_BACKOFF_FIRST_US);
    expect(&s, "start 4 to offer;");
    wait_us(&s, NEGOTIATION_PATIENCE_US);
    expect(&s, "problem: no connection to the other side within 30 s, and there is no TURN server "
               "(tried); close 4;");
    assert_in_range(deadline_in_us(&s), PARTNER_BACKOFF_FIRST_US, 2 * PARTNER_BACKOFF_FIRST_US);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "d");
    assert_int_equal(deadline_in_us(&s), TIME_NEVER);
    scene_free(&s);
}

static void test_offer_does_not_come(void **state)
{
    (void)state;
    struct scene s = scene_shared(MUX_CONSUMER, 16, "b");
    forget(&s);
    wait_us(&s, NEGOTIATION_PATIENCE_US);
    expect(&s, "problem: the other side is in the room but sent no offer; [negotiating]");
    wait_us(&s, PARTNER_BACKOFF_FIRST_US);
    expect(&s, "start 1 to offer;");
    scene_free(&s);
}

/* It has heard nobody whom it could offer to, and whoever is there may be
 * anybody. */
static void test_provider_by_link_waits(void **state)
{
    (void)state;
    struct scene s = scene_shared_by_link(MUX_PROVIDER, 64, "b");
    forget(&s);
    wait_us(&s, NEGOTIATION_PATIENCE_US);
    expect(&s, "problem: the other side is in the room but sent no offer; [waiting]");
    wait_us(&s, RENDEZVOUS_ALONE_US);
    forget(&s);
    assert_int_equal(deadline_in_us(&s), TIME_NEVER);
    describe(&s, EVENT_OFFER, "b", 0, process_b);
    expect(&s, "start 1 to answer; feed 1 offer; [negotiating]");
    scene_free(&s);
}

/* A link that one provider does not take is good for the other. */
static void test_unanswered_by_one(void **state)
{
    (void)state;
    struct scene s = scene_shared_by_link(MUX_CONSUMER, 16, "bc");
    describe(&s, EVENT_ANSWER, "b", 0, process_b);
    become_ready(&s, 1);
    forget(&s);
    wait_us(&s, NEGOTIATION_PATIENCE_US);
    expect(&s, "problem: no connection to the other side within 30 s, and there is no TURN server "
               "(tried); close 2; note: the others go on;");
    assert_in_range(deadline_in_us(&s), PARTNER_BACKOFF_MOST_US / 2, PARTNER_BACKOFF_MOST_US);
    scene_free(&s);
    s = scene_shared_by_link(MUX_CONSUMER, 16, "b");
    forget(&s);
    wait_us(&s, NEGOTIATION_PATIENCE_US);
    expect(&s, "problem: no connection to the other side within 30 s, and there is no TURN server "
               "(tried); close 1; leave; [retrying]");
    scene_free(&s);
}

/* ---- offers that cross ---- */

static void test_offers_cross(void **state)
{
    (void)state;
    struct scene s = scene_two_up(MUX_CONSUMER, 16);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "d");
    describe(&s, EVENT_OFFER, "d", 0, process_d);
    expect(&s, "start 3 to offer;");
    wait_us(&s, PARTNER_CROSS_US);
    describe(&s, EVENT_OFFER, "d", 0, process_d);
    expect(&s, "close 3: replaced by a newer negotiation; start 4 to answer; feed 4 offer;");
    scene_free(&s);
    s = scene_two_up(MUX_PROVIDER, 64);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "d");
    describe(&s, EVENT_OFFER, "d", 0, process_d);
    expect(&s, "start 3 to offer; close 3: replaced by a newer negotiation; start 4 to answer; "
               "feed 4 offer;");
    scene_free(&s);
}

/* ---- the same again, under another id ---- */

/* The server was restarted, and everybody has another id. */
static void test_met_anew(void **state)
{
    (void)state;
    struct scene s = scene_two_up(MUX_PROVIDER, 64);
    lose_signal(&s);
    wait_us(&s, US_PER_S);
    forget(&s);
    join_shared(&s, "");
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "x");
    expect(&s, "note: signal is back; probe 1; doubt 1; probe 2; doubt 2; start 3 to offer;");
    describe(&s, EVENT_ANSWER, "x", 0, process_c); /* so it is the second */
    expect(&s, "feed 3 answer;");
    become_ready(&s, 3);
    expect(&s, "up 3; drain 2; probe 2; [up]");
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "x");
    expect(&s, "probe 3; doubt 3;");
    scene_free(&s);
}

/* We are the newcomer, and our session with that process stands. */
static void test_met_anew_as_second(void **state)
{
    (void)state;
    struct scene s = scene_two_up(MUX_CONSUMER, 16);
    lose_signal(&s);
    wait_us(&s, US_PER_S);
    forget(&s);
    join_shared(&s, "xy");
    describe(&s, EVENT_OFFER, "y", 0, process_b);
    expect(&s, "note: signal is back; probe 1; doubt 1; probe 2; doubt 2; note: restart: the other "
               "side is met again; restart 1;");
    describe(&s, EVENT_ANSWER, "y", 1, process_b);
    expect(&s, "feed 1 answer;");
    describe(&s, EVENT_OFFER, "x", 2, process_c); /* a restart of theirs */
    expect(&s, "feed 2 offer;");
    wait_us(&s, NEGOTIATION_PATIENCE_US);
    expect(&s, "");
    scene_free(&s);
}

/* Another process is somebody else. */
static void test_restarted_process(void **state)
{
    (void)state;
    struct scene s = scene_two_up(MUX_PROVIDER, 64);
    meet(&s, "d", process_d);
    expect(&s, "start 3 to offer; feed 3 answer;");
    become_ready(&s, 3);
    expect(&s, "up 3; [up]");
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "silence");
    expect(&s, "probe 1; doubt 1; problem: the connection to the other side ended: silence; "
               "down; close 1; 1 has parted; 1 is gone;");
    scene_free(&s);
}

/* A server that mixes ids up: who was there before answers, and stays. The id
 * is the other's then, who comes again. */
static void test_other_process_under_an_id(void **state)
{
    (void)state;
    struct scene s = scene_two_up(MUX_PROVIDER, 64);
    describe(&s, EVENT_OFFER, "b", 0, process_d);
    expect(&s, "start 3 to answer; feed 3 offer; probe 1; doubt 1;");
    FEED(&s, .type = EVENT_READY, .session = 3);
    FEED(&s, .type = EVENT_ALIVE, .session = 1);
    expect(&s, "hold 3; believe 1; refuse 3: another `tunnel proxy` is connected to this side, and "
               "answers; stop one of them or, without links, choose another room; note: "
               "newcomer;");
    describe(&s, EVENT_OFFER, "b", 0, process_d);
    expect(&s, "start 4 to answer; feed 4 offer;");
    FEED(&s, .type = EVENT_READY, .session = 4);
    expect(&s, "up 4;");
    scene_free(&s);
}

/* ---- places ---- */

static void test_no_place(void **state)
{
    (void)state;
    struct scene s = scene_two_up(MUX_PROVIDER, 2);
    meet(&s, "d", process_d);
    forget(&s);
    FEED(&s, .type = EVENT_READY, .session = 3);
    expect(&s, "note: no place; hold 3; refuse 3: this `tunnel serve` has as many consumers as it "
               "takes: one of them must go, or its --max-consumers be raised;");
    scene_free(&s);
}

/* Who has left the room is asked, and makes way if it does not answer. */
static void test_place_of_who_is_dead(void **state)
{
    (void)state;
    for (int answers = 0; answers < 2; answers++) {
        struct scene s = scene_two_up(MUX_PROVIDER, 2);
        FEED(&s, .type = EVENT_PEER_LEFT, .peer = "c");
        meet(&s, "d", process_d);
        forget(&s);
        FEED(&s, .type = EVENT_READY, .session = 3);
        expect(&s, "hold 3;");
        if (answers)
            FEED(&s, .type = EVENT_ALIVE, .session = 2);
        forget(&s);
        wait_us(&s, DOUBT_MAKES_WAY_US);
        if (answers)
            assert_non_null(strstr(s.story, "refuse 3"));
        else
            expect(&s, "problem: the connection to the other side ended: it does not answer, and "
                       "another one has taken its place; down; close 2: it does not answer, and "
                       "another one has taken its place; 2 has parted; admit 3; up 3; 2 is gone;");
        scene_free(&s);
    }
}

/* One provider more than a consumer wants is not bothered, until one goes. */
static void test_consumer_waits_for_a_place(void **state)
{
    (void)state;
    struct scene s = scene_shared_by_link(MUX_CONSUMER, 2, "bcd");
    expect(&s, "start 1 to offer; start 2 to offer; [negotiating]");
    describe(&s, EVENT_ANSWER, "b", 0, process_b);
    become_ready(&s, 1);
    forget(&s);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "c");
    assert_non_null(strstr(s.story, "start 3 to offer;"));
    scene_free(&s);
}

/* ---- of our own job ---- */

/* Only a plain one can come so far. The server hears of it. */
static void test_misfit(void **state)
{
    (void)state;
    struct scene s = scene_two_up(MUX_PROVIDER, 64);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "d");
    forget(&s);
    FEED(&s, .type = EVENT_ANSWER, .peer = "d",
         .description = {.sdp = "sdp", .process = process_d, .likeness = MUX_ALIKE});
    expect(&s, "problem: the other side of this room runs `tunnel proxy`, too: one side must run "
               "`tunnel proxy`, the other `tunnel serve`; stop one of them or choose another "
               "room; close 3; note: the others go on; d is a misfit;");
    assert_int_equal(deadline_in_us(&s), TIME_NEVER);
    scene_free(&s);
}

/* ---- a server that invents them ---- */

static void test_invented_members(void **state)
{
    (void)state;
    struct scene s = scene_shared(MUX_PROVIDER, 64, "");
    int fed = 0;
    for (int i = 0; i < 4000; i++) {
        char peer[16];
        uint8_t process[CERT_FINGERPRINT_LEN] = {(uint8_t)i, (uint8_t)(i >> 8), 1};
        snprintf(peer, sizeof peer, "%d", i);
        meet(&s, peer, process);
        fed += strstr(s.story, "feed") != NULL;
        forget(&s);
        if (i % 2 == 0)
            FEED(&s, .type = EVENT_PEER_LEFT, .peer = peer);
        forget(&s);
    }
    assert_in_range(fed, 64, RESTRAINT_FREE * 64);
    scene_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_partners_are_there_already),
        cmocka_unit_test(test_consumer_offers_by_link),
        cmocka_unit_test(test_who_was_first_offers),
        cmocka_unit_test(test_one_goes),
        cmocka_unit_test(test_session_is_lost),
        cmocka_unit_test(test_one_fails),
        cmocka_unit_test(test_offer_does_not_come),
        cmocka_unit_test(test_provider_by_link_waits),
        cmocka_unit_test(test_unanswered_by_one),
        cmocka_unit_test(test_offers_cross),
        cmocka_unit_test(test_met_anew),
        cmocka_unit_test(test_met_anew_as_second),
        cmocka_unit_test(test_restarted_process),
        cmocka_unit_test(test_other_process_under_an_id),
        cmocka_unit_test(test_no_place),
        cmocka_unit_test(test_place_of_who_is_dead),
        cmocka_unit_test(test_consumer_waits_for_a_place),
        cmocka_unit_test(test_misfit),
        cmocka_unit_test(test_invented_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
