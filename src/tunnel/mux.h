/*
 * The multiplexer: many HTTP exchanges over the channels of one peer.
 * Sans-I/O: messages and the time in, messages and events out.
 *
 *             HELLO / AGREE             PING, PONG
 *   starting ---------------> ready ------------------> dead
 *      | \------ no answer, wrong role, no common version ---^
 *      | a promise                                           |
 *      +----> eager: streams may be opened; else as starting +
 *
 * A stream is one exchange. The consumer opens it with a request head; each
 * side writes its body and ends it. It is over with the end of the response,
 * or with an ERROR from either side.
 *
 *   consumer  mux_open -> write* -> end
 *             on_interim* -> on_head -> on_body* -> on_end | on_error
 *   provider  on_request: on_body* -> on_end
 *             interim* -> respond -> write* -> end | cancel
 *
 * A response whose framing is HTTP_BODY_PIPE (101, or 2xx to CONNECT) makes
 * the stream a pipe: each direction has an end of its own, and the stream is
 * over when both have ended.
 *
 * Writes go out at once while the channel takes them and nobody waits;
 * otherwise they queue at their stream. First go PING, PONG, WINDOW and the
 * handshake, then heads, ends and ERRORs of any stream; bodies take turns, a
 * frame each, so that a small response is never stuck behind a big one.
 *
 * With the extension `flow` a stream sends no more than it was granted, so
 * that a slow reader holds up nothing but itself. Without it, a slow reader
 * stops the reading of the whole channel. Which of the two is nothing that the
 * user of a stream has to know: see mux_stream_set_held().
 */
#ifndef TUNNEL_MUX_H
#define TUNNEL_MUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/span.h"
#include "tunnel/feature.h"
#include "tunnel/head.h"
#include "tunnel/stream_error.h"

struct consumer;
struct mux;
struct mux_stream;

enum mux_role { MUX_CONSUMER, MUX_PROVIDER };

enum {
    MUX_STREAMS_MAX = 4096,           /* open at once; a peer cannot make us hold more */
    MUX_STREAM_QUEUE_HIGH = 64 << 10, /* a writer stops when its queue is over this: one frame */
    MUX_STREAM_QUEUE_LOW = 16 << 10,  /* on_drain comes when it falls to this */
    MUX_STREAM_QUEUE_MAX = 4 << 20,   /* a writer that does not stop loses its stream */
    MUX_HELD_LOW = 64 << 10,          /* who holds a body tells when it falls to this */
    MUX_CONTROL_QUEUE_MAX =
        1 << 20,           /* PONGs and ERRORs that a peer makes us queue; over it: dead */
    MUX_CHANNELS_MAX = 32, /* beside the first */
    MUX_CHANNELS = 16,     /* that we ask for: enough that two busy ones seldom meet */
    MUX_DEVICE_MAX = 64,
    MUX_INTERIM_MAX = 16 /* interim responses of an exchange; an upstream that never stops sending
                            them, or a provider, would keep a client busy for nothing */
};

#define MUX_PING_INTERVAL_US (10 * US_PER_S)
#define MUX_PING_REST_US     (15 * US_PER_S) /* since the consumer's, of a provider at rest */
#define MUX_DEAD_AFTER_US    (30 * US_PER_S) /* without any frame */
#define MUX_PROBE_US         (5 * US_PER_S)  /* after mux_probe() */
#define MUX_FLIGHT_US        (1 * US_PER_S)  /* what is older is not on its way any more */
#define MUX_HELLO_TIMEOUT_US (10 * US_PER_S)

enum mux_note {
    MUX_NOTE_LATE,    /* a frame crossed the end of its exchange, as happens at every cancel */
    MUX_NOTE_DROPPED, /* a frame that is of no use */
    MUX_NOTE_LOST     /* part of a head that the other side cannot be told */
};

/* Whether the other side does the same job as we do. */
enum mux_likeness { MUX_UNLIKE, MUX_PERHAPS_ALIKE, MUX_ALIKE };

