/*
 * The multiplexer: many HTTP exchanges over one channel. Sans-I/O: messages
 * and the time in, messages and events out.
 *
 *             HELLO / AGREE             PING, PONG
 *   starting ---------------> ready ------------------> dead
 *        \------- no answer, wrong role, no common version ---^
 *
 * A stream is one exchange. The consumer opens it with a request head; each
 * side writes its body and ends it. It is over with the end of the response,
 * or with an ERROR from either side.
 *
 *   consumer  mux_open -> write* -> end     on_head -> on_body* -> on_end | on_error
 *   provider  on_request: on_body* -> on_end     respond -> write* -> end | cancel
 *
 * Writes go out at once while the channel takes them and nobody waits;
 * otherwise they queue at their stream, and streams take turns, a frame each,
 * so that a small response is never stuck behind a big one's queue. PING,
 * PONG, ERROR and the handshake go ahead of all bodies.
 *
 * Version 1 has no credit: a stream whose reader is slow stops the reading of
 * the whole channel (mux_stream_set_reading).
 */
#ifndef TUNNEL_MUX_H
#define TUNNEL_MUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/span.h"
#include "tunnel/head.h"

struct mux;
struct mux_stream;

enum mux_role { MUX_CONSUMER, MUX_PROVIDER };

enum {
    MUX_STREAMS_MAX = 4096,            /* open at once; a peer cannot make us hold more */
    MUX_STREAM_QUEUE_HIGH = 256 << 10, /* a writer stops when its queue is over this */
    MUX_STREAM_QUEUE_LOW = 64 << 10,   /* on_drain comes when it falls to this */
    MUX_STREAM_QUEUE_MAX = 4 << 20,    /* a writer that does not stop loses its stream */
    MUX_CONTROL_QUEUE_MAX = 1 << 20 /* PONGs and ERRORs that a peer makes us queue; over it: dead */
};

#define MUX_PING_INTERVAL_US (10 * US_PER_S)
#define MUX_DEAD_AFTER_US    (30 * US_PER_S) /* without any frame */
#define MUX_PROBE_US         (5 * US_PER_S)  /* after mux_probe() */
#define MUX_HELLO_TIMEOUT_US (10 * US_PER_S)

struct mux_handlers {
    /* Sends one message; only called while can_send() is true. */
    void (*send)(struct span head, struct span body, void *arg);
    bool (*can_send)(void *arg);
    /* Reading from the channel is to stop or to go on. */
    void (*on_reading)(bool reading, void *arg);
    /* The handshake is done: streams may be opened. */
    void (*on_ready)(void *arg);
    /* A round trip was measured. */
    void (*on_rtt)(uint64_t rtt_us, void *arg);
    /* Of a provider: a request. The callee calls mux_stream_accept() or
     * mux_stream_cancel() before it returns; it may move the head's contents
     * out and leave it empty. */
    void (*on_request)(struct mux_stream *stream, struct head *head, void *arg);
    /* A stream has ended; streams counts those that are left. */
    void (*on_stream_closed)(size_t streams, void *arg);
    /* The session is over; wrong_role: the other side does the same job as we
     * do. Streams are still open: see mux_fail(). Once. */
    void (*on_dead)(const char *text, bool wrong_role, void *arg);
    /* Something was dropped, for a log; is_late: it crossed the end of its
     * exchange on the way, as happens at every cancel. */
    void (*on_note)(const char *text, bool is_late, void *arg);
};

/* on_error is a stream's last event, as is a consumer's on_end. */
struct mux_stream_handlers {
    void (*on_head)(struct head *response, void *arg); /* consumer only */
    void (*on_body)(struct span bytes, void *arg);
    void (*on_end)(void *arg);
    /* text: the other side's words, or why the session ended. Valid UTF-8. */
    void (*on_error)(const char *text, void *arg);
    /* The queue, once above MUX_STREAM_QUEUE_HIGH, fell to _LOW. */
    void (*on_drain)(void *arg);
};

struct mux *mux_new(enum mux_role role, const struct mux_handlers *handlers, void *arg);

/* No stream may be open: see mux_fail(). */
void mux_free(struct mux *mux);

/* The channel is open; a consumer says HELLO. */
void mux_start(struct mux *mux, uint64_t now_us);

/* Takes one message from the channel. */
void mux_feed(struct mux *mux, struct span message, uint64_t now_us);

/* can_send() has become true: sends what waits. */
void mux_flush(struct mux *mux);

uint64_t mux_deadline_us(const struct mux *mux);
void mux_on_deadline(struct mux *mux, uint64_t now_us);

/* There is reason to believe that the other side is gone: pings, and declares
 * it dead without any frame in MUX_PROBE_US. */
void mux_probe(struct mux *mux, uint64_t now_us);

/* Ends every stream with on_error(text), and the session; sends nothing. */
void mux_fail(struct mux *mux, const char *text);

size_t mux_stream_count(const struct mux *mux);

/* Consumer: opens a stream with a request. 0 with *out; -ENOTCONN when not
 * ready; -EMSGSIZE when the head does not fit a frame; -EBUSY when
 * MUX_STREAMS_MAX are open; -EOVERFLOW when all ids were used (the session
 * is to be renewed). */
int mux_open(struct mux *mux, const struct head *request,
             const struct mux_stream_handlers *handlers, void *arg, struct mux_stream **out);

/* Provider: takes on a request, under on_request. */
void mux_stream_accept(struct mux_stream *stream, const struct mux_stream_handlers *handlers,
                       void *arg);

/* Provider: the response's head. 0 or -EMSGSIZE; then nothing was sent. */
int mux_stream_respond(struct mux_stream *stream, const struct head *response);

/* Content of our body. */
void mux_stream_write(struct mux_stream *stream, struct span bytes);
size_t mux_stream_queued(const struct mux_stream *stream);

/* Our body is complete. A provider's stream is the mux's from here on. */
void mux_stream_end(struct mux_stream *stream);

/* Ends the stream with an ERROR frame, ahead of all queues; what it had queued
 * is dropped. No handler is called; the stream is gone. */
void mux_stream_cancel(struct mux_stream *stream, const char *text);

/* While any stream of the mux is not reading, on_reading(false) holds. */
void mux_stream_set_reading(struct mux_stream *stream, bool reading);

uint32_t mux_stream_id(const struct mux_stream *stream);

#endif
