/*
 * What the files that make up a cluster's engine share:
 *
 *   cluster.c        Redis comes and goes, and what it tells; time
 *   cluster_mail.c   what other servers send
 *   cluster_move.c   rooms get another home, seats enter anew
 *   cluster_seat.c   the side of a socket: what its client says and is told
 *   cluster_home.c   the side of a room whose home is here: its lodgers
 *   cluster_room.c   what is known of each room: where its home is
 *   cluster_fellow.c the other servers, and the order of what goes between
 *
 * Each calls those below it, and what it must say upward goes through the
 * pointers of struct cluster.
 */
#ifndef SIGNAL_CLUSTER_INTERNAL_H
#define SIGNAL_CLUSTER_INTERNAL_H

#include "base/buf.h"
#include "base/list.h"
#include "base/uuid.h"
#include "signal/cluster/cluster.h"
#include "signal/cluster/envelope.h"
#include "signal/room.h"
#include "signal/table.h"

enum { CLUSTER_NAME_LEN = 2 * CLUSTER_ID_LEN }; /* an id as text */

struct cluster {
    uint8_t id[CLUSTER_ID_LEN];
    struct cluster_handlers handlers;
    struct cluster_store store;
    uint64_t now_us; /* of the call under way */
    enum cluster_state state;
    uint64_t down_at_us; /* since when there is no Redis, unless UP */
    uint64_t up_at_us;   /* since when there is */
    uint64_t beat_at_us;
    bool is_muted;        /* what rooms send goes nowhere */
    struct rooms *rooms;  /* those whose home is here, by the text of their ids */
    struct table by_id;   /* of cluster_room: all that there is something to know of */
    struct list all;      /* the same */
    struct list wanted;   /* of them, those to claim, */
    struct list left;     /* those that may be empty, */
    struct list renewals; /* those to renew, by when, */
    struct list entering; /* and those with a seat that waits for an answer, by when */
    struct table fellows_by_id;
    struct list fellows;
    uint32_t epochs;
    uint64_t seat_numbers;
    struct table seats;  /* by number: those in a room */
    size_t lodger_count; /* of other servers */
    struct cluster_stats counts;
    /* See cluster_seat.c. */
    void (*tell_seat)(struct seat *seat, const struct signal_message *message);
    void (*expel_seat)(struct seat *seat, const char *why);
};

/* Another server. */
struct fellow {
    struct table_node node;
    struct list in_all;
    uint8_t id[CLUSTER_ID_LEN];
    uint32_t epoch; /* of what we send */
    uint64_t sent;
    bool has_got;
    uint32_t got_epoch;
    uint64_t got;
    struct list rooms;   /* whose home it is */
    struct list lodgers; /* of it, in rooms here */
    struct table lodgers_by_seat;
};

enum home { HOME_SEEKING, HOME_HERE, HOME_AFAR };
enum claim { CLAIM_NONE, CLAIM_WANTED, CLAIM_ASKED };

struct cluster_room {
    struct table_node node;
    struct list in_all;
    uint8_t id[CLUSTER_ID_LEN];
    char name[CLUSTER_NAME_LEN + 1];
    enum home home;
    enum claim claim;
    struct fellow *afar;   /* AFAR: who it is */
    struct list in_fellow; /* AFAR: of its rooms */
    struct list seats;
    struct list lodgers; /* HERE */
    struct list in_wanted, in_left, in_renewals, in_entering;
    uint64_t renew_at_us, answer_by_us;
};

/* A member of a room whose home is here. */
struct lodger {
    struct room_member member;
    struct cluster_room *room; /* NULL: outside */
    struct list in_room;
    struct seat *seat; /* whose it is, where that is here; else: */
    struct fellow *fellow;
    struct list in_fellow;
    struct table_node node; /* by number */
    uint8_t number[8];      /* of the seat at its server */
    bool is_stale;          /* between BEGIN and END: not named yet */
    uint64_t joined_at_us;
};

enum seat_state { SEAT_OUTSIDE, SEAT_WAITING, SEAT_INSIDE };

