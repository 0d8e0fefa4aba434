/*
 * Events in a heap by time, then by order; each knows the generation of what it
 * is about, and comes to nothing when that is over.
 */
#include "cluster_sim_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

uint64_t sim_draw(struct sim *s, uint64_t below)
{
    s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (s->random >> 33) % below;
}

/* ---- the heap ---- */

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_us < b->at_us || (a->at_us == b->at_us && a->order < b->order);
}

void sim_push(struct sim *s, struct sim_event event)
{
    event.order = ++s->order;
    if (s->heap_count == s->heap_cap) {
        s->heap_cap = s->heap_cap ? 2 * s->heap_cap : 256;
        s->heap = xreallocarray(s->heap, s->heap_cap, sizeof *s->heap);
    }
    size_t at = s->heap_count++;
    for (; at > 0 && is_before(&event, &s->heap[(at - 1) / 2]); at = (at - 1) / 2)
        s->heap[at] = s->heap[(at - 1) / 2];
    s->heap[at] = event;
}

static struct sim_event pop(struct sim *s)
{
    struct sim_event first = s->heap[0], last = s->heap[--s->heap_count];
    size_t at = 0;
    for (size_t child = 1; child < s->heap_count; child = 2 * at + 1) {
        child += child + 1 < s->heap_count && is_before(&s->heap[child + 1], &s->heap[child]);
        if (!is_before(&s->heap[child], &last))
            break;
        s->heap[at] = s->heap[child];
        at = child;
    }
    s->heap[at] = last;
    return first;
}

/* ---- a server's side ---- */

void sim_schedule(struct sim_server *server)
{
    struct sim *s = server->sim;
    if (!server->cluster)
        return;
    uint64_t at_us = cluster_deadline_us(server->cluster);
    if (at_us == TIME_NEVER)
        return;
    if (at_us < s->now_us)
        at_us = s->now_us;
    if (at_us < server->paused_until_us)
        at_us = server->paused_until_us;
    if (server->run_at_us <= at_us && server->run_at_us > s->now_us)
        return;
    server->run_at_us = at_us;
    sim_push(s, (struct sim_event){.at_us = at_us,
                                   .kind = EVENT_RUN,
                                   .server = (int)(server - s->servers)});
}

static void to_redis(struct sim_server *server, enum op op, const uint8_t *target, struct span head,
                     struct span text)
{
    struct sim *s = server->sim;
    uint64_t at_us = s->now_us + sim_draw(s, LATENCY_MAX_US);
    server->out_us = at_us > server->out_us ? at_us : server->out_us;
    struct sim_event event = {.at_us = server->out_us,
                              .kind = EVENT_AT_REDIS,
                              .op = op,
                              .server = (int)(server - s->servers),
                              .generation = server->generation,
                              .bytes = xcalloc(1, head.len + text.len + 1),
                              .len = head.len + text.len};
    if (head.len > 0)
        memcpy(event.bytes, head.data, head.len);
    if (text.len > 0)
        memcpy(event.bytes + head.len, text.data, text.len);
    if (target)
        memcpy(event.target, target, CLUSTER_ID_LEN);
    sim_push(s, event);
}

static void on_publish(const uint8_t *target, struct span head, struct span text, void *arg)
{
    to_redis(arg, OP_PUBLISH, target, head, text);
}

static void on_claim(const uint8_t *rooms, size_t count, void *arg)
{
    to_redis(arg, OP_CLAIM, NULL, span_of(rooms, count * CLUSTER_ID_LEN), (struct span){0});
}

static void on_release(const uint8_t *room, void *arg)
{
    to_redis(arg, OP_RELEASE, NULL, span_of(room, CLUSTER_ID_LEN), (struct span){0});
}

static void on_beat(const uint8_t *ids, size_t count, void *arg)
{
    to_redis(arg, OP_BEAT, NULL, span_of(ids, count * CLUSTER_ID_LEN), (struct span){0});
}

/* ---- servers ---- */

static void connect_redis(struct sim *s, int number)
{
    struct sim_server *server = &s->servers[number];
    server->generation++;
    server->is_connected = server->is_up = true;
    server->out_us = server->in_us = s->now_us;
    cluster_on_up(server->cluster, s->now_us);
    sim_schedule(server);
}

