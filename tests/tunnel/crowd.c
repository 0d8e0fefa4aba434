/*
 * A list of tickets, the earliest of which is next; of two at the same time the
 * one that was written first.
 */
#include "crowd_internal.h"

#include <stdio.h>

#define NOTICE_MOST_US (45 * US_PER_S)

uint64_t crowd_roll(struct crowd *c, uint64_t below)
{
    c->dice += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = c->dice;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

bool crowd_chance(struct crowd *c, unsigned percent)
{
    return !c->is_kind && crowd_roll(c, 100) < percent;
}

void crowd_say(const struct crowd *c, const char *format, ...)
{
    va_list args;
    if (!c->is_loud)
        return;
    va_start(args, format);
    printf("%8.3f ", (double)c->now_us / (double)US_PER_S);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

struct crowd_ticket *crowd_schedule(struct crowd *c, enum crowd_ticket_type type, int member,
                                    uint64_t in_us)
{
    assert_true(c->ticket_count < CROWD_TICKETS_MAX);
    struct crowd_ticket *t = &c->tickets[c->ticket_count++];
    *t = (struct crowd_ticket){.at_us = c->now_us + in_us,
                               .order = ++c->order,
                               .type = type,
                               .member = member};
    t->process = member >= 0 ? c->members[member].process : 0;
    return t;
}

void crowd_schedule_trouble(struct crowd *c, uint64_t in_us)
{
    crowd_schedule(c, TROUBLES, -1, in_us);
}

/* ---- the rendezvous, and what it wants ---- */

static void act(struct crowd *c, int member, const struct action *a);

void crowd_feed(struct crowd *c, int member, const struct event *event)
{
    struct action a;
    struct rendezvous *rv = c->members[member].rv;
    rendezvous_feed(rv, event, c->now_us);
    while (rendezvous_next(rv, &a))
        act(c, member, &a);
}

/* ---- the signal server ---- */

static void say_to(struct crowd *c, int member, unsigned peer, struct event event, const char *text)
{
    struct crowd_member *m = &c->members[member];
    uint64_t at_us = c->now_us + crowd_roll(c, 100 * US_PER_MS);
    m->hears_at_us = at_us > m->hears_at_us ? at_us : m->hears_at_us;
    struct crowd_ticket *t = crowd_schedule(c, SAID, member, m->hears_at_us - c->now_us);
    t->visit = m->seen_visit;
    t->event = event;
    t->peer = peer;
    snprintf(t->text, sizeof t->text, "%s", text ? text : "");
}

static void say_to_others(struct crowd *c, enum mux_role role, unsigned id, enum event_type type)
{
    for (int i = 0; i < CROWD_MEMBERS; i++) {
        const struct crowd_member *m = &c->members[i];
        if (m->id > 0 && m->role != role)
            say_to(c, i, id, (struct event){.type = type}, NULL);
    }
}

static void leave_room(struct crowd *c, int member)
{
    unsigned id = c->members[member].id;
    c->members[member].id = 0;
    if (id > 0)
        say_to_others(c, c->members[member].role, id, EVENT_PEER_LEFT);
}

static void become_ghost(struct crowd *c, int member)
{
    struct crowd_member *m = &c->members[member];
    struct ghost *g = c->ghosts;
    if (m->id == 0)
        return;
    while (g->id > 0)
        assert_true(++g < c->ghosts + CROWD_GHOSTS_MAX);
    *g = (struct ghost){.id = m->id, .role = m->role};
    m->id = 0;
    crowd_schedule(c, FORGETS, -1, crowd_roll(c, NOTICE_MOST_US))->id = g->id;
}

static void forget(struct crowd *c, const struct crowd_ticket *t)
{
    if (t->member >= 0) {
        const struct crowd_member *m = &c->members[t->member];
        if (m->id == t->id && m->seen_visit == t->visit)
            leave_room(c, t->member);
        return;
    }
    for (size_t i = 0; i < CROWD_GHOSTS_MAX; i++) {
        if (c->ghosts[i].id != t->id)
            continue;
        c->ghosts[i].id = 0;
        say_to_others(c, c->ghosts[i].role, t->id, EVENT_PEER_LEFT);
    }
}

static void join_room(struct crowd *c, int member)
{
    struct crowd_member *m = &c->members[member];
    bool is_resumed = m->id > 0;
    c->resumed += is_resumed;
    m->seen_visit = m->visit;
    if (!is_resumed)
        m->id = ++c->numbers;
    say_to(c, member, 0,
           (struct event){.type = EVENT_JOINED, .is_resumed = is_resumed, .is_shared = true}, NULL);
    struct crowd_ticket *t = &c->tickets[c->ticket_count - 1];
    for (int i = 0; i < CROWD_MEMBERS; i++) {
        if (c->members[i].id > 0 && c->members[i].role != m->role)
            t->peers[t->event.peer_count++] = c->members[i].id;
    }
    for (size_t i = 0; i < CROWD_GHOSTS_MAX; i++) {
        if (c->ghosts[i].id > 0 && c->ghosts[i].role != m->role)
            t->peers[t->event.peer_count++] = c->ghosts[i].id;
    }
    if (!is_resumed)
        say_to_others(c, m->role, m->id, EVENT_PEER_JOINED);
}

void crowd_inject(struct crowd *c, int member, enum sdp_type type, unsigned peer, const char *wire)
{
    enum event_type event = type == SDP_OFFER ? EVENT_OFFER : EVENT_ANSWER;
    say_to(c, member, peer, (struct event){.type = event}, wire);
}

static void send_description(struct crowd *c, int member, const struct action *a)
{
    const struct crowd_member *from = &c->members[member];
    for (int i = 0; i < CROWD_MEMBERS; i++) {
        char id[SIGNAL_PEER_ID_MAX];
        snprintf(id, sizeof id, "%u", c->members[i].id);
        if (from->visit == 0 || from->id == 0 || c->members[i].id == 0 || strcmp(id, a->peer) != 0)
            continue;
        char wire[CROWD_TEXT_MAX];
        snprintf(wire, sizeof wire, "%s", a->text);
        if (!c->signalling || c->signalling->wrap(c, member, a, wire))
            crowd_inject(c, i, a->sdp_type, from->id, wire);
    }
}

static void act(struct crowd *c, int member, const struct action *a)
{
    struct crowd_member *m = &c->members[member];
    crowd_say(c, "member %d: action %d, session %u, partner %u", member, (int)a->type, a->session,
              a->partner);
    switch (a->type) {
    case ACTION_CONNECT:
        m->visit = ++c->numbers;
        m->is_cut = false;
        crowd_schedule(c, CONNECTS, member, crowd_roll(c, 200 * US_PER_MS))->visit = m->visit;
        break;
    case ACTION_LEAVE:
        m->visit = 0;
        if (!m->is_cut)
            leave_room(c, member);
        break;
    case ACTION_SEND_DESCRIPTION:
        send_description(c, member, a);
        break;
    case ACTION_START:
        crowd_start_half(c, member, a);
        break;
    case ACTION_UP:
        assert_true(a->partner < CROWD_PARTNERS_MAX);
        c->sessions++;
        m->up[a->partner] = a->session;
        break;
    case ACTION_DOWN:
        assert_int_equal(m->up[a->partner], a->session);
        m->up[a->partner] = 0;
        break;
    case ACTION_GONE:
        assert_int_equal(m->up[a->partner], 0);
        break;
    case ACTION_SEND_MISFIT:
        fail_msg("member %d: %s is a misfit", member, a->peer);
        break;
    default:
        crowd_act_on_half(c, member, a);
        break;
    }
}

/* ---- trouble ---- */

void crowd_begin(struct crowd *c, int member, enum mux_role role)
{
    const struct rendezvous_config config = {.role = role,
                                             .partners_max = CROWD_MEMBERS,
                                             .consumer_offers = c->consumer_offers,
                                             .seed = crowd_roll(c, UINT64_MAX)};
    struct crowd_member *m = &c->members[member];
    *m = (struct crowd_member){.role = role, .process = ++c->numbers};
    m->rv = rendezvous_new(&config, c->now_us);
    if (c->signalling)
        c->signalling->on_begin(c, member);
    crowd_say(c, "member %d begins, process %u", member, m->process);
}

void crowd_end(struct crowd *c, int member, bool says_bye)
{
    struct crowd_member *m = &c->members[member];
    crowd_say(c, "member %d ends%s", member, says_bye ? "" : " without a word");
    for (size_t i = 0; i < CROWD_HALVES_MAX; i++) {
        if (c->halves[i].id > 0 && c->halves[i].member == member)
            crowd_vanish_half(c, &c->halves[i], says_bye);
    }
    rendezvous_free(m->rv);
    if (c->signalling)
        c->signalling->on_end(c, member);
    m->rv = NULL;
    m->visit = 0;
    memset(m->up, 0, sizeof m->up);
    if (says_bye && !m->is_cut)
        leave_room(c, member);
    else
        become_ghost(c, member);
}

void crowd_cut(struct crowd *c, int member)
{
    struct crowd_member *m = &c->members[member];
    if (!m->rv || m->visit == 0 || m->seen_visit != m->visit || m->id == 0)
        return;
    crowd_say(c, "member %d loses the server", member);
    struct crowd_ticket *t = crowd_schedule(c, FORGETS, member, crowd_roll(c, NOTICE_MOST_US));
    t->id = m->id;
    t->visit = m->seen_visit;
    m->is_cut = true;
    crowd_feed(c, member, &(struct event){.type = EVENT_SIGNAL_LOST, .text = "lost"});
}

/* What the server forgets by it, it need not notice. */
void crowd_restart_server(struct crowd *c)
{
    c->has_server = !c->has_server;
    crowd_say(c, "the server %s", c->has_server ? "is there" : "is gone");
    for (int i = 0; i < CROWD_MEMBERS && !c->has_server; i++)
        c->members[i].id = 0;
    memset(c->ghosts, 0, sizeof c->ghosts);
    for (int i = 0; i < CROWD_MEMBERS && !c->has_server; i++) {
        if (c->members[i].rv && c->members[i].visit)
            crowd_feed(c, i, &(struct event){.type = EVENT_SIGNAL_LOST, .text = "lost"});
    }
}

void crowd_lose_session(struct crowd *c, int member)
{
    for (size_t i = 0; i < CROWD_HALVES_MAX; i++) {
        const struct half *h = &c->halves[i];
        if (h->id == 0 || h->member != member || !h->is_ready)
            continue;
        crowd_say(c, "member %d loses session %u", member, h->number);
        crowd_end_half(c, h, "bad luck");
        return;
    }
}

/* ---- time ---- */

/* False: it is dropped. */
static bool unseal(struct crowd *c, int member, const struct event *event, char *text)
{
    bool is_description = event->type == EVENT_OFFER || event->type == EVENT_ANSWER;
    if (!c->signalling)
        return true;
    if (event->type == EVENT_PEER_JOINED)
        c->signalling->on_meet(c, member, event->peer);
    for (size_t i = 0; i < event->peer_count && !event->is_resumed; i++)
        c->signalling->on_meet(c, member, event->peers[i]);
    return !is_description || c->signalling->open(c, member, event, text);
}

static void hear(struct crowd *c, const struct crowd_ticket *t)
{
    struct event event = t->event;
    char ids[CROWD_MEMBERS + CROWD_GHOSTS_MAX][16], peer[16];
    char *peers[CROWD_MEMBERS + CROWD_GHOSTS_MAX];
    unsigned process = 0, id = 0;
    uint8_t fingerprint[CERT_FINGERPRINT_LEN] = {0};
    snprintf(peer, sizeof peer, "%u", t->peer);
    for (size_t i = 0; i < event.peer_count; i++) {
        snprintf(ids[i], sizeof ids[i], "%u", t->peers[i]);
        peers[i] = ids[i];
    }
    event.peer = peer;
    event.peers = peers;
    char text[CROWD_TEXT_MAX];
    memcpy(text, t->text, sizeof text);
    event.text = text;
    if (!unseal(c, t->member, &event, text))
        return;
    if (sscanf(text, "%u %u", &process, &id) == 2) {
        memcpy(fingerprint, &process, sizeof process);
        event.description = (struct description){.sdp = text, .process = fingerprint};
        for (size_t i = 0; i < CROWD_HALVES_MAX; i++) {
            const struct half *h = &c->halves[i];
            if (h->id > 0 && h->member == t->member && h->remote == id)
                event.description.session = h->number;
        }
    }
    crowd_say(c, "member %d hears %d from %s: %s", t->member, (int)event.type, peer, text);
    crowd_feed(c, t->member, &event);
}

static void on_half_ticket(struct crowd *c, const struct crowd_ticket *t)
{
    struct half *h = crowd_find_half(c, t->half);
    if (!h)
        return;
    struct event event = {.session = h->number};
    if (t->type == DESCRIBES) {
        crowd_describe_half(c, h);
    } else if (t->type == ENDS) {
        crowd_end_half(c, h, t->words);
    } else if (t->type == GIVES_UP && !h->is_ready) {
        crowd_end_half(c, h, "no path");
    } else if (t->type == GETS_READY && crowd_other_half(c, h)) {
        h->is_ready = true;
        event.type = EVENT_READY;
        crowd_feed(c, t->member, &event);
        event.type = EVENT_MEASURED;
        crowd_feed(c, t->member, &event);
    } else if (t->type == LIVES && crowd_other_half(c, h)) {
        event.type = EVENT_ALIVE;
        crowd_feed(c, t->member, &event);
    } else if (t->type == RESTS) {
        event.type = EVENT_IDLE;
        crowd_feed(c, t->member, &event);
    }
}

static void on_ticket(struct crowd *c, const struct crowd_ticket *t)
{
    if (t->type == TROUBLES)
        c->make_trouble(c);
    else if (t->type == FORGETS)
        forget(c, t);
    if (t->member < 0 || t->type == FORGETS)
        return;
    struct crowd_member *m = &c->members[t->member];
    bool is_here = m->rv && m->process == t->process;
    if (!is_here)
        return;
    if (t->type == SAID && m->visit == t->visit)
        hear(c, t);
    else if (t->type == CONNECTS && m->visit == t->visit && c->has_server)
        join_room(c, t->member);
    else if (t->type == CONNECTS && m->visit == t->visit)
        crowd_feed(c, t->member, &(struct event){.type = EVENT_SIGNAL_LOST, .text = "no server"});
    else if (t->half > 0)
        on_half_ticket(c, t);
}

static int next_deadline(const struct crowd *c, uint64_t *at_us)
{
    int due = -1;
    for (int i = 0; i < CROWD_MEMBERS; i++) {
        const struct rendezvous *rv = c->members[i].rv;
        uint64_t deadline_us = rv ? rendezvous_deadline_us(rv) : TIME_NEVER;
        if (deadline_us >= *at_us)
            continue;
        *at_us = deadline_us;
        due = i;
    }
    return due;
}

void crowd_run(struct crowd *c, uint64_t until_us)
{
    for (;;) {
        size_t first = 0;
        for (size_t i = 1; i < c->ticket_count; i++) {
            const struct crowd_ticket *t = &c->tickets[i], *f = &c->tickets[first];
            if (t->at_us < f->at_us || (t->at_us == f->at_us && t->order < f->order))
                first = i;
        }
        uint64_t at_us = c->ticket_count > 0 ? c->tickets[first].at_us : TIME_NEVER;
        int due = next_deadline(c, &at_us);
        if (at_us > until_us)
            break;
        c->now_us = at_us > c->now_us ? at_us : c->now_us;
        if (due >= 0) {
            crowd_feed(c, due, &(struct event){.type = EVENT_DEADLINE});
            continue;
        }
        struct crowd_ticket t = c->tickets[first];
        c->tickets[first] = c->tickets[--c->ticket_count];
        on_ticket(c, &t);
    }
    c->now_us = until_us;
}
