/*
 * One switch over what happens. An event about a session goes to the partner
 * that has it; one from the room to the partner with that id. At the end of
 * each, once: restarts that may begin begin, and the owner hears in which
 * state we are if that is news.
 */
#include "tunnel/rendezvous.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tunnel/partners.h"
#include "tunnel/visit.h"

struct rendezvous {
    struct visit visit;
    struct partners partners;
    struct actions out;
    bool consumer_offers; /* see rendezvous.h */
    enum keeper_state told;
    uint64_t alone_at_us; /* when waiting becomes news once more */
};

static bool in_room(const struct rendezvous *rv)
{
    return rv->visit.state == VISIT_JOINED;
}

/* ---- the visit ---- */

static void leave(struct rendezvous *rv)
{
    if (rv->visit.state == VISIT_AWAY)
        return;
    partners_lose_signal(&rv->partners);
    actions_do(&rv->out, ACTION_LEAVE, 0);
}

static void retry(struct rendezvous *rv, uint64_t now_us)
{
    leave(rv);
    visit_leave(&rv->visit, now_us);
}

static void connect(struct rendezvous *rv)
{
    leave(rv);
    visit_connect(&rv->visit);
    actions_do(&rv->out, ACTION_CONNECT, 0);
}

/* Who is not a guest leaves the place to those that are. Of a provider nobody
 * else could take it, and a guest could send it away. */
static bool must_retreat(const struct rendezvous *rv, const struct partner *p, enum verdict verdict)
{
    bool is_refused = verdict == VERDICT_UNANSWERED || verdict == VERDICT_SHUT_OUT;
    return is_refused && rv->consumer_offers && p->role == MUX_CONSUMER;
}

static void retreat(struct rendezvous *rv, enum verdict verdict, uint64_t now_us)
{
    leave(rv);
    visit_retreat(&rv->visit, verdict == VERDICT_SHUT_OUT, now_us);
}

/* It is of no use, which the server does not know. */
static void dismiss(struct rendezvous *rv, struct partner *p)
{
    struct action action = {.type = ACTION_SEND_MISFIT};
    snprintf(action.peer, sizeof action.peer, "%s", p->peer);
    actions_push(&rv->out, &action);
    p->is_there = false;
}

/* In a shared room, where others must not notice: we can offer to who is there
 * already. But a provider has nobody to offer to where signalling is sealed,
 * before it has heard him. */
static void obey_shared(struct rendezvous *rv, struct partner *p, enum verdict verdict,
                        uint64_t now_us)
{
    bool is_refused = must_retreat(rv, p, verdict);
    bool is_lost = !partner_is_up(p); /* or its restart was not answered, and it goes on */
    if (is_lost && partners_are_up(&rv->partners) && !p->is_known_to_fail)
        actions_note(&rv->out, NOTE_OTHERS_GO_ON, NULL);
    p->is_known_to_fail = p->is_known_to_fail || is_lost;
    if (verdict == VERDICT_STAY || verdict == VERDICT_MISFIT || verdict == VERDICT_RETURN_LATE)
        dismiss(rv, p);
    else if (is_refused && !partners_are_up(&rv->partners))
        retreat(rv, verdict, now_us);
    else if (p->is_there && (p->role == MUX_CONSUMER || !rv->consumer_offers))
        partner_retry(p, is_refused, now_us);
}

static void obey(struct rendezvous *rv, struct partner *p, enum verdict verdict, uint64_t now_us)
{
    bool is_away = rv->visit.state == VISIT_AWAY;
    if (verdict != VERDICT_GO_ON && rv->partners.is_shared && in_room(rv)) {
        obey_shared(rv, p, verdict, now_us);
        return;
    }
    if (must_retreat(rv, p, verdict)) {
        retreat(rv, verdict, now_us);
        return;
    }
    if (verdict < VERDICT_RETURN || !(p->is_there || is_away))
        return;
    /* While we are away, others count on the time that was set. */
    if (is_away && partners_are_up(&rv->partners))
        return;
    if (verdict == VERDICT_RETURN_LATE)
        backoff_exhaust(&rv->visit.backoff);
    retry(rv, now_us);
}

