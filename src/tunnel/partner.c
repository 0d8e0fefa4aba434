/*
 * A description is about a session that stands, or asks for a new one. The
 * first is a restart, of which either side may make the first offer; when two
 * cross, the peers sort it out (rtc/peer_signal.c). A peer that cannot restart
 * makes a new session of the offer or keeps its credentials, which shows in its
 * answer, or does not answer at all. Then we do what is done without restarts:
 * offer a new session, or leave and come back so that the other side does.
 *
 * After both have lost the signal server, the one who stayed offers a new
 * session to whom he takes for a newcomer; a newcomer whose session with that
 * process still stands offers its restart instead of an answer, since there is
 * nothing that a new session would be better for.
 *
 * A newcomer that is ready while a session with another process stands waits
 * until that one was asked. It is asked when the newcomer describes itself, so
 * that who comes in the place of a process that was killed does not wait.
 */
#include "tunnel/partner.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

struct partner *partner_new(enum mux_role role, uint32_t number, uint64_t seed,
                            struct restraint *all, struct actions *out)
{
    struct partner *p = xcalloc(1, sizeof *p);
    list_init(&p->link);
    p->number = number;
    p->role = role;
    p->out = out;
    restraint_init(&p->restraint, all, RESTRAINT_FREE, seed);
    backoff_init(&p->backoff, PARTNER_BACKOFF_FIRST_US, PARTNER_BACKOFF_MOST_US, seed);
    negotiation_init(&p->negotiation, p->peer, &p->restraint);
    standing_init(&p->standing, number, seed);
    return p;
}

void partner_free(struct partner *p)
{
    list_remove(&p->link);
    free(p);
}

void partner_set_peer(struct partner *p, const char *peer)
{
    snprintf(p->peer, sizeof p->peer, "%s", peer ? peer : "");
}

bool partner_has(const struct partner *p, unsigned session)
{
    return session > 0 &&
           (session == p->negotiation.pact.session || standing_has(&p->standing, session));
}

bool partner_is_up(const struct partner *p)
{
    return p->standing.current.session > 0;
}

bool partner_is_over(const struct partner *p)
{
    return !p->is_there && p->negotiation.state == NEGOTIATION_NONE && !partner_is_up(p) &&
           p->standing.draining.session == 0;
}

bool partner_is_negotiating(const struct partner *p)
{
    enum negotiation_state state = p->negotiation.state;
    bool is_leaving = p->has_said_goodbye && state == NEGOTIATION_DUE;
    return state != NEGOTIATION_NONE && !is_leaving;
}

/* With a session up, the next one is negotiated when that one ends. */
static enum verdict judge(const struct partner *p, enum verdict verdict)
{
    if (verdict == VERDICT_GO_ON || !partner_is_up(p))
        return verdict;
    actions_note(p->out, NOTE_OLD_GOES_ON, NULL);
    return VERDICT_GO_ON;
}

/* ---- the room ---- */

static void send(const struct partner *p, struct action action)
{
    snprintf(action.peer, sizeof action.peer, "%s", p->peer);
    actions_push(p->out, &action);
}

void partner_await(struct partner *p, uint64_t now_us)
{
    uint64_t patience_us = partner_is_up(p) ? PARTNER_AWAIT_US : NEGOTIATION_PATIENCE_US;
    negotiation_await(&p->negotiation, now_us + patience_us);
}

void partner_offer(struct partner *p, uint64_t now_us)
{
    p->waits_for_place = false;
    standing_abandon_restart(&p->standing, p->out);
    negotiation_offer(&p->negotiation, p->out, now_us);
}

/* Its first offer and ours have crossed, and ours counts. */
static bool crosses_ours(const struct partner *p, uint64_t now_us)
{
    const struct negotiation *n = &p->negotiation;
    uint64_t offered_us = n->deadline_us - NEGOTIATION_PATIENCE_US;
    return p->is_shared && p->role == MUX_CONSUMER && negotiation_is_unanswered(n) &&
           now_us < offered_us + PARTNER_CROSS_US;
}

