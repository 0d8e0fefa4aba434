/*
 * The line for connections to the upstream: tunnel/places.h on a loop, with who
 * is told when its turn has come.
 */
#ifndef TUNNEL_UPSTREAM_LINE_H
#define TUNNEL_UPSTREAM_LINE_H

#include "net/deadline.h"
#include "tunnel/consumer.h"

/* What a client may wait for an answer to begin, and most give up before. */
#define UPSTREAM_PATIENCE_US (600 * US_PER_S)

struct upstream_line {
    struct loop *loop;
    struct places places;
    struct places_user others; /* who is no consumer */
    struct deadline *deadline;
};

struct upstream_turn;

struct upstream_turn_handlers {
    /* The place is taken: connect. */
    void (*on_turn)(void *arg);
    /* It waited for UPSTREAM_PATIENCE_US, and does not any more. */
    void (*on_tired)(void *arg);
};

/* Embedded in what needs a connection; zeros before upstream_turn_take(). */
struct upstream_turn {
    struct place place;
    const struct upstream_turn_handlers *handlers;
    void *arg;
};

/* most: connections at a time; 0: any number. */
void upstream_line_init(struct upstream_line *line, struct loop *loop, size_t most);
void upstream_line_deinit(struct upstream_line *line); /* nobody waits any more */

/* True: it may connect. False: on_turn or on_tired follows, in a later turn of
 * the loop, unless it leaves before. consumer: NULL for none. */
bool upstream_turn_take(struct upstream_turn *turn, struct upstream_line *line,
                        struct consumer *consumer, const struct upstream_turn_handlers *handlers,
                        void *arg);

/* The connection is closed or in the pool, or is not wanted any more. */
void upstream_turn_leave(struct upstream_turn *turn);

#endif
