/*
 * A stream of the multiplexer joined to what is local: the exchange with a
 * client, the call to the upstream, or a plain connection to it.
 *
 *             splice_send()                 the multiplexer
 *   local  ──────────────────► stream ═══════════════════════► the other side
 *          ◄──────────────────        ◄═══════════════════════
 *             splice_deliver()
 *
 * What comes from one goes to the other at once. Whoever is slow makes the
 * other stop: the local end is read only while the stream is writable, and the
 * multiplexer hears what the local end has not got rid of. Each half ends by
 * itself; the splice is over when both have.
 *
 * Embedded in its owner, which owns both ends and says how each fails.
 */
#ifndef TUNNEL_SPLICE_H
#define TUNNEL_SPLICE_H

#include "http/half.h"
#include "tunnel/mux.h"

/* What a splice does with its local end. */
struct splice_local {
    void (*write)(void *local, struct span bytes);
    size_t (*queued)(const void *local); /* bytes that the kernel has not taken */
    void (*set_reading)(void *local, bool reading);
};

/* Its short name is another one's in a header of FreeBSD. */
struct stream_splice {
    const struct splice_local *ops;
    void *local;               /* NULL: there is none yet */
    struct mux_stream *stream; /* NULL: likewise */
    enum half request;
    enum half response;
    bool is_pipe; /* the response made it one */
};

/* ---- from the local end, into the stream ---- */

/* Content; the local end is read no further while the stream has enough. */
void splice_send(struct stream_splice *s, struct span bytes);

/* How much of that would leave at once. */
size_t splice_room(const struct stream_splice *s);

/* The local end's queue fell to MUX_HELD_LOW. */
void splice_on_local_drain(struct stream_splice *s);

/* ---- from the stream, to the local end ---- */

void splice_deliver(struct stream_splice *s, struct span bytes);

/* The stream is writable again. */
void splice_on_stream_drain(struct stream_splice *s);

/* ---- halves ---- */

/* The response's head is there. */
void splice_respond(struct stream_splice *s, enum http_framing framing);

/* A half has ended; the caller tells the other end of it. True when the splice
 * is over: a response that is no pipe waits for nothing more of its request. */
bool splice_end_request(struct stream_splice *s);
bool splice_end_response(struct stream_splice *s);

#endif