/* An offer is awaited that is not needed. */
static bool awaits_spare(const struct partner *p)
{
    return p->negotiation.state == NEGOTIATION_AWAITED && partner_is_up(p);
}

void partner_take_offer(struct partner *p, const struct description *d, bool in_room,
                        uint64_t now_us)
{
    struct negotiation *n = &p->negotiation;
    bool is_spare = awaits_spare(p);
    if (is_spare)
        negotiation_drop(n, NULL, p->out);
    if (standing_has(&p->standing, d->session)) {
        if (d->session == p->standing.current.session)
            negotiation_drop(n, "the session goes on", p->out);
        actions_feed(p->out, d->session, SDP_OFFER, d->sdp);
        return;
    }
    if (crosses_ours(p, now_us))
        return;
    bool can_restart = is_spare && in_room && p->is_there;
    if (can_restart && standing_offer_restart(&p->standing, d->process, p->out, now_us))
        return;
    standing_abandon_restart(&p->standing, p->out);
    negotiation_take_offer(n, d, p->out, now_us);
    if (n->state == NEGOTIATION_ANSWERED)
        standing_meet(&p->standing, d->process, p->out, now_us);
    /* Ours must not be taken for one that crosses this one. */
    if (p->is_shared && n->state == NEGOTIATION_DUE && n->deadline_us < now_us + PARTNER_CROSS_US)
        n->deadline_us = now_us + PARTNER_CROSS_US;
}

static enum verdict take_first_answer(struct partner *p, const struct description *d,
                                      uint64_t now_us)
{
    bool is_awaited = p->negotiation.state == NEGOTIATION_OFFERED;
    enum verdict verdict = judge(p, negotiation_take_answer(&p->negotiation, d, p->out, now_us));
    if (is_awaited && p->negotiation.state == NEGOTIATION_OFFERED)
        standing_meet(&p->standing, d->process, p->out, now_us);
    return verdict;
}

static void refuse_restart(struct partner *p, uint64_t now_us)
{
    standing_refuse_restart(&p->standing, p->out);
    partner_offer(p, now_us);
}

enum verdict partner_take_answer(struct partner *p, const struct description *d, uint64_t now_us)
{
    if (standing_has(&p->standing, d->session)) {
        actions_feed(p->out, d->session, SDP_ANSWER, d->sdp);
        return VERDICT_GO_ON;
    }
    if (p->standing.restart.state != RESTART_UNDER_WAY)
        return take_first_answer(p, d, now_us);
    refuse_restart(p, now_us);
    return VERDICT_GO_ON;
}

enum verdict partner_on_refused(struct partner *p)
{
    return judge(p, negotiation_on_refused(&p->negotiation, p->out));
}

/* It belongs to the session whose ufrag it bears. */
void partner_take_candidate(struct partner *p, const char *text)
{
    const struct standing *s = &p->standing;
    actions_push(p->out, &(struct action){
                             .type = ACTION_FEED_CANDIDATE,
                             .session = p->negotiation.pact.session,
                             .others = {s->current.session, s->draining.session},
                             .text = text,
                         });
}

void partner_absorb(struct partner *p, struct partner *member, uint64_t now_us)
{
    partner_set_peer(p, member->peer);
    p->is_there = true;
    p->is_shared = true;
    member->is_there = false;
    member->waits_for_place = false;
    if (member->negotiation.state == NEGOTIATION_AWAITED) {
        negotiation_drop(&member->negotiation, NULL, member->out);
        partner_await(p, now_us);
    } else if (member->negotiation.state != NEGOTIATION_NONE) {
        negotiation_move(&p->negotiation, &member->negotiation, p->out);
    }
}

void partner_retry(struct partner *p, bool is_late, uint64_t now_us)
{
    if (p->negotiation.state != NEGOTIATION_NONE)
        return;
    if (is_late)
        backoff_exhaust(&p->backoff);
    negotiation_schedule(&p->negotiation, now_us + backoff_next_us(&p->backoff));
}

