/*
 * Rooms are found by name in a table; a room exists while it has members. The
 * server never looks into what it relays.
 */
#include "signal/room.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"
#include "signal/table.h"

struct room {
    struct table_node node; /* by name */
    struct list members;
    size_t member_count;
    char *name;
};

struct rooms {
    struct table by_name;
    size_t member_count;
    void (*send)(struct room_member *to, const struct signal_message *message, void *arg);
    void *arg;
};

struct rooms *rooms_new(void (*send)(struct room_member *to, const struct signal_message *message,
                                     void *arg),
                        void *arg)
{
    struct rooms *rooms = xcalloc(1, sizeof *rooms);
    table_init(&rooms->by_name);
    rooms->send = send;
    rooms->arg = arg;
    return rooms;
}

void rooms_free(struct rooms *rooms)
{
    if (!rooms)
        return;
    table_deinit(&rooms->by_name);
    free(rooms);
}

size_t rooms_count(const struct rooms *rooms)
{
    return rooms->by_name.count;
}

size_t rooms_member_count(const struct rooms *rooms)
{
    return rooms->member_count;
}

const char *room_name(const struct room_member *member)
{
    return member->room->name;
}

static struct room *room_find_or_new(struct rooms *rooms, const char *name)
{
    struct table_node *node = table_find(&rooms->by_name, span_from_string(name));
    if (node)
        return LIST_ENTRY(node, struct room, node);
    struct room *room = xcalloc(1, sizeof *room);
    room->name = xstrdup(name);
    list_init(&room->members);
    table_insert(&rooms->by_name, &room->node, span_from_string(room->name));
    return room;
}

static void room_free(struct rooms *rooms, struct room *room)
{
    table_remove(&rooms->by_name, &room->node);
    free_secret_string(room->name);
    free(room);
}

void room_refuse(struct rooms *rooms, struct room_member *to, enum signal_code code,
                 const char *text)
{
    char *copy = xstrdup(text);
    const struct signal_message error = {.type = SIGNAL_ERROR, .code = code, .text = copy};
    rooms->send(to, &error, rooms->arg);
    free(copy);
}

/* To everybody in the member's room but the member. */
static void send_to_others(struct rooms *rooms, const struct room_member *member,
                           const struct signal_message *message)
{
    LIST_EACH(link, tmp, &member->room->members) {
        struct room_member *to = LIST_ENTRY(link, struct room_member, link);
        if (to != member)
            rooms->send(to, message, rooms->arg);
    }
}

static void send_joined(struct rooms *rooms, struct room_member *member, bool is_resumed)
{
    char *others[ROOM_PEERS_MAX];
    struct signal_message joined = {
        .type = SIGNAL_JOINED,
        .peer_id = member->id,
        .peers = others,
        .is_resumed = is_resumed,
    };
    LIST_EACH(link, tmp, &member->room->members) {
        const struct room_member *other = LIST_ENTRY(link, struct room_member, link);
        if (other != member)
            others[joined.peer_count++] = other->id;
    }
    rooms->send(member, &joined, rooms->arg);
}

/* Moves the one with that key out of the room and the member into his place.
 * False when there is none. */
static bool take_over(struct rooms *rooms, struct room *room, struct room_member *member,
                      const char *key)
{
    LIST_EACH(link, tmp, &room->members) {
        struct room_member *before = LIST_ENTRY(link, struct room_member, link);
        if (!key || !before->key || strcmp(before->key, key) != 0)
            continue;
        list_remove(&before->link);
        member->room = room;
        member->id = before->id;
        member->key = before->key;
        *before = (struct room_member){0};
        list_append(&room->members, &member->link);
        send_joined(rooms, member, true);
        return true;
    }
    return false;
}

static void join(struct rooms *rooms, struct room_member *member,
                 const struct signal_message *message)
{
    if (member->room) {
        room_refuse(rooms, member, SIGNAL_CODE_ALREADY_JOINED, "already joined a room");
        return;
    }
    struct room *room = room_find_or_new(rooms, message->room);
    if (take_over(rooms, room, member, message->key))
        return;
    if (room->member_count == ROOM_PEERS_MAX) {
        room_refuse(rooms, member, SIGNAL_CODE_ROOM_FULL, "room full: both places are taken");
        return;
    }
    member->id = xcalloc(UUID_TEXT_LEN + 1, 1);
    random_uuid(member->id);
    member->key = message->key ? xstrdup(message->key) : NULL;
    member->room = room;
    list_append(&room->members, &member->link);
    room->member_count++;
    rooms->member_count++;
    send_joined(rooms, member, false);
    const struct signal_message peer_joined = {.type = SIGNAL_PEER_JOINED, .peer_id = member->id};
    send_to_others(rooms, member, &peer_joined);
}

void room_leave(struct rooms *rooms, struct room_member *member)
{
    struct room *room = member->room;
    if (!room)
        return;
    const struct signal_message left = {.type = SIGNAL_PEER_LEFT, .peer_id = member->id};
    send_to_others(rooms, member, &left);
    list_remove(&member->link);
    room->member_count--;
    rooms->member_count--;
    free(member->id);
    free_secret_string(member->key);
    *member = (struct room_member){0};
    if (room->member_count == 0)
        room_free(rooms, room);
}

static void relay(struct rooms *rooms, struct room_member *from,
                  const struct signal_message *message)
{
    if (!from->room) {
        room_refuse(rooms, from, SIGNAL_CODE_NOT_JOINED, "must join a room first");
        return;
    }
    struct signal_message relayed = *message;
    relayed.peer_id = from->id; /* whatever the sender claimed to be */
    send_to_others(rooms, from, &relayed);
}

void room_handle(struct rooms *rooms, struct room_member *from,
                 const struct signal_message *message)
{
    switch (message->type) {
    case SIGNAL_JOIN:
        join(rooms, from, message);
        break;
    case SIGNAL_OFFER:
    case SIGNAL_ANSWER:
    case SIGNAL_CANDIDATE:
        relay(rooms, from, message);
        break;
    case SIGNAL_BYE:
        room_leave(rooms, from);
        break;
    case SIGNAL_JOINED:
    case SIGNAL_PEER_JOINED:
    case SIGNAL_PEER_LEFT:
    case SIGNAL_ERROR:
        room_refuse(rooms, from, SIGNAL_CODE_UNKNOWN_TYPE,
                    "unknown type: only a server sends that");
        break;
    }
}

void room_handle_malformed(struct rooms *rooms, struct room_member *from, int error,
                           enum signal_type type)
{
    bool is_relayed = type == SIGNAL_OFFER || type == SIGNAL_ANSWER || type == SIGNAL_CANDIDATE;
    if (error == -EBADMSG)
        room_refuse(rooms, from, SIGNAL_CODE_MALFORMED, "invalid JSON: one object is expected");
    else if (error == -EINVAL && type == SIGNAL_JOIN)
        room_refuse(rooms, from, SIGNAL_CODE_MALFORMED,
                    "room name required: 1 to 128 bytes of UTF-8");
    else if (error == -EINVAL && is_relayed && !from->room)
        room_refuse(rooms, from, SIGNAL_CODE_NOT_JOINED, "must join a room first");
    else if (error == -EINVAL && is_relayed)
        room_refuse(rooms, from, SIGNAL_CODE_MALFORMED,
                    type == SIGNAL_CANDIDATE ? "candidate required: a string"
                                             : "sdp required: a string");
    else
        room_refuse(rooms, from, SIGNAL_CODE_UNKNOWN_TYPE, "unknown type");
}
