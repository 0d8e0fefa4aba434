/*
 * Stories of one rendezvous on a clock that the test moves: what happens is
 * fed as events, what it wants done is written down as text and compared.
 *
 * An action that is answered by an event is answered here as well: what is fed
 * is of use, and what drains has streams, unless the test says otherwise.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "tunnel/negotiation.h"
#include "tunnel/partner.h"
#include "tunnel/rendezvous.h"
#include "tunnel/visit.h"

enum { STORY_MAX = 4096 };

static const uint8_t process_b[CERT_FINGERPRINT_LEN] = "b";
static const uint8_t process_c[CERT_FINGERPRINT_LEN] = "c";

struct scene {
    struct rendezvous *rv;
    uint64_t now_us;
    char story[STORY_MAX];
    const char *unusable; /* what is fed next is so, and why */
    bool is_offering;     /* of a session that is fed: it has not given in */
    bool is_idle;         /* what drains has no streams */
    bool cannot_restart;  /* the other side */
};

static struct scene scene_new(enum mux_role role, size_t partners_max)
{
    struct rendezvous_config config = {.role = role, .partners_max = partners_max, .seed = 7};
    struct scene s = {.now_us = 1000 * US_PER_S};
    s.rv = rendezvous_new(&config, s.now_us);
    return s;
}

/* ---- the story ---- */

__attribute__((format(printf, 2, 3))) static void tell(struct scene *s, const char *format, ...)
{
    size_t len = strlen(s->story);
    va_list args;
    va_start(args, format);
    vsnprintf(s->story + len, STORY_MAX - len, format, args);
    va_end(args);
}

static void tell_note(struct scene *s, const struct action *a)
{
    static const char *const notes[] = {
        [NOTE_SIGNAL_BACK] = "signal is back", [NOTE_SIGNAL_AWAY] = "signal is away",
        [NOTE_SIGNAL_SAYS] = "signal says",    [NOTE_OLD_GOES_ON] = "the old one goes on",
        [NOTE_OF_NO_USE] = "of no use",        [NOTE_RESTART] = "restart",
        [NOTE_NO_RESTART] = "no restart",
    };
    tell(s, "note: %s%s%s; ", notes[a->note], a->text ? ": " : "", a->text ? a->text : "");
}

static void tell_problem(struct scene *s, const struct action *a)
{
    char out[PROBLEM_MAX];
    const struct problem problem = {
        .kind = a->problem,
        .text = a->text,
        .tried = a->session ? "tried" : "",
        .role = MUX_CONSUMER,
        .room = "a-room-of-my-own",
    };
    problem_format(&problem, out);
    tell(s, "problem: %s; ", out);
}

static void tell_action(struct scene *s, const struct action *a)
{
    const char *type = sdp_type_name(a->sdp_type);
    switch (a->type) {
    case ACTION_CONNECT:
        tell(s, "connect; ");
        break;
    case ACTION_LEAVE:
        tell(s, "leave; ");
        break;
    case ACTION_PROBE_SIGNAL:
        tell(s, "probe signal; ");
        break;
    case ACTION_SEND_DESCRIPTION:
        tell(s, "send %s; ", type);
        break;
    case ACTION_SEND_CANDIDATE:
        tell(s, "send candidate; ");
        break;
    case ACTION_START:
        tell(s, "start %u to %s; ", a->session, type);
        break;
    case ACTION_FEED:
        tell(s, "feed %u %s; ", a->session, type);
        break;
    case ACTION_FEED_CANDIDATE:
        tell(s, "candidate for %u, %u, %u; ", a->session, a->others[0], a->others[1]);
        break;
    case ACTION_RESTART:
        tell(s, "restart %u; ", a->session);
        break;
    case ACTION_ABANDON_RESTART:
        tell(s, "abandon %u; ", a->session);
        break;
    case ACTION_PROBE:
        tell(s, "probe %u; ", a->session);
        break;
    case ACTION_DRAIN:
        tell(s, "drain %u; ", a->session);
        break;
    case ACTION_CLOSE:
        tell(s, "close %u%s%s; ", a->session, a->text ? ": " : "", a->text ? a->text : "");
        break;
    case ACTION_UP:
        tell(s, "up %u; ", a->session);
        break;
    case ACTION_DOWN:
        tell(s, "down; ");
        break;
    case ACTION_PROBLEM:
        tell_problem(s, a);
        break;
    case ACTION_STATUS:
        tell(s, "[%s%s] ", link_state_name(a->state), a->is_alone ? " alone" : "");
        break;
    case ACTION_PATH:
        tell(s, "path of %u%s; ", a->session, a->was_broken ? " again" : "");
        break;
    case ACTION_NOTE:
        tell_note(s, a);
        break;
    }
}

