/*
 * A byte-stream connection: TCP, TLS over TCP, or a Unix socket, seen alike
 * from above.
 *
 *   connecting --on_open--> open --on_end--> half-closed by the peer
 *       |                    |                    |
 *       +------- on_close(error) exactly once ----+   (never after conn_close)
 *
 * Writes never block and never fail at the call: bytes go to the kernel at
 * once where it takes them, the rest is queued. The queue is bounded by the
 * user, who stops producing when conn_queued() is high and goes on at
 * on_drain. TCP_NODELAY is always set. A peer that is gone without a word is
 * noticed after 40 s (-ETIMEDOUT; see net/liveness.h), one that only says
 * nothing or does not read is not disturbed.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "net/loop.h"
#include "net/peer_owner.h"
#include "net/resolve.h"

struct conn;
struct listener;
struct listening;  /* net/listening.h */
struct tls_client; /* net/tls.h */
struct tls_server; /* net/tls_server.h */
struct egress;     /* net/egress.h */

enum {
    /* A read's unit: the content of one of the tunnel's body frames, so that a
     * full read leaves no small rest. */
    CONN_READ_UNIT = (64 << 10) - 128,
    CONN_READ_MAX = 2 * CONN_READ_UNIT,  /* bytes of one on_data, at most, */
    CONN_READ_MORE = 4 * CONN_READ_UNIT, /* the same where room() says so */
    CONN_READ_LITTLE = 8 << 10,          /* the same after conn_read_little() */
    CONN_DRAIN_MARK = 64 << 10,          /* on_drain comes when the queue falls to this or below */
    CONN_QUEUE_MAX = 64 << 20,           /* a user that ignores conn_queued() is cut off here */
};

/* For a client's part of the handshake of TLS: it must not hold a socket for
 * ever. */
#define LISTENER_TLS_US (10 * UINT64_C(1000000))

/* Any member may be NULL. A handler may call conn_close(). None is called from
 * within a call of the owner. */
struct conn_handlers {
    /* Connected, and for TLS the server's certificate is verified. */
    void (*on_open)(void *arg);
    /* Bytes valid during the call. */
    void (*on_data)(struct span bytes, void *arg);
    /* How many bytes the owner could pass on at once. Behind a full read the
     * next one is as large as that, up to CONN_READ_MORE: the kernel
     * acknowledges each read, which costs as much as some of its bytes. */
    size_t (*room)(void *arg);
    /* The peer sent FIN (or TLS close_notify): no more data. Writing goes on.
     * It comes behind the last data, so not while reading is off. */
    void (*on_end)(void *arg);
    /* The write queue, once above CONN_DRAIN_MARK, fell to it or below. */
    void (*on_drain)(void *arg);
    /* The connection is gone, for 0 (both directions ended cleanly) or a
     * negative errno; conn_close() is still the owner's duty. text says what
     * happened in words fit for a person, valid during the call. */
    void (*on_close)(int error, const char *text, void *arg);
};

/* Connects to host: a name or literal without brackets, or the path of a Unix
 * socket, which begins with '/' (port is not used then). Races the name's
 * addresses as RFC 8305 has it (net/dial.h). tls is NULL for plain TCP; it must
 * outlive the conn, and so must *handlers, which is not copied. timeout_us
 * covers all up to on_open; it ends in on_close(-ETIMEDOUT). Other errors:
 * those of resolve() and connect(2), -ENXIO for no such Unix socket, -EPROTO
 * for TLS (text holds the reason, such as an expired certificate), -ECONNRESET
 * also for TLS cut off without its end, -ENOBUFS for a queue over
 * CONN_QUEUE_MAX. */
struct conn *conn_connect(struct loop *loop, const char *host, uint16_t port,
                          const struct tls_client *tls, uint64_t timeout_us,
                          const struct conn_handlers *handlers, void *arg);

/* To whom conn_connect_through() connects. */
struct conn_target {
    const char *host; /* as of conn_connect() */
    uint16_t port;
    const struct tls_client *tls; /* NULL for plain TCP */
    const char *tls_host;         /* whom the certificate must name; NULL: host */
    bool prefers_ipv4;            /* IPv4 is tried first, whatever the resolver says */
};

/* conn_connect() by way of a network's proxy, which must outlive the conn and
 * looks the host up; NULL: directly. on_close also for what the proxy says:
 * -EPROTO, and the text names it. */
struct conn *conn_connect_through(struct loop *loop, const struct egress *egress,
                                  const struct conn_target *target, uint64_t timeout_us,
                                  const struct conn_handlers *handlers, void *arg);

/* Detaches, lets what is queued and the FIN go out in the background, drops
 * what the peer still sends for up to 2 s so that it can read the last of ours,
 * frees. A peer that takes nothing for 5 s is reset, and so is one that has not
 * got the queue when the process ends. No handler is called any more. To make a
 * peer stop that goes on sending, conn_reset(). */
void conn_close(struct conn *conn);

/* Like conn_close(), but drops the queue and resets: the peer's stack sees a
 * broken connection (RST), not an end. */
void conn_reset(struct conn *conn);

/* The descriptor is free at once. What the kernel has goes out behind that, and
 * its FIN; to what the peer says then it answers with a reset. With something
 * queued it is conn_reset(). */
void conn_abandon(struct conn *conn);

/* conn_close() and conn_reset() together, for what is to be seen as broken but
 * lost nothing: the queue goes out and is acknowledged, in the background as of
 * conn_close(), and then comes the reset. At once for a peer that takes nothing
 * for 30 s, or when the process ends. */
