/*
 * A new one replaces the one under way. Who has our own job is told so by our
 * description, as we are by its "a=tool": an offerer learns it from the answer
 * and stays, since the other one came later and will go; an answerer answers,
 * so that the other one learns it too, and goes.
 */
#include "tunnel/negotiation.h"

#include <stdio.h>

static void reset(struct negotiation *n)
{
    *n = (struct negotiation){.restraint = n->restraint, .peer = n->peer};
}

void negotiation_init(struct negotiation *n, const char *peer, struct restraint *restraint)
{
    *n = (struct negotiation){.restraint = restraint, .peer = peer};
}

void negotiation_drop(struct negotiation *n, const char *text, struct actions *out)
{
    if (n->pact.session)
        actions_close(out, n->pact.session, text);
    reset(n);
}

static enum verdict fail(struct negotiation *n, enum verdict verdict, struct actions *out)
{
    negotiation_drop(n, NULL, out);
    return verdict;
}

void negotiation_schedule(struct negotiation *n, uint64_t at_us)
{
    reset(n);
    n->state = NEGOTIATION_DUE;
    n->deadline_us = at_us;
}

/* False: it is too soon. */
static bool start(struct negotiation *n, enum negotiation_state state, struct actions *out,
                  uint64_t now_us)
{
    negotiation_drop(n, "replaced by a newer negotiation", out);
    uint64_t not_before_us = restraint_not_before_us(n->restraint);
    if (not_before_us > now_us) {
        negotiation_schedule(n, not_before_us);
        return false;
    }
    n->state = state;
    n->deadline_us = now_us + NEGOTIATION_PATIENCE_US;
    n->pact.session = ++out->sessions;
    struct action action = {
        .type = ACTION_START,
        .session = n->pact.session,
        .sdp_type = state == NEGOTIATION_OFFERED ? SDP_OFFER : SDP_ANSWER,
    };
    snprintf(action.peer, sizeof action.peer, "%s", n->peer);
    actions_push(out, &action);
    return true;
}

void negotiation_await(struct negotiation *n, uint64_t deadline_us)
{
    if (n->state == NEGOTIATION_CONTESTED)
        return; /* that is decided soon */
    if (n->state == NEGOTIATION_NONE)
        n->state = NEGOTIATION_AWAITED;
    n->deadline_us = deadline_us;
}

void negotiation_offer(struct negotiation *n, struct actions *out, uint64_t now_us)
{
    start(n, NEGOTIATION_OFFERED, out, now_us);
}

void negotiation_take_offer(struct negotiation *n, const struct description *d, struct actions *out,
                            uint64_t now_us)
{
    bool is_alike = d->likeness == MUX_ALIKE;
    if (!start(n, is_alike ? NEGOTIATION_POINTLESS : NEGOTIATION_ANSWERED, out, now_us))
        return;
    n->likeness = d->likeness;
    if (!is_alike)
        restraint_begin(n->restraint, now_us);
    pact_meet(&n->pact, d->process);
    actions_feed(out, n->pact.session, SDP_OFFER, d->sdp);
}

enum verdict negotiation_take_answer(struct negotiation *n, const struct description *d,
                                     struct actions *out, uint64_t now_us)
{
    if (n->state != NEGOTIATION_OFFERED)
        return VERDICT_GO_ON; /* to an offer that is not out any more */
    if (d->likeness == MUX_ALIKE) {
        actions_problem(out, PROBLEM_SAME_JOB, 0, NULL);
        return fail(n, VERDICT_STAY, out);
    }
    n->likeness = d->likeness;
    restraint_begin(n->restraint, now_us);
    pact_meet(&n->pact, d->process);
    actions_feed(out, n->pact.session, SDP_ANSWER, d->sdp);
    return VERDICT_GO_ON;
}

enum verdict negotiation_on_refused(struct negotiation *n, struct actions *out)
{
    if (!negotiation_is_unanswered(n))
        return VERDICT_GO_ON;
    actions_problem(out, PROBLEM_EXPIRED, 0, NULL);
    return fail(n, VERDICT_SHUT_OUT, out);
}

bool negotiation_is_unanswered(const struct negotiation *n)
{
    return n->state == NEGOTIATION_OFFERED && !n->pact.is_met;
}

enum verdict negotiation_on_left(struct negotiation *n, bool has_session, struct actions *out,
                                 uint64_t now_us)
{
    bool was_slow =
        negotiation_is_unanswered(n) && n->deadline_us < now_us + NEGOTIATION_PATIENCE_US / 2;
    /* When there is no path, it gives up at the same time as we do. */
    if (n->pact.session && !has_session)
        actions_problem(out, PROBLEM_LEFT, n->pact.session, NULL);
    negotiation_drop(n, "the other side left the room", out);
    return was_slow && !has_session ? VERDICT_UNANSWERED : VERDICT_GO_ON;
}