static void feed_event(struct scene *s, const struct event *event)
{
    struct action a;
    rendezvous_feed(s->rv, event, s->now_us);
    while (rendezvous_next(s->rv, &a)) {
        tell_action(s, &a);
        const struct event fed = {.type = EVENT_FED,
                                  .session = a.session,
                                  .sdp_type = a.sdp_type,
                                  .text = s->unusable,
                                  .is_offering = s->is_offering};
        if (a.type == ACTION_FEED)
            feed_event(s, &fed);
        else if (a.type == ACTION_RESTART && s->cannot_restart)
            feed_event(s, &(struct event){.type = EVENT_NO_RESTART, .session = a.session});
        else if (a.type == ACTION_DRAIN && s->is_idle)
            feed_event(s, &(struct event){.type = EVENT_IDLE, .session = a.session});
    }
}

#define FEED(s, ...) feed_event(s, &(struct event){__VA_ARGS__})

static void expect(struct scene *s, const char *story)
{
    size_t len = strlen(s->story);
    if (len > 0 && s->story[len - 1] == ' ')
        s->story[len - 1] = '\0';
    assert_string_equal(s->story, story);
    s->story[0] = '\0';
}

/* What has happened so far is told elsewhere. */
static void forget(struct scene *s)
{
    s->story[0] = '\0';
}

/* ---- what happens ---- */

static uint64_t deadline_in_us(struct scene *s)
{
    uint64_t at_us = rendezvous_deadline_us(s->rv);
    return at_us == TIME_NEVER ? TIME_NEVER : at_us - s->now_us;
}

static void wait_us(struct scene *s, uint64_t us)
{
    uint64_t until_us = s->now_us + us;
    while (rendezvous_deadline_us(s->rv) <= until_us) {
        s->now_us = rendezvous_deadline_us(s->rv);
        FEED(s, .type = EVENT_DEADLINE);
    }
    s->now_us = until_us;
}

/* The room, as it is when we are let in; peer: who is there, or NULL. */
static void join(struct scene *s, char *peer, bool is_resumed)
{
    FEED(s, .type = EVENT_JOINED, .peers = &peer, .peer_count = peer ? 1 : 0,
         .is_resumed = is_resumed);
}

static void describe(struct scene *s, enum event_type type, const char *peer, unsigned session,
                     const uint8_t *process)
{
    FEED(s, .type = type, .peer = peer,
         .description = {.sdp = "sdp", .process = process, .session = session});
}

static void become_ready(struct scene *s, unsigned session)
{
    FEED(s, .type = EVENT_READY, .session = session);
    FEED(s, .type = EVENT_MEASURED, .session = session);
}

/* We were first, b came, session 1 is up. */
static struct scene scene_up(enum mux_role role)
{
    struct scene s = scene_new(role, 1);
    wait_us(&s, 0);
    join(&s, NULL, false);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
    FEED(&s, .type = EVENT_DESCRIBED, .session = 1, .sdp_type = SDP_OFFER);
    describe(&s, EVENT_ANSWER, "b", 0, process_b);
    become_ready(&s, 1);
    forget(&s);
    return s;
}

static void lose_signal(struct scene *s)
{
    FEED(s, .type = EVENT_SIGNAL_LOST, .text = "the signal server is gone");
}

/* It is back, has forgotten everybody, and lets us in first or second. */
static void meet_anew(struct scene *s, char *peer)
{
    lose_signal(s);
    wait_us(s, US_PER_S);
    join(s, peer, false);
    forget(s);
}

