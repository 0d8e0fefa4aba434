/*
 * Two rendezvous in a world that is out to part them: a signal server that
 * dies and forgets, sockets that are dead before anybody notices, messages
 * that are lost, late and out of order, paths that break, processes that are
 * killed. Sessions are models of what rtc/peer_signal.c and tunnel/mux do. Then
 * the world is kind, and after a while both must have one session, the same.
 *
 *   TEST_SEED=N   that seed alone, and what happens in it
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "tunnel/mux.h"
#include "tunnel/rendezvous.h"

enum {
    SEEDS = 4000,
    TICKETS_MAX = 512, /* what is to happen */
    SESSIONS_MAX = 64,
    CONNS_MAX = 256,
    ID_MAX = 16,
    TEXT_MAX = 48
};
#define TROUBLE_US     (150 * US_PER_S)
#define PEACE_US       (300 * US_PER_S)
#define PATH_SILENT_US (5 * US_PER_S)
#define CONNECT_US     (30 * US_PER_S)
#define NOTICE_MOST_US (45 * US_PER_S) /* until a dead socket is noticed */

/* A session at one end: as much of a peer and a mux as policy sees. */
struct model {
    unsigned id; /* of the world; 0: the slot is free */
    int end;
    unsigned number; /* by its rendezvous */
    unsigned process;
    bool is_offerer, is_offering, is_answered, is_fresh, is_describing, is_open, is_drained;
    unsigned remote; /* id at the other end */
    unsigned generation, remote_generation;
    bool has_path, is_told_silent;
    uint64_t heard_us;
    uint64_t dead_at_us; /* unless heard before */
};

struct conn {
    int end;
    unsigned process;
    bool is_alive_here; /* its client believes in it */
    bool is_alive_there;
    bool is_cut; /* nothing passes any more */
    bool is_joined;
    unsigned key;
    unsigned member; /* its id in the room */
};

enum ticket_type {
    TO_CLIENT,
    LOST_BY_CLIENT,
    LOST_BY_SERVER,
    JOINS,
    DESCRIBES,
    CONNECTS,
    READY,
    MEASURES,
    MENDS,
    CLOSES,
    IDLES,
    TICK,
    TROUBLE
};

struct ticket {
    uint64_t at_us;
    enum ticket_type type;
    unsigned conn;
    unsigned session;
    struct event event; /* TO_CLIENT; its texts are in the next ones */
    char text[TEXT_MAX];
    char peer[ID_MAX];
};

struct end {
    struct rendezvous *rv;
    unsigned process;
    unsigned conn; /* 0: none */
    unsigned up;   /* id of the session that is current */
    enum link_state told;
};

struct world {
    uint64_t dice;
    uint64_t now_us;
    bool is_kind;
    bool has_server;
    unsigned loss_percent;
    struct end ends[2];
    struct model sessions[SESSIONS_MAX];
    struct conn conns[CONNS_MAX]; /* the first is none */
    unsigned conn_count;
    unsigned ids;
    struct ticket tickets[TICKETS_MAX];
    size_t ticket_count;
    bool is_loud;
    int restarts, resumptions, takeovers, drains; /* the test would not see much without */
};

/* ---- chance ---- */

static uint64_t roll(struct world *w, uint64_t below)
{
    w->dice += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = w->dice;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

static bool chance(struct world *w, unsigned percent)
{
    return !w->is_kind && roll(w, 100) < percent;
}

__attribute__((format(printf, 2, 3))) static void say(const struct world *w, const char *format,
                                                      ...)
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

static struct ticket *schedule(struct world *w, enum ticket_type type, uint64_t in_us)
{
    assert_true(w->ticket_count < TICKETS_MAX);
    struct ticket *t = &w->tickets[w->ticket_count++];
    *t = (struct ticket){.at_us = w->now_us + in_us, .type = type};
    return t;
}

static void schedule_for(struct world *w, enum ticket_type type, const struct model *s,
                         uint64_t in_us)
{
    schedule(w, type, in_us)->session = s->id;
}

/* ---- the rendezvous, and what it wants ---- */

static void act(struct world *w, int end, const struct action *a);

static void feed(struct world *w, int end, const struct event *event)
{
    struct action a;
    rendezvous_feed(w->ends[end].rv, event, w->now_us);
    while (rendezvous_next(w->ends[end].rv, &a))
        act(w, end, &a);
}

static struct model *find(struct world *w, unsigned id)
{
    for (size_t i = 0; id > 0 && i < SESSIONS_MAX; i++) {
        if (w->sessions[i].id == id)
            return &w->sessions[i];
    }
    return NULL;
}

static struct model *find_number(struct world *w, int end, unsigned number)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct model *s = &w->sessions[i];
        if (s->id > 0 && s->end == end && s->number == number)
            return s;
    }
    fail_msg("end %d knows no session %u", end, number);
    return NULL;
}

