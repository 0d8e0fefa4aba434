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
#include "signal/pairing.h"
#include "signal/table.h"

struct room {
    struct table_node node; /* by name */
    struct list members;
    unsigned member_count;
    enum signal_job misfit;       /* see pairing_choose() */
    uint16_t by_job[SIGNAL_JOBS]; /* members with it; SIGNAL_JOB_NONE: plain ones */
    char *name;
};

struct rooms {
    struct table by_name;
    size_t members_max;
    size_t member_count;
    void (*send)(struct room_member *to, const struct signal_message *message, void *arg);
    void *arg;
    char *only; /* the name of the one that there may be; NULL: there may be any */
};

struct rooms *rooms_new(size_t members_max,
                        void (*send)(struct room_member *to, const struct signal_message *message,
                                     void *arg),
                        void *arg)
{
    assert(members_max >= ROOM_PLAIN_MAX && members_max <= ROOM_MEMBERS_MAX);
    struct rooms *rooms = xcalloc(1, sizeof *rooms);
    rooms->members_max = members_max;
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
    free_secret_string(rooms->only);
    free(rooms);
}

void rooms_set_only(struct rooms *rooms, const char *name)
{
    rooms->only = xstrdup(name);
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

static struct room_member *member_at(struct list *link)
{
    return LIST_ENTRY(link, struct room_member, link);
}

/* One more, or less. */
static void room_count(struct rooms *rooms, struct room *room, const struct room_member *member,
                       int change)
{
    uint16_t *same = &room->by_job[member->is_plain ? SIGNAL_JOB_NONE : member->job];
    *same = (uint16_t)(*same + change);
    room->member_count += (unsigned)change;
    rooms->member_count += (size_t)change;
}

/* How many see the member, and are seen by it. It is asked with each message,
 * so where all have a job it is not counted. */
size_t room_count_others(const struct room_member *member)
{
    const struct room *room = member->room;
    size_t count = 0;
    if (!room)
        return 0;
    if (room->by_job[SIGNAL_JOB_NONE] == 0)
        return room->member_count - room->by_job[member->job];
    LIST_EACH(link, next, &room->members) {
        const struct room_member *other = member_at(link);
        count += other != member && pairing_shows(member, other);
    }
    return count;
}

static void send_to_others(struct rooms *rooms, const struct room_member *member,
                           const struct signal_message *message)
{
    LIST_EACH(link, next, &member->room->members) {
        struct room_member *to = member_at(link);
        if (to != member && pairing_shows(member, to))
            rooms->send(to, message, rooms->arg);
    }
}

/* ---- coming ---- */

static void send_joined(struct rooms *rooms, struct room_member *member, bool is_resumed)
{
    struct signal_message joined = {
        .type = SIGNAL_JOINED,
        .peer_id = member->id,
        .peers = xcalloc(member->room->member_count, sizeof *joined.peers),
        .is_resumed = is_resumed,
        .is_shared = !member->is_plain,
    };
    LIST_EACH(link, next, &member->room->members) {
        const struct room_member *other = member_at(link);
        if (other != member && pairing_shows(member, other))
            joined.peers[joined.peer_count++] = other->id;
    }
    rooms->send(member, &joined, rooms->arg);
    free(joined.peers);
}

/* Whose place the key of a join takes over, or NULL. */
static struct room_member *find_rival(const struct room *room, const struct signal_message *join)
{
    LIST_EACH(link, next, &room->members) {
        struct room_member *before = member_at(link);
        bool has_job = !before->is_plain && before->job == join->job;
        bool is_same = before->is_plain ? join->job == SIGNAL_JOB_NONE : has_job;
        if (is_same && join->key && before->key && strcmp(before->key, join->key) == 0)
            return before;
    }
    return NULL;
}

struct room_member *room_find_rival(const struct rooms *rooms, const struct signal_message *join)
{
    struct table_node *node = table_find(&rooms->by_name, span_from_string(join->room));
    return node ? find_rival(LIST_ENTRY(node, struct room, node), join) : NULL;
}

/* Moves the one with that key out of the room and the member into his place.
 * False when there is none. */
static bool take_over(struct rooms *rooms, struct room *room, struct room_member *member,
                      const struct signal_message *join)
{
    struct room_member *before = find_rival(room, join);
    if (!before)
        return false;
    list_remove(&before->link);
    *member = *before;
    *before = (struct room_member){0};
    member->takes_relay = join->takes_relay;
    list_append(&room->members, &member->link);
    pairing_replace(&room->members, before, member);
    send_joined(rooms, member, true);
    return true;
}

static void join_pair(struct room_member *plain, struct room_member *counterpart)
{
    plain->counterpart = counterpart;
    if (counterpart->is_plain)
        counterpart->counterpart = plain;
}

/* Finds those that a newcomer is shown to where that is a choice. False: a
 * plain one that there is nobody for. */
static bool find_counterparts(struct room *room, struct room_member *member)
{
    if (member->is_plain) {
        struct room_member *counterpart = pairing_choose(&room->members, member, room->misfit);
        if (counterpart)
            join_pair(member, counterpart);
        room->misfit = SIGNAL_JOB_NONE;
        return counterpart || room->member_count == 0;
    }
    LIST_EACH(link, next, &room->members) {
        if (pairing_is_free(member_at(link), member))
            join_pair(member_at(link), member);
    }
    return true;
}

static void refuse_full(struct rooms *rooms, struct room_member *member, const struct room *room)
{
    char *text = room->member_count > ROOM_PLAIN_MAX || !member->is_plain
                     ? xasprintf("room full: all %zu places are taken", rooms->members_max)
                     : xstrdup("room full: both places are taken");
    *member = (struct room_member){0};
    room_refuse(rooms, member, SIGNAL_CODE_ROOM_FULL, text);
    free(text);
}

static void join(struct rooms *rooms, struct room_member *member,
                 const struct signal_message *message)
{
    if (member->room) {
        room_refuse(rooms, member, SIGNAL_CODE_ALREADY_JOINED, "already joined a room");
        return;
    }
    if (rooms->only && strcmp(rooms->only, message->room) != 0) {
        room_refuse(
            rooms, member, SIGNAL_CODE_NONE,
            "this is the signal server of one `tunnel serve`, and has no room but that one's");
        return;
    }
    struct room *room = room_find_or_new(rooms, message->room);
    if (take_over(rooms, room, member, message))
        return;
    member->job = message->job;
    member->is_plain = message->job == SIGNAL_JOB_NONE;
    if (room->member_count >= rooms->members_max || !find_counterparts(room, member)) {
        refuse_full(rooms, member, room);
        return;
    }
    member->id = xcalloc(UUID_TEXT_LEN + 1, 1);
    if (message->peer_id)
        memcpy(member->id, message->peer_id, UUID_TEXT_LEN);
    else
        uuid_make(member->id);
    uuid_parse(member->id, member->uuid);
    member->takes_relay = message->takes_relay;
    member->key = message->key ? xstrdup(message->key) : NULL;
    member->room = room;
    list_append(&room->members, &member->link);
    room_count(rooms, room, member, 1);
    send_joined(rooms, member, false);
    const struct signal_message peer_joined = {.type = SIGNAL_PEER_JOINED, .peer_id = member->id};
    send_to_others(rooms, member, &peer_joined);
}

/* ---- going ---- */

/* A plain one has lost its counterpart; to another one it is as who was there
 * first, and as such it will offer. Of two plain ones both would. */
static void pair_again(struct rooms *rooms, struct room_member *plain)
{
    struct room_member *other = pairing_choose(&plain->room->members, plain, plain->room->misfit);
    if (!other || other->is_plain)
        return;
    join_pair(plain, other);
    const struct signal_message to_plain = {.type = SIGNAL_PEER_JOINED, .peer_id = other->id};
    const struct signal_message to_other = {.type = SIGNAL_PEER_JOINED,
                                            .peer_id = plain->id,
                                            .was_first = true};
    rooms->send(plain, &to_plain, rooms->arg);
    rooms->send(other, &to_other, rooms->arg);
}

void room_leave(struct rooms *rooms, struct room_member *member)
{
    struct room *room = member->room;
    if (!room)
        return;
    const struct signal_message left = {.type = SIGNAL_PEER_LEFT, .peer_id = member->id};
    send_to_others(rooms, member, &left);
    list_remove(&member->link);
    pairing_replace(&room->members, member, NULL);
    room_count(rooms, room, member, -1);
    free(member->id);
    free_secret_string(member->key);
    *member = (struct room_member){0};
    LIST_EACH(link, next, &room->members) {
        if (member_at(link)->is_plain && !member_at(link)->counterpart)
            pair_again(rooms, member_at(link));
    }
    if (room->member_count == 0)
        room_free(rooms, room);
}

/* ---- what is said ---- */

static struct room_member *find_other(const struct room_member *member, const char *id)
{
    LIST_EACH(link, next, &member->room->members) {
        struct room_member *other = member_at(link);
        bool is_meant = id ? strcmp(other->id, id) == 0 : other != member;
        if (is_meant && other != member && pairing_shows(member, other))
            return other;
    }
    return NULL;
}

struct room_member *room_find_relayed(const struct room_member *member,
                                      const uint8_t uuid[UUID_LEN])
{
    if (!member->room || !member->takes_relay)
        return NULL;
    LIST_EACH(link, next, &member->room->members) {
        struct room_member *other = member_at(link);
        bool is_meant = other->takes_relay && memcmp(other->uuid, uuid, UUID_LEN) == 0;
        if (is_meant && other != member && pairing_shows(member, other))
            return other;
    }
    return NULL;
}

static void relay(struct rooms *rooms, struct room_member *from,
                  const struct signal_message *message)
{
    const char *to = from->is_plain ? NULL : message->to;
    struct signal_message relayed = *message;
    relayed.peer_id = from->id; /* whatever the sender claimed to be */
    relayed.to = NULL;
    if (!from->is_plain && !to && room_count_others(from) > 1) {
        room_refuse(rooms, from, SIGNAL_CODE_MALFORMED,
                    "to required: the id of one of those that are in the room");
        return;
    }
    struct room_member *other = find_other(from, to);
    if (other)
        rooms->send(other, &relayed, rooms->arg);
}

/* Who has no use for a plain one: it does the same job. That one may have seen
 * it, too, and have left already, to come back as somebody new. */
static void part(struct rooms *rooms, const struct room_member *from, const char *id)
{
    struct room_member *plain = find_other(from, id);
    if (from->is_plain || (plain && !plain->is_plain))
        return;
    from->room->misfit = from->job;
    if (!plain)
        return;
    const struct signal_message left = {.type = SIGNAL_PEER_LEFT, .peer_id = from->id};
    plain->job = from->job;
    plain->counterpart = NULL;
    rooms->send(plain, &left, rooms->arg);
    pair_again(rooms, plain);
}

static void speak(struct rooms *rooms, struct room_member *from,
                  const struct signal_message *message)
{
    if (!from->room)
        room_refuse(rooms, from, SIGNAL_CODE_NOT_JOINED, "must join a room first");
    else if (message->type == SIGNAL_MISFIT)
        part(rooms, from, message->to);
    else if (message->type == SIGNAL_ICE_SERVERS)
        rooms->send(from, &(struct signal_message){.type = SIGNAL_ICE_SERVERS}, rooms->arg);
    else
        relay(rooms, from, message);
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
    case SIGNAL_MISFIT:
    case SIGNAL_ICE_SERVERS:
        speak(rooms, from, message);
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
    bool is_relayed = type == SIGNAL_OFFER || type == SIGNAL_ANSWER || type == SIGNAL_CANDIDATE ||
                      type == SIGNAL_MISFIT;
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
                    : type == SIGNAL_MISFIT  ? "to required: a string"
                                             : "sdp required: a string");
    else
        room_refuse(rooms, from, SIGNAL_CODE_UNKNOWN_TYPE, "unknown type");
}
