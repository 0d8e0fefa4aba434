/*
 * The inside of a mux, shared by the files that make it up. Each uses only
 * those that stand below it:
 *
 *   mux.c         who gets a frame that arrives
 *   mux_hello.c   handshake and liveness
 *   mux_stream.c  one exchange, as its user sees it
 *   mux_send.c    what goes out, in which order
 *   mux_bundle.c  what of that leaves together
 *   mux_life.c    which streams there are, and the end
 *   mux_flow.c    credit
 */
#ifndef TUNNEL_MUX_INTERNAL_H
#define TUNNEL_MUX_INTERNAL_H

#include "base/buf.h"
#include "base/list.h"
#include "http/half.h"
#include "tunnel/bundle.h"
#include "tunnel/consumer.h"
#include "tunnel/frame.h"
#include "tunnel/mux.h"

enum mux_state { MUX_STARTING, MUX_EAGER, MUX_READY, MUX_DEAD };
enum {
    MUX_BUCKETS = 64,
    MUX_HEADS_MAX =
        3 * (FRAME_MAX + 4) /* of a stream: two interim responses and the head behind them */
};

/* What may go ahead of bodies, on one channel. */
struct mux_line {
    struct buf control;    /* whole frames, each with a 4-byte length in front */
    struct list in_urgent; /* of mux_stream.in_line: heads and ends */
};

struct mux {
    enum mux_role role;
    enum mux_state state;
    bool has_refused;
    bool is_let_in;      /* something came but what comes in front of a refusal, too */
    bool is_turned_away; /* consumer: a refusal came instead; what was asked, nobody has heard */
    unsigned offered;    /* features that we have */
    unsigned features;   /* and the other side, too */
    struct mux_handlers handlers;
    void *arg;
    char device[MUX_DEVICE_MAX + 1]; /* or "" */
    struct consumer *consumer;       /* of a provider, used; or NULL */

    struct list buckets[MUX_BUCKETS]; /* of mux_stream.by_id */
    size_t streams;
    uint32_t next_id;    /* consumer: of the next stream */
    uint32_t eager_id;   /* consumer: of the last one that was opened before AGREE */
    uint32_t highest_id; /* provider: of a stream that was asked for */

    struct mux_line *lines[MUX_CHANNELS_MAX + 1]; /* NULL: nothing has waited there */
    struct list bulk;                             /* of mux_stream.in_line: bodies that may go */
    size_t waiting;                               /* streams in lines and in bulk */
    size_t control_bytes;                         /* in all lines */
    uint64_t bundled;                             /* channels with a bundle, a bit for each */
    unsigned turn_channel;                        /* of what is short; 0: yet to be chosen */
    unsigned turns;                               /* for which one was chosen */
    struct bundle bundles[MUX_CHANNELS_MAX + 1];  /* what leaves when the turn ends */
    struct buf spare;                             /* empty: for the next stream's heads */
    unsigned channels;                            /* in use beside the first */
    uint64_t messages[MUX_CHANNELS_MAX + 1];      /* sent so far */
    bool is_flushing;

    uint32_t peer_window; /* what each stream may send at first */
    size_t extra_window;  /* what was granted over our first window, by all streams */
    size_t held;          /* by all streams */
    bool is_full;         /* held is too much, without flow */
    size_t paused;        /* how many stop the channel, without flow */

    uint64_t rtt_us;       /* the last one measured, or 0 */
    uint64_t ping_at_us;   /* next PING; of a provider at rest not before */
    uint64_t pinged_us;    /* the other side's last; 0: none yet */
    uint64_t ping_sent_us; /* 0: none is on its way */
    unsigned pings_out;    /* on their way, answers included */
    unsigned pongs_owed;   /* until a probe is answered; 0: none is out */
    uint64_t probed_us;
    uint64_t last_heard_us; /* any frame, or the last moment at which we did not listen */
    bool was_paused;        /* since last_heard_us */
    uint64_t dead_at_us;    /* handshake or probe deadline; TIME_NEVER */
};

/* Where a stream waits for its turn. */
enum mux_place { MUX_NOWHERE, MUX_IN_URGENT, MUX_IN_BULK };

struct mux_stream {
    struct mux *mux;
    struct list by_id;
    struct list in_line;
    enum mux_place place;
    uint32_t id;
    unsigned channel;
    struct mux_stream_handlers handlers;
    void *arg;

    /* What waits to be sent, in this order. */
    struct buf heads;    /* HEADERS and INTERIM frames, each with a 4-byte length in front */
    struct buf queue;    /* body */
    struct buf trailers; /* payload of the END, or of the ERROR in its place */

    enum half given;    /* by our user */
    enum half sent;     /* of that, to the other side */
    enum half received; /* from there */
    enum http_framing request_framing;
    enum http_framing response_framing; /* NONE until its head is there */
    bool is_framing_known;              /* the request's */
    bool is_connect;                    /* the request's method */
    bool is_broken;     /* what was given never will be whole: an ERROR takes the end's place */
    bool is_detached;   /* only has to go out: no handlers */
    bool is_drain_owed; /* mux_stream_is_writable() said no */
    bool awaits_room;   /* likewise, with nothing queued: stands in line to be asked for more */
    bool is_paused;     /* stops the channel */
    unsigned interim_count;
    uint64_t head_message; /* of the channel's messages the one with the head, once that is sent */

