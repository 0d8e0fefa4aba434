/*
 * Clients, and the sockets that they have or have left behind.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "cluster_sim_internal.h"

static void later(struct sim_client *c, enum kind kind, uint64_t in_us, char *text)
{
    sim_push(c->sim, (struct sim_event){.at_us = c->sim->now_us + in_us,
                                        .kind = kind,
                                        .client = c,
                                        .generation = c->visit,
                                        .bytes = (uint8_t *)text,
                                        .len = text ? strlen(text) : 0});
}

static void say(struct sim_client *c, const char *type, const char *to, unsigned nonce)
{
    char *text = c->job == SIGNAL_JOB_NONE
                     ? xasprintf("{\"type\":\"%s\",\"sdp\":\"%d %u\"}", type, c->pair, nonce)
                     : xasprintf("{\"type\":\"%s\",\"sdp\":\"%d %u\",\"to\":\"%s\"}", type, c->pair,
                                 nonce, to);
    uint64_t at_us = c->sim->now_us + 1 + sim_draw(c->sim, 20 * US_PER_MS);
    c->said_us = at_us > c->said_us ? at_us : c->said_us;
    later(c, EVENT_SAY, c->said_us - c->sim->now_us, text);
}

static int find(const struct sim_client *c, const char *id)
{
    for (int i = 0; i < c->view_count; i++) {
        if (strcmp(c->view[i], id) == 0)
            return i;
    }
    return -1;
}

static void add(struct sim_client *c, const char *id)
{
    assert_int_equal(find(c, id), -1);              /* nobody is told twice, */
    assert_true(c->view_count == 0 || !c->has_key); /* or sees two of a kind */
    assert_true(c->view_count < SIM_VIEW_MAX);
    snprintf(c->view[c->view_count++], sizeof *c->view, "%s", id);
}

static void leave(struct sim_client *c)
{
    if (c->socket)
        c->socket->client = NULL;
    c->socket = NULL;
    c->server = -1;
    c->view_count = 0;
    c->visit++;
}

void sim_come_back(struct sim_client *c)
{
    leave(c);
    later(c, EVENT_CONNECT, 300 * US_PER_MS + sim_draw(c->sim, US_PER_S), NULL);
}

static void on_peer(struct sim_client *c, const struct signal_message *m)
{
    if (m->type == SIGNAL_PEER_LEFT) {
        int at = find(c, m->peer_id);
        assert_true(at >= 0 || c->job == SIGNAL_JOB_NONE); /* it was told of that one */
        if (at >= 0)
            memmove(c->view[at], c->view[--c->view_count], sizeof *c->view);
        c->session = 0;
        c->lefts++;
        return;
    }
    add(c, m->peer_id);
    c->joins++;
    if (!m->was_first)
        say(c, "offer", m->peer_id, c->offered = ++c->sim->nonces);
}

static void on_description(struct sim_client *c, const struct signal_message *m)
{
    int pair = -1;
    unsigned nonce = 0;
    char *sdp =
        m->raw.len > 2 ? xstrndup(span_of(m->raw.data + 1, m->raw.len - 2)) : xstrdup(m->sdp);
    assert_int_equal(sscanf(sdp, "%d %u", &pair, &nonce), 2);
    free(sdp);
    assert_int_equal(pair, c->pair); /* of this room */
    if (m->type == SIGNAL_OFFER && c->job == SIGNAL_JOB_NONE && find(c, m->peer_id) < 0)
        add(c, m->peer_id); /* see tell_changes() in cluster_seat.c */
    if (m->type == SIGNAL_OFFER)
        say(c, "answer", m->peer_id, nonce);
    if (m->type == SIGNAL_OFFER || nonce == c->offered)
        c->session = nonce;
}

void sim_on_deliver(void *owner, const struct signal_message *m, void *arg)
{
    struct sim_socket *socket = owner;
    struct sim_client *c = socket->client;
    (void)arg;
    if (m->type == SIGNAL_JOINED)
        snprintf(socket->id, sizeof socket->id, "%s", m->peer_id);
    if (!c)
        return;
    switch (m->type) {
    case SIGNAL_JOINED:
        c->view_count = 0;
        c->session = m->is_resumed ? c->session : 0;
        if (c->visit > 0)
            later(c, EVENT_DOUBT, DOUBT_US, NULL);
        for (size_t i = 0; i < m->peer_count; i++)
            add(c, m->peers[i]);
        break;
    case SIGNAL_PEER_JOINED:
    case SIGNAL_PEER_LEFT:
        on_peer(c, m);
        break;
    case SIGNAL_OFFER:
    case SIGNAL_ANSWER:
        on_description(c, m);
        break;
    case SIGNAL_ERROR:
        c->errors++;
        c->warnings += strstr(m->text, "cluster") != NULL;
        if (m->code == SIGNAL_CODE_ROOM_FULL)
            sim_come_back(c);
        break;
    default:
        fail_msg("told of type %d", m->type);
    }
}

