/*
 * Places at the upstream: one for each connection that it is to bear at once.
 * Who finds none free waits in line. Sans-I/O.
 *
 *   FREE ── places_take() ─► WAITING ── places_next() ─► TAKEN
 *     ▲                         │ places_expired()         │
 *     └───── places_leave() ────┴──────────────────────────┘
 *
 * A place that becomes free goes to the user of those in line who has fewest
 * places, and of equal ones to the one whose last turn is longest ago; among
 * the requests of one user, first come, first served. So however many requests
 * one user lines up, another waits for one place only.
 */
#ifndef TUNNEL_PLACES_H
#define TUNNEL_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

enum place_state { PLACE_FREE, PLACE_WAITING, PLACE_TAKEN };

struct places {
    size_t most;
    size_t taken;
    size_t waiting;
    uint64_t patience_us;
    struct list users;   /* of places_user.in_turn: who has somebody in line */
    struct list by_time; /* of place.by_time: all who wait, the longest first */
};

/* On whose behalf places are taken. Embedded; outlives its places. */
struct places_user {
    struct list in_turn;
    struct list waiting; /* of place.in_line */
    size_t taken;
};

/* Embedded in what needs it. */
struct place {
    enum place_state state;
    struct places *places;
    struct places_user *user;
    struct list in_line;
    struct list by_time;
    uint64_t since_us; /* it waits */
};

/* patience_us: for how long one waits at most. */
void places_init(struct places *places, size_t most, uint64_t patience_us);
void places_user_init(struct places_user *user);

/* True: the place is taken. False: it waits. */
bool places_take(struct places *places, struct place *place, struct places_user *user,
                 uint64_t now_us);

/* The next one whose turn has come, which is taken now; NULL for none. To be
 * asked after places_leave(). */
struct place *places_next(struct places *places);

/* One that has waited too long, and does not wait any more; NULL for none. */
struct place *places_expired(struct places *places, uint64_t now_us);

/* Gives a place back, or gives up waiting; nothing where it is free. */
void places_leave(struct place *place);

/* For how long the first in line has waited; 0 where nobody does. */
uint64_t places_waiting_us(const struct places *places, uint64_t now_us);

/* When to ask next: 0 for at once, TIME_NEVER for not before others call. */
uint64_t places_deadline_us(const struct places *places);

#endif
