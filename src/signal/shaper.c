/*
 * A rate is one time: when what has been sent has passed at that rate. It is
 * kept from falling more than a burst behind the clock.
 *
 * A turn is a count of bytes: who has sent least is next, and who comes anew
 * begins where the others are (start-time fair queueing, Goyal et al. 1996).
 * Rooms and flows exist while something waits in them, so those that there are,
 * are walked.
 */
#include "signal/shaper.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum {
    /* Behind all that have their turn: who was served and comes again, a
     * datagram at a time, must not be the next each time. */
    TURN_BYTES = 1500,
    /* Who can send again may be so far ahead of those that did. */
    TURNS_SAVED_BYTES = 2 * TURN_BYTES,
    QUEUE_MIN = 24 << 10 /* bytes of a member, also where its rate is that low */
};

struct packet {
    struct packet *next;
    uint64_t came_us;
    size_t cost;
    size_t len;
    uint8_t data[];
};

struct room {
    struct list link; /* of the shaper */
    const void *name;
    struct list flows;
    uint64_t turn; /* bytes: the least is next */
    uint64_t flows_turn;
};

struct flow {
    struct list link; /* of the room */
    struct list of_sender;
    struct list of_receiver;
    struct room *room;
    struct shaper_end *from;
    struct shaper_end *to;
    struct packet *first;
    struct packet **end;
    size_t queued;
    uint64_t turn; /* among those of its room */
};

struct shaper {
    struct shaper_config config;
    void (*send)(struct shaper_end *to, struct span bytes, void *arg);
    void *arg;
    struct list rooms;
    uint64_t turn;       /* of the room that was served last */
    uint64_t free_at_us; /* of all together */
    size_t queued;       /* bytes that wait, of all */
    size_t senders;      /* members of whom some do */
    uint64_t due_us;
};

void shaper_end_init(struct shaper_end *end)
{
    *end = (struct shaper_end){0};
    list_init(&end->sending);
    list_init(&end->receiving);
}

struct shaper *shaper_new(const struct shaper_config *config,
                          void (*send)(struct shaper_end *to, struct span bytes, void *arg),
                          void *arg)
{
    assert(config->rate > 0 && config->total_rate > 0);
    struct shaper *shaper = xcalloc(1, sizeof *shaper);
    shaper->config = *config;
    shaper->send = send;
    shaper->arg = arg;
    shaper->due_us = TIME_NEVER;
    list_init(&shaper->rooms);
    return shaper;
}

void shaper_free(struct shaper *shaper)
{
    free(shaper);
}

/* ---- rates ---- */

static void charge(uint64_t *free_at_us, size_t cost, uint64_t rate, uint64_t now_us)
{
    uint64_t from_us = now_us > SHAPER_BURST_US ? now_us - SHAPER_BURST_US : 0;
    if (*free_at_us < from_us)
        *free_at_us = from_us;
    *free_at_us += cost * US_PER_S / rate;
}

static void pass_on(struct shaper *shaper, struct shaper_end *from, struct shaper_end *to,
                    struct span bytes, size_t cost, uint64_t now_us)
{
    charge(&from->free_at_us, cost, shaper->config.rate, now_us);
    charge(&shaper->free_at_us, cost, shaper->config.total_rate, now_us);
    from->sent_bytes += cost;
    shaper->send(to, bytes, shaper->arg);
}

/* ---- flows ---- */

static struct flow *flow_at(struct list *link)
{
    return LIST_ENTRY(link, struct flow, link);
}

static struct room *room_at(struct list *link)
{
    return LIST_ENTRY(link, struct room, link);
}

static struct room *find_room(struct shaper *shaper, const void *name)
{
    LIST_EACH(at, next, &shaper->rooms) {
        if (room_at(at)->name == name)
            return room_at(at);
    }
    struct room *room = xcalloc(1, sizeof *room);
    room->name = name;
    room->turn = shaper->turn + TURN_BYTES;
    list_init(&room->flows);
    list_append(&shaper->rooms, &room->link);
    return room;
}

static struct flow *find_flow(struct shaper *shaper, const void *room, struct shaper_end *from,
                              struct shaper_end *to)
{
    LIST_EACH(at, next, &from->sending) {
        struct flow *flow = LIST_ENTRY(at, struct flow, of_sender);
        if (flow->to == to)
            return flow;
    }
    struct flow *flow = xcalloc(1, sizeof *flow);
    flow->room = find_room(shaper, room);
    flow->from = from;
    flow->to = to;
    flow->turn = flow->room->flows_turn + TURN_BYTES;
    flow->end = &flow->first;
    list_append(&flow->room->flows, &flow->link);
    list_append(&from->sending, &flow->of_sender);
    list_append(&to->receiving, &flow->of_receiver);
    return flow;
}

