/*
 * A loss, however it was found out, has one remedy: each of the two servers
 * lets all its seats enter anew at the other (BEGIN, ENTER, END), which makes
 * everybody's view right again. With each beat servers tell each other how much
 * they have sent (COUNT), so that a loss is found out where nothing follows it;
 * and an interruption in which nothing was said, nobody notices.
 *
 * A claim answered by us, or by who takes us for the home, makes a room's home
 * be here; one answered by another moves it there. Redis has the last word, so
 * whatever contradicts it leads to another claim.
 */
#include "signal/cluster/cluster.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "signal/cluster/cluster_internal.h"

struct cluster *cluster_new(const uint8_t id[CLUSTER_ID_LEN], size_t members_max,
                            const struct cluster_handlers *handlers,
                            const struct cluster_store *store, uint64_t now_us)
{
    struct cluster *cluster = xcalloc(1, sizeof *cluster);
    memcpy(cluster->id, id, CLUSTER_ID_LEN);
    cluster->handlers = *handlers;
    cluster->store = *store;
    cluster->now_us = cluster->down_at_us = now_us;
    cluster->state = CLUSTER_GRACE;
    cluster->tell_seat = seat_tell;
    cluster->expel_seat = seat_expel;
    table_init(&cluster->by_id);
    table_init(&cluster->fellows_by_id);
    table_init(&cluster->seats);
    list_init(&cluster->all);
    list_init(&cluster->wanted);
    list_init(&cluster->left);
    list_init(&cluster->renewals);
    list_init(&cluster->entering);
    list_init(&cluster->fellows);
    home_start(cluster, members_max);
    return cluster;
}

static struct cluster_room *room_at(struct list *at)
{
    return LIST_ENTRY(at, struct cluster_room, in_all);
}

static struct seat *seat_at(struct list *at)
{
    return LIST_ENTRY(at, struct seat, in_room);
}

static struct fellow *fellow_at(struct list *at)
{
    return LIST_ENTRY(at, struct fellow, in_all);
}

void cluster_free(struct cluster *cluster, uint64_t now_us)
{
    if (!cluster)
        return;
    cluster->now_us = now_us;
    cluster->is_muted = true; /* nobody's seats are here, and others are told enough by BYE */
    LIST_EACH(at, next, &cluster->fellows) {
        struct fellow *fellow = fellow_at(at);
        fellow_send(cluster, fellow, &(struct envelope){.kind = ENVELOPE_BYE});
        fellow_drop_lodgers(cluster, fellow);
    }
    LIST_EACH(at, next, &cluster->all) {
        struct cluster_room *room = room_at(at);
        assert(list_is_empty(&room->seats));
        room->claim = CLAIM_NONE;
        cluster_room_left(cluster, room);
    }
    cluster_room_free_idle(cluster);
    LIST_EACH(at, next, &cluster->fellows)
        fellow_free(cluster, fellow_at(at));
    home_stop(cluster);
    table_deinit(&cluster->by_id);
    table_deinit(&cluster->fellows_by_id);
    table_deinit(&cluster->seats);
    free(cluster);
}

void cluster_stats(const struct cluster *cluster, uint64_t now_us, struct cluster_stats *out)
{
    *out = cluster->counts;
    out->state = cluster->state;
    out->rooms = rooms_count(cluster->rooms);
    out->lodgers = cluster->lodger_count;
    out->servers = cluster->fellows_by_id.count;
    out->seats = cluster->seats.count;
    if (cluster->state != CLUSTER_UP)
        out->away_us += now_us - cluster->down_at_us;
}

/* ---- what Redis tells ---- */

void cluster_on_claimed(struct cluster *cluster, const uint8_t *rooms, const uint8_t *homes,
                        size_t count, uint64_t now_us)
{
    cluster->now_us = now_us;
    for (size_t i = 0; i < count; i++) {
        struct cluster_room *room = cluster_room_find(cluster, rooms + i * CLUSTER_ID_LEN);
        const uint8_t *home = homes + i * CLUSTER_ID_LEN;
        if (!room)
            continue;
        room->claim = CLAIM_NONE;
        if (memcmp(home, cluster->id, CLUSTER_ID_LEN) != 0)
            cluster_room_move_away(cluster, room, fellow_get(cluster, home));
        else if (room->home == HOME_HERE) /* renewed */
            cluster_room_set_home(cluster, room, HOME_HERE, NULL);
        else
            cluster_room_move_here(cluster, room);
        cluster_room_left(cluster, room);
    }
}

