/*
 * Whether the session that takes new requests is believed to be alive. A part
 * of the rendezvous, of which each standing has one.
 *
 *               a rumour, a newcomer, a sleep
 *   believed ──────────────────────────────────► asked
 *      ▲                                           │
 *      └───── its answer, or another session ◄─────┘
 *
 * A path on which nobody answers (tunnel/restart.h) is a doubt as well, without
 * a question: when the path works again, that is over.
 *
 * While in doubt, requests that begin wait for the answer, as they do without a
 * session. What has begun goes on.
 */
#ifndef TUNNEL_DOUBT_H
#define TUNNEL_DOUBT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* Whoever is asked and does not answer in this time makes way for another
 * process that is ready. */
#define DOUBT_MAKES_WAY_US (1 * US_PER_S)

struct doubt {
    uint64_t asked_us; /* when the question went out that has no answer; or TIME_NEVER */
    bool is_told;      /* the owner holds requests back */
};

static inline struct doubt doubt_none(void)
{
    return (struct doubt){.asked_us = TIME_NEVER};
}

static inline bool doubt_is_asked(const struct doubt *doubt)
{
    return doubt->asked_us != TIME_NEVER;
}

#endif
