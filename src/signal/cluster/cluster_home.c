/*
 * Rooms whose home is here. A lodger is a member of such a room, whether its
 * socket is here or at another server: what differs is where what it is told
 * goes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/armor.h"
#include "base/bytes.h"
#include "signal/cluster/cluster_internal.h"
#include "signal/message_scan.h"

static struct lodger *lodger_of(struct room_member *member)
{
    return LIST_ENTRY(member, struct lodger, member);
}

static void send_to_lodger(struct cluster *cluster, const struct lodger *lodger,
                           enum envelope_kind kind, struct span text)
{
    fellow_send(cluster, lodger->fellow,
                &(struct envelope){.kind = kind,
                                   .room = lodger->room->id,
                                   .seat = get_u64be(lodger->number),
                                   .text = text});
}

static bool is_passed_on(enum signal_type type)
{
    return type == SIGNAL_OFFER || type == SIGNAL_ANSWER || type == SIGNAL_CANDIDATE;
}

static void on_room_send(struct room_member *to, const struct signal_message *message, void *arg)
{
    struct cluster *cluster = arg;
    struct lodger *lodger = lodger_of(to);
    if (cluster->is_muted)
        return;
    if (lodger->seat) {
        cluster->tell_seat(lodger->seat, message);
        return;
    }
    char *text = signal_message_encode(message);
    send_to_lodger(cluster, lodger, is_passed_on(message->type) ? ENVELOPE_PASS : ENVELOPE_TELL,
                   span_from_string(text));
    free(text);
}

void home_start(struct cluster *cluster, size_t members_max)
{
    cluster->rooms = rooms_new(members_max, on_room_send, cluster);
}

void home_stop(struct cluster *cluster)
{
    rooms_free(cluster->rooms);
}

/* ---- lodgers ---- */

struct lodger *home_lodger_find(struct fellow *fellow, uint64_t seat)
{
    uint8_t number[8];
    put_u64be(number, seat);
    struct table_node *node = table_find(&fellow->lodgers_by_seat, span_of(number, sizeof number));
    return node ? LIST_ENTRY(node, struct lodger, node) : NULL;
}

struct lodger *home_lodger_get(struct cluster *cluster, struct fellow *fellow, uint64_t seat)
{
    struct lodger *lodger = home_lodger_find(fellow, seat);
    if (lodger)
        return lodger;
    lodger = xcalloc(1, sizeof *lodger);
    list_init(&lodger->in_room);
    lodger->fellow = fellow;
    put_u64be(lodger->number, seat);
    list_append(&fellow->lodgers, &lodger->in_fellow);
    table_insert(&fellow->lodgers_by_seat, &lodger->node,
                 span_of(lodger->number, sizeof lodger->number));
    cluster->lodger_count++;
    return lodger;
}

void home_leave(struct cluster *cluster, struct lodger *lodger)
{
    struct cluster_room *room = lodger->room;
    if (!room)
        return;
    room_leave(cluster->rooms, &lodger->member);
    list_remove(&lodger->in_room);
    lodger->room = NULL;
    cluster_room_left(cluster, room);
}

void home_lodger_free(struct cluster *cluster, struct lodger *lodger)
{
    home_leave(cluster, lodger);
    table_remove(&lodger->fellow->lodgers_by_seat, &lodger->node);
    list_remove(&lodger->in_fellow);
    cluster->lodger_count--;
    free(lodger);
}

/* Another one has its place. */
static void expel(struct cluster *cluster, struct lodger *lodger)
{
    if (lodger->seat) {
        cluster->expel_seat(lodger->seat, "another socket has taken its place");
        return;
    }
    send_to_lodger(cluster, lodger, ENVELOPE_OUT, (struct span){0});
    home_lodger_free(cluster, lodger);
}

/* ---- coming ---- */

static void put_in(struct lodger *lodger, struct cluster_room *room)
{
    if (lodger->room == room)
        return;
    lodger->room = room;
    list_append(&room->lodgers, &lodger->in_room);
}

/* Who has the same key, and came before: his place is taken over by a newcomer,
 * and given up for one that has an id already. False: he came later. */
static bool settle_rival(struct cluster *cluster, struct lodger *lodger, struct lodger *rival,
                         bool is_first)
{
    if (rival->joined_at_us > lodger->joined_at_us)
        return false;
    if (!is_first)
        expel(cluster, rival);
    return true;
}

static bool join(struct cluster *cluster, struct lodger *lodger, const struct envelope *enter)
{
    char key[CLUSTER_NAME_LEN + 1], id[UUID_TEXT_LEN + 1];
    memcpy(id, enter->id, sizeof id);
    armor_encode(ARMOR_HEX, span_of(enter->key, sizeof enter->key), key);
    const struct signal_message message = {.type = SIGNAL_JOIN,
                                           .room = lodger->room->name,
                                           .peer_id = id,
                                           .key = enter->has_key ? key : NULL,
                                           .job = enter->job};
    struct room_member *before = room_find_rival(cluster->rooms, &message);
    if (before && !settle_rival(cluster, lodger, lodger_of(before), enter->is_first))
        return false;
    room_handle(cluster->rooms, &lodger->member, &message);
    if (before && enter->is_first)
        expel(cluster, lodger_of(before));
    return true;
}

bool home_enter(struct cluster *cluster, struct lodger *lodger, struct cluster_room *room,
                const struct envelope *enter)
{
    struct envelope known = *enter;
    if (lodger->room && lodger->room != room)
        home_leave(cluster, lodger);
    /* It may not have heard yet whose place it has taken over. */
    if (enter->is_first && room_is_inside(&lodger->member))
        memcpy(known.id, lodger->member.id, sizeof known.id);
    room_leave(cluster->rooms, &lodger->member);
    put_in(lodger, room);
    lodger->is_stale = false;
    lodger->joined_at_us = cluster->now_us - enter->age_us;
    bool has_place = join(cluster, lodger, &known);
    if (has_place && room_is_inside(&lodger->member))
        return true;
    if (!has_place)
        expel(cluster, lodger);
    else if (lodger->fellow)
        home_lodger_free(cluster, lodger);
    else
        home_leave(cluster, lodger);
    return false;
}

void home_hear(struct cluster *cluster, struct lodger *lodger, struct span text)
{
    struct signal_message message;
    int error = message_scan(text, &message) ? 0 : signal_message_decode(text, &message);
    if (error < 0) {
        room_handle_malformed(cluster->rooms, &lodger->member, error, message.type);
        return;
    }
    if (message.type != SIGNAL_BYE) /* its server says LEAVE */
        room_handle(cluster->rooms, &lodger->member, &message);
    signal_message_deinit(&message);
}

/* ---- going elsewhere ---- */

void home_dissolve(struct cluster *cluster, struct cluster_room *room)
{
    cluster->is_muted = true;
    LIST_EACH(at, next, &room->lodgers) {
        struct lodger *lodger = LIST_ENTRY(at, struct lodger, in_room);
        room_leave(cluster->rooms, &lodger->member);
        if (lodger->fellow)
            send_to_lodger(cluster, lodger, ENVELOPE_GONE, (struct span){0});
        list_remove(&lodger->in_room);
        lodger->room = NULL;
        if (lodger->fellow)
            home_lodger_free(cluster, lodger);
    }
    cluster->is_muted = false;
}
