/*
 * What mux.c (session: handshake, liveness, dispatch) and mux_stream.c (one
 * exchange: its queue and its turns) share. Nobody else includes this.
 */
#ifndef TUNNEL_MUX_INTERNAL_H
#define TUNNEL_MUX_INTERNAL_H

#include "base/buf.h"
#include "base/list.h"
#include "tunnel/frame.h"
#include "tunnel/mux.h"

enum mux_state { MUX_STARTING, MUX_READY, MUX_DEAD };
enum { MUX_BUCKETS = 256 };

struct mux {
    enum mux_role role;
    enum mux_state state;
    struct mux_handlers handlers;
    void *arg;

    struct list buckets[MUX_BUCKETS]; /* of mux_stream.by_id */
    struct list ready;                /* of mux_stream.in_ready: streams with something to send */
    size_t streams;
    size_t paused;         /* streams that are not reading */
    uint32_t next_id;      /* consumer: of the next stream */
    uint32_t highest_id;   /* provider: of a stream that was opened */
    bool has_lost_cookies; /* said once */
    bool is_flushing;

    /* Frames that go ahead of streams, each with a 4-byte length in front. */
    struct buf control;

    uint64_t ping_at_us;    /* next PING */
    uint64_t ping_sent_us;  /* 0: none is on its way */
    uint64_t last_heard_us; /* any frame, or the last moment at which we did not listen */
    bool was_paused;        /* since last_heard_us */
    uint64_t dead_at_us;    /* handshake or probe deadline; TIME_NEVER */
};

struct mux_stream {
    struct mux *mux;
    struct list by_id;
    struct list in_ready;
    uint32_t id;
    struct mux_stream_handlers handlers;
    void *arg;

    char *head;       /* encoded HEADERS payload that waits, or NULL */
    struct buf queue; /* body that waits */
    bool is_ended;    /* our body is complete, and its END waits */
    bool is_end_sent;
    bool has_head;            /* consumer: the response's head came */
    bool is_request_complete; /* provider: REQ_END came */
    bool is_detached;         /* a provider's response that only has to go out: no handlers */
    bool is_over_high;        /* on_drain is owed */
    bool is_paused;
};

/* mux.c */
__attribute__((format(printf, 3, 4))) void mux_note(struct mux *mux, bool is_late,
                                                    const char *format, ...);
void mux_send_control(struct mux *mux, uint8_t type, uint32_t stream_id, struct span payload);
void mux_die(struct mux *mux, const char *text, bool wrong_role);

/* mux_stream.c */
struct mux_stream *mux_stream_new(struct mux *mux, uint32_t id);
struct mux_stream *mux_stream_find(struct mux *mux, uint32_t id);
void mux_stream_free(struct mux_stream *stream);

/* Sends one frame of the stream's; frees it when that was the last. */
void mux_stream_send_next(struct mux_stream *stream);

/* Frees the stream, then tells it why; with no handlers, only frees. */
void mux_stream_fail(struct mux_stream *stream, const char *text);

#endif
