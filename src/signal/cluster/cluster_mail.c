/*
 * What comes from other servers, in its order.
 */
#include <string.h>

#include "signal/cluster/cluster_internal.h"

/* Whoever sends it takes us for the room's home, and has that from Redis. If we
 * do not know that, we may be about to hear it. */
static void on_enter(struct cluster *cluster, struct fellow *fellow, const struct envelope *e)
{
    struct cluster_room *room = cluster_room_get(cluster, e->room);
    bool is_settled = room->home == HOME_AFAR && room->claim == CLAIM_NONE;
    if (room->home != HOME_HERE)
        cluster_room_want(cluster, room);
    if (is_settled) {
        fellow_send(cluster, fellow, &(struct envelope){.kind = ENVELOPE_GONE, .room = e->room});
        return;
    }
    cluster_room_move_here(cluster, room);
    home_enter(cluster, home_lodger_get(cluster, fellow, e->seat), room, e);
}

static void on_begin(struct fellow *fellow, bool is_begin, struct cluster *cluster)
{
    LIST_EACH(at, next, &fellow->lodgers) {
        struct lodger *lodger = LIST_ENTRY(at, struct lodger, in_fellow);
        if (is_begin)
            lodger->is_stale = true;
        else if (lodger->is_stale)
            home_lodger_free(cluster, lodger);
    }
}

static void to_lodger(struct cluster *cluster, struct fellow *fellow, const struct envelope *e)
{
    struct lodger *lodger = home_lodger_find(fellow, e->seat);
    if (!lodger)
        return;
    if (e->kind == ENVELOPE_LEAVE)
        home_lodger_free(cluster, lodger);
    else
        home_hear(cluster, lodger, e->text);
}

/* Only of the server that is its room's home, as far as we know. */
static void to_seat(struct cluster *cluster, const struct fellow *fellow, const struct envelope *e)
{
    struct seat *seat = seat_find(cluster, e->seat);
    if (!seat || seat->room->home != HOME_AFAR || seat->room->afar != fellow ||
        memcmp(seat->room->id, e->room, CLUSTER_ID_LEN) != 0)
        return;
    if (e->kind == ENVELOPE_TELL)
        seat_on_tell(seat, e->text);
    else if (e->kind == ENVELOPE_PASS)
        seat_on_pass(seat, e->text);
    else
        seat_expel(seat, "another socket has taken its place");
}

static void on_gone(struct cluster *cluster, const struct fellow *fellow, const struct envelope *e)
{
    struct cluster_room *room = cluster_room_find(cluster, e->room);
    if (room && room->home == HOME_AFAR && room->afar == fellow)
        cluster_room_seek(cluster, room);
}

static void on_envelope(struct cluster *cluster, struct fellow *fellow, const struct envelope *e)
{
    switch (e->kind) {
    case ENVELOPE_ENTER:
        on_enter(cluster, fellow, e);
        break;
    case ENVELOPE_SAID:
    case ENVELOPE_LEAVE:
        to_lodger(cluster, fellow, e);
        break;
    case ENVELOPE_BEGIN:
    case ENVELOPE_END:
        on_begin(fellow, e->kind == ENVELOPE_BEGIN, cluster);
        break;
    case ENVELOPE_TELL:
    case ENVELOPE_PASS:
    case ENVELOPE_OUT:
        to_seat(cluster, fellow, e);
        break;
    case ENVELOPE_GONE:
        on_gone(cluster, fellow, e);
        break;
    case ENVELOPE_ASK:
        fellow_enter_all(cluster, fellow);
        break;
    case ENVELOPE_COUNT: /* see fellow_take() */
        break;
    case ENVELOPE_BYE:
        fellow_bury(cluster, fellow);
        break;
    }
}

void cluster_receive(struct cluster *cluster, struct span bytes, uint64_t now_us)
{
    struct envelope envelope;
    if (cluster->state != CLUSTER_UP || !envelope_decode(bytes, &envelope) ||
        memcmp(envelope.from, cluster->id, CLUSTER_ID_LEN) == 0)
        return;
    cluster->now_us = now_us;
    cluster->counts.received++;
    struct fellow *fellow = fellow_get(cluster, envelope.from);
    enum fellow_order order = fellow_take(fellow, &envelope);
    if (order == FELLOW_STALE)
        return;
    if (order == FELLOW_GAP && envelope.kind != ENVELOPE_BYE)
        fellow_repair(cluster, fellow);
    on_envelope(cluster, fellow, &envelope);
}
