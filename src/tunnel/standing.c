/*
 * Make before break: only when a session is ready does the one before make
 * way. That drains, and is closed by the consumer when it has no streams,
 * because only the consumer knows that it will open no more. With another
 * certificate at its other end it belonged to another process: what it had
 * open there is lost, so it is closed, not drained.
 */
#include "tunnel/standing.h"

void standing_init(struct standing *s, uint32_t partner, uint64_t seed)
{
    *s = (struct standing){.partner = partner, .doubt = doubt_none()};
    restart_init(&s->restart, seed);
}

bool standing_has(const struct standing *s, unsigned session)
{
    return session > 0 && (session == s->current.session || session == s->draining.session);
}

/* For those that use its sessions. */
static void tell(const struct standing *s, enum action_type type, unsigned session,
                 struct actions *out)
{
    actions_push(out, &(struct action){.type = type, .session = session, .partner = s->partner});
}

static void retire(struct standing *s, const struct pact *old, struct actions *out)
{
    if (!pact_is_same(&s->current, old)) {
        actions_close(out, old->session, "the other side was restarted");
        return;
    }
    if (s->draining.session)
        actions_close(out, s->draining.session, "the session was replaced twice");
    s->draining = *old;
    /* It may have been replaced because it is dead. What it holds must not
     * hang until silence shows that. */
    actions_do(out, ACTION_DRAIN, old->session);
    actions_do(out, ACTION_PROBE, old->session);
}

void standing_succeed(struct standing *s, const struct pact *pact, struct actions *out)
{
    struct pact old = s->current;
    s->current = *pact;
    restart_reset(&s->restart);
    s->doubt = doubt_none();
    s->was_up = true;
    tell(s, ACTION_UP, pact->session, out);
    if (old.session)
        retire(s, &old, out);
}

bool standing_contest(struct standing *s, const struct pact *pact, uint64_t *until_us,
                      struct actions *out, uint64_t now_us)
{
    if (s->current.session == 0 || pact_is_same(&s->current, pact))
        return true;
    standing_ask(s, out, now_us);
    *until_us = s->doubt.asked_us + DOUBT_MAKES_WAY_US;
    return now_us >= *until_us;
}

/* ---- whether the current one is alive ---- */

static void tell_doubt(struct standing *s, struct actions *out)
{
    bool is_doubtful = doubt_is_asked(&s->doubt) || !restart_has_path(&s->restart);
    if (is_doubtful == s->doubt.is_told)
        return;
    s->doubt.is_told = is_doubtful;
    tell(s, is_doubtful ? ACTION_DOUBT : ACTION_BELIEVE, s->current.session, out);
}

void standing_ask(struct standing *s, struct actions *out, uint64_t now_us)
{
    /* Once: asked again and again, it would have time again and again. */
    if (s->current.session == 0 || doubt_is_asked(&s->doubt))
        return;
    actions_do(out, ACTION_PROBE, s->current.session);
    standing_on_asked(s, out, now_us);
}

void standing_on_asked(struct standing *s, struct actions *out, uint64_t now_us)
{
    s->doubt.asked_us = now_us;
    tell_doubt(s, out);
}

void standing_on_alive(struct standing *s, struct actions *out)
{
    s->doubt.asked_us = TIME_NEVER;
    tell_doubt(s, out);
}

void standing_miss(struct standing *s, struct actions *out, uint64_t now_us)
{
    /* Where the path is silent, it cannot answer, and may not have to. */
    if (restart_has_path(&s->restart))
        standing_ask(s, out, now_us);
}

void standing_meet(struct standing *s, const uint8_t *process, struct actions *out, uint64_t now_us)
{
    if (!pact_is_with(&s->current, process))
        standing_miss(s, out, now_us);
}

/* ---- what becomes of them ---- */

void standing_on_idle(struct standing *s, unsigned session, enum mux_role role, struct actions *out)
{
    if (session != s->draining.session || role != MUX_CONSUMER)
        return;
    s->draining = (struct pact){0};
    actions_close(out, session, "the session was replaced");
}

/* text: NULL: the last problem's. */
static void end_current(struct standing *s, const char *text, struct actions *out)
{
    unsigned session = s->current.session;
    s->current = (struct pact){0};
    restart_reset(&s->restart);
    s->doubt = doubt_none();
    tell(s, ACTION_DOWN, session, out);
    actions_close(out, session, text);
}

