/*
 * A seat's state is about its room's home: WAITING until that has answered, and
 * what its client says meanwhile is kept.
 *
 *   OUTSIDE ──join──► WAITING ──joined──► INSIDE
 *      ▲                 │  ▲                │
 *      │     room full   │  └── another home, or an envelope was lost
 *      └── bye, expelled ┴───────────────────┘
 *
 * The client is told `joined` once. From then on the seat knows whom it was
 * told of, and turns each further `joined` of a home into what is new in it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "signal/cluster/cluster_hash.h"
#include "signal/cluster/cluster_internal.h"

enum { LENGTH_LEN = 4 };

struct seat *seat_new(struct cluster *cluster, void *owner)
{
    struct seat *seat = xcalloc(1, sizeof *seat);
    seat->cluster = cluster;
    seat->owner = owner;
    seat->lodger.seat = seat;
    list_init(&seat->in_room);
    list_init(&seat->lodger.in_room);
    buf_init(&seat->waiting, CLUSTER_WAITING_MAX);
    return seat;
}

bool seat_is_inside(const struct seat *seat)
{
    return seat->state != SEAT_OUTSIDE;
}

const char *seat_id(const struct seat *seat)
{
    return seat->state == SEAT_OUTSIDE ? "" : seat->id;
}

size_t seat_count_others(const struct seat *seat)
{
    return seat->view_count;
}

struct seat *seat_find(struct cluster *cluster, uint64_t number)
{
    uint8_t bytes[8];
    put_u64be(bytes, number);
    struct table_node *node = table_find(&cluster->seats, span_of(bytes, sizeof bytes));
    return node ? LIST_ENTRY(node, struct seat, node) : NULL;
}

static void deliver(struct seat *seat, const struct signal_message *message)
{
    seat->cluster->handlers.deliver(seat->owner, message, seat->cluster->handlers.arg);
}

static void send_home(struct seat *seat, struct envelope *envelope)
{
    envelope->room = seat->room->id;
    envelope->seat = get_u64be(seat->number);
    fellow_send(seat->cluster, seat->room->afar, envelope);
}

/* ---- whom its client was told of ---- */

static bool find_in_view(const struct seat *seat, const char *id, size_t *at)
{
    for (*at = 0; *at < seat->view_count; ++*at) {
        if (strcmp(seat->view[*at], id) == 0)
            return true;
    }
    return false;
}

static void add_to_view(struct seat *seat, const char *id)
{
    size_t at;
    if (strlen(id) != UUID_TEXT_LEN || find_in_view(seat, id, &at))
        return;
    seat->view = xreallocarray(seat->view, seat->view_count + 1, sizeof *seat->view);
    memcpy(seat->view[seat->view_count++], id, UUID_TEXT_LEN + 1);
}

static void drop_from_view(struct seat *seat, const char *id)
{
    size_t at;
    if (find_in_view(seat, id, &at))
        memcpy(seat->view[at], seat->view[--seat->view_count], sizeof *seat->view);
}

/* ---- coming and going ---- */

void seat_withdraw(struct seat *seat)
{
    if (seat->room->home == HOME_AFAR && seat->is_known)
        send_home(seat, &(struct envelope){.kind = ENVELOPE_LEAVE});
    seat->is_known = false;
}

static void leave(struct seat *seat)
{
    struct cluster *cluster = seat->cluster;
    struct cluster_room *room = seat->room;
    if (!room)
        return;
    home_leave(cluster, &seat->lodger);
    seat_withdraw(seat);
    list_remove(&seat->in_room);
    table_remove(&cluster->seats, &seat->node);
    cluster_room_left(cluster, room);
    seat->room = NULL;
    seat->state = SEAT_OUTSIDE;
    free(seat->view);
    seat->view = NULL;
    seat->view_count = 0;
    buf_deinit(&seat->waiting);
}

void seat_free(struct seat *seat, uint64_t now_us)
{
    if (!seat)
        return;
    seat->cluster->now_us = now_us;
    leave(seat);
    free(seat);
}

void seat_expel(struct seat *seat, const char *why)
{
    struct cluster *cluster = seat->cluster;
    leave(seat);
    cluster->handlers.expel(seat->owner, why, cluster->handlers.arg);
}

