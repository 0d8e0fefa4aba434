/*
 * Two multiplexers over a simulated path: a rate, a delay and a clock that the
 * test moves. Upstreams have as much to send as is taken; each client reads at
 * a rate of its own.
 */
#ifndef TESTS_TUNNEL_FLOW_PATH_H
#define TESTS_TUNNEL_FLOW_PATH_H

#include "testing.h"

#include "base/list.h"
#include "tunnel/mux.h"

enum {
    STEP_US = 500,
    /* SCTP takes in what the path carries in 5 ms. */
    SEND_QUEUE_US = 5000,
    FIRST_WINDOW = 240 << 10,
    WINDOW_MAX = 16 << 20,
    EXTRA_MAX = 64 << 20,
    KERNEL_MOST = 256 << 10, /* what a socket takes in of itself */
    STREAMS_MOST = 1100
};
#define UNLIMITED (UINT64_C(1) << 40) /* bytes per second */
#define MBIT      (UINT64_C(125000))

struct message {
    struct list link;
    uint64_t arrives_us;
    size_t len;
    uint8_t bytes[];
};

/* One direction of the path. */
struct way {
    struct list messages;
    uint64_t rate;    /* bytes per second */
    uint64_t free_us; /* when all that was handed over has left */
};

/* One exchange: a response that never ends. */
struct exchange {
    struct world *world;
    struct mux_stream *provider;
    struct mux_stream *consumer;
    uint64_t client_rate;
    uint64_t credit; /* of the client's reading, in millionths of a byte */
    uint64_t read_from_upstream;
    uint64_t received;
    size_t kernel; /* bytes that the client's socket holds */
    size_t kernel_most;
    size_t held;
    size_t most_held;
    bool is_above_mark;
    bool is_broken;
};

struct end {
    struct world *world;
    struct mux *mux;
    struct way out;
    size_t sent_messages;
    unsigned pauses;
};

struct world {
    struct end consumer, provider;
    uint64_t now_us;
    uint64_t delay_us;
    struct exchange exchanges[STREAMS_MOST];
    size_t opened;
    size_t accepted;
    char error[256];
};

/* Behind the handshake. rate: bytes per second, each way. */
struct world *world_new(uint64_t rate, uint64_t round_trip_us, unsigned features);
void world_free(struct world *world);
void world_run(struct world *world, uint64_t for_us);

/* A response that never ends, to a client that reads so many bytes per
 * second. */
struct exchange *open_exchange(struct world *world, uint64_t client_rate);

/* Bytes of an exchange that come in the next while. */
uint64_t received_in(struct world *world, const struct exchange *x, uint64_t for_us);

/* That is so much of what the rate allows. */
void assert_share(uint64_t bytes, uint64_t rate, uint64_t for_us, unsigned percent);

#endif