void sim_start(struct sim *s, int number)
{
    struct sim_server *server = &s->servers[number];
    if (server->cluster)
        return;
    for (int i = 0; i < CLUSTER_ID_LEN; i++)
        server->id[i] = (uint8_t)sim_draw(s, 256);
    server->sim = s;
    server->paused_until_us = 0;
    server->run_at_us = 0;
    server->is_connected = server->is_up = false;
    s->leases_us[number] = 0;
    const struct cluster_handlers handlers = {sim_on_deliver, sim_on_pass, sim_on_expel, server};
    const struct cluster_store store = {on_publish, on_claim, on_release, on_beat, server};
    server->cluster = cluster_new(server->id, 8, &handlers, &store, s->now_us);
    sim_push(s, (struct sim_event){.at_us = s->now_us + sim_draw(s, 50 * US_PER_MS),
                                   .kind = EVENT_RECONNECT,
                                   .server = number,
                                   .generation = server->generation});
    sim_schedule(server);
}

static void stop(struct sim *s, int number)
{
    struct sim_server *server = &s->servers[number];
    for (size_t i = s->socket_count; i-- > 0;) {
        struct sim_socket *socket = s->sockets[i];
        if (socket->server != server)
            continue;
        if (socket->client)
            sim_come_back(socket->client);
        sim_close_socket(s, socket);
        i = s->socket_count;
    }
    cluster_free(server->cluster, s->now_us);
    server->cluster = NULL;
}

void sim_crash(struct sim *s, int number)
{
    struct sim_server *server = &s->servers[number];
    if (!server->cluster)
        return;
    cluster_on_down(server->cluster, s->now_us); /* it says nothing any more */
    server->is_connected = server->is_up = false;
    server->generation++;
    stop(s, number);
}

void sim_end(struct sim *s, int number)
{
    if (!s->servers[number].cluster)
        return;
    stop(s, number);
    s->leases_us[number] = 0;
}

void sim_pause(struct sim *s, int number, uint64_t for_us)
{
    s->servers[number].paused_until_us = s->now_us + for_us;
}

void sim_cut(struct sim *s, int number)
{
    struct sim_server *server = &s->servers[number];
    if (!server->cluster || !server->is_connected)
        return;
    server->is_connected = false;
    sim_push(s, (struct sim_event){.at_us = s->now_us + sim_draw(s, NOTICE_MAX_US),
                                   .kind = EVENT_NOTICE,
                                   .server = number,
                                   .generation = server->generation});
}

void sim_redis_down(struct sim *s, bool forgets)
{
    s->is_redis_up = false;
    if (forgets) {
        memset(s->rooms, 0, sizeof s->rooms);
        memset(s->leases_us, 0, sizeof s->leases_us);
    }
    for (int i = 0; i < SIM_SERVERS; i++)
        sim_cut(s, i);
}

void sim_redis_up(struct sim *s)
{
    s->is_redis_up = true;
}

/* ---- the run ---- */

/* What a server hears; false: not now. */
static bool to_server(struct sim *s, struct sim_event *e)
{
    struct sim_server *server = &s->servers[e->server];
    if (!server->cluster)
        return true;
    if (s->now_us < server->paused_until_us) {
        e->at_us = server->paused_until_us;
        sim_push(s, *e);
        return false;
    }
    bool is_of_now = e->generation == server->generation;
    bool is_heard = is_of_now && server->is_connected;
    if (e->kind == EVENT_PUBLISHED && is_heard) {
        cluster_receive(server->cluster, span_of(e->bytes, e->len), s->now_us);
    } else if (e->kind == EVENT_CLAIMED && is_heard) {
        cluster_on_claimed(server->cluster, e->bytes, e->bytes + e->len / 2,
                           e->len / 2 / CLUSTER_ID_LEN, s->now_us);
    } else if (e->kind == EVENT_BEAT && is_heard) {
        cluster_on_beat(server->cluster, e->bytes[0], e->bytes + 1, (e->len - 1) / CLUSTER_ID_LEN,
                        s->now_us);
    } else if (e->kind == EVENT_RUN) {
        cluster_run(server->cluster, s->now_us);
    } else if (e->kind == EVENT_NOTICE && is_of_now) {
        server->is_up = false;
        cluster_on_down(server->cluster, s->now_us);
        sim_push(s, (struct sim_event){.at_us = s->now_us + sim_draw(s, 300 * US_PER_MS),
                                       .kind = EVENT_RECONNECT,
                                       .server = e->server,
                                       .generation = server->generation});
    } else if (e->kind == EVENT_RECONNECT && is_of_now) {
        if (s->is_redis_up)
            connect_redis(s, e->server);
        else
            sim_push(s, (struct sim_event){.at_us = s->now_us + 300 * US_PER_MS,
                                           .kind = EVENT_RECONNECT,
                                           .server = e->server,
                                           .generation = server->generation});
    }
    sim_schedule(server);
    return true;
}

