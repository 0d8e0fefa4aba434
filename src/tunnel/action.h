/*
 * What the rendezvous (tunnel/rendezvous.h) wants to be done, and the line in
 * which that waits until its owner pulls it.
 *
 * Sessions have numbers, which are given here; 0 is none. A text is static, or
 * borrowed from the event that led to the action.
 */
#ifndef TUNNEL_ACTION_H
#define TUNNEL_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtc/sdp.h"
#include "signal/message.h"
#include "tunnel/note.h"
#include "tunnel/problem.h"

enum keeper_state {
    KEEPER_CONNECTING,
    KEEPER_WAITING,
    KEEPER_NEGOTIATING,
    KEEPER_UP,
    KEEPER_RETRYING
};
const char *keeper_state_name(enum keeper_state state);

enum action_type {
    /* The visit to the signal server. */
    ACTION_CONNECT, /* and join the room */
    ACTION_LEAVE,   /* saying bye where that is possible */
    ACTION_PROBE_SIGNAL,
    ACTION_SEND_DESCRIPTION, /* peer, sdp_type, text */
    ACTION_SEND_CANDIDATE,   /* peer, text */
    ACTION_SEND_MISFIT,      /* peer: that it does our job */

    /* A session. */
    ACTION_START,           /* peer; sdp_type: as the one who offers, or who answers */
    ACTION_FEED,            /* sdp_type, text: the other side's; EVENT_FED follows at once */
    ACTION_FEED_CANDIDATE,  /* text; to the first of session and others that takes it */
    ACTION_RESTART,         /* ICE, to find another path; EVENT_NO_RESTART may follow */
    ACTION_ABANDON_RESTART, /* no answer will come, and ours may be lost */
    ACTION_PROBE,           /* it may be dead: EVENT_ALIVE or EVENT_CLOSED follows */
    ACTION_HOLD,            /* it is ready, but nothing that it says is to be heard yet */
    ACTION_ADMIT,           /* now it is */
    ACTION_REFUSE,          /* text: what the other side is told; and it is closed */
    ACTION_DRAIN,           /* another has taken over; EVENT_IDLE follows when it has no stream */
    ACTION_CLOSE,           /* text, or NULL: the last problem's sentence */

    /* Whoever uses the keeper, and the log. */
    ACTION_UP,      /* session: new streams go there */
    ACTION_DOWN,    /* session: it is over */
    ACTION_DOUBT,   /* it may be dead: new ones wait, what has begun goes on */
    ACTION_BELIEVE, /* session: it lives, they go there again */
    ACTION_GONE,    /* partner: one that was up is forgotten */
    ACTION_PARTED,  /* partner: its session is over, and others are up; the problem says why */
    ACTION_PROBLEM, /* problem, text, and session: whose report of ICE belongs to it */
    ACTION_STATUS,  /* state, retry_in_us, and session when that is up */
    ACTION_PATH,    /* state up, session, was_broken: its path may be another one */
    ACTION_NOTE     /* note, text; of NO_PLACE session and partner */
};

struct action {
    enum action_type type;
    unsigned session;
    unsigned others[2];
    char peer[SIGNAL_PEER_ID_MAX + 1]; /* of a member of the room; "" when that is not known */
    uint32_t partner; /* of those that come from a standing, of STATUS up and GONE, NO_PLACE */
    enum sdp_type sdp_type;
    const char *text;
    enum problem_kind problem;
    enum note note;
    enum keeper_state state;
    uint64_t retry_in_us; /* of RETRYING, and of NEGOTIATING that waits; else 0 */
    bool is_alone;        /* of KEEPER_WAITING: for RENDEZVOUS_ALONE_US already */
    bool was_broken;
};

struct actions {
    struct action *at; /* a ring */
    size_t first;
    size_t count;
    size_t cap;
    unsigned sessions; /* begun so far: the number of the last one */
    bool has_problem;  /* an ACTION_PROBLEM was pushed; the reader resets it */
};

void actions_push(struct actions *actions, const struct action *action);

/* The same for those that come often. */
void actions_do(struct actions *actions, enum action_type type, unsigned session);
void actions_feed(struct actions *actions, unsigned session, enum sdp_type type, const char *sdp);
void actions_close(struct actions *actions, unsigned session, const char *text);
void actions_note(struct actions *actions, enum note note, const char *text);
void actions_problem(struct actions *actions, enum problem_kind problem, unsigned session,
                     const char *text);

/* False when there is none. */
bool actions_pull(struct actions *actions, struct action *out);
void actions_deinit(struct actions *actions);

#endif