static void feed_session(struct world *w, const struct model *s, struct event event)
{
    event.session = s->number;
    feed(w, s->end, &event);
}

/* ---- sessions ---- */

static struct model *partner_of(struct world *w, const struct model *s)
{
    struct model *other = find(w, s->remote);
    return other && other->remote == s->id ? other : NULL;
}

static void describe_later(struct world *w, struct model *s)
{
    if (s->is_describing)
        return;
    s->is_describing = true;
    schedule_for(w, DESCRIBES, s, roll(w, 5 * US_PER_MS));
}

static struct model *start(struct world *w, int end, unsigned number)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct model *s = &w->sessions[i];
        if (s->id > 0)
            continue;
        *s = (struct model){.id = ++w->ids, .end = end, .number = number, .generation = 1};
        s->process = w->ends[end].process;
        s->is_fresh = true;
        s->dead_at_us = TIME_NEVER;
        return s;
    }
    fail_msg("too many sessions");
    return NULL;
}

/* It goes; the other end hears of it if that can be. */
static void vanish(struct world *w, struct model *s, bool says_bye)
{
    struct model *other = partner_of(w, s);
    if (says_bye && other && other->is_open && other->has_path && !chance(w, 30))
        schedule_for(w, CLOSES, other, roll(w, 200 * US_PER_MS));
    if (w->ends[s->end].up == s->id)
        w->ends[s->end].up = 0;
    s->id = 0;
}

/* Both have each other's credentials: ICE finds a path, if it does. */
static void match(struct world *w, struct model *s)
{
    struct model *other = partner_of(w, s);
    if (!other || s->remote_generation != other->generation ||
        other->remote_generation != s->generation || chance(w, 10))
        return;
    uint64_t in_us = roll(w, 800 * US_PER_MS);
    bool is_new = !s->is_open && !other->is_open;
    struct model *provider = s->end == 0 ? s : other;
    schedule_for(w, is_new ? READY : MENDS, provider, in_us);
    schedule_for(w, is_new ? READY : MENDS, s->end == 0 ? other : s,
                 in_us + roll(w, 100 * US_PER_MS));
}

static const char *take_offer(struct world *w, struct model *s, unsigned id, unsigned generation)
{
    if (s->remote && !s->is_open)
        return "an offer has come before";
    if (!s->remote && s->is_offerer)
        return "both sides have made an offer";
    bool is_restart = s->remote && generation != s->remote_generation;
    if (is_restart && !s->is_fresh)
        s->generation++;
    if (!s->remote)
        schedule_for(w, CONNECTS, s, CONNECT_US);
    s->remote = id;
    s->remote_generation = generation;
    s->is_fresh = s->is_fresh && !is_restart;
    s->is_offering = s->is_answered = false;
    describe_later(w, s);
    return NULL;
}

static const char *take_answer(struct world *w, struct model *s, unsigned id, unsigned generation)
{
    if (!s->is_offering)
        return "there was no offer of ours";
    if (!s->remote)
        schedule_for(w, CONNECTS, s, CONNECT_US);
    s->remote = id;
    s->remote_generation = generation;
    s->is_fresh = s->is_offering = false;
    return NULL;
}

/* As peer_set_remote(). */
static const char *set_remote(struct world *w, struct model *s, enum sdp_type type, const char *sdp)
{
    unsigned process, id, generation;
    assert_int_equal(sscanf(sdp, "%u %u %u", &process, &id, &generation), 3);
    if (s->remote && s->remote != id)
        return "it is of another session";
    bool is_crossing = type == SDP_OFFER && s->remote && s->is_offering;
    if (is_crossing && s->is_offerer) {
        describe_later(w, s);
        return NULL;
    }
    if (is_crossing && s->is_answered && generation == s->remote_generation)
        return NULL;
    const char *why =
        type == SDP_OFFER ? take_offer(w, s, id, generation) : take_answer(w, s, id, generation);
    if (!why)
        match(w, s);
    return why;
}

