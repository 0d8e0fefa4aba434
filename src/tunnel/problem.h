/*
 * What went wrong on the way to the other side, and the sentence that tells a
 * person what to do about it.
 */
#ifndef TUNNEL_PROBLEM_H
#define TUNNEL_PROBLEM_H

#include <stdbool.h>

#include "rtc/peer.h"
#include "tunnel/mux.h"

enum problem_kind {
    PROBLEM_SIGNAL_SLOW,     /* text: a sentence that names the server */
    PROBLEM_SIGNAL_LOST,     /* text: the same */
    PROBLEM_SIGNAL_REFUSES,  /* text: the server's words */
    PROBLEM_ROOM_FULL,       /* text: the same */
    PROBLEM_SAME_JOB,        /* the other side does ours */
    PROBLEM_NO_OFFER,        /* from who is there */
    PROBLEM_BAD_OFFER,       /* text: why it is of no use */
    PROBLEM_BAD_ANSWER,      /* text: the same */
    PROBLEM_NO_PATH_IN_TIME, /* tried */
    PROBLEM_LEFT,            /* the other side, in mid-negotiation; tried */
    PROBLEM_EXPIRED,         /* our invite, as the other side says */
    PROBLEM_NO_SESSION,      /* text: how the negotiation ended */
    PROBLEM_ENDED,           /* text: how the session did; tried, where it had no path */
    PROBLEM_GOODBYE          /* the same, as the other side wanted */
};

enum { PROBLEM_MAX = PEER_TRIED_MAX + 192 }; /* a report of ICE and the words around it */

struct problem {
    enum problem_kind kind;
    const char *text;
    const char *tried;  /* see peer_describe_tried(); "" where there is none */
    enum mux_role role; /* ours */
    const char *room;
    bool is_sealed; /* nobody answers to a link that is not good any more */
    bool has_turn;  /* a TURN server could be asked */
};

/* The room's name is not in it whole. */
void problem_format(const struct problem *problem, char out[PROBLEM_MAX]);

#endif