/* False: it comes again. */
static bool happen(struct sim *s, struct sim_event *e)
{
    bool is_of_client = e->client && e->client->visit == e->generation;
    switch (e->kind) {
    case EVENT_AT_REDIS:
        sim_at_redis(s, e);
        return true;
    case EVENT_SAY:
        if (is_of_client && e->client->socket)
            sim_client_says(s, e->client, span_of(e->bytes, e->len));
        return true;
    case EVENT_CONNECT:
        if (is_of_client && !e->client->socket)
            sim_connect(e->client, -1);
        return true;
    case EVENT_DOUBT:
        if (is_of_client)
            sim_doubt(s, e->client);
        return true;
    case EVENT_CLOSE:
        sim_close_numbered(s, e->socket);
        return true;
    default:
        return to_server(s, e);
    }
}

void sim_run_until(struct sim *s, uint64_t at_us)
{
    while (s->heap_count > 0 && s->heap[0].at_us <= at_us) {
        struct sim_event event = pop(s);
        s->now_us = event.at_us;
        if (happen(s, &event))
            free(event.bytes);
        sim_close_abandoned(s);
    }
    s->now_us = at_us;
}

void sim_init(struct sim *s, uint64_t seed, int pairs)
{
    *s = (struct sim){.now_us = US_PER_S, .random = seed, .pairs = pairs, .is_redis_up = true};
    for (int i = 0; i < 2 * pairs; i++) {
        struct sim_client *c = &s->clients[i];
        *c = (struct sim_client){.sim = s, .pair = i / 2, .server = -1, .has_key = true};
        snprintf(c->key, sizeof c->key, "key %d", i);
        c->job = i % 2 ? SIGNAL_JOB_CONSUMER : SIGNAL_JOB_PROVIDER;
        if (c->pair % 3 == 2) {
            c->job = SIGNAL_JOB_NONE;
            c->has_key = c->pair % 2;
        }
    }
    for (int i = 0; i < SIM_SERVERS; i++)
        sim_start(s, i);
}

void sim_deinit(struct sim *s)
{
    for (int i = 0; i < SIM_SERVERS; i++)
        sim_crash(s, i);
    while (s->heap_count > 0)
        free(pop(s).bytes);
    free(s->heap);
}

void sim_check_together(struct sim *s)
{
    size_t homes = 0;
    for (int i = 0; i < SIM_SERVERS; i++) {
        struct cluster_stats stats;
        if (!s->servers[i].cluster)
            continue;
        cluster_stats(s->servers[i].cluster, s->now_us, &stats);
        assert_int_equal(stats.state, CLUSTER_UP);
        homes += stats.rooms;
    }
    for (int i = 0; i < 2 * s->pairs; i++) {
        const struct sim_client *c = &s->clients[i], *other = &s->clients[i ^ 1];
        if (!c->socket || !other->socket || c->view_count != 1 ||
            strcmp(c->view[0], other->socket->id) != 0 || c->session == 0 ||
            c->session != other->session)
            fail_msg("pair %d, client %d at server %d: sees %d, session %u; the other: %u", c->pair,
                     i % 2, c->server, c->view_count, c->session, other->session);
    }
    assert_int_equal(homes, s->pairs);
}
