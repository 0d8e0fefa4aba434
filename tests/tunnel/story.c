/*
 * Each action is a word or two, as short as a story can be read by.
 */
#include "story.h"

#include <stdio.h>

#include "tunnel/problem.h"

const uint8_t process_b[CERT_FINGERPRINT_LEN] = "b";
const uint8_t process_c[CERT_FINGERPRINT_LEN] = "c";
const uint8_t process_d[CERT_FINGERPRINT_LEN] = "d";

struct scene scene_new(enum mux_role role, size_t partners_max)
{
    struct rendezvous_config config = {.role = role, .partners_max = partners_max, .seed = 7};
    struct scene s = {.now_us = 1000 * US_PER_S};
    s.rv = rendezvous_new(&config, s.now_us);
    return s;
}

struct scene scene_sealed(enum mux_role role)
{
    struct rendezvous_config config = {.role = role,
                                       .partners_max = 1,
                                       .seed = 7,
                                       .consumer_offers = true};
    struct scene s = {.now_us = 1000 * US_PER_S};
    s.rv = rendezvous_new(&config, s.now_us);
    wait_us(&s, 0);
    join(&s, "b", false);
    forget(&s);
    return s;
}

void scene_free(struct scene *s)
{
    rendezvous_free(s->rv);
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
        [NOTE_NO_RESTART] = "no restart",      [NOTE_NEWCOMER] = "newcomer",
        [NOTE_NO_PLACE] = "no place",          [NOTE_OTHERS_GO_ON] = "the others go on",
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
    tell(s, "%s: %s; ", a->problem == PROBLEM_GOODBYE ? "goodbye" : "problem", out);
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
    case ACTION_HOLD:
        tell(s, "hold %u; ", a->session);
        break;
    case ACTION_ADMIT:
        tell(s, "admit %u; ", a->session);
        break;
    case ACTION_REFUSE:
        tell(s, "refuse %u: %s; ", a->session, a->text);
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
    case ACTION_DOUBT:
        tell(s, "doubt %u; ", a->session);
        break;
    case ACTION_BELIEVE:
        tell(s, "believe %u; ", a->session);
        break;
    case ACTION_SEND_MISFIT:
        tell(s, "%s is a misfit; ", a->peer);
        break;
    case ACTION_PARTED:
        tell(s, "%u has parted; ", a->partner);
        break;
    case ACTION_GONE:
        tell(s, "%u is gone; ", a->partner);
        break;
    case ACTION_PROBLEM:
        tell_problem(s, a);
        break;
    case ACTION_STATUS:
        s->retry_in_us = a->retry_in_us;
        tell(s, "[%s%s] ", keeper_state_name(a->state), a->is_alone ? " alone" : "");
        break;
    case ACTION_PATH:
        tell(s, "path of %u%s; ", a->session, a->was_broken ? " again" : "");
        break;
    case ACTION_NOTE:
        tell_note(s, a);
        break;
    }
}

void feed_event(struct scene *s, const struct event *event)
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

void expect(struct scene *s, const char *story)
{
    size_t len = strlen(s->story);
    if (len > 0 && s->story[len - 1] == ' ')
        s->story[len - 1] = '\0';
    assert_string_equal(s->story, story);
    s->story[0] = '\0';
}

void forget(struct scene *s)
{
    s->story[0] = '\0';
}

/* ---- what happens ---- */

uint64_t deadline_in_us(struct scene *s)
{
    uint64_t at_us = rendezvous_deadline_us(s->rv);
    return at_us == TIME_NEVER ? TIME_NEVER : at_us - s->now_us;
}

void wait_us(struct scene *s, uint64_t us)
{
    uint64_t until_us = s->now_us + us;
    while (rendezvous_deadline_us(s->rv) <= until_us) {
        s->now_us = rendezvous_deadline_us(s->rv);
        FEED(s, .type = EVENT_DEADLINE);
    }
    s->now_us = until_us;
}

void join(struct scene *s, char *peer, bool is_resumed)
{
    FEED(s, .type = EVENT_JOINED, .peers = &peer, .peer_count = peer ? 1 : 0,
         .is_resumed = is_resumed);
}

void describe(struct scene *s, enum event_type type, const char *peer, unsigned session,
              const uint8_t *process)
{
    FEED(s, .type = type, .peer = peer,
         .description = {.sdp = "sdp", .process = process, .session = session});
}

void become_ready(struct scene *s, unsigned session)
{
    FEED(s, .type = EVENT_READY, .session = session);
    FEED(s, .type = EVENT_MEASURED, .session = session);
}

void meet(struct scene *s, const char *peer, const uint8_t *process)
{
    FEED(s, .type = EVENT_PEER_JOINED, .peer = peer);
    describe(s, EVENT_ANSWER, peer, 0, process);
}

struct scene scene_joined(enum mux_role role, char *peer)
{
    struct scene s = scene_new(role, 1);
    wait_us(&s, 0);
    join(&s, peer, false);
    forget(&s);
    return s;
}

struct scene scene_up(enum mux_role role)
{
    struct scene s = scene_joined(role, NULL);
    meet(&s, "b", process_b);
    become_ready(&s, 1);
    forget(&s);
    return s;
}

void lose_signal(struct scene *s)
{
    FEED(s, .type = EVENT_SIGNAL_LOST, .text = "the signal server is gone");
}

void meet_anew(struct scene *s, char *peer)
{
    lose_signal(s);
    wait_us(s, US_PER_S);
    join(s, peer, false);
    forget(s);
}

void change_path(struct scene *s, enum peer_path_state path)
{
    FEED(s, .type = EVENT_PATH, .session = 1, .path = path);
}