bool partner_calm_down(struct partner *p, uint64_t now_us)
{
    if (!restraint_calm_down(&p->restraint, now_us))
        return false;
    backoff_reset(&p->backoff);
    return true;
}

enum verdict partner_leave(struct partner *p, uint64_t now_us)
{
    p->is_there = false;
    p->waits_for_place = false;
    enum verdict verdict = negotiation_on_left(&p->negotiation, partner_is_up(p), p->out, now_us);
    standing_ask(&p->standing, p->out, now_us);
    return verdict;
}

void partner_lose_signal(struct partner *p)
{
    p->is_there = false;
    p->waits_for_place = false;
    if (p->negotiation.state == NEGOTIATION_AWAITED || p->negotiation.state == NEGOTIATION_DUE)
        negotiation_drop(&p->negotiation, NULL, p->out);
    standing_lose_signal(&p->standing, p->out);
}

/* ---- its sessions ---- */

static enum verdict on_described(struct partner *p, const struct event *event)
{
    send(p, (struct action){.type = ACTION_SEND_DESCRIPTION,
                            .sdp_type = event->sdp_type,
                            .text = event->text});
    if (standing_has(&p->standing, event->session))
        return VERDICT_GO_ON;
    return judge(p, negotiation_on_described(&p->negotiation, event->sdp_type, p->out));
}

static enum verdict on_fed(struct partner *p, const struct event *event, uint64_t now_us)
{
    if (!standing_has(&p->standing, event->session))
        return judge(p, negotiation_on_fed(&p->negotiation, event, p->out));
    standing_on_fed(&p->standing, event, p->out, now_us);
    return VERDICT_GO_ON;
}

static void admit(struct partner *p, uint64_t now_us)
{
    struct pact pact = negotiation_conclude(&p->negotiation, p->out);
    bool is_known = pact_is_same(&p->standing.current, &pact);
    standing_succeed(&p->standing, &pact, p->out);
    p->is_known_to_fail = false;
    p->has_said_goodbye = false;
    restraint_on_up(p->negotiation.restraint, is_known, now_us);
}

static void on_ready(struct partner *p, uint64_t now_us)
{
    struct negotiation *n = &p->negotiation;
    uint64_t until_us;
    if (standing_contest(&p->standing, &n->pact, &until_us, p->out, now_us))
        admit(p, now_us);
    else
        negotiation_contest(n, until_us, p->out);
}

/* In a shared room both live, so the id is not this one's: a server had mixed
 * them up. The newcomer comes again, and is another partner then. */
static void on_alive(struct partner *p)
{
    standing_on_alive(&p->standing, p->out);
    if (p->negotiation.state != NEGOTIATION_CONTESTED)
        return;
    negotiation_refuse(&p->negotiation, p->role == MUX_CONSUMER ? MUX_PROVIDER : MUX_CONSUMER,
                       p->out);
    if (!p->is_shared)
        return;
    partner_set_peer(p, NULL);
    p->is_there = false;
}

/* The time that was slept through was none in which it could answer. */
static void on_woken(struct partner *p, uint64_t now_us)
{
    standing_on_asked(&p->standing, p->out, now_us);
    if (p->negotiation.state == NEGOTIATION_CONTESTED)
        p->negotiation.deadline_us = now_us + DOUBT_MAKES_WAY_US;
}

static enum verdict on_closed(struct partner *p, const struct event *event, uint64_t now_us)
{
    if (!standing_has(&p->standing, event->session))
        return judge(p, negotiation_on_closed(&p->negotiation, event, p->out));
    if (!standing_on_closed(&p->standing, event, p->out))
        return VERDICT_GO_ON;
    p->has_said_goodbye = event->is_goodbye;
    restraint_on_down(p->negotiation.restraint, event->is_goodbye);
    if (p->negotiation.state == NEGOTIATION_CONTESTED)
        admit(p, now_us);
    if (p->negotiation.pact.session || partner_is_up(p))
        return VERDICT_GO_ON;
    return event->is_shut_out ? VERDICT_SHUT_OUT : VERDICT_RETURN;
}