/* What may go ahead of others' bodies, and what may not. */
enum mux_urgency { MUX_SMALL, MUX_BULK };

struct mux_handlers {
    /* Sends one message on a channel, 0 for the first; only called while
     * can_send() is true. */
    void (*send)(unsigned channel, struct span head, struct span body, void *arg);
    bool (*can_send)(unsigned channel, enum mux_urgency urgency, void *arg);
    /* Bytes until can_send() says no to bodies. */
    size_t (*room)(void *arg);
    /* mux_end_turn() is wanted before the loop sleeps. */
    void (*end_turn_later)(void *arg);
    /* Reading from the channels is to stop or to go on. */
    void (*on_reading)(bool reading, void *arg);
    /* The handshake is done: streams may be opened. */
    void (*on_ready)(void *arg);
    /* A round trip was measured. */
    void (*on_rtt)(uint64_t rtt_us, void *arg);
    /* What mux_probe() or mux_wake() asked is answered: the other side
     * lives. */
    void (*on_alive)(void *arg);
    /* Of a provider: a request. The callee calls mux_stream_accept() or
     * mux_stream_cancel() before it returns; the head is borrowed. */
    void (*on_request)(struct mux_stream *stream, const struct head *head, void *arg);
    /* A stream has ended; streams counts those that are left. */
    void (*on_stream_closed)(size_t streams, void *arg);
    /* The session is over; likeness: as its end shows it. Streams are still
     * open: see mux_fail(). Once. */
    void (*on_dead)(const char *text, enum mux_likeness likeness, void *arg);
    /* For a log. */
    void (*on_note)(enum mux_note kind, const char *text, void *arg);
    /* Asked by mux_fail(): how many of the last messages on a channel will
     * certainly never leave. NULL: that is not known. */
    size_t (*unsent)(unsigned channel, void *arg);
};

/* Heads, trailers and bodies are borrowed. After on_error the stream is gone,
 * and after on_end when both directions are over; a consumer's direction is
 * over with the response unless that is a pipe. */
struct mux_stream_handlers {
    void (*on_interim)(const struct head *response, void *arg); /* consumer only */
    void (*on_head)(const struct head *response, void *arg);    /* consumer only */
    void (*on_body)(struct span bytes, void *arg);
    void (*on_end)(struct http_fields trailers, void *arg);
    /* text: the other side's words, or why the session ended. Valid UTF-8. */
    void (*on_error)(enum stream_error error, const char *text, void *arg);
    /* The stream is writable again, after mux_stream_is_writable() said no. */
    void (*on_drain)(void *arg);
};

/* features: those that it offers or agrees to, a set of enum feature. */
struct mux *mux_new(enum mux_role role, unsigned features, const struct mux_handlers *handlers,
                    void *arg);

/* No stream may be open: see mux_fail(). */
void mux_free(struct mux *mux);

/* Of a provider: what it will agree to, for its session description, so that
 * a consumer knows that before AGREE. NUL-terminated, to be freed. */
char *mux_promise(const struct mux *mux);

/* The channel is open; a consumer says HELLO. With the other side's promise it
 * is ready at once, and requests go right behind; an empty one, or one that
 * cannot be read, is none. */
void mux_start(struct mux *mux, struct span promise, uint64_t now_us);

/* Takes one message from a channel. */
void mux_feed(struct mux *mux, unsigned channel, struct span message, uint64_t now_us);

/* All that this turn has to say is said: sends what has gathered in it. */
void mux_end_turn(struct mux *mux);

/* can_send() has become true: sends what waits. */
void mux_flush(struct mux *mux);

uint64_t mux_deadline_us(const struct mux *mux);
void mux_on_deadline(struct mux *mux, uint64_t now_us);

/* There is reason to believe that the other side is gone: pings, and declares
 * it dead unless that is answered in MUX_PROBE_US. The answer is the PONG to
 * that PING, or any frame that comes so late that it was not on its way
 * before. While we do not read, nobody dies, and the answer comes later. */
void mux_probe(struct mux *mux, uint64_t now_us);