bool standing_on_closed(struct standing *s, const struct event *event, struct actions *out)
{
    if (event->session == s->draining.session) {
        s->draining = (struct pact){0};
        actions_close(out, event->session, event->text);
        return false;
    }
    bool had_path = restart_has_path(&s->restart);
    actions_problem(out, event->is_goodbye ? PROBLEM_GOODBYE : PROBLEM_ENDED,
                    had_path ? 0 : event->session, event->text);
    end_current(s, NULL, out);
    return true;
}

void standing_give_way(struct standing *s, struct actions *out)
{
    static const char text[] = "it does not answer, and another one has taken its place";
    actions_problem(out, PROBLEM_ENDED, 0, text);
    end_current(s, text, out);
}

void standing_on_fed(struct standing *s, const struct event *event, struct actions *out,
                     uint64_t now_us)
{
    if (event->text)
        actions_note(out, NOTE_OF_NO_USE, event->text);
    if (event->session != s->current.session || event->is_offering)
        return;
    if (event->sdp_type == SDP_OFFER)
        restart_yield(&s->restart, now_us);
    else
        restart_on_answer(&s->restart, now_us);
}

void standing_on_path(struct standing *s, enum peer_path_state path, struct actions *out)
{
    bool was_broken = restart_set_path(&s->restart, path);
    if (restart_has_path(&s->restart))
        actions_push(out, &(struct action){.type = ACTION_PATH,
                                           .state = KEEPER_UP,
                                           .session = s->current.session,
                                           .partner = s->partner,
                                           .was_broken = was_broken});
    if (path != PEER_PATH_WORKS)
        restart_want(&s->restart, restart_reason_of(path));
    tell_doubt(s, out);
}

void standing_lose_signal(struct standing *s, struct actions *out)
{
    /* Whether our last offer or answer arrived, nobody knows. */
    if (s->current.session)
        actions_do(out, ACTION_ABANDON_RESTART, s->current.session);
    restart_recall(&s->restart);
}

/* ---- restarts ---- */

void standing_try_restart(struct standing *s, struct actions *out, uint64_t now_us)
{
    struct restart *r = &s->restart;
    if (s->current.session == 0 || !restart_is_wanted(r) || now_us < r->not_before_us)
        return;
    actions_note(out, NOTE_RESTART, restart_reason_text(r->wanted_for));
    restart_begin(r, now_us);
    actions_do(out, ACTION_RESTART, s->current.session);
}

bool standing_offer_restart(struct standing *s, const uint8_t *process, struct actions *out,
                            uint64_t now_us)
{
    struct restart *r = &s->restart;
    if (r->state != RESTART_AT_REST || !pact_is_with(&s->current, process))
        return false;
    r->not_before_us = now_us;
    if (!restart_is_wanted(r))
        restart_want(r, RESTART_MET_AGAIN);
    standing_try_restart(s, out, now_us);
    return r->state == RESTART_UNDER_WAY;
}

void standing_abandon_restart(struct standing *s, struct actions *out)
{
    if (s->restart.state != RESTART_UNDER_WAY)
        return;
    actions_do(out, ACTION_ABANDON_RESTART, s->current.session);
    restart_settle(&s->restart);
}

void standing_refuse_restart(struct standing *s, struct actions *out)
{
    standing_abandon_restart(s, out);
    restart_refuse(&s->restart);
    actions_note(out, NOTE_NO_RESTART, NULL);
}

/* It was not answered. With a path that works, be it the relay, it may be
 * another time. */
static bool give_up_restart(struct standing *s, struct actions *out, uint64_t now_us)
{
    standing_abandon_restart(s, out);
    actions_note(out, NOTE_NO_RESTART, NULL);
    if (restart_has_path(&s->restart)) {
        restart_on_answer(&s->restart, now_us);
        return false;
    }
    restart_refuse(&s->restart);
    return true;
}

bool standing_on_restart_deadline(struct standing *s, struct actions *out, uint64_t now_us)
{
    if (s->restart.state == RESTART_UNDER_WAY)
        return give_up_restart(s, out, now_us);
    restart_insist(&s->restart);
    return false;
}