static void flow_push(struct shaper *shaper, struct flow *flow, struct span bytes, size_t cost,
                      uint64_t now_us)
{
    struct packet *packet = xcalloc(1, sizeof *packet + bytes.len);
    packet->came_us = now_us;
    packet->cost = cost;
    packet->len = bytes.len;
    memcpy(packet->data, bytes.data, bytes.len);
    *flow->end = packet;
    flow->end = &packet->next;
    shaper->senders += flow->from->queued == 0;
    flow->queued += cost;
    flow->from->queued += cost;
    shaper->queued += cost;
}

static struct packet *flow_pull(struct shaper *shaper, struct flow *flow)
{
    struct packet *packet = flow->first;
    flow->first = packet->next;
    if (!flow->first)
        flow->end = &flow->first;
    flow->queued -= packet->cost;
    flow->from->queued -= packet->cost;
    shaper->queued -= packet->cost;
    shaper->senders -= flow->from->queued == 0;
    return packet;
}

static void flow_drop(struct shaper *shaper, struct flow *flow)
{
    flow->from->dropped++;
    free(flow_pull(shaper, flow));
}

/* With the room, when that has no other. */
static void flow_free(struct shaper *shaper, struct flow *flow)
{
    struct room *room = flow->room;
    while (flow->first)
        flow_drop(shaper, flow);
    list_remove(&flow->link);
    list_remove(&flow->of_sender);
    list_remove(&flow->of_receiver);
    free(flow);
    if (!list_is_empty(&room->flows))
        return;
    list_remove(&room->link);
    free(room);
}

/* ---- what comes ---- */

static struct flow *longer(struct flow *a, struct flow *b)
{
    return !a || b->queued > a->queued ? b : a;
}

static struct flow *longest_of(const struct shaper_end *from)
{
    struct flow *longest = NULL;
    LIST_EACH(at, next, &from->sending)
        longest = longer(longest, LIST_ENTRY(at, struct flow, of_sender));
    return longest;
}

static size_t queue_max(uint64_t rate)
{
    uint64_t most = rate * SHAPER_WAIT_US / US_PER_S;
    return most > QUEUE_MIN ? (size_t)most : QUEUE_MIN;
}

/* Of all together there is too much, and of this member no less than of others;
 * far too much is everybody's fault. Nobody is searched for: this is asked for
 * each datagram of a flood. */
static bool is_over_its_part(const struct shaper *shaper, const struct shaper_end *from)
{
    size_t most = queue_max(shaper->config.total_rate);
    bool has_much = from->queued >= shaper->queued / shaper->senders;
    return shaper->queued > 2 * most || (shaper->queued > most && has_much);
}

/* What is too much for a member, or for all, would wait for too long. */
static void keep_to_queues(struct shaper *shaper, const struct shaper_end *from)
{
    while (from->queued > 0 &&
           (from->queued > queue_max(shaper->config.rate) || is_over_its_part(shaper, from))) {
        struct flow *flow = longest_of(from);
        flow_drop(shaper, flow);
        if (!flow->first)
            flow_free(shaper, flow);
    }
}

static bool may_pass(const struct shaper *shaper, const struct shaper_end *from,
                     const struct shaper_end *to, uint64_t now_us)
{
    return from->free_at_us <= now_us && shaper->free_at_us <= now_us && !to->is_blocked;
}

/* When something may be done for that flow. */
static uint64_t flow_due_us(const struct shaper *shaper, const struct flow *flow)
{
    uint64_t late_us = flow->first->came_us + SHAPER_WAIT_US;
    uint64_t free_us =
        flow->from->free_at_us > shaper->free_at_us ? flow->from->free_at_us : shaper->free_at_us;
    return flow->to->is_blocked || late_us < free_us ? late_us : free_us;
}

