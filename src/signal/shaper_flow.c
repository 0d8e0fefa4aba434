#include "signal/shaper_flow.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* ---- whose turn it can be ---- */

struct flow *flow_first(const struct shaper_end *from)
{
    struct heap_node *first = from->flows.first;
    return first ? HEAP_ENTRY(first, struct flow, place) : NULL;
}

void flow_place_sender(struct shaper *shaper, struct shaper_end *from, uint64_t now_us)
{
    const struct flow *flow = flow_first(from);
    struct shaper_room *room = from->room;
    heap_remove(&from->place);
    if (flow && from->free_at_us > now_us)
        heap_insert(&shaper->waiting, &from->place, from->free_at_us);
    else if (flow)
        heap_insert(&room->senders, &from->place, flow->turn);
    heap_remove(&room->place);
    if (room->senders.first)
        heap_insert(&shaper->ready, &room->place, room->turn);
}

void flow_hold(struct shaper *shaper, struct flow *flow, uint64_t now_us)
{
    heap_remove(&flow->place);
    list_append(&flow->to->held, &flow->held);
    flow_place_sender(shaper, flow->from, now_us);
}

void flow_let_go(struct shaper *shaper, struct flow *flow)
{
    list_remove(&flow->held);
    heap_insert(&flow->from->flows, &flow->place, flow->turn);
    flow_place_sender(shaper, flow->from, SHAPER_ANY_TIME);
}

/* ---- life ---- */

static struct shaper_room *find_room(struct shaper *shaper, const void *name)
{
    struct table_node *node = table_find(&shaper->rooms, span_of(&name, sizeof name));
    if (node)
        return LIST_ENTRY(node, struct shaper_room, node);
    struct shaper_room *room = xcalloc(1, sizeof *room);
    room->name = name;
    room->turn = shaper->turn + TURN_BYTES;
    table_insert(&shaper->rooms, &room->node, span_of(&room->name, sizeof room->name));
    return room;
}

struct flow *flow_find(struct shaper *shaper, const void *room, struct shaper_end *from,
                       struct shaper_end *to, uint64_t now_us)
{
    LIST_EACH(at, next, &from->sending) {
        struct flow *flow = LIST_ENTRY(at, struct flow, of_sender);
        if (flow->to == to)
            return flow;
    }
    struct flow *flow = xcalloc(1, sizeof *flow);
    if (!from->room)
        from->room = find_room(shaper, room);
    from->room->flows++;
    flow->from = from;
    flow->to = to;
    flow->turn = from->room->flows_turn + TURN_BYTES;
    list_init(&flow->packets);
    list_init(&flow->held);
    list_append(&from->sending, &flow->of_sender);
    list_append(&to->receiving, &flow->of_receiver);
    heap_insert(&from->flows, &flow->place, flow->turn);
    flow_place_sender(shaper, from, now_us);
    return flow;
}

/* With the room, when that has no other. */
static void end(struct shaper *shaper, struct flow *flow, uint64_t now_us)
{
    struct shaper_end *from = flow->from;
    struct shaper_room *room = from->room;
    heap_remove(&flow->place);
    list_remove(&flow->held);
    list_remove(&flow->of_sender);
    list_remove(&flow->of_receiver);
    free(flow);
    flow_place_sender(shaper, from, now_us);
    if (list_is_empty(&from->sending))
        from->room = NULL;
    if (--room->flows > 0)
        return;
    table_remove(&shaper->rooms, &room->node);
    free(room);
}

void flow_settle(struct shaper *shaper, struct flow *flow, uint64_t now_us)
{
    heap_remove(&flow->place);
    if (list_is_empty(&flow->packets)) {
        end(shaper, flow, now_us);
        return;
    }
    heap_insert(&flow->from->flows, &flow->place, flow->turn);
    flow_place_sender(shaper, flow->from, now_us);
}

/* ---- datagrams ---- */

void flow_push(struct shaper *shaper, struct flow *flow, struct span bytes, size_t cost,
               uint64_t now_us)
{
    struct packet *packet = xcalloc(1, sizeof *packet + bytes.len);
    packet->flow = flow;
    packet->came_us = now_us;
    packet->cost = cost;
    packet->len = bytes.len;
    memcpy(packet->data, bytes.data, bytes.len);
    list_append(&flow->packets, &packet->of_flow);
    list_append(&shaper->packets, &packet->of_all);
    shaper->senders += flow->from->queued == 0;
    flow->queued += cost;
    flow->from->queued += cost;
    shaper->queued += cost;
}

struct packet *flow_pull(struct shaper *shaper, struct flow *flow)
{
    struct packet *packet = LIST_ENTRY(list_first(&flow->packets), struct packet, of_flow);
    list_remove(&packet->of_flow);
    list_remove(&packet->of_all);
    flow->queued -= packet->cost;
    flow->from->queued -= packet->cost;
    shaper->queued -= packet->cost;
    shaper->senders -= flow->from->queued == 0;
    return packet;
}

void flow_drop(struct shaper *shaper, struct flow *flow, uint64_t now_us)
{
    flow->from->dropped++;
    free(flow_pull(shaper, flow));
    if (list_is_empty(&flow->packets))
        end(shaper, flow, now_us);
}

void flow_drop_all(struct shaper *shaper, struct flow *flow)
{
    size_t left = 0;
    LIST_EACH(at, next, &flow->packets)
        left++;
    while (left-- > 0)
        flow_drop(shaper, flow, SHAPER_ANY_TIME);
}
