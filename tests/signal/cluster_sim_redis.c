/*
 * Redis: what it keeps, and what the scripts of
 * signal/cluster/cluster_script.c do.
 */
#include "base/alloc.h"
#include "cluster_sim_internal.h"

int sim_server_of(const struct sim *s, const uint8_t *id)
{
    for (int i = 0; i < SIM_SERVERS; i++) {
        if (memcmp(s->servers[i].id, id, CLUSTER_ID_LEN) == 0)
            return i;
    }
    return -1;
}

static bool is_alive(const struct sim *s, const uint8_t *id)
{
    int number = sim_server_of(s, id);
    return number >= 0 && s->leases_us[number] > s->now_us;
}

static struct sim_room *room_entry(struct sim *s, const uint8_t *id)
{
    struct sim_room *room = NULL;
    for (int i = 0; i < SIM_ROOMS_MAX; i++) {
        if (memcmp(s->rooms[i].id, id, CLUSTER_ID_LEN) == 0 && s->rooms[i].until_us > s->now_us)
            return &s->rooms[i];
        if (s->rooms[i].until_us <= s->now_us)
            room = &s->rooms[i];
    }
    assert_non_null(room);
    memcpy(room->id, id, CLUSTER_ID_LEN);
    memset(room->home, 0, CLUSTER_ID_LEN);
    return room;
}

static void reply(struct sim *s, int number, enum kind kind, uint8_t *bytes, size_t len)
{
    struct sim_server *server = &s->servers[number];
    uint64_t at_us = s->now_us + sim_draw(s, LATENCY_MAX_US);
    server->in_us = at_us > server->in_us ? at_us : server->in_us;
    sim_push(s, (struct sim_event){.at_us = server->in_us,
                                   .kind = kind,
                                   .server = number,
                                   .generation = server->generation,
                                   .bytes = bytes,
                                   .len = len});
}

/* Rooms, then homes. */
static void claim(struct sim *s, const struct sim_event *e)
{
    uint8_t *answer = xcalloc(2, e->len);
    memcpy(answer, e->bytes, e->len);
    for (size_t at = 0; at < e->len; at += CLUSTER_ID_LEN) {
        struct sim_room *room = room_entry(s, e->bytes + at);
        const uint8_t *me = s->servers[e->server].id;
        if (!is_alive(s, room->home) || memcmp(room->home, me, CLUSTER_ID_LEN) == 0) {
            memcpy(room->home, me, CLUSTER_ID_LEN);
            room->until_us = s->now_us + CLUSTER_ROOM_LEASE_US;
        }
        memcpy(answer + e->len + at, room->home, CLUSTER_ID_LEN);
    }
    reply(s, e->server, EVENT_CLAIMED, answer, 2 * e->len);
}

/* Whether it had lapsed, then the dead. */
static void beat(struct sim *s, const struct sim_event *e)
{
    uint8_t *answer = xcalloc(1, e->len + 1);
    size_t len = 1;
    answer[0] = s->leases_us[e->server] <= s->now_us;
    s->leases_us[e->server] = s->now_us + CLUSTER_LEASE_US;
    for (size_t at = 0; at < e->len; at += CLUSTER_ID_LEN) {
        if (is_alive(s, e->bytes + at))
            continue;
        memcpy(answer + len, e->bytes + at, CLUSTER_ID_LEN);
        len += CLUSTER_ID_LEN;
    }
    reply(s, e->server, EVENT_BEAT, answer, len);
}

void sim_at_redis(struct sim *s, const struct sim_event *e)
{
    const struct sim_server *server = &s->servers[e->server];
    if (!s->is_redis_up || e->generation != server->generation ||
        (!server->is_connected && sim_draw(s, 2) == 0))
        return;
    if (e->op == OP_CLAIM) {
        claim(s, e);
    } else if (e->op == OP_BEAT) {
        beat(s, e);
    } else if (e->op == OP_RELEASE) {
        struct sim_room *room = room_entry(s, e->bytes);
        if (memcmp(room->home, server->id, CLUSTER_ID_LEN) == 0)
            room->until_us = 0;
    } else {
        int target = sim_server_of(s, e->target);
        s->published++;
        if (target < 0 || !s->servers[target].is_connected)
            return;
        uint8_t *copy = xcalloc(1, e->len);
        memcpy(copy, e->bytes, e->len);
        reply(s, target, EVENT_PUBLISHED, copy, e->len);
    }
}