void shaper_offer(struct shaper *shaper, const void *room, struct shaper_end *from,
                  struct shaper_end *to, struct span bytes, size_t cost, uint64_t now_us)
{
    if (from->queued == 0 && may_pass(shaper, from, to, now_us)) {
        pass_on(shaper, from, to, bytes, cost, now_us);
        return;
    }
    struct flow *flow = find_flow(shaper, room, from, to);
    flow_push(shaper, flow, bytes, cost, now_us);
    uint64_t due_us = flow_due_us(shaper, flow);
    if (due_us < shaper->due_us)
        shaper->due_us = due_us;
    keep_to_queues(shaper, from);
}

void shaper_set_blocked(struct shaper *shaper, struct shaper_end *end, bool is_blocked)
{
    if (end->is_blocked && !is_blocked && !list_is_empty(&end->receiving))
        shaper->due_us = 0;
    end->is_blocked = is_blocked;
}

void shaper_leave(struct shaper *shaper, struct shaper_end *end)
{
    struct list *first;
    while ((first = list_first(&end->sending)) != NULL)
        flow_free(shaper, LIST_ENTRY(first, struct flow, of_sender));
    while ((first = list_first(&end->receiving)) != NULL)
        flow_free(shaper, LIST_ENTRY(first, struct flow, of_receiver));
}

/* ---- what goes ---- */

/* Drops what is late everywhere, and flows in which nothing is left. */
static void drop_late(struct shaper *shaper, uint64_t now_us)
{
    LIST_EACH(at, next_room, &shaper->rooms) {
        struct room *room = room_at(at);
        /* The room goes with its last flow. */
        for (struct list *link = room->flows.next, *next; link != &room->flows; link = next) {
            struct flow *flow = flow_at(link);
            next = link->next;
            bool is_last = next == &room->flows && link->prev == next;
            while (flow->first && now_us - flow->first->came_us > SHAPER_WAIT_US)
                flow_drop(shaper, flow);
            if (flow->first)
                continue;
            flow_free(shaper, flow);
            if (is_last)
                break;
        }
    }
}

/* Of a room's flows that can send the one that is behind most; or NULL. */
static struct flow *choose_flow(const struct shaper *shaper, const struct room *room,
                                uint64_t now_us)
{
    struct flow *chosen = NULL;
    LIST_EACH(at, next, &room->flows) {
        struct flow *flow = flow_at(at);
        if (may_pass(shaper, flow->from, flow->to, now_us) &&
            (!chosen || flow->turn < chosen->turn))
            chosen = flow;
    }
    return chosen;
}

/* The same of the rooms. */
static struct flow *choose(const struct shaper *shaper, uint64_t now_us)
{
    struct flow *chosen = NULL;
    if (shaper->free_at_us > now_us)
        return NULL;
    LIST_EACH(at, next, &shaper->rooms) {
        struct room *room = room_at(at);
        if (chosen && room->turn >= chosen->room->turn)
            continue;
        struct flow *flow = choose_flow(shaper, room, now_us);
        chosen = flow ? flow : chosen;
    }
    return chosen;
}

/* now: the turn of who was last served beside it. Who could not send, or was
 * not there, has saved up little. */
static void take_turn(uint64_t *turn, uint64_t *now, size_t cost)
{
    if (*turn + TURNS_SAVED_BYTES < *now)
        *turn = *now - TURNS_SAVED_BYTES;
    if (*turn > *now)
        *now = *turn;
    *turn += cost;
}

static void serve(struct shaper *shaper, struct flow *flow, uint64_t now_us)
{
    struct packet *packet = flow_pull(shaper, flow);
    take_turn(&flow->room->turn, &shaper->turn, packet->cost);
    take_turn(&flow->turn, &flow->room->flows_turn, packet->cost);
    pass_on(shaper, flow->from, flow->to, span_of(packet->data, packet->len), packet->cost, now_us);
    free(packet);
    if (!flow->first)
        flow_free(shaper, flow);
}

uint64_t shaper_deadline_us(const struct shaper *shaper)
{
    return shaper->due_us;
}

void shaper_run(struct shaper *shaper, uint64_t now_us)
{
    struct flow *flow;
    drop_late(shaper, now_us);
    while ((flow = choose(shaper, now_us)) != NULL)
        serve(shaper, flow, now_us);
    shaper->due_us = TIME_NEVER;
    LIST_EACH(at, next_room, &shaper->rooms) {
        LIST_EACH(link, next, &room_at(at)->flows) {
            uint64_t due_us = flow_due_us(shaper, flow_at(link));
            shaper->due_us = due_us < shaper->due_us ? due_us : shaper->due_us;
        }
    }
}