enum verdict negotiation_on_described(struct negotiation *n, enum sdp_type type,
                                      struct actions *out)
{
    if (n->state != NEGOTIATION_POINTLESS || type != SDP_ANSWER)
        return VERDICT_GO_ON;
    actions_problem(out, PROBLEM_SAME_JOB, 0, NULL);
    return fail(n, VERDICT_RETURN_LATE, out);
}

enum verdict negotiation_on_fed(struct negotiation *n, const struct event *event,
                                struct actions *out)
{
    if (!event->text)
        return VERDICT_GO_ON;
    bool is_offer = event->sdp_type == SDP_OFFER;
    actions_problem(out, is_offer ? PROBLEM_BAD_OFFER : PROBLEM_BAD_ANSWER, 0, event->text);
    return fail(n, VERDICT_RETURN, out);
}

enum verdict negotiation_on_closed(struct negotiation *n, const struct event *event,
                                   struct actions *out)
{
    bool is_alike = event->likeness == MUX_ALIKE;
    bool seems_alike =
        is_alike || (event->likeness == MUX_PERHAPS_ALIKE && n->likeness == MUX_PERHAPS_ALIKE);
    actions_problem(out, is_alike ? PROBLEM_SAME_JOB : PROBLEM_NO_SESSION, 0, event->text);
    if (is_alike && n->state == NEGOTIATION_OFFERED)
        return fail(n, VERDICT_STAY, out);
    return fail(n, seems_alike ? VERDICT_MISFIT : VERDICT_RETURN, out);
}

void negotiation_contest(struct negotiation *n, uint64_t until_us, struct actions *out)
{
    n->state = NEGOTIATION_CONTESTED;
    n->deadline_us = until_us;
    actions_do(out, ACTION_HOLD, n->pact.session);
}

static void refuse(struct negotiation *n, const char *words, struct actions *out)
{
    actions_push(out, &(struct action){
                          .type = ACTION_REFUSE,
                          .session = n->pact.session,
                          .text = words,
                      });
    reset(n);
}

void negotiation_refuse(struct negotiation *n, enum mux_role theirs, struct actions *out)
{
    static const char *const words[] = {
        [MUX_CONSUMER] = "another `tunnel proxy` is connected to this side, and answers; stop one "
                         "of them or, without links, choose another room",
        [MUX_PROVIDER] = "another `tunnel serve` is connected to this side, and answers; stop one "
                         "of them or, without links, choose another room",
    };
    refuse(n, words[theirs], out);
    actions_note(out, NOTE_NEWCOMER, NULL);
}

void negotiation_turn_away(struct negotiation *n, enum mux_role theirs, struct actions *out)
{
    static const char *const words[] = {
        [MUX_CONSUMER] = "this `tunnel serve` has as many consumers as it takes: one of them must "
                         "go, or its --max-consumers be raised",
        [MUX_PROVIDER] = "this `tunnel proxy` is connected to as many `tunnel serve` as it takes",
    };
    if (n->state != NEGOTIATION_CONTESTED)
        actions_do(out, ACTION_HOLD, n->pact.session);
    refuse(n, words[theirs], out);
}

void negotiation_move(struct negotiation *n, struct negotiation *from, struct actions *out)
{
    const struct negotiation taken = *from;
    negotiation_drop(n, "replaced by a newer negotiation", out);
    n->state = taken.state;
    n->pact = taken.pact;
    n->likeness = taken.likeness;
    n->deadline_us = taken.deadline_us;
    reset(from);
}

struct pact negotiation_conclude(struct negotiation *n, struct actions *out)
{
    struct pact pact = n->pact;
    if (n->state == NEGOTIATION_CONTESTED)
        actions_do(out, ACTION_ADMIT, pact.session);
    reset(n);
    return pact;
}

uint64_t negotiation_deadline_us(const struct negotiation *n)
{
    return n->state == NEGOTIATION_NONE ? TIME_NEVER : n->deadline_us;
}

enum verdict negotiation_give_up(struct negotiation *n, struct actions *out)
{
    bool is_awaited = n->state == NEGOTIATION_AWAITED;
    actions_problem(out, is_awaited ? PROBLEM_NO_OFFER : PROBLEM_NO_PATH_IN_TIME, n->pact.session,
                    NULL);
    return fail(n, negotiation_is_unanswered(n) ? VERDICT_UNANSWERED : VERDICT_RETURN, out);
}
