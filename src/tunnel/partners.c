/*
 * A list, walked: a room has few members, and signalling few messages.
 */
#include "tunnel/partners.h"

#include <assert.h>
#include <string.h>

void partners_init(struct partners *all, size_t most, enum mux_role role, uint64_t seed,
                   struct actions *out)
{
    assert(most > 0);
    *all = (struct partners){.most = most, .role = role, .seed = seed, .out = out};
    list_init(&all->list);
    restraint_init(&all->restraint, seed);
}

void partners_deinit(struct partners *all)
{
    LIST_EACH(at, next, &all->list)
        partner_free(partner_at(at));
}

struct partner *partners_find_session(const struct partners *all, unsigned session)
{
    LIST_EACH(at, next, &all->list) {
        if (partner_has(partner_at(at), session))
            return partner_at(at);
    }
    return NULL;
}

/* Old servers do not say who is meant: whoever is there. */
struct partner *partners_find_peer(const struct partners *all, const char *peer)
{
    LIST_EACH(at, next, &all->list) {
        const char *theirs = partner_at(at)->peer;
        if (!peer || theirs[0] == '\0' || strcmp(theirs, peer) == 0)
            return partner_at(at);
    }
    return NULL;
}

/* The one who is not there any more, or of whom we have not heard that. */
static struct partner *predecessor(const struct partners *all)
{
    LIST_EACH(at, next, &all->list) {
        if (!partner_at(at)->is_there)
            return partner_at(at);
    }
    return partner_at(list_first(&all->list));
}

static struct partner *add(struct partners *all)
{
    uint32_t number = ++all->made;
    struct partner *p =
        partner_new(all->role, number, all->seed + number, &all->restraint, all->out);
    list_append(&all->list, &p->link);
    all->count++;
    return p;
}

struct partner *partners_meet(struct partners *all, const char *peer)
{
    struct partner *p = partners_find_peer(all, peer);
    if (!p)
        p = all->count < all->most ? add(all) : predecessor(all);
    partner_set_peer(p, peer);
    p->is_there = true;
    return p;
}

bool partners_are_up(const struct partners *all)
{
    LIST_EACH(at, next, &all->list) {
        if (partner_is_up(partner_at(at)))
            return true;
    }
    return false;
}

bool partners_are_negotiating(const struct partners *all)
{
    LIST_EACH(at, next, &all->list) {
        if (partner_at(at)->negotiation.state != NEGOTIATION_NONE)
            return true;
    }
    return false;
}

void partners_lose_signal(struct partners *all)
{
    LIST_EACH(at, next, &all->list)
        partner_lose_signal(partner_at(at));
}

bool partners_outdate(struct partners *all, const unsigned *sessions, size_t count)
{
    bool matters = false;
    LIST_EACH(at, next, &all->list) {
        struct standing *s = &partner_at(at)->standing;
        for (size_t i = 0; i < count; i++) {
            if (sessions[i] != s->current.session)
                continue;
            restart_want(&s->restart, RESTART_ADDRESSES);
            matters = true;
        }
    }
    return matters;
}

void partners_settle(struct partners *all, bool in_room, uint64_t now_us)
{
    LIST_EACH(at, next, &all->list) {
        struct partner *p = partner_at(at);
        partner_try_restart(p, in_room, now_us);
        if (!partner_is_over(p))
            continue;
        if (p->standing.was_up)
            actions_push(all->out, &(struct action){.type = ACTION_GONE, .partner = p->number});
        partner_free(p);
        all->count--;
    }
}

uint64_t partners_deadline_us(const struct partners *all, bool in_room)
{
    uint64_t first_us = TIME_NEVER;
    LIST_EACH(at, next, &all->list) {
        uint64_t at_us = partner_deadline_us(partner_at(at), in_room);
        first_us = at_us < first_us ? at_us : first_us;
    }
    return first_us;
}