void seat_unsettle(struct seat *seat)
{
    seat->state = SEAT_WAITING;
    seat->is_asked = false;
}

static void say(struct seat *seat, struct span text);

/* What was said while it waited. */
static void catch_up(struct seat *seat)
{
    if (seat->state != SEAT_INSIDE)
        return;
    struct buf said = seat->waiting;
    struct span rest = buf_bytes(&said);
    buf_init(&seat->waiting, CLUSTER_WAITING_MAX);
    while (seat->state == SEAT_INSIDE && rest.data && rest.len > LENGTH_LEN) {
        struct span text = span_of(rest.data + LENGTH_LEN, get_u32be(rest.data));
        rest = span_skip(rest, LENGTH_LEN + text.len);
        say(seat, text);
    }
    buf_deinit(&said);
}

/* The home has no place for it. */
static void give_up(struct seat *seat)
{
    if (seat->is_first)
        leave(seat);
    else
        seat_expel(seat, "the room has no place for it where it is now");
}

static void enter_here(struct seat *seat, const struct envelope *enter)
{
    seat->is_refused = false;
    bool is_in = home_enter(seat->cluster, &seat->lodger, seat->room, enter);
    if (!is_in && seat->is_refused)
        give_up(seat);
    else if (is_in)
        catch_up(seat);
    if (seat->cluster->state == CLUSTER_AWAY && seat->view_count == 0)
        seat_warn(seat);
}

void seat_enter(struct seat *seat)
{
    struct cluster *cluster = seat->cluster;
    struct envelope enter = {.kind = ENVELOPE_ENTER,
                             .age_us = cluster->now_us - seat->joined_at_us,
                             .is_first = seat->is_first,
                             .has_key = seat->has_key,
                             .job = seat->job};
    memcpy(enter.id, seat->id, sizeof enter.id);
    memcpy(enter.key, seat->key, sizeof enter.key);
    if (seat->room->home == HOME_HERE) {
        enter_here(seat, &enter);
    } else if (seat->room->home == HOME_SEEKING) {
        cluster_room_want(cluster, seat->room);
    } else if (cluster->state == CLUSTER_UP) {
        seat->is_asked = seat->is_known = true;
        send_home(seat, &enter);
        cluster_room_expect(cluster, seat->room);
    }
}

static void join(struct seat *seat, const struct signal_message *message)
{
    struct cluster *cluster = seat->cluster;
    uint8_t room[CLUSTER_HASH_LEN];
    cluster_hash("room", span_from_string(message->room), room);
    seat->room = cluster_room_get(cluster, room);
    seat->state = SEAT_WAITING;
    seat->is_asked = seat->is_known = false;
    seat->is_first = true;
    seat->is_warned = false;
    seat->view_before = 0;
    seat->job = message->job;
    seat->joined_at_us = cluster->now_us;
    uuid_make(seat->id);
    seat->has_key = message->key;
    if (message->key)
        cluster_hash("key", span_from_string(message->key), seat->key);
    put_u64be(seat->number, ++cluster->seat_numbers);
    table_insert(&cluster->seats, &seat->node, span_of(seat->number, sizeof seat->number));
    list_append(&seat->room->seats, &seat->in_room);
    seat_enter(seat);
}

/* ---- what its client says ---- */

static void keep(struct seat *seat, struct span text)
{
    uint8_t len[LENGTH_LEN];
    put_u32be(len, (uint32_t)text.len);
    if (buf_room(&seat->waiting) < sizeof len + text.len) {
        seat_expel(seat, "has said too much before it was let in");
        return;
    }
    buf_append(&seat->waiting, span_of(len, sizeof len));
    buf_append(&seat->waiting, text);
}

static void say(struct seat *seat, struct span text)
{
    if (seat->state == SEAT_WAITING && seat->is_first)
        keep(seat, text);
    else if (seat->state == SEAT_WAITING)
        return; /* the others will make new offers */
    else if (seat->room->home == HOME_HERE)
        home_hear(seat->cluster, &seat->lodger, text);
    else
        send_home(seat, &(struct envelope){.kind = ENVELOPE_SAID, .text = text});
}

