/*
 * A list of tickets, the earliest of which is next; of two at the same time the
 * one that was written first.
 */
#include "crowd.h"

#include <stdio.h>

#define NOTICE_MOST_US (45 * US_PER_S)
#define GIVE_UP_US     (30 * US_PER_S)
#define SILENCE_US     (30 * US_PER_S)
#define PROBE_US       (5 * US_PER_S)

uint64_t crowd_roll(struct crowd *c, uint64_t below)
{
    c->dice += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = c->dice;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

static bool chance(struct crowd *c, unsigned percent)
{
    return !c->is_kind && crowd_roll(c, 100) < percent;
}

__attribute__((format(printf, 2, 3))) static void say(const struct crowd *c, const char *format,
                                                      ...)
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

static struct crowd_ticket *schedule(struct crowd *c, enum crowd_ticket_type type, int member,
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
    schedule(c, TROUBLES, -1, in_us);
}

/* ---- the rendezvous, and what it wants ---- */

static void act(struct crowd *c, int member, const struct action *a);

static void feed(struct crowd *c, int member, const struct event *event)
{
    struct action a;
    struct rendezvous *rv = c->members[member].rv;
    rendezvous_feed(rv, event, c->now_us);
    while (rendezvous_next(rv, &a))
        act(c, member, &a);
}

/* ---- halves ---- */

static struct half *find_half(struct crowd *c, unsigned id)
{
    for (size_t i = 0; id > 0 && i < CROWD_HALVES_MAX; i++) {
        if (c->halves[i].id == id)
            return &c->halves[i];
    }
    return NULL;
}

static struct half *half_of(struct crowd *c, int member, unsigned number)
{
    for (size_t i = 0; i < CROWD_HALVES_MAX; i++) {
        struct half *h = &c->halves[i];
        if (h->id > 0 && h->member == member && h->number == number)
            return h;
    }
    return NULL;
}

/* The one at the other end, if each means the other. */
static struct half *other_half(struct crowd *c, const struct half *h)
{
    struct half *other = find_half(c, h->remote);
    return other && other->remote == h->id ? other : NULL;
}

static struct crowd_ticket *schedule_half(struct crowd *c, enum crowd_ticket_type type,
                                          const struct half *h, uint64_t in_us)
{
    struct crowd_ticket *t = schedule(c, type, h->member, in_us);
    t->half = h->id;
    return t;
}

static void start(struct crowd *c, int member, const struct action *a)
{
    struct half *h = c->halves;
    while (h->id > 0)
        assert_true(++h < c->halves + CROWD_HALVES_MAX);
    *h = (struct half){.id = ++c->numbers, .member = member, .number = a->session};
    h->process = c->members[member].process;
    h->is_offering = a->sdp_type == SDP_OFFER;
    if (h->is_offering)
        schedule_half(c, DESCRIBES, h, crowd_roll(c, 5 * US_PER_MS));
    schedule_half(c, GIVES_UP, h, GIVE_UP_US);
}

/* Its end; the other one hears of it, or nothing any more. */
static void vanish(struct crowd *c, struct half *h, bool says_bye)
{
    struct half *other = other_half(c, h);
    if (other && other->is_ready) {
        bool is_heard = says_bye && !chance(c, 20);
        struct crowd_ticket *t =
            schedule_half(c, ENDS, other, is_heard ? crowd_roll(c, 200 * US_PER_MS) : SILENCE_US);
        t->words = is_heard ? "bye" : "silence";
    }
    h->id = 0;
}

static void end_half(struct crowd *c, const struct half *h, const char *words)
{
    feed(c, h->member,
         &(struct event){.type = EVENT_CLOSED,
                         .session = h->number,
                         .text = words,
                         .is_goodbye = strcmp(words, "bye") == 0});
}

static void describe(struct crowd *c, const struct half *h)
{
    char sdp[CROWD_TEXT_MAX];
    snprintf(sdp, sizeof sdp, "%u %u", h->process, h->id);
    feed(c, h->member,
         &(struct event){.type = EVENT_DESCRIBED,
                         .session = h->number,
                         .sdp_type = h->is_offering ? SDP_OFFER : SDP_ANSWER,
                         .text = sdp});
}

/* Both know each other: there is a path, most of the time. */
static void match(struct crowd *c, struct half *h)
{
    struct half *other = other_half(c, h);
    if (!other || h->is_ready || other->is_ready || chance(c, 10))
        return;
    uint64_t in_us = crowd_roll(c, 800 * US_PER_MS);
    schedule_half(c, GETS_READY, h, in_us);
    schedule_half(c, GETS_READY, other, in_us + crowd_roll(c, 100 * US_PER_MS));
}

static const char *take(struct crowd *c, struct half *h, const struct action *a)
{
    unsigned process, id;
    assert_int_equal(sscanf(a->text, "%u %u", &process, &id), 2);
    if (h->remote && h->remote != id)
        return "it is of another session";
    if (a->sdp_type == SDP_ANSWER && !h->is_offering)
        return "there was no offer of ours";
    bool is_first = h->remote == 0;
    h->remote = id;
    h->is_offering = false;
    if (a->sdp_type == SDP_OFFER)
        schedule_half(c, DESCRIBES, h, crowd_roll(c, 5 * US_PER_MS));
    if (is_first)
        match(c, h);
    return NULL;
}

static void take_and_tell(struct crowd *c, struct half *h, const struct action *a)
{
    const char *why = take(c, h, a);
    feed(c, h->member,
         &(struct event){.type = EVENT_FED,
                         .session = h->number,
                         .sdp_type = a->sdp_type,
                         .text = why,
                         .is_offering = h->is_offering});
}

static void probe(struct crowd *c, struct half *h)
{
    if (other_half(c, h))
        schedule_half(c, LIVES, h, crowd_roll(c, 300 * US_PER_MS));
    else
        schedule_half(c, ENDS, h, PROBE_US)->words = "silence";
}

static void restart(struct crowd *c, struct half *h)
{
    c->restarts++;
    h->is_offering = true;
    schedule_half(c, DESCRIBES, h, 0);
}

static void act_on_half(struct crowd *c, int member, const struct action *a)
{
    struct half *h = half_of(c, member, a->session);
    if (!h)
        return;
    if (a->type == ACTION_FEED)
        take_and_tell(c, h, a);
    else if (a->type == ACTION_RESTART)
        restart(c, h);
    else if (a->type == ACTION_ABANDON_RESTART)
        h->is_offering = false;
    else if (a->type == ACTION_PROBE)
        probe(c, h);
    else if (a->type == ACTION_DRAIN)
        schedule_half(c, RESTS, h, crowd_roll(c, 10 * US_PER_S));
    else if (a->type == ACTION_CLOSE || a->type == ACTION_REFUSE)
        vanish(c, h, true);
}

/* ---- the signal server ---- */

static void say_to(struct crowd *c, int member, unsigned peer, struct event event, const char *text)
{
    struct crowd_member *m = &c->members[member];
    uint64_t at_us = c->now_us + crowd_roll(c, 100 * US_PER_MS);
    m->hears_at_us = at_us > m->hears_at_us ? at_us : m->hears_at_us;
    struct crowd_ticket *t = schedule(c, SAID, member, m->hears_at_us - c->now_us);
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
    schedule(c, FORGETS, -1, crowd_roll(c, NOTICE_MOST_US))->id = g->id;
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

static void send_description(struct crowd *c, int member, const struct action *a)
{
    const struct crowd_member *from = &c->members[member];
    for (int i = 0; i < CROWD_MEMBERS; i++) {
        char id[SIGNAL_PEER_ID_MAX];
        snprintf(id, sizeof id, "%u", c->members[i].id);
        if (from->visit == 0 || from->id == 0 || c->members[i].id == 0 || strcmp(id, a->peer) != 0)
            continue;
        enum event_type type = a->sdp_type == SDP_OFFER ? EVENT_OFFER : EVENT_ANSWER;
        say_to(c, i, from->id, (struct event){.type = type}, a->text);
    }
}

static void act(struct crowd *c, int member, const struct action *a)
{
    struct crowd_member *m = &c->members[member];
    say(c, "member %d: action %d, session %u, partner %u", member, (int)a->type, a->session,
        a->partner);
    switch (a->type) {
    case ACTION_CONNECT:
        m->visit = ++c->numbers;
        m->is_cut = false;
        schedule(c, CONNECTS, member, crowd_roll(c, 200 * US_PER_MS))->visit = m->visit;
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
        start(c, member, a);
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
        act_on_half(c, member, a);
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
    say(c, "member %d begins, process %u", member, m->process);
}

void crowd_end(struct crowd *c, int member, bool says_bye)
{
    struct crowd_member *m = &c->members[member];
    say(c, "member %d ends%s", member, says_bye ? "" : " without a word");
    for (size_t i = 0; i < CROWD_HALVES_MAX; i++) {
        if (c->halves[i].id > 0 && c->halves[i].member == member)
            vanish(c, &c->halves[i], says_bye);
    }
    rendezvous_free(m->rv);
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
    say(c, "member %d loses the server", member);
    struct crowd_ticket *t = schedule(c, FORGETS, member, crowd_roll(c, NOTICE_MOST_US));
    t->id = m->id;
    t->visit = m->seen_visit;
    m->is_cut = true;
    feed(c, member, &(struct event){.type = EVENT_SIGNAL_LOST, .text = "lost"});
}

/* What the server forgets by it, it need not notice. */
void crowd_restart_server(struct crowd *c)
{
    c->has_server = !c->has_server;
    say(c, "the server %s", c->has_server ? "is there" : "is gone");
    for (int i = 0; i < CROWD_MEMBERS && !c->has_server; i++)
        c->members[i].id = 0;
    memset(c->ghosts, 0, sizeof c->ghosts);
    for (int i = 0; i < CROWD_MEMBERS && !c->has_server; i++) {
        if (c->members[i].rv && c->members[i].visit)
            feed(c, i, &(struct event){.type = EVENT_SIGNAL_LOST, .text = "lost"});
    }
}

void crowd_lose_session(struct crowd *c, int member)
{
    for (size_t i = 0; i < CROWD_HALVES_MAX; i++) {
        const struct half *h = &c->halves[i];
        if (h->id == 0 || h->member != member || !h->is_ready)
            continue;
        say(c, "member %d loses session %u", member, h->number);
        end_half(c, h, "bad luck");
        return;
    }
}

/* ---- time ---- */

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
    event.text = t->text;
    if (sscanf(t->text, "%u %u", &process, &id) == 2) {
        memcpy(fingerprint, &process, sizeof process);
        event.description = (struct description){.sdp = t->text, .process = fingerprint};
        for (size_t i = 0; i < CROWD_HALVES_MAX; i++) {
            const struct half *h = &c->halves[i];
            if (h->id > 0 && h->member == t->member && h->remote == id)
                event.description.session = h->number;
        }
    }
    say(c, "member %d hears %d from %s: %s", t->member, (int)event.type, peer, t->text);
    feed(c, t->member, &event);
}

static void on_half_ticket(struct crowd *c, const struct crowd_ticket *t)
{
    struct half *h = find_half(c, t->half);
    if (!h)
        return;
    struct event event = {.session = h->number};
    if (t->type == DESCRIBES) {
        describe(c, h);
    } else if (t->type == ENDS) {
        end_half(c, h, t->words);
    } else if (t->type == GIVES_UP && !h->is_ready) {
        end_half(c, h, "no path");
    } else if (t->type == GETS_READY && other_half(c, h)) {
        h->is_ready = true;
        event.type = EVENT_READY;
        feed(c, t->member, &event);
        event.type = EVENT_MEASURED;
        feed(c, t->member, &event);
    } else if (t->type == LIVES && other_half(c, h)) {
        event.type = EVENT_ALIVE;
        feed(c, t->member, &event);
    } else if (t->type == RESTS) {
        event.type = EVENT_IDLE;
        feed(c, t->member, &event);
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
        feed(c, t->member, &(struct event){.type = EVENT_SIGNAL_LOST, .text = "no server"});
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
            feed(c, due, &(struct event){.type = EVENT_DEADLINE});
            continue;
        }
        struct crowd_ticket t = c->tickets[first];
        c->tickets[first] = c->tickets[--c->ticket_count];
        on_ticket(c, &t);
    }
    c->now_us = until_us;
}

/* ---- the end ---- */

static bool is_up(const struct crowd *c, const struct half *h)
{
    for (size_t i = 0; i < CROWD_PARTNERS_MAX; i++) {
        if (c->members[h->member].up[i] == h->number)
            return true;
    }
    return false;
}

const char *crowd_check(const struct crowd *c)
{
    static char text[128];
    int between[CROWD_MEMBERS][CROWD_MEMBERS] = {{0}};
    for (size_t i = 0; i < CROWD_HALVES_MAX; i++) {
        const struct half *h = &c->halves[i];
        const struct half *other =
            h->id > 0 ? find_half((struct crowd *)(uintptr_t)c, h->remote) : NULL;
        if (h->id == 0)
            continue;
        if (!other || other->remote != h->id || !h->is_ready || !is_up(c, h)) {
            snprintf(text, sizeof text, "member %d has a session %u that is none", h->member,
                     h->number);
            return text;
        }
        between[h->member][other->member]++;
    }
    for (int i = 0; i < CROWD_MEMBERS; i++) {
        for (int k = 0; k < CROWD_MEMBERS; k++) {
            const struct crowd_member *a = &c->members[i], *b = &c->members[k];
            int wanted = a->rv && b->rv && a->role != b->role;
            snprintf(text, sizeof text, "%d sessions of member %d with member %d, not %d",
                     between[i][k], i, k, wanted);
            if (between[i][k] != wanted)
                return text;
        }
    }
    return NULL;
}
