/*
 * Two multiplexers whose channels overtake each other: each delivers its
 * messages in order, by hand, and takes nothing for a while.
 */
#ifndef TESTS_TUNNEL_MUX_WIRES_H
#define TESTS_TUNNEL_MUX_WIRES_H

#include "testing.h"

#include "base/buf.h"
#include "tunnel/mux.h"

enum { WIRES = MUX_CHANNELS + 1 };

struct wire_end {
    struct mux *mux;
    struct buf wires[WIRES]; /* what is on its way, each message behind its length */
    bool is_full;
    uint64_t busy; /* those that take nothing then, a bit for each */
    bool is_turn_end_due;
    void (*on_request)(struct mux_stream *stream, const struct head *head, void *arg);
};

/* The consumer's end first. */
struct wires {
    struct wire_end ends[2];
};

/* Behind the handshake, with those features. */
void wires_begin(struct wires *w, unsigned consumer, unsigned provider,
                 void (*on_request)(struct mux_stream *stream, const struct head *head, void *arg));
void wires_end(struct wires *w);

void wire_set_full(struct wire_end *end, bool is_full, uint64_t busy);

/* If it was asked for. */
void wire_end_turn(struct wire_end *end);

/* The first message of a channel; false: there is none. */
bool wires_deliver(struct wires *w, int from, unsigned channel);

/* Until nothing is on its way. */
void wires_settle(struct wires *w);

#endif