/* ---- events of the room ---- */

/* Which of the two that meet makes the offer. */
static void meet(struct rendezvous *rv, const char *peer, bool came_first, uint64_t now_us)
{
    struct partner *p = partners_meet(&rv->partners, peer);
    if (!p)
        return;
    bool offers = rv->consumer_offers ? p->role == MUX_CONSUMER : came_first;
    if (offers && p->role == MUX_CONSUMER && !partners_have_place(&rv->partners, p))
        p->waits_for_place = true;
    else if (offers)
        partner_offer(p, now_us);
    else
        partner_await(p, now_us);
}

/* Who has not noticed that we were away will not offer, unless it always
 * does. */
static void meet_again(struct rendezvous *rv, const char *peer, uint64_t now_us)
{
    const struct partner *p = partners_meet(&rv->partners, peer);
    if (p && !partner_is_up(p) && !p->negotiation.pact.session)
        meet(rv, peer, true, now_us);
}

static void on_joined(struct rendezvous *rv, const struct event *event, uint64_t now_us)
{
    bool was_missed = visit_join(&rv->visit);
    partners_set_shared(&rv->partners, event->is_shared);
    if (was_missed && partners_are_up(&rv->partners))
        actions_note(&rv->out, NOTE_SIGNAL_BACK, NULL);
    if (event->peer_count == 0)
        backoff_reset(&rv->visit.backoff);
    for (size_t i = 0; i < event->peer_count; i++) {
        if (event->is_resumed)
            meet_again(rv, event->peers[i], now_us);
        else
            meet(rv, event->peers[i], false, now_us);
    }
    /* Where there are two, the newcomer's description tells. */
    if (event->is_shared)
        partners_ask_absent(&rv->partners, now_us);
}

static void on_peer_left(struct rendezvous *rv, const struct event *event, uint64_t now_us)
{
    struct partner *p = partners_find_peer(&rv->partners, event->peer);
    if (p)
        obey(rv, p, partner_leave(p, now_us), now_us);
}

static void on_description(struct rendezvous *rv, const struct event *event, uint64_t now_us)
{
    const struct description *d = &event->description;
    struct partner *p = partners_meet_process(&rv->partners, event->peer, d, now_us);
    if (!p)
        return;
    if (event->type == EVENT_OFFER)
        partner_take_offer(p, d, in_room(rv), now_us);
    else
        obey(rv, p, partner_take_answer(p, d, now_us), now_us);
    visit_on_answer(&rv->visit);
}

static void on_refused(struct rendezvous *rv, const struct event *event, uint64_t now_us)
{
    struct partner *p = partners_find_peer(&rv->partners, event->peer);
    if (p)
        obey(rv, p, partner_on_refused(p), now_us);
}

static void on_candidate(struct rendezvous *rv, const struct event *event)
{
    struct partner *p = partners_meet(&rv->partners, event->peer);
    if (p)
        partner_take_candidate(p, event->text);
}

static void on_signal_error(struct rendezvous *rv, const struct event *event, uint64_t now_us)
{
    if (in_room(rv)) { /* about a message of ours, not about our place */
        actions_note(&rv->out, NOTE_SIGNAL_SAYS, event->text);
        return;
    }
    bool is_full = event->code == SIGNAL_CODE_ROOM_FULL;
    actions_problem(&rv->out, is_full ? PROBLEM_ROOM_FULL : PROBLEM_SIGNAL_REFUSES, 0, event->text);
    retry(rv, now_us);
}

static void on_signal_lost(struct rendezvous *rv, const struct event *event, uint64_t now_us)
{
    if (visit_miss(&rv->visit) && partners_are_up(&rv->partners))
        actions_note(&rv->out, NOTE_SIGNAL_AWAY, event->text);
    actions_problem(&rv->out, PROBLEM_SIGNAL_LOST, 0, event->text);
    retry(rv, now_us);
}

