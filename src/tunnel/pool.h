/*
 * Which of several providers a request goes to. Sans-I/O: a provider is a
 * number, what happens to it is told, the time is handed in, and the answer is
 * a number.
 *
 *             join             open             shun
 *   (nobody) ─────► standing by ───► open ─────────────► passed over
 *       ▲               │  ▲          │ ▲                     │
 *       └──── leave ────┘  └─ close ──┘ └──── its time is over ┘
 *
 * Where all that are open are passed over, a request goes to the one whose time
 * is over first: it is the likeliest to have recovered. Among those that are
 * not, it goes to
 *
 *   POOL_BALANCED  the one with the fewest requests under way; among equals to
 *                  the one that has served this client last, which may know
 *                  the conversation; then to the one with the shortest round
 *                  trip
 *   POOL_FIRST     the first in rank; the others stand by
 *
 * A number is given again only when all requests of the one who had it are
 * over.
 */
#ifndef TUNNEL_POOL_H
#define TUNNEL_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

enum pool_pick { POOL_BALANCED, POOL_FIRST };

enum {
    POOL_PROVIDERS_MAX = 16, /* each is a session, with its memory and its PINGs */
    POOL_NOBODY = -1
};

/* Whoever says to be overloaded is believed for no longer. */
#define POOL_SHUN_MAX_US (300 * US_PER_S)

struct pool_provider {
    enum { POOL_FREE, POOL_STANDING_BY, POOL_OPEN } state;
    unsigned rank;
    size_t under_way; /* requests */
    uint64_t round_trip_us;
    uint64_t shunned_until_us;
};

struct pool {
    enum pool_pick pick;
    struct pool_provider providers[POOL_PROVIDERS_MAX];
};

void pool_init(struct pool *pool, enum pool_pick pick);

/* One more, which stands by; the smaller its rank, the earlier POOL_FIRST comes
 * to it. Its number, or POOL_NOBODY when there is no room. */
int pool_join(struct pool *pool, unsigned rank);
void pool_leave(struct pool *pool, int provider);

/* For tests: how many there are. */
size_t pool_count(const struct pool *pool);

/* It takes requests, or does not now. */
void pool_open(struct pool *pool, int provider);
void pool_close(struct pool *pool, int provider);

/* 0: it is not known yet, and counts as the longest. */
void pool_set_round_trip(struct pool *pool, int provider, uint64_t round_trip_us);

/* It cannot do any work: passed over for so long, but for POOL_SHUN_MAX_US at
 * most. A later word does not make that shorter. */
void pool_shun(struct pool *pool, int provider, uint64_t for_us, uint64_t now_us);

/* A request goes there; it is over, also of one who has left. */
void pool_begin(struct pool *pool, int provider);
void pool_end(struct pool *pool, int provider);

/* Whether one is open and not passed over, but for those that were tried: a bit
 * for each number. */
bool pool_has_ready(const struct pool *pool, unsigned tried, uint64_t now_us);

/* last: who served this client's connection last, or POOL_NOBODY. tried: a
 * bit for each number that is out of the question. POOL_NOBODY when none is
 * left. */
int pool_choose(const struct pool *pool, int last, unsigned tried, uint64_t now_us);

#endif
