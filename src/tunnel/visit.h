/*
 * Our stay at the signal server: whether we are there, and when we go there
 * next. A part of the rendezvous; no socket, no clock.
 *
 *            its time has come            the server lets us in
 *   away ────────────────────► connecting ────────────────────► joined
 *    ▲                              │                              │
 *    └────── after 0.5 s, doubling to 30 s, with jitter ◄──────────┘
 *
 * Who is not answered in a sealed room may be who is not a guest any more, and
 * sits in the one place that the provider's guests have. From the second time
 * on it stays away for longer than others take to try: 30 to 60 s, doubling to
 * 5 min. That is not for ever, since a hostile server can bring it about, too,
 * and so can a provider whose clock is wrong.
 */
#ifndef TUNNEL_VISIT_H
#define TUNNEL_VISIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/backoff.h"
#include "base/clock.h"

#define VISIT_BACKOFF_FIRST_US (500 * US_PER_MS)
#define VISIT_BACKOFF_MOST_US  (30 * US_PER_S)
#define VISIT_RETREAT_FIRST_US (60 * US_PER_S)
#define VISIT_RETREAT_MOST_US  (300 * US_PER_S)

enum visit_state { VISIT_AWAY, VISIT_CONNECTING, VISIT_JOINED };

struct visit {
    enum visit_state state;
    struct backoff backoff;
    struct backoff retreat; /* of visits without an answer */
    bool is_unanswered;     /* the last one was */
    uint64_t return_at_us;  /* TIME_NEVER unless away */
    bool is_missed;         /* the server was lost, since we last joined */
};

/* Away; the first visit is due at once. */
void visit_init(struct visit *visit, uint64_t seed, uint64_t now_us);

void visit_connect(struct visit *visit);

/* True when the server had been lost before. */
bool visit_join(struct visit *visit);

/* The server was lost; true when that is news. */
bool visit_miss(struct visit *visit);

/* From any state: we leave, and return after a while. */
void visit_leave(struct visit *visit, uint64_t now_us);

/* The same for who was not answered, or (is_shut_out) was told that it is not
 * a guest any more, and stays away for as long as any. */
void visit_retreat(struct visit *visit, bool is_shut_out, uint64_t now_us);

/* There was an answer: we are a guest. */
void visit_on_answer(struct visit *visit);

#endif