    uint32_t credit;         /* bytes that we may still send */
    uint32_t granted;        /* bytes that they may still send */
    uint32_t window;         /* what we let be granted and held together */
    size_t held;             /* bytes that the user has not got rid of */
    uint64_t received_bytes; /* bytes of their body, with flow */
    uint64_t granted_at_us;  /* 0: nothing has come yet */
};

/* The response has made it one. */
static inline bool mux_stream_is_pipe(const struct mux_stream *stream)
{
    return stream->response_framing == HTTP_BODY_PIPE;
}

/* ---- mux_flow.c ---- */

uint32_t mux_flow_first_window(const struct mux *mux);
void mux_flow_open(struct mux_stream *stream);
void mux_flow_close(struct mux_stream *stream);

/* How many bytes of a body may go; SIZE_MAX without flow. */
size_t mux_flow_credit(const struct mux_stream *stream);
void mux_flow_spend(struct mux_stream *stream, size_t bytes);

/* A WINDOW's payload came. False when it is malformed or grants too much. */
bool mux_flow_add_credit(struct mux_stream *stream, struct span payload);

/* Bytes of a body came. False when they were not granted. */
bool mux_flow_receive(struct mux_stream *stream, size_t bytes, uint64_t now_us);

/* So many of them its user holds now. Returns how many more are granted, which
 * the other side is to be told unless it is 0. */
uint32_t mux_flow_hold(struct mux_stream *stream, size_t held, uint64_t now_us);

/* ---- mux_life.c ---- */

__attribute__((format(printf, 3, 4))) void mux_note(struct mux *mux, enum mux_note kind,
                                                    const char *format, ...);
void mux_die(struct mux *mux, const char *text, enum mux_likeness likeness);
unsigned mux_channel_of(const struct mux *mux, uint32_t stream_id);

struct mux_stream *mux_stream_new(struct mux *mux, uint32_t id);
struct mux_stream *mux_stream_find(struct mux *mux, uint32_t id);
void mux_stream_leave_line(struct mux_stream *stream);
void mux_stream_free(struct mux_stream *stream);

/* Frees the stream, then tells it why; with no handlers, only frees. */
void mux_stream_fail(struct mux_stream *stream, enum stream_error error, const char *text);

/* Tells the user to go on where that is owed and due; may free the stream. */
void mux_stream_check_drain(struct mux_stream *stream);

/* ---- mux_send.c ---- */

void mux_send_init(struct mux *mux);
void mux_send_deinit(struct mux *mux);

/* Sends a frame ahead of all streams of its channel, or lets it wait there. */
void mux_send_control(struct mux *mux, unsigned channel, uint8_t type, uint32_t stream_id,
                      struct span payload);

/* The payload of an ERROR. */
enum { MUX_ERROR_CODE_LEN = 2, MUX_ERROR_TEXT_MAX = 1024 };
struct span mux_encode_error(const struct mux *mux, uint32_t stream_id, enum stream_error error,
                             const char *text,
                             uint8_t out[MUX_ERROR_CODE_LEN + MUX_ERROR_TEXT_MAX]);

/* Ends the stream of that id for the other side, on the channel of all that was
 * said there. */
void mux_send_error(struct mux *mux, unsigned channel, uint32_t stream_id, enum stream_error error,
                    const char *text);

/* The stream has something new to send, or may send again: gives it its place
 * and lets the lines move. It may be gone after that. */
void mux_stream_line_up(struct mux_stream *stream);

/* Whether the stream has nothing queued, and what came now would have to wait.
 * Then it stands in line for room. */
bool mux_stream_await_room(struct mux_stream *stream);

/* Queues a frame at the stream: begin, append the payload to stream->heads,
 * end. */
size_t mux_stream_begin_head(struct mux_stream *stream, uint8_t type);
void mux_stream_end_head(struct mux_stream *stream, size_t begun_at);

/* Sends frames straight from the caller's bytes while nobody waits. Returns how
 * many bytes went. */
size_t mux_stream_write_through(struct mux_stream *stream, struct span bytes);

/* ---- mux_bundle.c ---- */

void mux_bundle_deinit(struct mux *mux);

/* Whether a frame of that length may go as far as order is concerned: sends
 * what it must not overtake and cannot join. */
bool mux_takes(struct mux *mux, unsigned channel, size_t len);

/* Sends a frame, now or when the turn ends; where mux_takes() and can_send()
 * are true. Returns which of the channel's messages it is in. */
uint64_t mux_put(struct mux *mux, unsigned channel, struct span head, struct span body);

/* The channel for what is short and new in this turn; further channels are in
 * use. */
unsigned mux_turn_channel(struct mux *mux);

/* ---- mux_stream.c ---- */

/* Their direction has ended: tells the user, and frees what is over. */
void mux_stream_on_end(struct mux_stream *stream, struct http_fields trailers);

/* ---- mux_hello.c ---- */

void mux_on_hello(struct mux *mux, const struct frame *frame, uint64_t now_us);
void mux_on_agree(struct mux *mux, const struct frame *frame, uint64_t now_us);
void mux_on_pong(struct mux *mux, uint64_t now_us);

/* A frame came, of whatever type. */
void mux_hear(struct mux *mux, uint64_t now_us);

#endif