static void change_path(struct scene *s, enum peer_path_state path)
{
    FEED(s, .type = EVENT_PATH, .session = 1, .path = path);
}

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
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
}

static void test_no_offer(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    join(&s, "a", false);
    forget(&s);
    wait_us(&s, NEGOTIATION_PATIENCE_US - 1);
    expect(&s, "");
    wait_us(&s, 1);
    expect(&s, "problem: the other side is in the room but sent no offer; leave; [retrying]");
    assert_in_range(deadline_in_us(&s), VISIT_BACKOFF_FIRST_US / 2, VISIT_BACKOFF_FIRST_US);
    rendezvous_free(s.rv);
}

static void test_no_path_in_time(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_PROVIDER, 1);
    wait_us(&s, 0);
    join(&s, NULL, false);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
    describe(&s, EVENT_ANSWER, "b", 0, process_b);
    forget(&s);
    wait_us(&s, NEGOTIATION_PATIENCE_US);
    expect(&s, "problem: no connection to the other side within 30 s, and there is no TURN server "
               "(tried); close 1; leave; [retrying]");
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
}

static void test_unusable(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    join(&s, "a", false);
    forget(&s);
    s.unusable = "it is in Latin";
    describe(&s, EVENT_OFFER, "a", 0, NULL);
    expect(&s, "start 1 to answer; feed 1 offer; problem: the other side's offer cannot be used: "
               "it is in Latin; close 1; leave; [retrying]");
    rendezvous_free(s.rv);
    s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    join(&s, NULL, false);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
    forget(&s);
    s.unusable = "it is in Latin";
    describe(&s, EVENT_ANSWER, "b", 0, NULL);
    expect(&s, "feed 1 answer; problem: the other side's answer cannot be used: it is in Latin; "
               "close 1; leave; [retrying]");
    rendezvous_free(s.rv);
}

/* ---- the room ---- */

static void test_full_room(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    forget(&s);
    FEED(&s, .type = EVENT_SIGNAL_ERROR, .code = SIGNAL_CODE_ROOM_FULL, .text = "no place");
    assert_non_null(strstr(s.story, "no place; a `tunnel serve` and a `tunnel proxy` are in it"));
    assert_non_null(strstr(s.story, "; leave; [retrying]"));
    assert_null(strstr(s.story, "a-room-of-my-own"));
    forget(&s);
    wait_us(&s, VISIT_BACKOFF_FIRST_US);
    expect(&s, "connect; [connecting]");
    FEED(&s, .type = EVENT_SIGNAL_ERROR, .text = "go away");
    assert_null(strstr(s.story, "tunnel serve"));
    assert_non_null(strstr(s.story, ": go away; leave; [retrying]"));
    rendezvous_free(s.rv);
}

/* In the room it is about a message of ours. */
static void test_error_in_the_room(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    join(&s, NULL, false);
    forget(&s);
    FEED(&s, .type = EVENT_SIGNAL_ERROR, .code = SIGNAL_CODE_MALFORMED, .text = "what?");
    expect(&s, "note: signal says: what?;");
    rendezvous_free(s.rv);
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
    FEED(&s, .type = EVENT_ANSWER, .peer = "b", .description = {.sdp = "x", .is_same_job = true});
    assert_non_null(strstr(s.story, "runs `tunnel proxy`, too"));
    assert_non_null(strstr(s.story, "; close 1; [waiting]"));
    assert_int_equal(deadline_in_us(&s), RENDEZVOUS_ALONE_US);
    forget(&s);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "c");
    expect(&s, "start 2 to offer; [negotiating]");
    rendezvous_free(s.rv);
}

