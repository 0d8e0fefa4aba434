/*
 * A room is known for as long as it has a seat or a lodger here.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/armor.h"
#include "signal/cluster/cluster_internal.h"

struct cluster_room *cluster_room_find(struct cluster *cluster, const uint8_t *id)
{
    struct table_node *node = table_find(&cluster->by_id, span_of(id, CLUSTER_ID_LEN));
    return node ? LIST_ENTRY(node, struct cluster_room, node) : NULL;
}

struct cluster_room *cluster_room_get(struct cluster *cluster, const uint8_t *id)
{
    struct cluster_room *room = cluster_room_find(cluster, id);
    if (room)
        return room;
    room = xcalloc(1, sizeof *room);
    memcpy(room->id, id, CLUSTER_ID_LEN);
    armor_encode(ARMOR_HEX, span_of(id, CLUSTER_ID_LEN), room->name);
    list_init(&room->in_fellow);
    list_init(&room->seats);
    list_init(&room->lodgers);
    list_init(&room->in_wanted);
    list_init(&room->in_left);
    list_init(&room->in_renewals);
    list_init(&room->in_entering);
    list_append(&cluster->all, &room->in_all);
    table_insert(&cluster->by_id, &room->node, span_of(room->id, CLUSTER_ID_LEN));
    if (cluster->state == CLUSTER_AWAY)
        room->home = HOME_HERE;
    return room;
}

void cluster_room_set_home(struct cluster *cluster, struct cluster_room *room, enum home home,
                           struct fellow *afar)
{
    list_remove(&room->in_fellow);
    list_remove(&room->in_renewals);
    list_remove(&room->in_entering);
    room->home = home;
    room->afar = afar;
    if (home == HOME_AFAR)
        list_append(&afar->rooms, &room->in_fellow);
    if (home == HOME_HERE) {
        room->renew_at_us = cluster->now_us + CLUSTER_RENEW_US;
        list_append(&cluster->renewals, &room->in_renewals);
    }
}

void cluster_room_want(struct cluster *cluster, struct cluster_room *room)
{
    if (room->claim != CLAIM_NONE)
        return;
    room->claim = CLAIM_WANTED;
    list_append(&cluster->wanted, &room->in_wanted);
}

void cluster_room_expect(struct cluster *cluster, struct cluster_room *room)
{
    if (!list_is_empty(&room->in_entering))
        return;
    room->answer_by_us = cluster->now_us + CLUSTER_ANSWER_US;
    list_append(&cluster->entering, &room->in_entering);
}

void cluster_room_left(struct cluster *cluster, struct cluster_room *room)
{
    list_remove(&room->in_left);
    list_append(&cluster->left, &room->in_left);
}

static void room_free(struct cluster *cluster, struct cluster_room *room)
{
    if (room->home == HOME_HERE && cluster->state == CLUSTER_UP)
        cluster->store.release(room->id, cluster->store.arg);
    list_remove(&room->in_fellow);
    list_remove(&room->in_wanted);
    list_remove(&room->in_renewals);
    list_remove(&room->in_entering);
    list_remove(&room->in_all);
    table_remove(&cluster->by_id, &room->node);
    free(room);
}

/* One that has been asked for comes again with the answer. */
void cluster_room_free_idle(struct cluster *cluster)
{
    LIST_EACH(at, next, &cluster->left) {
        struct cluster_room *room = LIST_ENTRY(at, struct cluster_room, in_left);
        list_remove(at);
        if (list_is_empty(&room->seats) && list_is_empty(&room->lodgers) &&
            room->claim != CLAIM_ASKED)
            room_free(cluster, room);
    }
}