static void restart(struct world *w, struct model *s)
{
    if (!s->is_open || s->is_offering)
        return;
    w->restarts++;
    s->is_offering = s->is_fresh = true;
    s->generation++;
    describe_later(w, s);
}

static void on_ready(struct world *w, struct model *s)
{
    if (s->is_open || !partner_of(w, s))
        return;
    s->is_open = s->has_path = true;
    s->heard_us = w->now_us;
    schedule_for(w, MEASURES, s, roll(w, 100 * US_PER_MS));
    feed_session(w, s, (struct event){.type = EVENT_READY});
}

static void on_mended(struct world *w, struct model *s)
{
    const struct model *other = partner_of(w, s);
    if (!other || !s->is_open || s->remote_generation != other->generation)
        return;
    s->has_path = true;
    s->is_told_silent = false;
    s->heard_us = w->now_us;
    feed_session(w, s, (struct event){.type = EVENT_PATH, .path = PEER_PATH_WORKS});
}

static void end_session(struct world *w, struct model *s, const char *text)
{
    say(w, "end %d: session %u ends: %s", s->end, s->number, text);
    feed_session(w, s, (struct event){.type = EVENT_CLOSED, .text = text});
}

static void look_at(struct world *w, struct model *s)
{
    const struct model *other = partner_of(w, s);
    if (!s->is_open)
        return;
    if (other && s->has_path && other->has_path) {
        s->heard_us = w->now_us;
        s->dead_at_us = TIME_NEVER;
    } else if (w->now_us >= s->heard_us + MUX_DEAD_AFTER_US || w->now_us >= s->dead_at_us) {
        end_session(w, s, "silence");
    } else if (!s->is_told_silent && w->now_us >= s->heard_us + PATH_SILENT_US) {
        s->is_told_silent = true;
        feed_session(w, s, (struct event){.type = EVENT_PATH, .path = PEER_PATH_SILENT});
    }
}

/* ---- the signal server ---- */

static struct conn *conn_of(struct world *w, int end)
{
    return &w->conns[w->ends[end].conn];
}

static void send_to_client(struct world *w, unsigned conn, struct event event, unsigned member,
                           const char *text)
{
    bool may_be_lost = event.type != EVENT_JOINED && event.type != EVENT_SIGNAL_ERROR;
    if (may_be_lost && chance(w, w->loss_percent))
        return;
    struct ticket *t = schedule(w, TO_CLIENT, roll(w, (w->is_kind ? 50 : 400) * US_PER_MS));
    t->conn = conn;
    t->event = event;
    snprintf(t->peer, sizeof t->peer, "%u", member);
    snprintf(t->text, sizeof t->text, "%s", text ? text : "");
}

static void send_to_others(struct world *w, unsigned from, struct event event, const char *text)
{
    unsigned member = w->conns[from].member;
    for (unsigned i = 1; i <= w->conn_count; i++) {
        if (i != from && w->conns[i].is_joined)
            send_to_client(w, i, event, member, text);
    }
}

static void leave_room(struct world *w, unsigned conn)
{
    if (!w->conns[conn].is_joined)
        return;
    w->conns[conn].is_joined = false;
    send_to_others(w, conn, (struct event){.type = EVENT_PEER_LEFT}, NULL);
}

static void join_room(struct world *w, unsigned conn)
{
    struct conn *c = &w->conns[conn];
    unsigned others = 0, other = 0;
    bool is_resumed = false;
    for (unsigned i = 1; i <= w->conn_count; i++) {
        struct conn *before = &w->conns[i];
        if (!before->is_joined)
            continue;
        if (before->key == c->key) {
            before->is_joined = false;
            c->member = before->member;
            is_resumed = true;
            w->takeovers++;
        } else {
            others++;
            other = before->member;
        }
    }
    if (others == 2) {
        send_to_client(w, conn,
                       (struct event){.type = EVENT_SIGNAL_ERROR, .code = SIGNAL_CODE_ROOM_FULL}, 0,
                       "full");
        return;
    }
    c->is_joined = true;
    if (!is_resumed)
        c->member = ++w->ids;
    send_to_client(w, conn,
                   (struct event){.type = EVENT_JOINED,
                                  .peer_count = others,
                                  .is_resumed = is_resumed},
                   other, NULL);
    if (!is_resumed)
        send_to_others(w, conn, (struct event){.type = EVENT_PEER_JOINED}, NULL);
}