void sim_on_pass(void *owner, struct span text, void *arg)
{
    struct signal_message message;
    assert_int_equal(signal_message_decode(text, &message), 0);
    sim_on_deliver(owner, &message, arg);
    signal_message_deinit(&message);
}

void sim_on_expel(void *owner, const char *why, void *arg)
{
    struct sim_socket *socket = owner;
    (void)why;
    (void)arg;
    if (socket->client)
        sim_come_back(socket->client);
}

void sim_close_socket(struct sim *s, struct sim_socket *socket)
{
    for (size_t i = 0; i < s->socket_count; i++) {
        if (s->sockets[i] == socket)
            s->sockets[i] = s->sockets[--s->socket_count];
    }
    seat_free(socket->seat, s->now_us);
    sim_schedule(socket->server);
    free(socket);
}

static void close_later(struct sim *s, struct sim_socket *socket, uint64_t in_us)
{
    sim_push(s, (struct sim_event){.at_us = s->now_us + in_us,
                                   .kind = EVENT_CLOSE,
                                   .socket = socket->number});
}

void sim_connect(struct sim_client *c, int server)
{
    struct sim *s = c->sim;
    for (int i = 0; server < 0 && i < 20; i++) {
        int any = (int)sim_draw(s, SIM_SERVERS);
        server = s->servers[any].cluster ? any : -1;
    }
    if (server < 0) {
        later(c, EVENT_CONNECT, US_PER_S, NULL);
        return;
    }
    struct sim_socket *socket = xcalloc(1, sizeof *socket);
    assert_true(s->socket_count < 1024);
    s->sockets[s->socket_count++] = socket;
    socket->number = ++s->socket_numbers;
    socket->client = c;
    socket->server = &s->servers[server];
    socket->seat = seat_new(socket->server->cluster, socket);
    c->socket = socket;
    c->server = server;
    char *room = xasprintf("room %d", c->pair);
    const struct signal_message join = {.type = SIGNAL_JOIN,
                                        .room = room,
                                        .key = c->has_key ? c->key : NULL,
                                        .job = c->job};
    seat_take(socket->seat, SPAN_LITERAL("{}"), &join, s->now_us);
    free(room);
    sim_schedule(socket->server);
}

void sim_hang_up(struct sim_client *c)
{
    struct sim_socket *socket = c->socket;
    leave(c);
    sim_close_socket(c->sim, socket);
}

void sim_wander(struct sim_client *c)
{
    struct sim_socket *socket = c->socket;
    if (!socket)
        return;
    leave(c);
    close_later(c->sim, socket, sim_draw(c->sim, GHOST_MAX_US));
    sim_connect(c, -1);
}

void sim_client_says(struct sim *s, struct sim_client *c, struct span text)
{
    struct signal_message message;
    if (s->now_us < c->socket->server->paused_until_us)
        return; /* as good as lost: the client leaves, see sim_wander() */
    assert_int_equal(signal_message_decode(text, &message), 0);
    seat_take(c->socket->seat, text, &message, s->now_us);
    signal_message_deinit(&message);
    sim_schedule(c->socket->server);
}

void sim_close_numbered(struct sim *s, uint64_t number)
{
    for (size_t i = 0; i < s->socket_count; i++) {
        if (s->sockets[i]->number == number) {
            sim_close_socket(s, s->sockets[i]);
            return;
        }
    }
}

/* What was said to a socket that its client had left is lost, in a cluster or
 * without: a client that has come back looks for that itself. */
void sim_doubt(struct sim *s, struct sim_client *c)
{
    const struct sim_client *other = &s->clients[(c - s->clients) ^ 1];
    struct sim_socket *socket = c->socket;
    if (!socket || (c->session > 0 && c->session == other->session))
        return;
    sim_come_back(c);
    sim_close_socket(s, socket);
}

/* Sockets of whom their seat was expelled. */
void sim_close_abandoned(struct sim *s)
{
    for (size_t i = s->socket_count; i-- > 0;) {
        struct sim_socket *socket = s->sockets[i];
        if (!socket->client && !seat_is_inside(socket->seat)) {
            sim_close_socket(s, socket);
            i = s->socket_count;
        }
    }
}