/* ---- events of sessions and of this machine ---- */

static void on_session_event(struct rendezvous *rv, const struct event *event, uint64_t now_us)
{
    struct partner *p = partners_find_session(&rv->partners, event->session);
    if (!p)
        return;
    bool was_current = event->session == p->standing.current.session;
    bool was_calm = p->restraint.is_calm;
    bool is_ready = event->type == EVENT_READY && event->session == p->negotiation.pact.session;
    if (is_ready && !partners_admit(&rv->partners, p, now_us))
        return;
    enum verdict verdict = partner_on_event(p, event, now_us);
    bool is_current = event->session == p->standing.current.session;
    /* Another one is needed now, also when the next visit was far off. */
    if (was_current && !is_current && was_calm)
        backoff_reset(&rv->visit.backoff);
    /* What stopped the path may have stopped signalling, too. */
    bool is_broken = event->type == EVENT_PATH && event->path != PEER_PATH_WORKS;
    if (is_broken && is_current && rv->visit.state != VISIT_AWAY)
        actions_do(&rv->out, ACTION_PROBE_SIGNAL, 0);
    if (was_current && !partner_is_up(p) && partners_are_up(&rv->partners)) {
        p->is_known_to_fail = true;
        actions_push(&rv->out, &(struct action){.type = ACTION_PARTED, .partner = p->number});
    }
    obey(rv, p, verdict, now_us);
}

static void on_addresses(struct rendezvous *rv, const struct event *event)
{
    bool matters = partners_outdate(&rv->partners, event->outdated, event->outdated_count);
    /* Signalling, where its address is gone or its next try is far off. */
    if (rv->visit.state == VISIT_AWAY || event->is_cut_off || (matters && !in_room(rv)))
        connect(rv);
    else if (matters)
        actions_do(&rv->out, ACTION_PROBE_SIGNAL, 0);
}

static void on_deadline(struct rendezvous *rv, uint64_t now_us)
{
    if (now_us >= rv->visit.return_at_us)
        connect(rv);
    LIST_EACH(at, next, &rv->partners.list) {
        struct partner *p = partner_at(at);
        bool has_place = partners_have_place(&rv->partners, p);
        bool is_decided =
            p->negotiation.state == NEGOTIATION_CONTESTED && now_us >= p->negotiation.deadline_us;
        if (!is_decided || partners_admit(&rv->partners, p, now_us))
            obey(rv, p, partner_on_deadline(p, has_place, now_us), now_us);
    }
}

/* ---- behind each event ---- */

static enum keeper_state state_of(const struct rendezvous *rv)
{
    if (rv->visit.state != VISIT_JOINED)
        return rv->visit.state == VISIT_AWAY ? KEEPER_RETRYING : KEEPER_CONNECTING;
    return partners_are_negotiating(&rv->partners) ? KEEPER_NEGOTIATING : KEEPER_WAITING;
}

/* Whether that state has just lasted so long that it is news. */
static bool has_waited_long(struct rendezvous *rv, enum keeper_state state, uint64_t now_us)
{
    if (state == KEEPER_WAITING && rv->told != KEEPER_WAITING)
        rv->alone_at_us = now_us + RENDEZVOUS_ALONE_US;
    bool is_due = state == KEEPER_WAITING && now_us >= rv->alone_at_us;
    if (is_due || state != KEEPER_WAITING)
        rv->alone_at_us = TIME_NEVER;
    return is_due;
}

/* 0: we try now, or wait for others. */
static uint64_t retry_in_us(const struct rendezvous *rv, uint64_t now_us)
{
    bool is_away = rv->visit.state == VISIT_AWAY;
    uint64_t at_us = is_away ? rv->visit.return_at_us : partners_retry_at_us(&rv->partners);
    return at_us > now_us ? at_us - now_us : 0;
}