static void connect_end(struct world *w, int end)
{
    assert_true(w->conn_count + 1 < CONNS_MAX);
    unsigned conn = ++w->conn_count;
    w->conns[conn] = (struct conn){.end = end, .is_alive_here = true};
    w->conns[conn].process = w->conns[conn].key = w->ends[end].process;
    w->ends[end].conn = conn;
    schedule(w, JOINS, 2 * US_PER_MS + roll(w, 200 * US_PER_MS))->conn = conn;
}

static void on_join_time(struct world *w, unsigned conn)
{
    struct conn *c = &w->conns[conn];
    if (!c->is_alive_here || c->is_cut)
        return;
    if (!w->has_server || chance(w, 10)) {
        schedule(w, LOST_BY_CLIENT, 0)->conn = conn;
        return;
    }
    c->is_alive_there = true;
    join_room(w, conn);
}

/* The client lets go of it, and says so if that passes. */
static void disconnect_end(struct world *w, int end)
{
    struct conn *c = conn_of(w, end);
    c->is_alive_here = false;
    if (!c->is_cut)
        leave_room(w, w->ends[end].conn);
    w->ends[end].conn = 0;
}

static void cut(struct world *w, unsigned conn)
{
    struct conn *c = &w->conns[conn];
    if (conn == 0 || c->is_cut)
        return;
    c->is_cut = true;
    schedule(w, LOST_BY_CLIENT, roll(w, NOTICE_MOST_US))->conn = conn;
    schedule(w, LOST_BY_SERVER, roll(w, NOTICE_MOST_US))->conn = conn;
}

static void deliver(struct world *w, const struct ticket *t)
{
    const struct conn *c = &w->conns[t->conn];
    if (!c->is_alive_here || c->is_cut || w->ends[c->end].conn != t->conn)
        return;
    struct event event = t->event;
    char text[TEXT_MAX], peer[ID_MAX];
    char *peers[] = {peer};
    uint8_t process[CERT_FINGERPRINT_LEN] = {0};
    unsigned sender, id, generation;
    snprintf(text, sizeof text, "%s", t->text);
    snprintf(peer, sizeof peer, "%s", t->peer);
    event.peer = peer;
    event.peers = peers;
    event.text = text;
    if (event.type == EVENT_OFFER || event.type == EVENT_ANSWER) {
        assert_int_equal(sscanf(text, "%u %u %u", &sender, &id, &generation), 3);
        memcpy(process, &sender, sizeof sender);
        event.description = (struct description){.sdp = text, .process = process};
        for (size_t i = 0; i < SESSIONS_MAX; i++) {
            const struct model *s = &w->sessions[i];
            if (s->id > 0 && s->end == c->end && s->remote == id)
                event.description.session = s->number;
        }
    }
    w->resumptions += event.type == EVENT_JOINED && event.is_resumed;
    say(w, "end %d: hears %d from %s: %s", c->end, (int)event.type, peer, text);
    feed(w, c->end, &event);
}

/* ---- what the rendezvous wants ---- */

static void send_description(struct world *w, int end, enum sdp_type type, const char *sdp)
{
    const struct conn *c = conn_of(w, end);
    if (w->ends[end].conn == 0 || c->is_cut || !c->is_joined)
        return;
    enum event_type event = type == SDP_OFFER ? EVENT_OFFER : EVENT_ANSWER;
    send_to_others(w, w->ends[end].conn, (struct event){.type = event}, sdp);
}

static void act_on_session(struct world *w, int end, const struct action *a)
{
    struct model *s = find_number(w, end, a->session);
    const char *why;
    switch (a->type) {
    case ACTION_FEED:
        why = set_remote(w, s, a->sdp_type, a->text);
        feed_session(w, s,
                     (struct event){.type = EVENT_FED,
                                    .sdp_type = a->sdp_type,
                                    .text = why,
                                    .is_offering = s->is_offering});
        break;
    case ACTION_RESTART:
        restart(w, s);
        break;
    case ACTION_ABANDON_RESTART:
        s->is_offering = s->is_answered = false;
        break;
    case ACTION_PROBE:
        s->dead_at_us = w->now_us + MUX_PROBE_US;
        break;
    case ACTION_DRAIN:
        w->drains++;
        schedule_for(w, IDLES, s, roll(w, 20 * US_PER_S));
        break;
    case ACTION_CLOSE:
        vanish(w, s, true);
        break;
    case ACTION_UP:
        assert_true(s->is_open);
        w->ends[end].up = s->id;
        break;
    default:
        break;
    }
}