enum verdict partner_on_event(struct partner *p, const struct event *event, uint64_t now_us)
{
    bool is_current = event->session == p->standing.current.session;
    switch (event->type) {
    case EVENT_DESCRIBED:
        return on_described(p, event);
    case EVENT_GATHERED:
        send(p, (struct action){.type = ACTION_SEND_CANDIDATE, .text = event->text});
        break;
    case EVENT_FED:
        return on_fed(p, event, now_us);
    case EVENT_NO_RESTART:
        if (is_current)
            refuse_restart(p, now_us);
        break;
    case EVENT_READY:
        if (event->session == p->negotiation.pact.session)
            on_ready(p, now_us);
        break;
    case EVENT_WOKEN:
        if (is_current)
            on_woken(p, now_us);
        break;
    case EVENT_ALIVE:
        if (is_current)
            on_alive(p);
        break;
    case EVENT_IDLE:
        standing_on_idle(&p->standing, event->session, p->role, p->out);
        break;
    case EVENT_PATH:
        if (is_current)
            standing_on_path(&p->standing, event->path, p->out);
        break;
    case EVENT_CLOSED:
        return on_closed(p, event, now_us);
    default: /* EVENT_MEASURED is for a person */
        break;
    }
    return VERDICT_GO_ON;
}

/* ---- time ---- */

static bool may_restart(const struct partner *p, bool in_room)
{
    bool is_free =
        p->negotiation.state == NEGOTIATION_NONE || p->negotiation.state == NEGOTIATION_DUE;
    return in_room && p->is_there && is_free;
}

void partner_try_restart(struct partner *p, bool in_room, uint64_t now_us)
{
    if (may_restart(p, in_room))
        standing_try_restart(&p->standing, p->out, now_us);
}

uint64_t partner_deadline_us(const struct partner *p, bool in_room)
{
    uint64_t restart_us = restart_deadline_us(&p->standing.restart, may_restart(p, in_room));
    uint64_t negotiation_us = negotiation_deadline_us(&p->negotiation);
    return restart_us < negotiation_us ? restart_us : negotiation_us;
}

static void wait_for_place(struct partner *p)
{
    negotiation_drop(&p->negotiation, NULL, p->out);
    p->waits_for_place = true;
}

/* Nobody can have answered who is not in the room with us. */
static enum verdict give_up(struct partner *p)
{
    enum verdict verdict = negotiation_give_up(&p->negotiation, p->out);
    return verdict == VERDICT_UNANSWERED && !p->is_there ? VERDICT_RETURN : verdict;
}

static enum verdict on_negotiation_deadline(struct partner *p, bool has_place, uint64_t now_us)
{
    struct negotiation *n = &p->negotiation;
    if (n->state == NEGOTIATION_CONTESTED)
        admit(p, now_us);
    else if (n->state == NEGOTIATION_DUE && !has_place && p->role == MUX_CONSUMER)
        wait_for_place(p);
    else if (n->state == NEGOTIATION_DUE)
        partner_offer(p, now_us);
    else if (awaits_spare(p))
        negotiation_drop(n, NULL, p->out);
    else
        return judge(p, give_up(p));
    return VERDICT_GO_ON;
}

enum verdict partner_on_deadline(struct partner *p, bool has_place, uint64_t now_us)
{
    enum verdict verdict = VERDICT_GO_ON;
    if (now_us >= negotiation_deadline_us(&p->negotiation))
        verdict = on_negotiation_deadline(p, has_place, now_us);
    if (now_us >= restart_deadline_us(&p->standing.restart, false) &&
        standing_on_restart_deadline(&p->standing, p->out, now_us))
        verdict = VERDICT_RETURN;
    return verdict;
}