void seat_take(struct seat *seat, struct span text, const struct signal_message *message,
               uint64_t now_us)
{
    struct cluster *cluster = seat->cluster;
    cluster->now_us = now_us;
    if (message->type == SIGNAL_BYE)
        leave(seat);
    else if (!seat->room && message->type == SIGNAL_JOIN)
        join(seat, message);
    else if (!seat->room || (seat->state == SEAT_INSIDE && seat->room->home == HOME_HERE))
        room_handle(cluster->rooms, &seat->lodger.member, message);
    else
        say(seat, text);
}

void seat_take_malformed(struct seat *seat, struct span text, int error, enum signal_type type,
                         uint64_t now_us)
{
    seat->cluster->now_us = now_us;
    if (seat->room)
        say(seat, text);
    else
        room_handle_malformed(seat->cluster->rooms, &seat->lodger.member, error, type);
}

/* ---- what its client is told ---- */

/* Once more: who is new, who is gone. A plain client that finds somebody there
 * waits for the offer, and needs not be told. */
static void tell_changes(struct seat *seat, const struct signal_message *joined)
{
    char(*before)[UUID_TEXT_LEN + 1] = seat->view;
    size_t before_count = seat->view_count, at;
    seat->view = NULL;
    seat->view_count = 0;
    for (size_t i = 0; i < joined->peer_count; i++)
        add_to_view(seat, joined->peers[i]);
    for (size_t i = 0; i < before_count; i++) {
        if (!find_in_view(seat, before[i], &at))
            deliver(seat, &(struct signal_message){.type = SIGNAL_PEER_LEFT, .peer_id = before[i]});
    }
    for (size_t i = 0; i < joined->peer_count && seat->job != SIGNAL_JOB_NONE; i++) {
        bool is_known = false;
        for (size_t k = 0; k < before_count && !is_known; k++)
            is_known = strcmp(before[k], joined->peers[i]) == 0;
        if (!is_known)
            deliver(seat, &(struct signal_message){.type = SIGNAL_PEER_JOINED,
                                                   .peer_id = joined->peers[i],
                                                   .was_first = true});
    }
    free(before);
}

static void on_joined(struct seat *seat, const struct signal_message *joined)
{
    seat->state = SEAT_INSIDE;
    if (!seat->is_first) {
        tell_changes(seat, joined);
        return;
    }
    seat->is_first = false;
    if (strlen(joined->peer_id) == UUID_TEXT_LEN)
        memcpy(seat->id, joined->peer_id, sizeof seat->id);
    for (size_t i = 0; i < joined->peer_count; i++)
        add_to_view(seat, joined->peers[i]);
    deliver(seat, joined);
}

void seat_tell(struct seat *seat, const struct signal_message *message)
{
    if (message->type == SIGNAL_JOINED) {
        on_joined(seat, message);
        return;
    }
    if (seat->state == SEAT_WAITING) {
        /* All else is of before. */
        if (message->type == SIGNAL_ERROR && message->code == SIGNAL_CODE_ROOM_FULL) {
            seat->is_refused = true;
            deliver(seat, message);
        }
        return;
    }
    if (message->type == SIGNAL_PEER_JOINED)
        add_to_view(seat, message->peer_id);
    if (message->type == SIGNAL_PEER_LEFT)
        drop_from_view(seat, message->peer_id);
    deliver(seat, message);
}

void seat_on_tell(struct seat *seat, struct span text)
{
    struct signal_message message;
    if (signal_message_decode(text, &message) < 0)
        return;
    seat->is_refused = false;
    seat_tell(seat, &message);
    signal_message_deinit(&message);
    if (seat->is_refused)
        give_up(seat);
    else
        catch_up(seat);
}

void seat_on_pass(struct seat *seat, struct span text)
{
    if (seat->state == SEAT_INSIDE)
        seat->cluster->handlers.pass(seat->owner, text, seat->cluster->handlers.arg);
}

bool seat_has_lost(const struct seat *seat)
{
    return seat->view_count == 0 || seat->view_count < seat->view_before;
}

void seat_warn(struct seat *seat)
{
    char text[] =
        "this signal server has lost touch with the others of its cluster; who is at another one "
        "cannot be met until it is back";
    if (seat->state != SEAT_INSIDE || seat->is_warned)
        return;
    seat->is_warned = true;
    deliver(seat, &(struct signal_message){.type = SIGNAL_ERROR, .text = text});
}