void conn_break(struct conn *conn);

/* While true, the process's end, however it comes (SIGKILL), resets the
 * connection: what the peer has then must not look like the whole. Taken back,
 * that holds until what is queued is out; conn_end() and conn_close() take it
 * back. */
void conn_set_abortive(struct conn *conn, bool abortive);

/* Frees it and hands out its descriptor, for another process (net/mailbox.h).
 * -1, and the conn is as it was, when it cannot move: TLS, a queue, an end, or
 * an error are a matter of this process. */
int conn_surrender(struct conn *conn);

/* The other half: an open conn without handlers on a descriptor (non-blocking,
 * the conn's from now on); on_open does not come. */
struct conn *conn_adopt(struct loop *loop, int fd);

/* Replaces the handlers (not copied), for a connection that changes hands. */
void conn_set_handlers(struct conn *conn, const struct conn_handlers *handlers, void *arg);

/* Copies what the kernel does not take at once. Ignored before on_open, after
 * conn_end() and after on_close. When a write finds the connection broken,
 * what the peer had sent before still comes by on_data, then on_close. */
void conn_write(struct conn *conn, struct span bytes);

/* Three spans as one write: a small head, a body that is not copied, and a
 * small tail. Each may be empty. */
void conn_write3(struct conn *conn, struct span head, struct span body, struct span tail);

size_t conn_queued(const struct conn *conn);

/* The kernel takes about so many bytes that it cannot send yet, and no more. */
void conn_limit_unsent(struct conn *conn, int bytes);

/* From now on on_drain comes only when the queue is empty. */
void conn_drain_fully(struct conn *conn);

/* For an owner that hears from the peer often enough to notice by itself when
 * it is gone without a word: nobody else looks after that any more. */
void conn_leave_liveness(struct conn *conn);

/* FIN after the queue is out. Reading goes on. */
void conn_end(struct conn *conn);

/* While false no on_data comes, and the kernel's window closes to the peer. A
 * conn reads from on_open on. With reading off, a reset by the peer still ends
 * in on_close at once; what it had sent before and was not read is lost. */
void conn_set_reading(struct conn *conn, bool reading);

/* From now on a turn of the loop takes no more than CONN_READ_LITTLE bytes from
 * it: where hundreds may send all the time, others wait for them. */
void conn_read_little(struct conn *conn);

/* From now on a reset, too, is told behind all that came before it, and so not
 * while reading is off. */
void conn_read_fully(struct conn *conn);

/* Part of something has come: acknowledges it, and until something is written
 * all that follows as soon as it is read. A peer may wait for that before it
 * sends the rest (Nagle's algorithm, RFC 1122 section 4.2.3.4), and kernels
 * delay it by 40 ms where an answer is expected to go with it. */
void conn_acknowledge(struct conn *conn);

/* The peer's address, and ours; zeroed when not connected. */
void conn_peer_address(const struct conn *conn, struct address *out);
void conn_local_address(const struct conn *conn, struct address *out);

/* Whether anybody still holds the peer's socket: what a FIN alone does not say
 * (see net/peer_owner.h, which has the inquiry as well). PEER_REMOTE when not
 * connected. */
enum peer_owner conn_peer_owner(const struct conn *conn, int inquiry);

/* Whether the kernel has something of the peer that was not read: an end, a
 * reset, or (where the bytes are not TLS's own) data. For a connection on which
 * nothing is due: it is of no use, although no handler has said so yet. */
bool conn_has_unread(const struct conn *conn);

/* Whether the kernel has bytes of the peer that were not read, TLS's own
 * included. */
bool conn_has_more(const struct conn *conn);

/* For a conn that is not read: whether the peer's FIN is here, behind what
 * waits in the kernel; that is *unread bytes, as they came. False where the
 * kernel does not tell. */
bool conn_has_end_behind(const struct conn *conn, size_t *unread);

/* Accepts on host:port as listening_open() does, with its errors, or at the
 * path of a Unix socket, as unix_socket_listen() does; it is removed with the
 * listener. on_accept gets an open conn that has no handlers yet and must be
 * given some by conn_set_handlers() under the call, or closed; its on_open does
 * not come (but see listener_set_tls()). */
int listener_new(struct loop *loop, const char *host, uint16_t port,
                 void (*on_accept)(struct conn *conn, void *arg), void *arg, struct listener **out);

/* The same on descriptors that are open already, and the listener's from now
 * on: *listening is empty then. */
struct listener *listener_adopt(struct loop *loop, struct listening *listening,
                                void (*on_accept)(struct conn *conn, void *arg), void *arg);

/* Without a descriptor for the next connection, make_room is asked (with the
 * arg of on_accept) to close something at once, and to return false where it
 * can not; then that connection waits in the kernel. */
void listener_set_make_room(struct listener *listener, bool (*make_room)(void *arg));

/* From now on speaks TLS with who comes; NULL: no more. It must outlive the
 * listener. on_accept then gets a conn whose handshake is yet to come: nothing
 * is written to it before its on_open, which does come. One that is not through
 * in LISTENER_TLS_US ends in on_close(-ETIMEDOUT), one that fails in -EPROTO.
 */
void listener_set_tls(struct listener *listener, const struct tls_server *tls);

uint16_t listener_port(const struct listener *listener);
void listener_close(struct listener *listener); /* NULL is allowed */

#endif