struct seat {
    struct cluster *cluster;
    void *owner;
    enum seat_state state;
    struct cluster_room *room;
    struct list in_room;
    struct table_node node; /* by number */
    uint8_t number[8];
    struct lodger lodger; /* where the home is here */
    bool is_known;        /* to a home elsewhere: ENTER was sent, and no LEAVE */
    bool is_asked;        /* WAITING: ENTER is on its way */
    bool is_first;        /* its client was not told `joined` yet */
    bool is_refused;      /* the room is full */
    bool is_warned;       /* that Redis is away */
    bool has_key;
    enum signal_job job;
    char id[UUID_TEXT_LEN + 1];
    uint8_t key[CLUSTER_ID_LEN];
    uint64_t joined_at_us;
    char (*view)[UUID_TEXT_LEN + 1]; /* ids that its client was told of */
    size_t view_count;
    size_t view_before; /* when Redis was last there */
    struct buf waiting; /* texts that it said meanwhile, each behind its length */
};

/* ---- cluster_fellow.c ---- */

struct fellow *fellow_find(struct cluster *cluster, const uint8_t *id);
struct fellow *fellow_get(struct cluster *cluster, const uint8_t *id);
void fellow_free(struct cluster *cluster, struct fellow *fellow); /* without rooms and lodgers */
void fellow_send(struct cluster *cluster, struct fellow *fellow, struct envelope *envelope);

enum fellow_order { FELLOW_NEXT, FELLOW_GAP, FELLOW_STALE };
enum fellow_order fellow_take(struct fellow *fellow, const struct envelope *envelope);

/* ---- cluster_room.c ---- */

struct cluster_room *cluster_room_find(struct cluster *cluster, const uint8_t *id);
struct cluster_room *cluster_room_get(struct cluster *cluster, const uint8_t *id);
void cluster_room_set_home(struct cluster *cluster, struct cluster_room *room, enum home home,
                           struct fellow *afar);
void cluster_room_want(struct cluster *cluster, struct cluster_room *room);
void cluster_room_expect(struct cluster *cluster, struct cluster_room *room);

/* Somebody has left it: it is freed with the next cluster_room_free_idle(), if
 * nobody is there then. */
void cluster_room_left(struct cluster *cluster, struct cluster_room *room);
void cluster_room_free_idle(struct cluster *cluster);

/* ---- cluster_home.c ---- */

void home_start(struct cluster *cluster, size_t members_max);
void home_stop(struct cluster *cluster);

/* The lodger, of a seat here or elsewhere, enters, again if it is inside.
 * False: it is outside now, and was told why. */
bool home_enter(struct cluster *cluster, struct lodger *lodger, struct cluster_room *room,
                const struct envelope *enter);

/* What a lodger's client said. */
void home_hear(struct cluster *cluster, struct lodger *lodger, struct span text);
void home_leave(struct cluster *cluster, struct lodger *lodger);

/* Of another server. */
struct lodger *home_lodger_get(struct cluster *cluster, struct fellow *fellow, uint64_t seat);
struct lodger *home_lodger_find(struct fellow *fellow, uint64_t seat);
void home_lodger_free(struct cluster *cluster, struct lodger *lodger);

/* Everybody goes, without a word; other servers are told that the home is
 * elsewhere. */
void home_dissolve(struct cluster *cluster, struct cluster_room *room);

/* ---- cluster_seat.c ---- */

/* It has to enter at the room's home, wherever that is now. */
void seat_enter(struct seat *seat);

/* It is no lodger of the room's home any more, which may live. */
void seat_withdraw(struct seat *seat);

/* It is not inside any more, to enter somewhere else. */
void seat_unsettle(struct seat *seat);

struct seat *seat_find(struct cluster *cluster, uint64_t number);
void seat_on_tell(struct seat *seat, struct span text);
void seat_on_pass(struct seat *seat, struct span text);
void seat_expel(struct seat *seat, const char *why);

/* Redis is away: its client is told, once. */
void seat_warn(struct seat *seat);

/* It may miss somebody since Redis is away. */
bool seat_has_lost(const struct seat *seat);

/* See cluster->tell_seat. */
void seat_tell(struct seat *seat, const struct signal_message *message);

/* ---- cluster_move.c ---- */

void cluster_room_move_here(struct cluster *cluster, struct cluster_room *room);
void cluster_room_move_away(struct cluster *cluster, struct cluster_room *room, struct fellow *to);
void cluster_room_seek(struct cluster *cluster, struct cluster_room *room);

void fellow_drop_lodgers(struct cluster *cluster, struct fellow *fellow);

/* Our seats in rooms whose home it is. */
void fellow_enter_all(struct cluster *cluster, struct fellow *fellow);

/* Something that it has sent is lost. */
void fellow_repair(struct cluster *cluster, struct fellow *fellow);

/* It is dead. */
void fellow_bury(struct cluster *cluster, struct fellow *fellow);

#endif
