/*
 * All other sides, found by session, by their id in the room, and by process. A
 * part of the rendezvous.
 *
 * A room that is not shared has one place beside ours: a newcomer sits where
 * somebody was before, and may well be the same process: whose sessions they
 * were, he therefore takes over until his description tells.
 *
 * In a shared room a member is somebody new until its description shows the
 * process that a partner's session is with; then it is that partner, under
 * another id. So each process is one partner. There may be more members than
 * partners: who is ready when all places are taken is turned away, unless one
 * that has left the room does not answer, and makes way.
 */
#ifndef TUNNEL_PARTNERS_H
#define TUNNEL_PARTNERS_H

#include "tunnel/partner.h"

/* Members that are remembered, or twice as many as may have sessions; beyond it
 * nobody new is. What it stops is a server that invents them. */
enum { PARTNERS_REMEMBERED_MAX = 256 };

struct partners {
    struct list list; /* of struct partner, the oldest first */
    size_t count;
    size_t most;    /* with sessions that are up */
    bool is_shared; /* the room */
    uint32_t made;  /* so far: the number of the last one */
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

/* Who speaks from the room, or is told to be there; made where it is new. NULL
 * when there are too many. */
struct partner *partners_meet(struct partners *all, const char *peer);

/* The same for who describes itself. */
struct partner *partners_meet_process(struct partners *all, const char *peer,
                                      const struct description *d, uint64_t now_us);

void partners_set_shared(struct partners *all, bool is_shared);

/* For a session with that partner, beside those that are up, and those that we
 * are negotiating. */
bool partners_have_place(const struct partners *all, const struct partner *p);

/* The next session of a partner is ready, or has waited for a place: true when
 * there is one. Else it waits, or is turned away. */
bool partners_admit(struct partners *all, struct partner *p, uint64_t now_us);

/* With any of them. */
bool partners_are_up(const struct partners *all);
bool partners_are_negotiating(const struct partners *all);

/* True when a session of any has just been up for long enough. */
bool partners_calm_down(struct partners *all, uint64_t now_us);

void partners_lose_signal(struct partners *all);

/* We are in the room, and have met all that are there: whoever else has a
 * session has gone, or comes under another id. Asks those whether they are
 * alive. */
void partners_ask_absent(struct partners *all, uint64_t now_us);

/* There may be better paths for these sessions; true when that matters. */
bool partners_outdate(struct partners *all, const unsigned *sessions, size_t count);

/* Behind each event: restarts that may begin do, as do offers that have waited
 * for a place; those that are over are freed. */
void partners_settle(struct partners *all, bool in_room, uint64_t now_us);

/* When the next negotiation begins, where all wait for their time; 0: one is
 * under way, or there is nobody. */
uint64_t partners_retry_at_us(const struct partners *all);

uint64_t partners_deadline_us(const struct partners *all, bool in_room);

#endif