/* The one who answers tells the other by that, and comes back seldom. */
static void test_two_of_a_kind_second(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    join(&s, "a", false);
    forget(&s);
    FEED(&s, .type = EVENT_OFFER, .peer = "a", .description = {.sdp = "x", .is_same_job = true});
    expect(&s, "start 1 to answer; feed 1 offer;");
    FEED(&s, .type = EVENT_DESCRIBED, .session = 1, .sdp_type = SDP_ANSWER);
    assert_non_null(strstr(s.story, "send answer; problem: "));
    assert_non_null(strstr(s.story, "runs `tunnel proxy`, too"));
    assert_non_null(strstr(s.story, "; close 1; leave; [retrying]"));
    assert_in_range(deadline_in_us(&s), VISIT_BACKOFF_MOST_US / 2, VISIT_BACKOFF_MOST_US);
    rendezvous_free(s.rv);
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
        FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "HELLO", .is_same_job = true);
        assert_non_null(strstr(s.story, "runs `tunnel proxy`, too"));
        const char *end = came_first ? "; close 1; [waiting] " : "; close 1; leave; [retrying] ";
        assert_non_null(strstr(s.story, end));
        rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
}

/* It may live, and often does. */
static void test_peer_left_is_a_rumour(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "b");
    expect(&s, "probe 1;");
    FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "silence");
    expect(&s, "problem: the connection to the other side ended: silence; down; close 1; "
               "[waiting]");
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
}

/* A server that says not who it is that speaks. */
static void test_nameless(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    join(&s, "", false);
    forget(&s);
    describe(&s, EVENT_OFFER, NULL, 0, process_b);
    FEED(&s, .type = EVENT_CANDIDATE);
    expect(&s, "start 1 to answer; feed 1 offer; candidate for 1, 0, 0;");
    become_ready(&s, 1);
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "whoever");
    expect(&s, "up 1; [up] probe 1;");
    rendezvous_free(s.rv);
}

/* ---- the signal server ---- */

static void test_signal_is_lost_while_waiting(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_CONSUMER, 1);
    wait_us(&s, 0);
    join(&s, NULL, false);
    forget(&s);
    lose_signal(&s);
    expect(&s, "problem: the signal server is gone; leave; [retrying]");
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
}

/* ---- sessions ---- */

/* Both are in the room, so nobody would offer: we make it do so. */
static void test_session_is_lost(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "silence");
    expect(&s, "problem: the connection to the other side ended: silence; down; close 1; leave; "
               "[retrying]");
    assert_in_range(deadline_in_us(&s), VISIT_BACKOFF_FIRST_US / 2, VISIT_BACKOFF_FIRST_US);
    rendezvous_free(s.rv);
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
    expect(&s, "problem: the connection to the other side ended: silence (tried); down; close 1; "
               "[retrying]");
    /* The path is needed now. */
    assert_in_range(deadline_in_us(&s), VISIT_BACKOFF_FIRST_US / 2, VISIT_BACKOFF_FIRST_US);
    rendezvous_free(s.rv);
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
    expect(&s, "up 2; drain 1; [up]");
    FEED(&s, .type = EVENT_CANDIDATE, .peer = "b2");
    expect(&s, "candidate for 0, 2, 1;");
    FEED(&s, .type = EVENT_IDLE, .session = 2); /* it takes new ones */
    expect(&s, "");
    FEED(&s, .type = EVENT_IDLE, .session = 1);
    expect(&s, "close 1: the session was replaced;");
    rendezvous_free(s.rv);
}

static void test_idle_session_is_replaced(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    s.is_idle = true;
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b2");
    describe(&s, EVENT_ANSWER, "b2", 0, process_b);
    forget(&s);
    become_ready(&s, 2);
    expect(&s, "up 2; drain 1; close 1: the session was replaced; [up]");
    rendezvous_free(s.rv);
}

/* Only the consumer knows that it will open no more. */
static void test_provider_leaves_draining_to_the_consumer(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_PROVIDER);
    s.is_idle = true;
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b2");
    describe(&s, EVENT_ANSWER, "b2", 0, process_b);
    forget(&s);
    become_ready(&s, 2);
    expect(&s, "up 2; drain 1; [up]");
    FEED(&s, .type = EVENT_CLOSED, .session = 1, .text = "bye");
    expect(&s, "close 1: bye;");
    rendezvous_free(s.rv);
}

static void test_replaced_twice(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    for (unsigned session = 2; session < 4; session++) {
        FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
        describe(&s, EVENT_ANSWER, "b", 0, process_b);
        forget(&s);
        become_ready(&s, session);
    }
    expect(&s, "up 3; close 1: the session was replaced twice; drain 2; [up]");
    rendezvous_free(s.rv);
}