void cluster_on_beat(struct cluster *cluster, bool had_lapsed, const uint8_t *dead, size_t count,
                     uint64_t now_us)
{
    cluster->now_us = now_us;
    /* A Redis that has been restarted knows of nobody yet. */
    bool is_known = now_us >= cluster->up_at_us + CLUSTER_LEASE_US;
    for (size_t i = 0; i < count && is_known; i++) {
        struct fellow *fellow = fellow_find(cluster, dead + i * CLUSTER_ID_LEN);
        if (fellow)
            fellow_bury(cluster, fellow);
    }
    if (!had_lapsed)
        return;
    LIST_EACH(at, next, &cluster->all) {
        if (room_at(at)->home == HOME_HERE)
            cluster_room_want(cluster, room_at(at));
    }
}

/* ---- Redis comes and goes ---- */

void cluster_on_up(struct cluster *cluster, uint64_t now_us)
{
    assert(cluster->state != CLUSTER_UP);
    bool was_island = cluster->state == CLUSTER_AWAY;
    cluster->now_us = now_us;
    cluster->counts.away_us += now_us - cluster->down_at_us;
    cluster->state = CLUSTER_UP;
    cluster->up_at_us = cluster->beat_at_us = now_us;
    LIST_EACH(at, next, &cluster->fellows) {
        struct fellow *fellow = fellow_at(at);
        if (!was_island)
            break;
        /* What it knows of us is of before. */
        fellow_send(cluster, fellow, &(struct envelope){.kind = ENVELOPE_BYE});
        fellow_free(cluster, fellow);
    }
    LIST_EACH(at, next, &cluster->all) {
        struct cluster_room *room = room_at(at);
        bool is_waiting = false;
        LIST_EACH(seat, after, &room->seats) {
            seat_at(seat)->is_warned = false;
            seat_at(seat)->is_asked = false;
            is_waiting |= seat_at(seat)->state == SEAT_WAITING;
        }
        /* A home elsewhere claims for itself. */
        if (room->home != HOME_AFAR || is_waiting)
            cluster_room_want(cluster, room);
    }
}

void cluster_on_down(struct cluster *cluster, uint64_t now_us)
{
    if (cluster->state != CLUSTER_UP)
        return;
    cluster->now_us = cluster->down_at_us = now_us;
    cluster->state = CLUSTER_GRACE;
    LIST_EACH(at, next, &cluster->all) {
        struct cluster_room *room = room_at(at);
        list_remove(&room->in_wanted);
        room->claim = CLAIM_NONE;
        cluster_room_left(cluster, room);
        LIST_EACH(seat, after, &room->seats)
            seat_at(seat)->view_before = seat_at(seat)->view_count;
    }
}

static void go_away(struct cluster *cluster)
{
    cluster->state = CLUSTER_AWAY;
    LIST_EACH(at, next, &cluster->fellows)
        fellow_drop_lodgers(cluster, fellow_at(at));
    LIST_EACH(at, next, &cluster->all) {
        struct cluster_room *room = room_at(at);
        cluster_room_move_here(cluster, room);
        LIST_EACH(seat, after, &room->seats) {
            if (seat_has_lost(seat_at(seat)))
                seat_warn(seat_at(seat));
        }
    }
}

/* ---- time ---- */

static struct cluster_room *first_renewal(const struct cluster *cluster)
{
    struct list *at = list_first(&cluster->renewals);
    return at ? LIST_ENTRY(at, struct cluster_room, in_renewals) : NULL;
}