/* While a session is up, what happens around it concerns only the log. */
static void report(struct rendezvous *rv, const struct event *event, uint64_t now_us)
{
    struct action status = {.type = ACTION_STATUS, .retry_in_us = retry_in_us(rv, now_us)};
    struct partner *p = partners_find_session(&rv->partners, event->session);
    bool has_come_up =
        event->type == EVENT_MEASURED && p && event->session == p->standing.current.session;
    if (has_come_up) {
        status.state = KEEPER_UP;
        status.session = event->session;
        status.partner = p->number;
    } else if (partners_are_up(&rv->partners)) {
        rv->alone_at_us = TIME_NEVER;
        return;
    } else {
        status.state = state_of(rv);
    }
    status.is_alone = has_waited_long(rv, status.state, now_us);
    bool is_news =
        has_come_up || status.state != rv->told || rv->out.has_problem || status.is_alone;
    rv->told = status.state;
    if (is_news)
        actions_push(&rv->out, &status);
}

void rendezvous_feed(struct rendezvous *rv, const struct event *event, uint64_t now_us)
{
    rv->out.has_problem = false;
    if (partners_calm_down(&rv->partners, now_us))
        backoff_reset(&rv->visit.backoff);
    switch (event->type) {
    case EVENT_JOINED:
        on_joined(rv, event, now_us);
        break;
    case EVENT_PEER_JOINED:
        meet(rv, event->peer, !event->was_first, now_us);
        break;
    case EVENT_PEER_LEFT:
        on_peer_left(rv, event, now_us);
        break;
    case EVENT_OFFER:
    case EVENT_ANSWER:
        on_description(rv, event, now_us);
        break;
    case EVENT_CANDIDATE:
        on_candidate(rv, event);
        break;
    case EVENT_REFUSED:
        on_refused(rv, event, now_us);
        break;
    case EVENT_SIGNAL_ERROR:
        on_signal_error(rv, event, now_us);
        break;
    case EVENT_SIGNAL_SLOW:
        actions_problem(&rv->out, PROBLEM_SIGNAL_SLOW, 0, event->text);
        break;
    case EVENT_SIGNAL_LOST:
        on_signal_lost(rv, event, now_us);
        break;
    case EVENT_ADDRESSES:
        on_addresses(rv, event);
        break;
    case EVENT_DEADLINE:
        on_deadline(rv, now_us);
        break;
    default:
        on_session_event(rv, event, now_us);
        break;
    }
    /* What a description leads to is known once it has been used: EVENT_FED. */
    if (event->type != EVENT_OFFER && event->type != EVENT_ANSWER)
        partners_settle(&rv->partners, in_room(rv), now_us);
    report(rv, event, now_us);
}

/* ---- life ---- */

struct rendezvous *rendezvous_new(const struct rendezvous_config *config, uint64_t now_us)
{
    struct rendezvous *rv = xcalloc(1, sizeof *rv);
    rv->told = KEEPER_RETRYING; /* so that connecting is news */
    rv->alone_at_us = TIME_NEVER;
    rv->consumer_offers = config->consumer_offers;
    partners_init(&rv->partners, config->partners_max, config->role, config->seed, &rv->out);
    partners_set_shared(&rv->partners, config->starts_shared);
    visit_init(&rv->visit, config->seed, now_us);
    return rv;
}

void rendezvous_free(struct rendezvous *rv)
{
    partners_deinit(&rv->partners);
    actions_deinit(&rv->out);
    free(rv);
}

bool rendezvous_next(struct rendezvous *rv, struct action *out)
{
    return actions_pull(&rv->out, out);
}

const char *rendezvous_member_of(const struct rendezvous *rv, unsigned session)
{
    const struct partner *p = partners_find_session(&rv->partners, session);
    return in_room(rv) && p && p->is_there && p->peer[0] ? p->peer : NULL;
}

uint64_t rendezvous_deadline_us(const struct rendezvous *rv)
{
    uint64_t partners_us = partners_deadline_us(&rv->partners, in_room(rv));
    uint64_t at_us = partners_us < rv->visit.return_at_us ? partners_us : rv->visit.return_at_us;
    return at_us < rv->alone_at_us ? at_us : rv->alone_at_us;
}
