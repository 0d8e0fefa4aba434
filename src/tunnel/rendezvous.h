/*
 * How two machines find each other, and how they keep each other: the policy of
 * a keeper, as one machine. Sans-I/O: events and the time in, actions out,
 * which the owner (tunnel/keeper.c) pulls behind each event. It knows sessions
 * by numbers and other sides by their ids in the room.
 *
 *              nobody there             somebody comes, or is there
 *   connecting ────────────► waiting ──────────────────► negotiating ────► up
 *       ▲  ▲                    ▲                            │              │
 *       │  │                    │ same job, we came first    │      session │
 *       │  │                    └────────────────────────────┤         lost │
 *       │  └──── retrying ◄──── failed, 30 s, full room ◄────┘              │
 *       │            ▲                                                      │
 *       │            └────────── the other side is still in the room ◄──────┘
 *       └─ after 0.5 s, doubling to 30 s, with jitter
 *
 * Roles follow the order of joining: who is in the room when the other comes
 * makes the offer, who finds somebody there waits for it; but where signalling
 * is sealed, the consumer offers to whom it meets, either way. So nobody would
 * offer again to who is there already: when a negotiation fails, or a session
 * ends while the other side is in the room, we leave and come back. Both may do
 * so at once; the jitter sorts them out. A consumer that is not answered where
 * signalling is sealed, or hears that its invite is not good any more, stays
 * away for long: see visit.h.
 *
 * Signalling and sessions live apart. A session goes on while the signal
 * server is away, and that somebody has left the room says nothing certain
 * about it: it makes us probe.
 *
 * The parts, each with its own contract: visit.h, partner.h, negotiation.h,
 * restraint.h, standing.h, doubt.h, restart.h.
 */
#ifndef TUNNEL_RENDEZVOUS_H
#define TUNNEL_RENDEZVOUS_H

#include "base/clock.h"
#include "tunnel/action.h"
#include "tunnel/event.h"

struct rendezvous;

struct rendezvous_config {
    enum mux_role role;
    size_t partners_max; /* with how many to have sessions, where the room is shared */
    uint64_t seed;       /* of the jitter */
    /* Signalling is sealed, where the order of joining decides nothing: a
     * provider has nobody to offer to before it has heard him. */
    bool consumer_offers;
    /* Others may be met before the server has said whether the room is
     * shared: it is. */
    bool starts_shared;
};

/* Nobody to connect to for so long is news: perhaps it is the wrong room. */
#define RENDEZVOUS_ALONE_US (30 * US_PER_S)

/* The first visit is due at once: see rendezvous_deadline_us(). */
struct rendezvous *rendezvous_new(const struct rendezvous_config *config, uint64_t now_us);
void rendezvous_free(struct rendezvous *rv);

/* Events of sessions that it does not know (any more) are of no effect. */
void rendezvous_feed(struct rendezvous *rv, const struct event *event, uint64_t now_us);

/* The next thing to do; false when there is none. What an action leads to is
 * fed as an event, also before the next one is pulled. */
bool rendezvous_next(struct rendezvous *rv, struct action *out);

/* The id of the member with whom a session is, while we and that are in the
 * room; else NULL. Valid until the next event. */
const char *rendezvous_member_of(const struct rendezvous *rv, unsigned session);

/* When EVENT_DEADLINE is to come; TIME_NEVER: need not. */
uint64_t rendezvous_deadline_us(const struct rendezvous *rv);

#endif