static struct cluster_room *first_entering(const struct cluster *cluster)
{
    struct list *at = list_first(&cluster->entering);
    return at ? LIST_ENTRY(at, struct cluster_room, in_entering) : NULL;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t cluster_deadline_us(const struct cluster *cluster)
{
    if (!list_is_empty(&cluster->left))
        return 0;
    if (cluster->state == CLUSTER_GRACE)
        return cluster->down_at_us + CLUSTER_GRACE_US;
    if (cluster->state == CLUSTER_AWAY)
        return TIME_NEVER;
    if (!list_is_empty(&cluster->wanted))
        return 0;
    const struct cluster_room *renewal = first_renewal(cluster);
    const struct cluster_room *entering = first_entering(cluster);
    return sooner(cluster->beat_at_us, sooner(renewal ? renewal->renew_at_us : TIME_NEVER,
                                              entering ? entering->answer_by_us : TIME_NEVER));
}

static void beat(struct cluster *cluster)
{
    size_t count = 0;
    uint8_t *ids = xcalloc(cluster->fellows_by_id.count + 1, CLUSTER_ID_LEN);
    LIST_EACH(at, next, &cluster->fellows) {
        memcpy(ids + CLUSTER_ID_LEN * count++, fellow_at(at)->id, CLUSTER_ID_LEN);
        fellow_send(cluster, fellow_at(at), &(struct envelope){.kind = ENVELOPE_COUNT});
    }
    cluster->beat_at_us = cluster->now_us + CLUSTER_BEAT_US;
    cluster->store.beat(ids, count, cluster->store.arg);
    free(ids);
}

/* A room without a seat here has its home elsewhere, better: at one of its
 * lodgers' servers, which claim it now. */
static void hand_over(struct cluster *cluster, struct cluster_room *room)
{
    cluster->store.release(room->id, cluster->store.arg);
    home_dissolve(cluster, room);
    cluster_room_set_home(cluster, room, HOME_SEEKING, NULL);
    cluster_room_left(cluster, room);
}

static void renew(struct cluster *cluster)
{
    struct cluster_room *room;
    while ((room = first_renewal(cluster)) != NULL && room->renew_at_us <= cluster->now_us) {
        cluster_room_set_home(cluster, room, HOME_HERE, NULL);
        if (list_is_empty(&room->seats))
            hand_over(cluster, room);
        else
            cluster_room_want(cluster, room);
    }
}

static void ask_again(struct cluster *cluster)
{
    struct cluster_room *room;
    while ((room = first_entering(cluster)) != NULL && room->answer_by_us <= cluster->now_us) {
        list_remove(&room->in_entering);
        bool is_waiting = false;
        LIST_EACH(at, next, &room->seats) {
            struct seat *seat = seat_at(at);
            is_waiting |= seat->state == SEAT_WAITING;
            seat->is_asked = false;
        }
        if (is_waiting)
            cluster_room_want(cluster, room);
    }
}

static void claim(struct cluster *cluster)
{
    uint8_t ids[CLUSTER_CLAIMS_MAX * CLUSTER_ID_LEN];
    size_t count = 0;
    LIST_EACH(at, next, &cluster->wanted) {
        struct cluster_room *room = LIST_ENTRY(at, struct cluster_room, in_wanted);
        list_remove(at);
        room->claim = CLAIM_ASKED;
        memcpy(ids + CLUSTER_ID_LEN * count++, room->id, CLUSTER_ID_LEN);
        if (count < CLUSTER_CLAIMS_MAX && !list_is_empty(&cluster->wanted))
            continue;
        cluster->store.claim(ids, count, cluster->store.arg);
        count = 0;
    }
}

void cluster_run(struct cluster *cluster, uint64_t now_us)
{
    cluster->now_us = now_us;
    if (cluster->state == CLUSTER_GRACE && now_us >= cluster->down_at_us + CLUSTER_GRACE_US)
        go_away(cluster);
    if (cluster->state == CLUSTER_UP) {
        if (now_us >= cluster->beat_at_us)
            beat(cluster);
        renew(cluster);
        ask_again(cluster);
    }
    cluster_room_free_idle(cluster);
    if (cluster->state == CLUSTER_UP)
        claim(cluster);
}