/* What was open there is lost: nothing drains. */
static void test_restarted_process(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "c");
    describe(&s, EVENT_ANSWER, "c", 0, process_c);
    forget(&s);
    become_ready(&s, 2);
    expect(&s, "up 2; close 1: the other side was restarted; [up]");
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
}

/* ---- another path ---- */

static void test_restart(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    change_path(&s, PEER_PATH_WORKS); /* another one is used */
    expect(&s, "path of 1;");
    change_path(&s, PEER_PATH_SILENT);
    expect(&s, "probe signal; note: restart: the other side does not answer; restart 1;");
    FEED(&s, .type = EVENT_DESCRIBED, .session = 1, .sdp_type = SDP_OFFER);
    describe(&s, EVENT_ANSWER, "b", 1, process_b);
    expect(&s, "send offer; feed 1 answer;");
    change_path(&s, PEER_PATH_WORKS);
    expect(&s, "path of 1 again;");
    assert_int_equal(deadline_in_us(&s), TIME_NEVER);
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
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
    expect(&s, "feed 1 answer;");
    assert_int_equal(deadline_in_us(&s), TIME_NEVER);
    rendezvous_free(s.rv);
    s = scene_up(MUX_CONSUMER);
    change_path(&s, PEER_PATH_SILENT);
    change_path(&s, PEER_PATH_LOST); /* one more reason */
    forget(&s);
    describe(&s, EVENT_OFFER, "b", 1, process_b); /* theirs does */
    wait_us(&s, 60 * US_PER_S);
    expect(&s, "feed 1 offer;");
    rendezvous_free(s.rv);
}

static void test_useless_description(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    s.unusable = "it is of yesterday";
    describe(&s, EVENT_ANSWER, "b", 1, process_b);
    expect(&s, "feed 1 answer; note: of no use: it is of yesterday;");
    rendezvous_free(s.rv);
}

/* It begins when there is signalling, though that takes both for newcomers. */
static void test_restart_waits_for_signalling(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    lose_signal(&s);
    forget(&s);
    change_path(&s, PEER_PATH_SILENT);
    expect(&s, "");
    wait_us(&s, US_PER_S);
    join(&s, NULL, false);
    expect(&s, "connect; note: signal is back;");
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b2"); /* as if it were new */
    expect(&s, "start 2 to offer;");
    describe(&s, EVENT_OFFER, "b2", 1, process_b); /* but it knows us */
    expect(&s, "close 2: the session goes on; feed 1 offer;");
    rendezvous_free(s.rv);
}

/* The newcomer offers to restart what stands, instead of an answer. */
static void test_met_again(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    meet_anew(&s, "b2");
    describe(&s, EVENT_OFFER, "b2", 0, process_b);
    expect(&s, "note: restart: the other side is met again; restart 1;");
    rendezvous_free(s.rv);
}

/* Of another process no session stands. */
static void test_met_somebody_else(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    meet_anew(&s, "c");
    describe(&s, EVENT_OFFER, "c", 0, process_c);
    expect(&s, "start 2 to answer; feed 2 offer;");
    rendezvous_free(s.rv);
}

/* It is not needed: a restart of ours is only held back for a while. */
static void test_spare_offer_does_not_come(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    meet_anew(&s, "b2");
    change_path(&s, PEER_PATH_SILENT);
    expect(&s, "probe signal;");
    wait_us(&s, PARTNER_AWAIT_US);
    expect(&s, "note: restart: the other side does not answer; restart 1;");
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
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
    expect(&s, "feed 2 answer; up 2; drain 1; [up]");
    /* What was true of the old one need not be of the new one. */
    FEED(&s, .type = EVENT_PATH, .session = 2, .path = PEER_PATH_SILENT);
    expect(&s, "probe signal;");
    wait_us(&s, RESTART_FIRST_US);
    expect(&s, "note: restart: the other side does not answer; restart 2;");
    rendezvous_free(s.rv);
}

