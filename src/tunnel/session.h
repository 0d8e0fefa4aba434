/*
 * A peer connection and the multiplexer that runs over its channel.
 */
#ifndef TUNNEL_SESSION_H
#define TUNNEL_SESSION_H

#include <stdbool.h>

#include "net/loop.h"
#include "rtc/peer.h"
#include "tunnel/mux.h"

struct session;

struct session_handlers {
    /* For signalling: see rtc/peer.h. */
    void (*on_description)(struct session *session, enum sdp_type type, const char *sdp, void *arg);
    void (*on_candidate)(struct session *session, const char *candidate_json, void *arg);
    /* The handshake is done: session_mux() takes requests. */
    void (*on_ready)(struct session *session, void *arg);
    /* A round trip was measured: see session_rtt_us(). */
    void (*on_rtt)(struct session *session, bool is_first, void *arg);
    /* This machine has slept: whether the other side lives was asked. */
    void (*on_wake)(struct session *session, void *arg);
    /* What was asked is answered: see mux_probe(). */
    void (*on_alive)(struct session *session, void *arg);
    void (*on_request)(struct mux_stream *stream, const struct head *head, void *arg);
    /* As on_relay of the peer. */
    void (*on_relay)(struct session *session, struct span datagram, void *arg);
    /* As on_path of the peer. */
    void (*on_path)(struct session *session, enum peer_path_state state, void *arg);
    /* The last open stream has ended. */
    void (*on_idle)(struct session *session, void *arg);
    /* The session is over, once; session_close() is still the owner's duty. */
    void (*on_closed)(struct session *session, const char *text, enum mux_likeness likeness,
                      void *arg);
};

/* features: see mux_new(). The handlers must outlive the session. */
struct session *session_new(struct loop *loop, enum mux_role role, unsigned features,
                            const struct peer_config *config,
                            const struct session_handlers *handlers, void *arg);

/* Ends every stream with text, closes the peer, frees. No handler is called
 * any more. Allowed under any handler. */
void session_close(struct session *session, const char *text);

struct peer *session_peer(struct session *session);
struct mux *session_mux(struct session *session);

/* 0 before on_rtt. */
uint64_t session_rtt_us(const struct session *session);

struct session_stats {
    uint64_t ready_us; /* for how long it has taken requests; 0: not yet */
    uint64_t rtt_us;   /* by PING, the last one; 0: not yet known */
    size_t streams;    /* open now */
    struct peer_stats peer;
};

/* At any time before session_close(). */
void session_stats(const struct session *session, struct session_stats *out);

/* See mux_probe(). */
void session_probe(struct session *session);

/* While held, nothing of what the other side says is heard; it waits. */
void session_set_held(struct session *session, bool is_held);

/* See mux_refuse(). */
void session_refuse(struct session *session, const char *text);

#endif
