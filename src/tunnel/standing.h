/*
 * The sessions with another side that stand: the one that takes new requests,
 * the one that ends what it has begun, and whether the first is to get another
 * path. A part of the rendezvous, of which each partner has one.
 *
 *          ready                    another is ready
 *   ──────────────► current ─────────────────────────► draining ────► closed
 *                      │  with another process                          ▲
 *                      └────────────────────────────────────────────────┘
 *
 * With another process only if the current one does not answer: who has but the
 * room's name does not take its place while it lives (standing_contest()).
 */
#ifndef TUNNEL_STANDING_H
#define TUNNEL_STANDING_H

#include "tunnel/action.h"
#include "tunnel/doubt.h"
#include "tunnel/event.h"
#include "tunnel/pact.h"
#include "tunnel/restart.h"

struct standing {
    uint32_t partner; /* whose it is, for those that use its sessions */
    bool was_up;      /* so they have heard of it */
    struct pact current;
    struct pact draining;
    struct restart restart; /* of current */
    struct doubt doubt;     /* the same */
};

void standing_init(struct standing *s, uint32_t partner, uint64_t seed);
bool standing_has(const struct standing *s, unsigned session);

/* Another one is current from now on. */
void standing_succeed(struct standing *s, const struct pact *pact, struct actions *out);

/* Another one is ready. True when it may succeed at once; else the current one
 * has been asked, and what comes of that is known at until_us at the latest. */
bool standing_contest(struct standing *s, const struct pact *pact, uint64_t *until_us,
                      struct actions *out, uint64_t now_us);

/* ---- whether the current one is alive ---- */

/* There is reason to ask it. */
void standing_ask(struct standing *s, struct actions *out, uint64_t now_us);

/* There was, and it has been; what was asked before counts no more. */
void standing_on_asked(struct standing *s, struct actions *out, uint64_t now_us);

/* It has answered. */
void standing_on_alive(struct standing *s, struct actions *out);

/* It is not in the room, as far as we can see. */
void standing_miss(struct standing *s, struct actions *out, uint64_t now_us);

/* Another process describes itself, and may soon be ready. */
void standing_meet(struct standing *s, const uint8_t *process, struct actions *out,
                   uint64_t now_us);

/* ---- what becomes of them ---- */

/* One has no stream any more. */
void standing_on_idle(struct standing *s, unsigned session, enum mux_role role,
                      struct actions *out);

/* One has ended; true when it was the current one. */
bool standing_on_closed(struct standing *s, const struct event *event, struct actions *out);

/* The current one ends, as another partner needs its place and it has not
 * answered. */
void standing_give_way(struct standing *s, struct actions *out);

/* What was told the peer of one has been used, or not. */
void standing_on_fed(struct standing *s, const struct event *event, struct actions *out,
                     uint64_t now_us);

/* What has become of the current one's path. */
void standing_on_path(struct standing *s, enum peer_path_state path, struct actions *out);

void standing_lose_signal(struct standing *s, struct actions *out);

/* ---- restarts ---- */

/* If one is wanted and its time has come; the caller says that there is
 * signalling for it. */
void standing_try_restart(struct standing *s, struct actions *out, uint64_t now_us);

/* Instead of an answer to an offer of a new session. False when that is not to
 * be; process: of the offer. */
bool standing_offer_restart(struct standing *s, const uint8_t *process, struct actions *out,
                            uint64_t now_us);

/* Something else is going to be negotiated. */
void standing_abandon_restart(struct standing *s, struct actions *out);

/* The other side shows that it cannot. */
void standing_refuse_restart(struct standing *s, struct actions *out);

/* Its deadline has come; true when a new session is needed. */
bool standing_on_restart_deadline(struct standing *s, struct actions *out, uint64_t now_us);

#endif
