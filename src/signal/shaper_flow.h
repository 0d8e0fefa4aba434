/*
 * What waits in a shaper (signal/shaper.h): rooms, flows and their datagrams,
 * and whose turn it can be.
 *
 *   rooms, by turn ─► of a room its senders, by their flows' least turn ─►
 *   of a sender its flows, by turn
 *
 * Each arrow is the top of a heap, so nobody is searched for. A sender over its
 * rate is in another one, by when it may send again. Rooms and flows exist
 * while something waits in them.
 */
#ifndef SIGNAL_SHAPER_FLOW_H
#define SIGNAL_SHAPER_FLOW_H

#include "signal/shaper.h"
#include "signal/table.h"

/* Behind all that have their turn: who was served and comes again, a datagram
 * at a time, must not be the next each time. */
enum { TURN_BYTES = 1500 };

struct packet {
    struct list of_flow;
    struct list of_all;
    struct flow *flow;
    uint64_t came_us;
    size_t cost;
    size_t len;
    uint8_t data[];
};

struct shaper_room {
    struct table_node node; /* by its name */
    const void *name;
    struct heap senders;    /* that may send, by their flows' least turn */
    struct heap_node place; /* of a room with such */
    size_t flows;
    uint64_t turn; /* bytes: the least is next */
    uint64_t flows_turn;
};

struct flow {
    struct list of_sender;
    struct list of_receiver;
    struct list held;       /* at the receiver, or nowhere */
    struct heap_node place; /* of one that is not held, at the sender */
    struct shaper_end *from;
    struct shaper_end *to;
    struct list packets;
    size_t queued;
    uint64_t turn; /* among those of its room */
};

struct shaper {
    struct shaper_config config;
    void (*send)(struct shaper_end *to, struct span bytes, void *arg);
    void *arg;
    struct table rooms;
    struct heap ready;   /* rooms in which somebody may send, by turn */
    struct heap waiting; /* senders that may not yet, by when they may */
    struct list packets; /* all, the oldest first */
    uint64_t turn;       /* of the room that was served last */
    uint64_t free_at_us; /* of all together */
    size_t queued;       /* bytes that wait, of all */
    size_t senders;      /* members of whom some do */
};

/* Also of the past where the time does not matter: whether a sender may send
 * shows when it is its turn. */
#define SHAPER_ANY_TIME UINT64_MAX

/* The flow there, made where there is none: then something has to be pushed. A
 * sender keeps its room for as long as it has flows. */
struct flow *flow_find(struct shaper *shaper, const void *room, struct shaper_end *from,
                       struct shaper_end *to, uint64_t now_us);

/* A datagram of it, copied. */
void flow_push(struct shaper *shaper, struct flow *flow, struct span bytes, size_t cost,
               uint64_t now_us);

/* Its first, which is to be freed. The flow is to be settled then. */
struct packet *flow_pull(struct shaper *shaper, struct flow *flow);

/* Where it belongs after a turn: nowhere, when nothing is left in it. */
void flow_settle(struct shaper *shaper, struct flow *flow, uint64_t now_us);

/* Drops its first, and the flow with the last one. */
void flow_drop(struct shaper *shaper, struct flow *flow, uint64_t now_us);
void flow_drop_all(struct shaper *shaper, struct flow *flow);

/* The first of a sender's that has one in a heap. */
struct flow *flow_first(const struct shaper_end *from);

/* Its receiver takes nothing: it is out of the way until it is let go. */
void flow_hold(struct shaper *shaper, struct flow *flow, uint64_t now_us);
void flow_let_go(struct shaper *shaper, struct flow *flow);

/* Where a sender belongs, when that has changed by time alone. */
void flow_place_sender(struct shaper *shaper, struct shaper_end *from, uint64_t now_us);

#endif
