/*
 * A room gets another home, and a server is lost, or was not heard for a while:
 * seats enter anew.
 */
#include <stdlib.h>

#include "signal/cluster/cluster_internal.h"

static struct seat *seat_at(struct list *at)
{
    return LIST_ENTRY(at, struct seat, in_room);
}

/* Those that have not entered, and have not asked to. */
static void enter_seats(struct cluster_room *room)
{
    LIST_EACH(at, next, &room->seats) {
        struct seat *seat = seat_at(at);
        if (seat->state == SEAT_WAITING && !seat->is_asked)
            seat_enter(seat);
    }
}

static void withdraw_seats(struct cluster_room *room)
{
    LIST_EACH(at, next, &room->seats)
        seat_withdraw(seat_at(at));
}

static void unsettle_seats(struct cluster_room *room)
{
    LIST_EACH(at, next, &room->seats)
        seat_unsettle(seat_at(at));
}

void cluster_room_move_here(struct cluster *cluster, struct cluster_room *room)
{
    if (room->home == HOME_HERE)
        return;
    cluster->counts.moves += room->home == HOME_AFAR;
    withdraw_seats(room);
    cluster_room_set_home(cluster, room, HOME_HERE, NULL);
    unsettle_seats(room);
    enter_seats(room);
}

void cluster_room_move_away(struct cluster *cluster, struct cluster_room *room, struct fellow *to)
{
    if (room->home != HOME_AFAR || room->afar != to) {
        cluster->counts.moves += room->home != HOME_SEEKING;
        withdraw_seats(room);
        if (room->home == HOME_HERE)
            home_dissolve(cluster, room);
        cluster_room_set_home(cluster, room, HOME_AFAR, to);
        unsettle_seats(room);
    }
    enter_seats(room);
}

void cluster_room_seek(struct cluster *cluster, struct cluster_room *room)
{
    cluster_room_set_home(cluster, room, HOME_SEEKING, NULL);
    unsettle_seats(room);
    cluster_room_want(cluster, room);
}

/* ---- other servers ---- */

void fellow_drop_lodgers(struct cluster *cluster, struct fellow *fellow)
{
    LIST_EACH(at, next, &fellow->lodgers)
        home_lodger_free(cluster, LIST_ENTRY(at, struct lodger, in_fellow));
}

void fellow_enter_all(struct cluster *cluster, struct fellow *fellow)
{
    fellow_send(cluster, fellow, &(struct envelope){.kind = ENVELOPE_BEGIN});
    LIST_EACH(at, next, &fellow->rooms) {
        struct cluster_room *room = LIST_ENTRY(at, struct cluster_room, in_fellow);
        unsettle_seats(room);
        enter_seats(room);
    }
    fellow_send(cluster, fellow, &(struct envelope){.kind = ENVELOPE_END});
}

void fellow_repair(struct cluster *cluster, struct fellow *fellow)
{
    cluster->counts.losses++;
    fellow_enter_all(cluster, fellow);
    fellow_send(cluster, fellow, &(struct envelope){.kind = ENVELOPE_ASK});
}

void fellow_bury(struct cluster *cluster, struct fellow *fellow)
{
    fellow_drop_lodgers(cluster, fellow);
    LIST_EACH(at, next, &fellow->rooms)
        cluster_room_seek(cluster, LIST_ENTRY(at, struct cluster_room, in_fellow));
    fellow_free(cluster, fellow);
}
