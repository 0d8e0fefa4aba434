/*
 * One other side: a member of the room that we have, or want, a session with.
 * A part of the rendezvous, to which it says by a verdict what becomes of the
 * visit; what else is to be done goes straight into the line of actions.
 */
#ifndef TUNNEL_PARTNER_H
#define TUNNEL_PARTNER_H

#include "base/list.h"
#include "tunnel/negotiation.h"
#include "tunnel/standing.h"

/* How long an offer is awaited that is not needed, since a session is up. It
 * may yet come, and a restart of ours would cross it. */
#define PARTNER_AWAIT_US (10 * US_PER_S)

/* In a shared room either may offer, and the first offers of both may cross:
 * the consumer's counts. What comes later than this is no such offer. */
#define PARTNER_CROSS_US (1 * US_PER_S)

/* Between offers of ours to a member of a shared room that come to nothing. */
#define PARTNER_BACKOFF_FIRST_US (500 * US_PER_MS)
#define PARTNER_BACKOFF_MOST_US  (30 * US_PER_S)

struct partner {
    struct list link;
    uint32_t number;
    struct actions *out;
    enum mux_role role;                /* ours */
    char peer[SIGNAL_PEER_ID_MAX + 1]; /* its id in the room, or when it was last there */
    bool is_there;
    bool is_shared;        /* the room, when we met there */
    bool waits_for_place;  /* we would offer, if we had fewer partners */
    bool is_known_to_fail; /* and the log has it */
    bool has_said_goodbye; /* and most likely leaves the room next */
    struct restraint restraint;
    struct backoff backoff;         /* of negotiations in a shared room */
    struct negotiation negotiation; /* of the next session */
    struct standing standing;
};

/* all: the restraint of all partners. */
struct partner *partner_new(enum mux_role role, uint32_t number, uint64_t seed,
                            struct restraint *all, struct actions *out);
void partner_free(struct partner *p);

/* NULL: the signal server does not say. */
void partner_set_peer(struct partner *p, const char *peer);

bool partner_has(const struct partner *p, unsigned session);

/* A session is up. */
bool partner_is_up(const struct partner *p);

/* The next one is under way; also where an offer of ours is only due, but not
 * to who has just said goodbye. */
bool partner_is_negotiating(const struct partner *p);

/* There is nothing left that it stands for. */
bool partner_is_over(const struct partner *p);

/* ---- the room; in_room: we are in it ---- */

/* It was there first. */
void partner_await(struct partner *p, uint64_t now_us);
void partner_offer(struct partner *p, uint64_t now_us);
void partner_take_offer(struct partner *p, const struct description *d, bool in_room,
                        uint64_t now_us);
enum verdict partner_take_answer(struct partner *p, const struct description *d, uint64_t now_us);
/* Its process has our offer, and says that our invite has expired. */
enum verdict partner_on_refused(struct partner *p);
void partner_take_candidate(struct partner *p, const char *text);

/* What we began with a member that shows itself to be this process goes on
 * here. */
void partner_absorb(struct partner *p, struct partner *member, uint64_t now_us);

/* In a shared room: we offer again, after a while. */
void partner_retry(struct partner *p, bool is_late, uint64_t now_us);

/* Its WebSocket is gone, which is a rumour: it may live. See
 * negotiation_on_left(). */
enum verdict partner_leave(struct partner *p, uint64_t now_us);

/* Ours is, or we have left. */
void partner_lose_signal(struct partner *p);

/* True when a session has just been up for long enough. */
bool partner_calm_down(struct partner *p, uint64_t now_us);

/* One of its sessions tells of itself. */
enum verdict partner_on_event(struct partner *p, const struct event *event, uint64_t now_us);

/* ---- time ---- */

/* Begins the restart that is wanted, if nothing stands in the way. */
void partner_try_restart(struct partner *p, bool in_room, uint64_t now_us);
uint64_t partner_deadline_us(const struct partner *p, bool in_room);

/* has_place: for a session more. */
enum verdict partner_on_deadline(struct partner *p, bool has_place, uint64_t now_us);

#endif
