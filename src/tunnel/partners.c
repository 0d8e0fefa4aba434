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
    restraint_init(&all->restraint, NULL, RESTRAINT_FREE, seed);
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
static bool is_called(const struct partners *all, const struct partner *p, const char *peer)
{
    bool is_anybody = !all->is_shared && (!peer || p->peer[0] == '\0');
    return is_anybody || (peer && strcmp(p->peer, peer) == 0);
}

struct partner *partners_find_peer(const struct partners *all, const char *peer)
{
    LIST_EACH(at, next, &all->list) {
        if (is_called(all, partner_at(at), peer))
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

/* Those that have sessions, and as many that had one or want one. */
static size_t remembered_max(const struct partners *all)
{
    if (!all->is_shared)
        return 1;
    return all->most > PARTNERS_REMEMBERED_MAX / 2 ? 2 * all->most : PARTNERS_REMEMBERED_MAX;
}

struct partner *partners_meet(struct partners *all, const char *peer)
{
    size_t most = remembered_max(all);
    struct partner *p = partners_find_peer(all, peer);
    if (!p && all->count >= most && all->is_shared)
        return NULL;
    if (!p)
        p = all->count < most ? add(all) : predecessor(all);
    partner_set_peer(p, peer);
    p->is_there = true;
    p->is_shared = all->is_shared;
    return p;
}

static struct partner *find_process(const struct partners *all, const struct description *d)
{
    LIST_EACH(at, next, &all->list) {
        struct partner *p = partner_at(at);
        if (standing_has(&p->standing, d->session) ||
            pact_is_with(&p->standing.current, d->process) ||
            pact_is_with(&p->negotiation.pact, d->process))
            return p;
    }
    return NULL;
}

struct partner *partners_meet_process(struct partners *all, const char *peer,
                                      const struct description *d, uint64_t now_us)
{
    struct partner *known = all->is_shared ? find_process(all, d) : NULL;
    struct partner *p = partners_meet(all, peer);
    if (!p || !known || known == p)
        return p;
    partner_absorb(known, p, now_us);
    return known;
}

void partners_set_shared(struct partners *all, bool is_shared)
{
    all->is_shared = is_shared;
    all->restraint.tries = is_shared ? RESTRAINT_FREE * (unsigned)all->most : RESTRAINT_FREE;
}

/* ---- places ---- */

bool partners_have_place(const struct partners *all, const struct partner *p)
{
    size_t taken = 0;
    LIST_EACH(at, next, &all->list) {
        const struct partner *other = partner_at(at);
        taken += other != p && (partner_is_up(other) || other->negotiation.pact.session > 0);
    }
    return taken < all->most;
}

static size_t count_up(const struct partners *all)
{
    size_t count = 0;
    LIST_EACH(at, next, &all->list)
        count += partner_is_up(partner_at(at));
    return count;
}

/* One that has left the room and does not answer makes way. When: now, or when
 * it is known whether one does; TIME_NEVER: all that might have answered. */
static uint64_t make_place(struct partners *all, bool may_ask, uint64_t now_us)
{
    uint64_t first_us = TIME_NEVER;
    LIST_EACH(at, next, &all->list) {
        struct partner *p = partner_at(at);
        if (!partner_is_up(p) || p->is_there)
            continue;
        if (may_ask)
            standing_ask(&p->standing, all->out, now_us);
        if (!doubt_is_asked(&p->standing.doubt))
            continue;
        uint64_t until_us = p->standing.doubt.asked_us + DOUBT_MAKES_WAY_US;
        if (until_us <= now_us) {
            standing_give_way(&p->standing, all->out);
            actions_push(all->out, &(struct action){.type = ACTION_PARTED, .partner = p->number});
            return now_us;
        }
        first_us = until_us < first_us ? until_us : first_us;
    }
    return first_us;
}

static void turn_away(struct partners *all, struct partner *p)
{
    actions_push(all->out, &(struct action){.type = ACTION_NOTE,
                                            .note = NOTE_NO_PLACE,
                                            .session = p->negotiation.pact.session,
                                            .partner = p->number});
    negotiation_turn_away(&p->negotiation, all->role == MUX_CONSUMER ? MUX_PROVIDER : MUX_CONSUMER,
                          all->out);
}

bool partners_admit(struct partners *all, struct partner *p, uint64_t now_us)
{
    bool has_waited = p->negotiation.state == NEGOTIATION_CONTESTED;
    if (partner_is_up(p) || count_up(all) < all->most)
        return true;
    uint64_t until_us = make_place(all, !has_waited, now_us);
    if (until_us <= now_us)
        return true;
    if (until_us == TIME_NEVER)
        turn_away(all, p);
    else if (has_waited)
        p->negotiation.deadline_us = until_us;
    else
        negotiation_contest(&p->negotiation, until_us, all->out);
    return false;
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
        if (partner_is_negotiating(partner_at(at)))
            return true;
    }
    return false;
}

bool partners_calm_down(struct partners *all, uint64_t now_us)
{
    bool is_calm = false;
    LIST_EACH(at, next, &all->list)
        is_calm = partner_calm_down(partner_at(at), now_us) || is_calm;
    return is_calm;
}

void partners_lose_signal(struct partners *all)
{
    LIST_EACH(at, next, &all->list)
        partner_lose_signal(partner_at(at));
}

void partners_ask_absent(struct partners *all, uint64_t now_us)
{
    LIST_EACH(at, next, &all->list) {
        struct partner *p = partner_at(at);
        if (!p->is_there)
            standing_miss(&p->standing, all->out, now_us);
    }
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
        if (p->waits_for_place && partners_have_place(all, p))
            partner_offer(p, now_us);
        if (!partner_is_over(p))
            continue;
        if (p->standing.was_up)
            actions_push(all->out, &(struct action){.type = ACTION_GONE, .partner = p->number});
        partner_free(p);
        all->count--;
    }
}

uint64_t partners_retry_at_us(const struct partners *all)
{
    uint64_t first_us = TIME_NEVER;
    LIST_EACH(at, next, &all->list) {
        const struct negotiation *n = &partner_at(at)->negotiation;
        if (n->state == NEGOTIATION_NONE)
            continue;
        uint64_t at_us = n->state == NEGOTIATION_DUE ? n->deadline_us : 0;
        first_us = at_us < first_us ? at_us : first_us;
    }
    return first_us == TIME_NEVER ? 0 : first_us;
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
