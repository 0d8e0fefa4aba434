/*
 * A room for two. A socket may be dead before either of its ends knows, and
 * who comes back with its key sits where it sat.
 */
#include "world.h"

#include <stdio.h>

#define NOTICE_MOST_US (45 * US_PER_S) /* until a dead socket is noticed */

struct conn *conn_of(struct world *w, int end)
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

static enum event_type event_of(enum sdp_type type)
{
    return type == SDP_OFFER ? EVENT_OFFER : EVENT_ANSWER;
}

void send_description(struct world *w, int end, const struct action *a)
{
    const struct conn *c = conn_of(w, end);
    if (w->ends[end].conn == 0 || c->is_cut || !c->is_joined)
        return;
    char wire[TEXT_MAX];
    if (w->signalling && !w->signalling->wrap(w, end, a->peer, a->sdp_type, a->text, wire))
        return;
    send_to_others(w, w->ends[end].conn, (struct event){.type = event_of(a->sdp_type)},
                   w->signalling ? wire : a->text);
}

void inject(struct world *w, int end, enum sdp_type type, unsigned member, const char *wire)
{
    if (w->ends[end].conn && conn_of(w, end)->is_joined)
        send_to_client(w, w->ends[end].conn, (struct event){.type = event_of(type)}, member, wire);
}

/* ---- coming and going ---- */

static void leave_room(struct world *w, unsigned conn)
{
    if (!w->conns[conn].is_joined)
        return;
    w->conns[conn].is_joined = false;
    send_to_others(w, conn, (struct event){.type = EVENT_PEER_LEFT}, NULL);
}

/* True when it was there before. others: how many of them; other: one. */
static bool take_place(struct world *w, struct conn *c, unsigned *others, unsigned *other)
{
    bool is_resumed = false;
    for (unsigned i = 1; i <= w->conn_count; i++) {
        struct conn *before = &w->conns[i];
        if (!before->is_joined)
            continue;
        if (before->key == c->key) {
            before->is_joined = false;
            c->member = before->member;
            is_resumed = true;
            w->figures.takeovers++;
        } else {
            (*others)++;
            *other = before->member;
        }
    }
    return is_resumed;
}

static void join_room(struct world *w, unsigned conn)
{
    struct conn *c = &w->conns[conn];
    unsigned others = 0, other = 0;
    bool is_resumed = take_place(w, c, &others, &other);
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

void connect_end(struct world *w, int end)
{
    say(w, "end %d: connect", end);
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
void disconnect_end(struct world *w, int end)
{
    struct conn *c = conn_of(w, end);
    say(w, "end %d: leave", end);
    assert_int_not_equal(w->ends[end].conn, 0);
    c->is_alive_here = false;
    if (!c->is_cut)
        leave_room(w, w->ends[end].conn);
    w->ends[end].conn = 0;
}

void cut(struct world *w, unsigned conn)
{
    struct conn *c = &w->conns[conn];
    if (conn == 0 || c->is_cut)
        return;
    c->is_cut = true;
    schedule(w, LOST_BY_CLIENT, roll(w, NOTICE_MOST_US))->conn = conn;
    schedule(w, LOST_BY_SERVER, roll(w, NOTICE_MOST_US))->conn = conn;
}

void restart_server(struct world *w)
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

/* ---- messages ---- */

static struct description describe(const struct world *w, int end, const char *text,
                                   uint8_t process[CERT_FINGERPRINT_LEN])
{
    unsigned sender, id, generation, role;
    assert_int_equal(sscanf(text, "%u %u %u %u", &sender, &id, &generation, &role), 4);
    memcpy(process, &sender, sizeof sender);
    return (struct description){.sdp = text,
                                .process = process,
                                .session = number_of(w, end, id),
                                .likeness =
                                    role == (unsigned)w->ends[end].role ? MUX_ALIKE : MUX_UNLIKE};
}

/* What a link does before its rendezvous hears of it. False: dropped. */
static bool open_seal(struct world *w, int end, const struct event *event, const char *peer,
                      char text[TEXT_MAX])
{
    bool is_description = event->type == EVENT_OFFER || event->type == EVENT_ANSWER;
    bool is_newcomer = event->type == EVENT_PEER_JOINED ||
                       (event->type == EVENT_JOINED && !event->is_resumed && event->peer_count > 0);
    if (!w->signalling)
        return true;
    if (is_newcomer)
        w->signalling->on_meet(w, end, peer);
    return !is_description ||
           w->signalling->open(w, end, peer, event->type == EVENT_OFFER ? SDP_OFFER : SDP_ANSWER,
                               text);
}

static void deliver(struct world *w, const struct ticket *t)
{
    const struct conn *c = &w->conns[t->conn];
    struct event event = t->event;
    char text[TEXT_MAX], peer[ID_MAX];
    char *peers[] = {peer};
    uint8_t process[CERT_FINGERPRINT_LEN] = {0};
    snprintf(text, sizeof text, "%s", t->text);
    snprintf(peer, sizeof peer, "%s", t->peer);
    event.peer = peer;
    event.peers = peers;
    event.text = text;
    if (!open_seal(w, c->end, &event, peer, text))
        return;
    if (event.type == EVENT_OFFER || event.type == EVENT_ANSWER)
        event.description = describe(w, c->end, text, process);
    w->figures.resumptions += event.type == EVENT_JOINED && event.is_resumed;
    say(w, "end %d: hears %d from %s: %s", c->end, (int)event.type, peer, text);
    feed(w, c->end, &event);
}

void on_room_ticket(struct world *w, const struct ticket *t)
{
    const struct conn *c = &w->conns[t->conn];
    bool is_heard = c->is_alive_here && w->ends[c->end].conn == t->conn;
    if (t->type == JOINS)
        on_join_time(w, t->conn);
    else if (t->type == LOST_BY_SERVER)
        leave_room(w, t->conn);
    else if (t->type == LOST_BY_CLIENT && is_heard)
        feed(w, c->end, &(struct event){.type = EVENT_SIGNAL_LOST, .text = "lost"});
    else if (t->type == TO_CLIENT && is_heard && !c->is_cut)
        deliver(w, t);
}