static void act(struct world *w, int end, const struct action *a)
{
    struct model *s;
    switch (a->type) {
    case ACTION_CONNECT:
        say(w, "end %d: connect", end);
        connect_end(w, end);
        break;
    case ACTION_LEAVE:
        say(w, "end %d: leave", end);
        assert_int_not_equal(w->ends[end].conn, 0);
        disconnect_end(w, end);
        break;
    case ACTION_PROBE_SIGNAL:
        if (conn_of(w, end)->is_cut)
            schedule(w, LOST_BY_CLIENT, 5 * US_PER_S)->conn = w->ends[end].conn;
        break;
    case ACTION_SEND_DESCRIPTION:
        send_description(w, end, a->sdp_type, a->text);
        break;
    case ACTION_START:
        say(w, "end %d: start %u to %s", end, a->session, sdp_type_name(a->sdp_type));
        s = start(w, end, a->session);
        s->is_offerer = s->is_offering = a->sdp_type == SDP_OFFER;
        if (s->is_offerer)
            describe_later(w, s);
        break;
    case ACTION_STATUS:
        say(w, "end %d: [%s]", end, link_state_name(a->state));
        w->ends[end].told = a->state;
        break;
    case ACTION_SEND_CANDIDATE:
    case ACTION_FEED_CANDIDATE:
    case ACTION_DOWN:
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

/* ---- trouble ---- */

static void begin_process(struct world *w, int end)
{
    struct rendezvous_config config = {
        .role = end == 0 ? MUX_PROVIDER : MUX_CONSUMER,
        .partners_max = 1,
        .seed = roll(w, UINT64_MAX),
    };
    w->ends[end] = (struct end){.process = ++w->ids, .told = LINK_RETRYING};
    w->ends[end].rv = rendezvous_new(&config, w->now_us);
}

static void kill_process(struct world *w, int end)
{
    say(w, "end %d is killed", end);
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (w->sessions[i].id > 0 && w->sessions[i].end == end)
            vanish(w, &w->sessions[i], false);
    }
    if (w->ends[end].conn) {
        struct conn *c = conn_of(w, end);
        c->is_alive_here = false;
        c->is_cut = true;
        uint64_t most_us = chance(w, 30) ? NOTICE_MOST_US : 100 * US_PER_MS;
        schedule(w, LOST_BY_SERVER, roll(w, most_us))->conn = w->ends[end].conn;
    }
    rendezvous_free(w->ends[end].rv);
    begin_process(w, end);
}

static void restart_server(struct world *w)
{
    w->has_server = !w->has_server;
    say(w, "the signal server %s", w->has_server ? "is there" : "is gone");
    for (unsigned i = 1; i <= w->conn_count && !w->has_server; i++) {
        struct conn *c = &w->conns[i];
        c->is_alive_there = c->is_joined = false;
        c->is_cut = true;
        if (c->is_alive_here)
            schedule(w, LOST_BY_CLIENT, roll(w, 300 * US_PER_MS))->conn = i;
    }
}

static void break_paths(struct world *w)
{
    say(w, "paths break");
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        w->sessions[i].has_path = false;
}

static void change_addresses(struct world *w, int end)
{
    unsigned outdated[SESSIONS_MAX];
    struct event event = {.type = EVENT_ADDRESSES, .outdated = outdated};
    say(w, "end %d: other addresses", end);
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct model *s = &w->sessions[i];
        if (s->id == 0 || s->end != end || !s->is_open)
            continue;
        s->has_path = s->has_path && chance(w, 30);
        outdated[event.outdated_count++] = s->number;
    }
    event.is_cut_off = w->ends[end].conn && chance(w, 70);
    if (event.is_cut_off)
        cut(w, w->ends[end].conn);
    feed(w, end, &event);
}

static void make_trouble(struct world *w)
{
    int end = (int)roll(w, 2);
    struct model *s;
    switch (roll(w, 7)) {
    case 0:
    case 1:
        restart_server(w);
        break;
    case 2:
        cut(w, w->ends[end].conn);
        break;
    case 3:
        break_paths(w);
        break;
    case 4:
        kill_process(w, end);
        break;
    case 5:
        change_addresses(w, end);
        break;
    case 6:
        s = find(w, w->ends[end].up);
        if (s)
            end_session(w, s, "bad luck");
        break;
    }
    w->loss_percent = (unsigned)roll(w, 40);
    if (w->now_us < TROUBLE_US)
        schedule(w, TROUBLE, roll(w, 20 * US_PER_S));
}

/* ---- time ---- */

