/*
 * Rooms, and what a message from one peer leads to: joining, leaving, and
 * relaying to the other peers of the room. Pure: what is to be sent goes to a
 * callback; no sockets, no clock, no log.
 *
 *   outside --join--> in a room --bye, or room_leave()--> outside
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
#include "signal/message.h"

enum { ROOM_PEERS_MAX = 2 }; /* a tunnel has two ends; a third is told "room full" */

struct rooms;
struct room;

/* A peer's place, embedded in the peer; all zero is outside. */
struct room_member {
    struct room *room;
    struct list link;
    char *id;  /* from the join on */
    char *key; /* of the join, or NULL */
};

/* send passes a message on to a member. It must not make anybody leave. */
struct rooms *rooms_new(void (*send)(struct room_member *to, const struct signal_message *message,
                                     void *arg),
                        void *arg);

/* Every member must have left. NULL is allowed. */
void rooms_free(struct rooms *rooms);

size_t rooms_count(const struct rooms *rooms);
size_t rooms_member_count(const struct rooms *rooms);

/* What a member sent. Answers with an error message what it may not do. */
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

static inline bool room_is_inside(const struct room_member *member)
{
    return member->room != NULL;
}

/* Of a member inside. For tests. */
const char *room_name(const struct room_member *member);

#endif
