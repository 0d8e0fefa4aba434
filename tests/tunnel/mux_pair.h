/*
 * Two multiplexers over a simulated channel: bounded queues, a fake clock,
 * every message delivered by hand. What a side saw is written down as text and
 * compared.
 */
#ifndef TESTS_TUNNEL_MUX_PAIR_H
#define TESTS_TUNNEL_MUX_PAIR_H

#include "testing.h"

#include "base/buf.h"
#include "tunnel/mux.h"

enum {
    CHANNEL_MAX = 1 << 20,
    HELD_MAX = 16 << 20, /* by a stream, before the channel stops without flow */
    STORY_MAX = 4096,
    SIDE_STREAMS = 8,
    PREFIX_LEN = 5
};

struct side {
    struct mux *mux;
    struct buf out;  /* messages on their way, each behind its length and channel */
    size_t capacity; /* can_send() while out is below this */
    char story[STORY_MAX];
    struct mux_stream *stream[SIDE_STREAMS];
    size_t streams;
    size_t drains;
    size_t body_bytes;
    bool is_reading;
    size_t turn_ends; /* how often one was asked for; who looks at out ends the turn */
    bool refuses;     /* cancels requests */
    bool fails_at_request;
    bool takes_small; /* can_send() for what is small, whatever the capacity, */
    uint64_t busy;    /* but for these channels, a bit for each */
};

struct pair {
    struct side consumer, provider;
    uint64_t now_us;
};

void side_init(struct side *side, enum mux_role role, unsigned features);
void side_deinit(struct side *side);

/* What it has seen since the last time. */
void assert_story(struct side *side, const char *expected);

/* A frame that the other side did not send. */
void feed(struct side *side, uint8_t type, uint32_t id, const char *payload);
void feed_bytes(struct side *side, uint8_t type, uint32_t id, struct span payload);

void feed_at(struct side *side, uint8_t type, uint64_t now_us); /* without a stream or payload */

/* Its deadlines up to a time, without the other side. */
void run_alone(struct side *side, uint64_t until_us);

/* ---- two of them ---- */

/* Behind the handshake; with these features, with version 1's, with all. */
int pair_setup_with(void **state, unsigned consumer, unsigned provider);
int pair_setup(void **state);
int extended_setup(void **state);
int pair_teardown(void **state);

/* False when nothing is on its way. */
bool deliver_one(struct pair *pair, struct side *from, struct side *to);
void deliver_all(struct pair *pair);

/* The channel of the first message that waits. */
unsigned next_channel(const struct side *side);

/* How many of this type are on their way, those in bundles among them. */
unsigned count_frames(const struct side *side, uint8_t type);

/* ---- exchanges ---- */

/* They tell their side's story. */
extern const struct mux_stream_handlers stream_handlers;

struct mux_stream *open_stream(struct pair *pair, const char *path);
void respond(struct mux_stream *stream, int status);
void end(struct mux_stream *stream);
void cancel(struct mux_stream *stream, const char *text);

#define TEST(f)     cmocka_unit_test_setup_teardown(f, pair_setup, pair_teardown)
#define EXTENDED(f) cmocka_unit_test_setup_teardown(f, extended_setup, pair_teardown)

#endif