static void on_session_ticket(struct world *w, const struct ticket *t)
{
    char sdp[TEXT_MAX];
    struct model *s = find(w, t->session);
    if (!s)
        return;
    switch (t->type) {
    case DESCRIBES:
        s->is_describing = false;
        s->is_answered = s->is_answered || !s->is_offering;
        snprintf(sdp, sizeof sdp, "%u %u %u", s->process, s->id, s->generation);
        feed_session(w, s,
                     (struct event){.type = EVENT_DESCRIBED,
                                    .sdp_type = s->is_offering ? SDP_OFFER : SDP_ANSWER,
                                    .text = sdp});
        break;
    case CONNECTS:
        if (!s->is_open)
            end_session(w, s, "no path");
        break;
    case READY:
        on_ready(w, s);
        break;
    case MEASURES:
        feed_session(w, s, (struct event){.type = EVENT_MEASURED});
        break;
    case MENDS:
        on_mended(w, s);
        break;
    case CLOSES:
        end_session(w, s, "bye");
        break;
    case IDLES:
        feed_session(w, s, (struct event){.type = EVENT_IDLE});
        break;
    default:
        break;
    }
}

static void on_ticket(struct world *w, const struct ticket *t)
{
    const struct conn *c = &w->conns[t->conn];
    switch (t->type) {
    case TO_CLIENT:
        deliver(w, t);
        break;
    case LOST_BY_CLIENT:
        if (c->is_alive_here && w->ends[c->end].conn == t->conn)
            feed(w, c->end, &(struct event){.type = EVENT_SIGNAL_LOST, .text = "lost"});
        break;
    case LOST_BY_SERVER:
        leave_room(w, t->conn);
        break;
    case JOINS:
        on_join_time(w, t->conn);
        break;
    case TICK:
        for (size_t i = 0; i < SESSIONS_MAX; i++) {
            if (w->sessions[i].id > 0)
                look_at(w, &w->sessions[i]);
        }
        schedule(w, TICK, US_PER_S);
        break;
    case TROUBLE:
        make_trouble(w);
        break;
    default:
        on_session_ticket(w, t);
        break;
    }
}

static void run_until(struct world *w, uint64_t until_us)
{
    for (;;) {
        size_t first = 0;
        for (size_t i = 1; i < w->ticket_count; i++)
            first = w->tickets[i].at_us < w->tickets[first].at_us ? i : first;
        uint64_t at_us = w->tickets[first].at_us; /* a TICK at least */
        int due = -1;
        for (int end = 0; end < 2; end++) {
            uint64_t deadline_us = rendezvous_deadline_us(w->ends[end].rv);
            if (deadline_us <= at_us) {
                at_us = deadline_us;
                due = end;
            }
        }
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

static void check_together(struct world *w, uint64_t seed)
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
        if (left[end]->remote != left[!end]->id || w->ends[end].up != left[end]->id ||
            w->ends[end].told != LINK_UP || !left[end]->has_path)
            fail_msg("seed %llu: end %d has another idea of the session", (unsigned long long)seed,
                     end);
    }
}

static void run_seed(struct world *w, uint64_t seed)
{
    *w = (struct world){.dice = seed, .has_server = true, .is_loud = getenv("TEST_SEED")};
    begin_process(w, 0);
    begin_process(w, 1);
    schedule(w, TICK, US_PER_S);
    schedule(w, TROUBLE, roll(w, 20 * US_PER_S));
    run_until(w, TROUBLE_US + 20 * US_PER_S);
    w->is_kind = true;
    if (!w->has_server)
        restart_server(w);
    say(w, "the world is kind");
    run_until(w, w->now_us + PEACE_US);
    check_together(w, seed);
    rendezvous_free(w->ends[0].rv);
    rendezvous_free(w->ends[1].rv);
}

static void test_together_in_the_end(void **state)
{
    (void)state;
    struct world *w = xcalloc(1, sizeof *w);
    const char *only = getenv("TEST_SEED");
    int restarts = 0, takeovers = 0, resumptions = 0, drains = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        run_seed(w, only ? strtoull(only, NULL, 10) : seed);
        restarts += w->restarts;
        takeovers += w->takeovers;
        resumptions += w->resumptions;
        drains += w->drains;
        if (only)
            break;
    }
    free(w);
    printf("%d restarts, %d places taken over, %d sessions drained\n", restarts, takeovers, drains);
    if (!only)
        assert_true(restarts > SEEDS && resumptions > SEEDS && drains > SEEDS / 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_together_in_the_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
