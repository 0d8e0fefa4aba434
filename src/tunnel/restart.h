/*
 * Another path for a session that stands, by an ICE restart: whether one is
 * wanted, may begin, or is under way. A part of the rendezvous, which knows
 * nothing of sessions and peers.
 *
 *              wanted, its time has come          our offer is out
 *   at rest ─────────────────────────────────────────────────► under way
 *      ▲                                                         │   │
 *      ├──── answered, or the other side's offer was ◄───────────┘   │
 *      │                                                             │
 *      └──── another session, or the path works ◄──── refused ◄──────┘
 *
 * Neither an answer nor the other side's offer makes a path by itself: one that
 * does not work RESTART_PATIENCE_US later is wanted again. Our answer may be
 * lost, as where only what we send does not get through.
 *
 * An interface that flaps makes one restart after the other, but ever more
 * slowly (RESTART_FIRST_US to _MOST_US; after RESTART_CALM_US the least again).
 */
#ifndef TUNNEL_RESTART_H
#define TUNNEL_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "rtc/peer.h"

/* One that is not answered in this time is given up. */
#define RESTART_PATIENCE_US (10 * US_PER_S)

/* Where the relay of last resort carries all, another path is tried for after
 * so long, which doubles to the most. */
#define RESTART_RELAYED_FIRST_US (10 * US_PER_S)
#define RESTART_RELAYED_MOST_US  (300 * US_PER_S)

/* The least and the most between two that we begin; the first comes at once. */
#define RESTART_FIRST_US (1 * US_PER_S)
#define RESTART_MOST_US  (30 * US_PER_S)
#define RESTART_CALM_US  (60 * US_PER_S)

enum restart_state {
    RESTART_AT_REST,
    RESTART_UNDER_WAY, /* our offer is not answered yet */
    RESTART_REFUSED    /* the other side cannot: the next thing is a new session */
};

enum restart_reason {
    RESTART_UNWANTED,
    RESTART_PATH_SILENT,
    RESTART_PATH_LOST,
    RESTART_RELAYED,   /* only the relay of last resort works */
    RESTART_ADDRESSES, /* those of this machine have changed */
    RESTART_MET_AGAIN  /* the process at the other end, after both had lost signalling */
};

/* Why a path in that state is not good enough. */
enum restart_reason restart_reason_of(enum peer_path_state path);

/* The begin of a sentence. */
const char *restart_reason_text(enum restart_reason reason);

struct restart {
    enum restart_state state;
    enum restart_reason wanted_for; /* the next one */
    enum restart_reason begun_for;  /* the one that is under way, or the other side's that does
                                       for ours */
    enum peer_path_state path;
    uint64_t begun_us;
    uint64_t not_before_us;
    uint64_t works_by_us; /* the path, after a restart of either side's; else TIME_NEVER */
    uint64_t relayed_us;  /* how long the next wait for that is, where it is relayed */
    struct backoff backoff;
};

void restart_init(struct restart *r, uint64_t seed);

/* For another session, or none. How fast they follow each other stays. */
void restart_reset(struct restart *r);

void restart_want(struct restart *r, enum restart_reason reason);

/* Wanted, and nothing of its own stands in the way but its time: see
 * not_before_us. */
bool restart_is_wanted(const struct restart *r);

void restart_begin(struct restart *r, uint64_t now_us);

/* It is abandoned. */
void restart_settle(struct restart *r);

/* It is answered. */
void restart_on_answer(struct restart *r, uint64_t now_us);

/* An offer of the other side counts: what we wanted ours for, our answer will
 * tell as well. */
void restart_yield(struct restart *r, uint64_t now_us);

/* Its deadline has come while none was under way: it brought no path. */
void restart_insist(struct restart *r);

/* Signalling goes away: whether our offer or answer arrived, nobody knows. */
void restart_recall(struct restart *r);

void restart_refuse(struct restart *r);

/* There is one, be it the relay. */
bool restart_has_path(const struct restart *r);

/* True when the path was broken before. */
bool restart_set_path(struct restart *r, enum peer_path_state path);

/* When the one under way is to be given up, when the path is to work, or when
 * the next one is due where it may begin. */
uint64_t restart_deadline_us(const struct restart *r, bool may_begin);

#endif