/* This machine has slept since then, and what came meanwhile is from before:
 * the same, and dead at the next deadline where that is so long that the other
 * side has given us up. */
void mux_wake(struct mux *mux, uint64_t since_us, uint64_t now_us);

/* Ends every stream with on_error(STREAM_SESSION or STREAM_UNSENT, text), and
 * the session; sends nothing. */
void mux_fail(struct mux *mux, const char *text);

/* Tells the other side that the session is over, and why. Once it is sent,
 * what is left is mux_fail(). */
void mux_refuse(struct mux *mux, const char *text);
bool mux_has_refused(const struct mux *mux);

size_t mux_stream_count(const struct mux *mux);

/* The last one that was measured; 0 before. */
uint64_t mux_rtt_us(const struct mux *mux);

/* Which device is at the other end, where its owner knows: at most
 * MUX_DEVICE_MAX bytes, copied. NULL before. */
void mux_set_device(struct mux *mux, const char *device);
const char *mux_device(const struct mux *mux);
const char *mux_stream_device(const struct mux_stream *stream);

/* Of a provider: at whose expense streams are opened and granted more. Before
 * the first one: later it changes nothing. NULL: nobody's, and the limits of
 * this mux are all there are. */
void mux_set_consumer(struct mux *mux, struct consumer *consumer);
struct consumer *mux_stream_consumer(const struct mux_stream *stream);

/* Whether both ends have an extension. False before on_ready. */
bool mux_has(const struct mux *mux, enum feature feature);

/* Consumer: opens a stream with a request. 0 with *out; -ENOTCONN when not
 * ready; -EMSGSIZE when the head does not fit a frame; -EBUSY when
 * MUX_STREAMS_MAX are open; -EOVERFLOW when all ids were used (the session
 * is to be renewed). */
int mux_open(struct mux *mux, const struct head *request,
             const struct mux_stream_handlers *handlers, void *arg, struct mux_stream **out);

/* Provider: takes on a request, under on_request. */
void mux_stream_accept(struct mux_stream *stream, const struct mux_stream_handlers *handlers,
                       void *arg);

/* Provider: an interim response. Dropped where FEATURE_INTERIM is missing, and
 * over MUX_INTERIM_MAX. */
void mux_stream_interim(struct mux_stream *stream, const struct head *response);

/* Provider: the response's head. 0 or -EMSGSIZE; then nothing was sent. */
int mux_stream_respond(struct mux_stream *stream, const struct head *response);

/* Content of our body. */
void mux_stream_write(struct mux_stream *stream, struct span bytes);

/* How many bytes of content would leave at once, instead of waiting at the
 * stream. */
size_t mux_stream_room(const struct mux_stream *stream);

/* While false, a writer should stop; on_drain follows. */
bool mux_stream_is_writable(struct mux_stream *stream);

/* Our body is complete. Trailers are left out where FEATURE_FIELDS is missing,
 * or where they do not fit a frame. A provider's stream is the mux's from here
 * on, and no handler is called any more, unless it is a pipe whose other
 * direction has not ended. */
void mux_stream_end(struct mux_stream *stream, struct http_fields trailers);

/* Provider: our body will not be complete. What is queued goes out, and behind
 * it an ERROR frame instead of the end. The stream is the mux's from here on;
 * no handler is called any more. */
void mux_stream_break(struct mux_stream *stream, enum stream_error error, const char *text);

/* Ends the stream with an ERROR frame, ahead of all queues; what it had queued
 * is dropped. No handler is called; the stream is gone. */
void mux_stream_cancel(struct mux_stream *stream, enum stream_error error, const char *text);

/* How many bytes of what on_body gave the user still holds, because its own
 * reader has not taken them: to be called after each on_body, and when that
 * falls to MUX_HELD_LOW. More is granted to the other side by it. */
void mux_stream_set_held(struct mux_stream *stream, size_t held, uint64_t now_us);

bool mux_stream_has(const struct mux_stream *stream, enum feature feature); /* as mux_has() */

/* For tests. */
uint32_t mux_stream_id(const struct mux_stream *stream);

#endif
