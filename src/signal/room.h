/*
 * Rooms, and what a message from one peer leads to: joining, leaving, and
 * relaying to the other peers of the room. Pure: what is to be sent goes to a
 * callback; no sockets, no clock, no log.
 *
 *   outside --join--> in a room --bye, or room_leave()--> outside
 *
 * Whose join says its job shares the room with as many as there are places, and
 * is told of those that do the other one; a plain member (of version 1) is told
 * of one counterpart, and a room of plain ones has two places, as there are two
 * ends of a tunnel. Who is shown to whom is decided in signal/pairing.h.
 *
 * A join with the key of somebody in the room takes over his place, with his
 * id, and puts him outside; the others do not notice. So a peer whose address
 * has changed comes back while its old socket is not yet known to be dead.
 */
#ifndef SIGNAL_ROOM_H
#define SIGNAL_ROOM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "base/uuid.h"
#include "signal/message.h"

enum {
    ROOM_PLAIN_MAX = 2,     /* a room of version 1; a third is told "room full" */
    ROOM_MEMBERS_MAX = 1024 /* of a shared room: each is told of all others in one message */
};

struct rooms;
struct room;

/* A peer's place, embedded in the peer; all zero is outside. */
struct room_member {
    struct room *room;
    struct list link;
    char *id;                        /* from the join on: a UUID */
    uint8_t uuid[UUID_LEN];          /* the same */
    char *key;                       /* of the join, or NULL */
    bool takes_relay;                /* by its join */
    bool is_plain;                   /* its join did not say its job */
    enum signal_job job;             /* of a plain one: as others have found out, if they have */
    struct room_member *counterpart; /* of a plain one: who is shown to it, or NULL */
};

/* send passes a message on to a member. It must not make anybody leave. A
 * shared room has members_max places, 2 to ROOM_MEMBERS_MAX. */
struct rooms *rooms_new(size_t members_max,
                        void (*send)(struct room_member *to, const struct signal_message *message,
                                     void *arg),
                        void *arg);

/* There is that one, copied, and no other. */
void rooms_set_only(struct rooms *rooms, const char *name);

/* Every member must have left. NULL is allowed. */
void rooms_free(struct rooms *rooms);

size_t rooms_count(const struct rooms *rooms);
size_t rooms_member_count(const struct rooms *rooms);

/* Whose place a join would take over, by its room, key and job; or NULL. */
struct room_member *room_find_rival(const struct rooms *rooms, const struct signal_message *join);

/* What a member sent. Answers with an error message what it may not do. A join
 * with a peer_id, which is a UUID and none of who is there, gets that one: no
 * client's has (signal/cluster/cluster.h). */
void room_handle(struct rooms *rooms, struct room_member *from,
                 const struct signal_message *message);

/* What a member sent did not decode: answers with the error message for what
 * signal_message_decode() returned, and the type that it found. */
void room_handle_malformed(struct rooms *rooms, struct room_member *from, int error,
                           enum signal_type type);

/* Answers with an error of the caller's. */
void room_refuse(struct rooms *rooms, struct room_member *to, enum signal_code code,
                 const char *text);

/* The member goes, with peer-left to those who stay. Harmless outside. */
void room_leave(struct rooms *rooms, struct room_member *member);

/* To whom the member may have datagrams passed on by that id: one that is shown
 * to it, where both take part; else NULL. */
struct room_member *room_find_relayed(const struct room_member *member,
                                      const uint8_t uuid[UUID_LEN]);

/* How many the member can speak to; 0 outside. */
size_t room_count_others(const struct room_member *member);

static inline bool room_is_inside(const struct room_member *member)
{
    return member->room != NULL;
}

/* Of a member inside. For tests. */
const char *room_name(const struct room_member *member);

#endif
