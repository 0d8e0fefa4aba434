/*
 * All other sides, found by session and by their id in the room. A part of the
 * rendezvous.
 *
 * A room has so many places. When it is full, a newcomer sits where somebody
 * was before, and may well be the same process: whose sessions they were, he
 * therefore takes over until his description tells.
 */
#ifndef TUNNEL_PARTNERS_H
#define TUNNEL_PARTNERS_H

#include "tunnel/partner.h"

struct partners {
    struct list list; /* of struct partner, the oldest first */
    size_t count;
    size_t most;
    uint32_t made; /* so far: the number of the last one */
    uint64_t seed;
    struct restraint restraint;
    enum mux_role role;
    struct actions *out;
};

void partners_init(struct partners *all, size_t most, enum mux_role role, uint64_t seed,
                   struct actions *out);
void partners_deinit(struct partners *all);

/* LIST_EACH(at, next, &all->list) walks. */
static inline struct partner *partner_at(struct list *link)
{
    return LIST_ENTRY(link, struct partner, link);
}

/* NULL when nobody has it. */
struct partner *partners_find_session(const struct partners *all, unsigned session);
struct partner *partners_find_peer(const struct partners *all, const char *peer);

/* Who speaks from the room, or is told to be there; made where it is new. */
struct partner *partners_meet(struct partners *all, const char *peer);

/* With any of them. */
bool partners_are_up(const struct partners *all);
bool partners_are_negotiating(const struct partners *all);

void partners_lose_signal(struct partners *all);

/* There may be better paths for these sessions; true when that matters. */
bool partners_outdate(struct partners *all, const unsigned *sessions, size_t count);

/* Behind each event: restarts that may begin do; those that are over are
 * freed. */
void partners_settle(struct partners *all, bool in_room, uint64_t now_us);

uint64_t partners_deadline_us(const struct partners *all, bool in_room);

#endif
