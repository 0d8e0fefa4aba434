/*
 * A list of tickets, the earliest of which is next: a world has a few dozen.
 * What concerns a process that is stopped waits until it goes on.
 */
#include "world.h"

#include <stdio.h>

/* ---- chance ---- */

uint64_t roll(struct world *w, uint64_t below)
{
    w->dice += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = w->dice;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

bool chance(struct world *w, unsigned percent)
{
    return !w->is_kind && roll(w, 100) < percent;
}

void say(const struct world *w, const char *format, ...)
{
    if (!w->is_loud)
        return;
    va_list args;
    va_start(args, format);
    printf("%8.3f ", (double)w->now_us / (double)US_PER_S);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

struct ticket *schedule(struct world *w, enum ticket_type type, uint64_t in_us)
{
    assert_true(w->ticket_count < TICKETS_MAX);
    struct ticket *t = &w->tickets[w->ticket_count++];
    *t = (struct ticket){.at_us = w->now_us + in_us, .type = type};
    return t;
}

void schedule_for(struct world *w, enum ticket_type type, const struct model *s, uint64_t in_us)
{
    schedule(w, type, in_us)->session = s->id;
}

/* ---- the rendezvous, and what it wants ---- */

static void probe_signal(struct world *w, int end)
{
    if (conn_of(w, end)->is_cut)
        schedule(w, LOST_BY_CLIENT, 5 * US_PER_S)->conn = w->ends[end].conn;
}

static void act(struct world *w, int end, const struct action *a)
{
    struct end *e = &w->ends[end];
    switch (a->type) {
    case ACTION_CONNECT:
        connect_end(w, end);
        break;
    case ACTION_LEAVE:
        disconnect_end(w, end);
        break;
    case ACTION_PROBE_SIGNAL:
        probe_signal(w, end);
        break;
    case ACTION_SEND_DESCRIPTION:
        send_description(w, end, a);
        break;
    case ACTION_START:
        start_session(w, end, a);
        break;
    case ACTION_STATUS:
        say(w, "end %d: [%s]", end, keeper_state_name(a->state));
        e->told = a->state;
        break;
    case ACTION_DOWN:
        e->up = e->target = 0;
        break;
    case ACTION_DOUBT:
        assert_true(e->target == e->up && e->up > 0);
        w->figures.doubts++;
        e->target = 0;
        break;
    case ACTION_BELIEVE:
        assert_true(e->target == 0 && e->up > 0);
        e->target = e->up;
        break;
    case ACTION_GONE:
    case ACTION_PARTED:
    case ACTION_SEND_MISFIT:
    case ACTION_SEND_CANDIDATE:
    case ACTION_FEED_CANDIDATE:
    case ACTION_PROBLEM:
    case ACTION_PATH:
    case ACTION_NOTE:
        break;
    default:
        say(w, "end %d: action %d on %u", end, (int)a->type, a->session);
        act_on_session(w, end, a);
        break;
    }
}

void feed(struct world *w, int end, const struct event *event)
{
    struct action a;
    assert_false(is_stopped(w, end));
    rendezvous_feed(w->ends[end].rv, event, w->now_us);
    while (rendezvous_next(w->ends[end].rv, &a))
        act(w, end, &a);
}

/* ---- processes ---- */

bool is_stopped(const struct world *w, int end)
{
    return w->now_us < w->ends[end].stopped_until_us;
}

void begin_process(struct world *w, int end, enum mux_role role)
{
    struct rendezvous_config config = {
        .role = role,
        .partners_max = 1,
        .consumer_offers = w->consumer_offers,
        .seed = roll(w, UINT64_MAX),
    };
    w->ends[end] = (struct end){.role = role, .process = ++w->ids, .told = KEEPER_RETRYING};
    w->ends[end].rv = rendezvous_new(&config, w->now_us);
    if (w->signalling)
        w->signalling->on_begin(w, end);
    say(w, "end %d begins, process %u", end, w->ends[end].process);
}

void kill_process(struct world *w, int end)
{
    struct end *e = &w->ends[end];
    if (!e->rv)
        return;
    say(w, "end %d is killed", end);
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (w->sessions[i].id > 0 && w->sessions[i].end == end)
            vanish(w, &w->sessions[i], NULL);
    }
    if (e->conn) {
        struct conn *c = conn_of(w, end);
        c->is_alive_here = false;
        c->is_cut = true;
        uint64_t most_us = chance(w, 30) ? 45 * US_PER_S : 100 * US_PER_MS;
        schedule(w, LOST_BY_SERVER, roll(w, most_us))->conn = e->conn;
    }
    rendezvous_free(e->rv);
    if (w->signalling)
        w->signalling->on_end(w, end);
    *e = (struct end){0};
}

/* ---- time ---- */

/* Of whom it is something that happens; -1: of the world. */
static int end_of(struct world *w, const struct ticket *t)
{
    const struct model *s = find_session(w, t->session);
    if (s)
        return s->end;
    return t->conn > 0 && t->type != LOST_BY_SERVER ? w->conns[t->conn].end : -1;
}

static void on_ticket(struct world *w, const struct ticket *t)
{
    int end = end_of(w, t);
    if (end >= 0 && is_stopped(w, end)) {
        struct ticket *later = schedule(w, t->type, 0);
        *later = *t;
        later->at_us = w->ends[end].stopped_until_us;
    } else if (t->type == TICK) {
        for (size_t i = 0; i < SESSIONS_MAX; i++) {
            if (w->sessions[i].id > 0 && !is_stopped(w, w->sessions[i].end))
                look_at(w, &w->sessions[i]);
        }
        schedule(w, TICK, US_PER_S);
    } else if (t->type == TROUBLE) {
        w->make_trouble(w);
    } else if (t->session > 0) {
        on_session_ticket(w, t);
    } else {
        on_room_ticket(w, t);
    }
}

/* The end whose deadline comes before at_us, which becomes that; or -1. */
static int next_deadline(const struct world *w, uint64_t *at_us)
{
    int due = -1;
    for (int end = 0; end < ENDS; end++) {
        const struct end *e = &w->ends[end];
        uint64_t deadline_us = e->rv ? rendezvous_deadline_us(e->rv) : TIME_NEVER;
        if (deadline_us < e->stopped_until_us)
            deadline_us = e->stopped_until_us;
        if (deadline_us <= *at_us) {
            *at_us = deadline_us;
            due = end;
        }
    }
    return due;
}

void run_until(struct world *w, uint64_t until_us)
{
    for (;;) {
        size_t first = 0;
        for (size_t i = 1; i < w->ticket_count; i++)
            first = w->tickets[i].at_us < w->tickets[first].at_us ? i : first;
        uint64_t at_us = w->tickets[first].at_us; /* a TICK at least */
        int due = next_deadline(w, &at_us);
        if (at_us > until_us)
            break;
        w->now_us = at_us > w->now_us ? at_us : w->now_us;
        if (due >= 0) {
            feed(w, due, &(struct event){.type = EVENT_DEADLINE});
            continue;
        }
        struct ticket t = w->tickets[first];
        w->tickets[first] = w->tickets[--w->ticket_count];
        on_ticket(w, &t);
    }
    w->now_us = until_us;
}

/* ---- the end ---- */

void check_together(struct world *w, uint64_t seed)
{
    const struct model *left[2] = {0};
    int counts[2] = {0};
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        const struct model *s = &w->sessions[i];
        if (s->id == 0)
            continue;
        left[s->end] = s;
        counts[s->end]++;
    }
    if (counts[0] != 1 || counts[1] != 1)
        fail_msg("seed %llu: %d and %d sessions", (unsigned long long)seed, counts[0], counts[1]);
    for (int end = 0; end < 2; end++) {
        const struct end *e = &w->ends[end];
        const struct model *s = left[end];
        if (s->remote != left[!end]->id || e->up != s->id || e->told != KEEPER_UP || !s->has_path)
            fail_msg("seed %llu: end %d has another idea of the session", (unsigned long long)seed,
                     end);
        if (e->target != s->id)
            fail_msg("seed %llu: end %d doubts for ever", (unsigned long long)seed, end);
    }
}
