/*
 * Whether the other end of a TCP connection is still there, though it says
 * nothing: a machine that lost its power, or its network, sends no FIN. One
 * that is there and silent, or does not read, is alive for as long as its
 * kernel answers.
 *
 * With nothing on its way the kernel probes by itself (liveness_enable()). With
 * bytes on their way it only sends them again, for a quarter of an hour; its
 * own limit to that, TCP_USER_TIMEOUT, also ends a peer that answers every
 * probe but does not read, such as a download that is paused. So the owner asks
 * (liveness_ask()) every LIVENESS_CHECK_US while anything is unacknowledged.
 */
#ifndef NET_LIVENESS_H
#define NET_LIVENESS_H

#include "base/clock.h"

enum {
    LIVENESS_IDLE_S = 10,     /* of silence before a probe, */
    LIVENESS_INTERVAL_S = 10, /* between two, */
    LIVENESS_PROBES = 3,      /* and how many are tried */
    LIVENESS_LOST_S = 40,     /* without a word: all of that */
};

#define LIVENESS_CHECK_US (5 * US_PER_S)

enum liveness {
    LIVENESS_QUIET,   /* all that was sent has been acknowledged, or it is no TCP */
    LIVENESS_WAITING, /* something has not */
    LIVENESS_LOST     /* and nothing will be */
};

/* Lets the kernel probe while nothing is under way: the connection then fails
 * with ETIMEDOUT, or ECONNRESET where the other machine is back and knows it no
 * more. */
void liveness_enable(int fd);

/* The reverse. */
void liveness_disable(int fd);

/* Of each system: the option of TCP that sets the silence before a probe. */
extern const int liveness_idle_option;

enum liveness liveness_ask(int fd);

/* The verdict on what the kernel said. */
struct tcp_info;

/* For tests. */
enum liveness liveness_of(const struct tcp_info *info);

#endif