/* Or one that is known to fail at it: it is not asked. */
static void test_other_side_is_known_not_to_restart(void **state)
{
    (void)state;
    struct scene s = scene_up(MUX_CONSUMER);
    s.cannot_restart = true;
    change_path(&s, PEER_PATH_SILENT);
    expect(&s, "probe signal; note: restart: the other side does not answer; restart 1; "
               "abandon 1; note: no restart; start 2 to offer;");
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
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
    rendezvous_free(s.rv);
}

/* ---- rooms to come ---- */

/* Nothing here knows that there are two: each partner has a session of its
 * own, and what one does leaves the other's alone. */
static void test_several_partners(void **state)
{
    (void)state;
    struct scene s = scene_new(MUX_PROVIDER, 3);
    wait_us(&s, 0);
    join(&s, NULL, false);
    forget(&s);
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "b");
    FEED(&s, .type = EVENT_PEER_JOINED, .peer = "c");
    expect(&s, "start 1 to offer; [negotiating] start 2 to offer;");
    describe(&s, EVENT_ANSWER, "c", 0, process_c);
    describe(&s, EVENT_ANSWER, "b", 0, process_b);
    expect(&s, "feed 2 answer; feed 1 answer;");
    become_ready(&s, 1);
    become_ready(&s, 2);
    expect(&s, "up 1; [up] up 2; [up]");
    FEED(&s, .type = EVENT_PEER_LEFT, .peer = "c");
    FEED(&s, .type = EVENT_CLOSED, .session = 2, .text = "silence");
    expect(&s, "probe 2; problem: the connection to the other side ended: silence; down; "
               "close 2;");
    FEED(&s, .type = EVENT_PATH, .session = 1, .path = PEER_PATH_LOST);
    expect(&s, "probe signal; note: restart: the path to the other side is gone; restart 1;");
    rendezvous_free(s.rv);
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
        cmocka_unit_test(test_full_room),
        cmocka_unit_test(test_error_in_the_room),
        cmocka_unit_test(test_two_of_a_kind_first),
        cmocka_unit_test(test_two_of_a_kind_second),
        cmocka_unit_test(test_two_of_a_kind_by_hello),
        cmocka_unit_test(test_other_side_leaves_early),
        cmocka_unit_test(test_peer_left_is_a_rumour),
        cmocka_unit_test(test_takes_over_its_place),
        cmocka_unit_test(test_takes_over_without_a_session),
        cmocka_unit_test(test_nameless),
        cmocka_unit_test(test_signal_is_lost_while_waiting),
        cmocka_unit_test(test_signal_is_lost_while_up),
        cmocka_unit_test(test_signal_is_lost_in_negotiation),
        cmocka_unit_test(test_session_is_lost),
        cmocka_unit_test(test_session_is_lost_with_its_path),
        cmocka_unit_test(test_make_before_break),
        cmocka_unit_test(test_idle_session_is_replaced),
        cmocka_unit_test(test_provider_leaves_draining_to_the_consumer),
        cmocka_unit_test(test_replaced_twice),
        cmocka_unit_test(test_restarted_process),
        cmocka_unit_test(test_new_session_fails_beside_the_old_one),
        cmocka_unit_test(test_old_session_ends_beside_the_new_one),
        cmocka_unit_test(test_newer_negotiation_replaces),
        cmocka_unit_test(test_events_of_the_dead),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_restart_by_the_other_side),
        cmocka_unit_test(test_restarts_cross),
        cmocka_unit_test(test_useless_description),
        cmocka_unit_test(test_restart_waits_for_signalling),
        cmocka_unit_test(test_met_again),
        cmocka_unit_test(test_met_somebody_else),
        cmocka_unit_test(test_spare_offer_does_not_come),
        cmocka_unit_test(test_signal_is_lost_in_a_restart),
        cmocka_unit_test(test_answer_is_lost_with_signalling),
        cmocka_unit_test(test_other_side_makes_a_session_of_it),
        cmocka_unit_test(test_other_side_is_known_not_to_restart),
        cmocka_unit_test(test_restart_is_not_answered),
        cmocka_unit_test(test_storm),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_addresses_are_not_forgotten),
        cmocka_unit_test(test_addresses_while_away),
        cmocka_unit_test(test_several_partners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
