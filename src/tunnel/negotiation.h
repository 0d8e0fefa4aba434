/*
 * How the next session with another side comes to be. A part of the
 * rendezvous, of which each partner has one.
 *
 *                 its offer comes
 *   awaited ────────────────────────► answered, pointless ──┐
 *     ▲                                                     ├──► none: the pact
 *     │ we came second                                      │    stands, or it
 *   none ─────────────────────────────────────► offered ────┘    has failed
 *     │       it came second                       ▲
 *     └──► due ────────────────────────────────────┘
 *     too soon (restraint.h)
 *
 * One that is ready, but with another process than the session that stands,
 * is contested until that one has answered, or has not.
 *
 * Whatever ends it without a session has told why as a problem.
 */
#ifndef TUNNEL_NEGOTIATION_H
#define TUNNEL_NEGOTIATION_H

#include "tunnel/action.h"
#include "tunnel/event.h"
#include "tunnel/pact.h"
#include "tunnel/restraint.h"

/* From a session's first step, or from when its offer is awaited, to HELLO and
 * AGREE. */
#define NEGOTIATION_PATIENCE_US (30 * US_PER_S)

enum negotiation_state {
    NEGOTIATION_NONE,
    NEGOTIATION_DUE,       /* we will offer, when its time has come */
    NEGOTIATION_AWAITED,   /* the other side was there before us: it will offer */
    NEGOTIATION_OFFERED,   /* our offer is out, or answered */
    NEGOTIATION_ANSWERED,  /* its offer is taken */
    NEGOTIATION_POINTLESS, /* the same, but it does our job: our answer says so, and is the end */
    NEGOTIATION_CONTESTED  /* ready, and held until it is known whether it may take over */
};

/* Nobody would offer again to who is there already: who needs an offer leaves
 * the room and comes back. */
enum verdict {
    VERDICT_GO_ON,
    VERDICT_STAY, /* it has failed, and somebody else has to do something about it */
    VERDICT_RETURN,
    VERDICT_MISFIT,      /* the same, and it does our job, as HELLO or its absence has shown */
    VERDICT_RETURN_LATE, /* it takes a person to change what is wrong */
    VERDICT_UNANSWERED,  /* return; perhaps the other side does not take what we say */
    VERDICT_SHUT_OUT     /* return; it says so */
};

struct negotiation {
    enum negotiation_state state;
    struct pact pact;           /* none while awaited or due */
    enum mux_likeness likeness; /* as its description has it */
    uint64_t deadline_us;       /* when it is given up, or its time has come */
    struct restraint *restraint;
    const char *peer; /* with whom: its id in the room */
};

/* peer: stays where it is, and is looked at when it is needed. */
void negotiation_init(struct negotiation *n, const char *peer, struct restraint *restraint);

/* Also while a pact is pending: what is past its signalling may still
 * succeed. */
void negotiation_await(struct negotiation *n, uint64_t deadline_us);

/* It has failed, or cannot begin yet: an offer of ours follows at that time. */
void negotiation_schedule(struct negotiation *n, uint64_t at_us);

/* It has our offer, and our invite has expired. */
enum verdict negotiation_on_refused(struct negotiation *n, struct actions *out);

/* Our offer is out, and there is no answer. */
bool negotiation_is_unanswered(const struct negotiation *n);

/* Where it is too soon, an offer of ours follows when its time has come, and
 * theirs is not answered. */
void negotiation_offer(struct negotiation *n, struct actions *out, uint64_t now_us);
void negotiation_take_offer(struct negotiation *n, const struct description *d, struct actions *out,
                            uint64_t now_us);
enum verdict negotiation_take_answer(struct negotiation *n, const struct description *d,
                                     struct actions *out, uint64_t now_us);

/* The session, if there is one, is closed with text; it is no failure. */
void negotiation_drop(struct negotiation *n, const char *text, struct actions *out);

/* The other side has left the room. has_session: beside this one. To go on, or
 * VERDICT_UNANSWERED where it had much of the time that it has. */
enum verdict negotiation_on_left(struct negotiation *n, bool has_session, struct actions *out,
                                 uint64_t now_us);

/* Our description has gone out. */
enum verdict negotiation_on_described(struct negotiation *n, enum sdp_type type,
                                      struct actions *out);
enum verdict negotiation_on_fed(struct negotiation *n, const struct event *event,
                                struct actions *out);
enum verdict negotiation_on_closed(struct negotiation *n, const struct event *event,
                                   struct actions *out);

/* It is ready, and not to be heard until then. */
void negotiation_contest(struct negotiation *n, uint64_t until_us, struct actions *out);

/* The one before lives: the newcomer is told so. theirs: its job. */
void negotiation_refuse(struct negotiation *n, enum mux_role theirs, struct actions *out);

/* It is ready, and there is no place for it: it is told so. */
void negotiation_turn_away(struct negotiation *n, enum mux_role theirs, struct actions *out);

/* Takes over what another one has come to, which is none then. */
void negotiation_move(struct negotiation *n, struct negotiation *from, struct actions *out);

/* It succeeded: the pact, which is the caller's now. */
struct pact negotiation_conclude(struct negotiation *n, struct actions *out);

uint64_t negotiation_deadline_us(const struct negotiation *n);

/* It has come. */
enum verdict negotiation_give_up(struct negotiation *n, struct actions *out);

#endif
