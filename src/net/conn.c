/*
 * A non-blocking socket under one fd_watch, rather than a uv_tcp_t: libuv
 * takes a stream that neither reads nor writes off epoll, and a peer's reset
 * would go unseen just while backpressure holds; and an idle connection is
 * half the size.
 *
 * Nothing calls a handler from within a call of the owner. What such a call
 * finds out (a write that fails, an end that completes the close, TLS bytes
 * that may be read again) is settled by conn_settle() in a later turn.
 *
 * conn_close() detaches: the same object, without handlers, sends what is
 * queued and its FIN, and then reads and drops until the peer's FIN. Closing
 * the descriptor earlier would answer bytes still under way with a reset,
 * which throws away what the peer has not read yet, such as an error response
 * or a close frame.
 */
#include "net/conn.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "net/conn_internal.h"
#include "net/dial.h"
#include "net/error_text.h"
#include "net/loop_internal.h"
#include "net/tls.h"

enum {
    READS_PER_TURN = 4, /* one fast sender must not starve the others */

    /* Connections that end in the background at a time; over it they are cut
     * off. Stops clients that never close from using up our descriptors. */
    LINGERING_MAX = 256
};

#define LINGER_WRITE_US (5 * US_PER_S) /* without progress of the queue */
#define LINGER_READ_US  (2 * US_PER_S) /* for the peer's FIN behind ours */

enum conn_state {
    CONN_DIALLING,    /* no descriptor yet */
    CONN_HANDSHAKING, /* of TLS */
    CONN_OPEN,
    CONN_GONE, /* on_close came, or no one is left to tell; no descriptor */
};

struct conn {
    struct loop *loop;
    const struct conn_handlers *handlers;
    void *arg;
    struct fd_watch *watch;
    struct buf out; /* what the kernel has not taken */
    struct dial *dial;
    struct tls_session *tls;
    struct timer *timer; /* of connecting, then of lingering */
    size_t drain_mark;   /* of out */
    int fd;
    int error; /* found under a call of the owner, to be told by conn_settle() */
    enum conn_state state;
    bool is_reading : 1;
    bool has_peer_ended : 1;
    bool wants_end : 1; /* FIN behind the queue */
    bool has_ended : 1; /* FIN is out */
    bool has_written : 1;
    bool is_above_mark : 1; /* on_drain is owed */
    bool is_hung_up : 1;    /* both FINs: epoll would report it for ever */
    bool is_settling : 1;
    bool is_detached : 1;
};

static const struct conn_handlers no_handlers;

static void conn_flush(struct conn *conn);

/* Lets go of the socket and all that belongs to it but the conn itself. */
static void conn_release(struct conn *conn)
{
    conn->state = CONN_GONE;
    dial_free(conn->dial);
    conn->dial = NULL;
    fd_watch_free(conn->watch);
    conn->watch = NULL;
    if (conn->fd >= 0)
        close(conn->fd);
    conn->fd = -1;
    timer_free(conn->timer);
    conn->timer = NULL;
    tls_session_free(conn->tls);
    conn->tls = NULL;
    buf_deinit(&conn->out);
}

static void conn_destroy(void *arg)
{
    free(arg);
}

/* Whether closing the socket, or the end of the process, sends a reset. */
static void conn_make_reset(const struct conn *conn, bool resets)
{
    struct linger linger = {.l_onoff = resets, .l_linger = 0};
    if (conn->fd >= 0)
        setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

/* The end of a connection that nobody owns any more. Behind a queue that did
 * not get out, an end would make a part look like the whole; an error has
 * dropped it already. */
static void conn_drop(struct conn *conn)
{
    if (conn->out.len > 0 || conn->error != 0)
        conn_make_reset(conn, true);
    conn_release(conn);
    loop_drop_background(conn->loop);
    /* Deferred calls come in order, so a conn_settle() under way is first. */
    loop_defer(conn->loop, conn_destroy, conn);
}

static void conn_fail(struct conn *conn, int error, const char *text)
{
    if (conn->state == CONN_GONE)
        return;
    if (conn->is_detached) {
        conn_drop(conn);
        return;
    }
    /* The text may lie in the TLS session: tell first, release after. */
    struct tls_session *tls = conn->tls;
    conn->tls = NULL;
    conn_release(conn);
    if (conn->handlers->on_close)
        conn->handlers->on_close(error, text, conn->arg);
    tls_session_free(tls);
}

/* For an errno of a call on the socket. */
static void conn_fail_errno(struct conn *conn, int number)
{
    /* A reset behind the peer's end is EPIPE to Linux, but no news to a
     * person. */
    int error = number == EPIPE ? -ECONNRESET : -number;
    conn_fail(conn, error, net_error_text(error));
}

static void conn_settle_later(struct conn *conn);

static void conn_fail_later(struct conn *conn, int error)
{
    if (conn->error == 0)
        conn->error = error;
    buf_clear(&conn->out);
    conn_settle_later(conn);
}

static bool conn_wants_read(const struct conn *conn)
{
    return conn->state == CONN_HANDSHAKING ||
           (conn->state == CONN_OPEN && conn->is_reading && !conn->has_peer_ended);
}

static void conn_update_watch(struct conn *conn)
{
    if (!conn->watch)
        return;
    int events = 0;
    if (conn_wants_read(conn))
        events |= FD_READABLE;
    if (conn->out.len > 0)
        events |= FD_WRITABLE;
    if (events == 0 && !conn->is_hung_up)
        events = FD_ERRORS;
    fd_watch_set_events(conn->watch, events);
}

static bool conn_has_ended_both(const struct conn *conn)
{
    return conn->has_peer_ended && conn->has_ended;
}

/* Sends the FIN when it is due. */
static void conn_check_end(struct conn *conn)
{
    if (conn->state != CONN_OPEN || !conn->wants_end || conn->has_ended || conn->out.len > 0)
        return;
    conn->has_ended = true;
    if (conn->is_detached)
        conn_make_reset(conn, false);
    shutdown(conn->fd, SHUT_WR); /* an error shows on the socket anyway */
    if (conn->is_detached)
        timer_start_in(conn->timer, LINGER_READ_US);
    if (conn_has_ended_both(conn))
        conn_settle_later(conn);
}

static void conn_on_peer_end(struct conn *conn)
{
    if (conn->error != 0) {
        conn_fail_errno(conn, -conn->error);
        return;
    }
    conn->has_peer_ended = true;
    conn_update_watch(conn);
    if (conn->handlers->on_end)
        conn->handlers->on_end(conn->arg);
    if (conn->state != CONN_GONE && conn_has_ended_both(conn))
        conn_settle_later(conn);
}

static bool conn_owes_drain(const struct conn *conn)
{
    return conn->is_above_mark && conn->out.len <= conn->drain_mark;
}

/* Moves what TLS wants to send to the queue. */
static void conn_take_ciphertext(struct conn *conn)
{
    if (tls_session_take(conn->tls, &conn->out) < 0)
        conn_fail_later(conn, -ENOBUFS);
    conn_flush(conn);
    if (conn_owes_drain(conn))
        conn_settle_later(conn);
}

static void conn_open(struct conn *conn)
{
    conn->state = CONN_OPEN;
    timer_free(conn->timer);
    conn->timer = NULL;
    conn_update_watch(conn);
    if (conn->handlers->on_open)
        conn->handlers->on_open(conn->arg);
}

/* Hands out what TLS can decrypt, a buffer at a time for as long as the owner
 * reads. What stays behind is in the session. */
static void conn_pull_plaintext(struct conn *conn)
{
    struct buf *plain = loop_plain_buffer(conn->loop);
    while (conn_wants_read(conn) && !conn->is_detached) {
        buf_clear(plain);
        enum tls_status status = tls_session_read(conn->tls, plain);
        conn_take_ciphertext(conn);
        if (status != TLS_HANDSHAKING && status != TLS_FAILED && conn->state == CONN_HANDSHAKING)
            conn_open(conn);
        /* Bytes that are decrypted are handed out, also when the owner has
         * switched reading off in on_open; a closed conn has no handlers. */
        bool had_data = plain->len > 0;
        if (had_data && conn->state == CONN_OPEN && conn->handlers->on_data)
            conn->handlers->on_data(buf_bytes(plain), conn->arg);
        if (conn->state == CONN_GONE)
            return;
        if (status == TLS_FAILED) {
            conn_fail(conn, -EPROTO, tls_session_error(conn->tls));
            return;
        }
        if (status == TLS_ENDED && !conn->has_peer_ended)
            conn_on_peer_end(conn);
        if (!had_data)
            return;
    }
}

static void conn_on_eof(struct conn *conn)
{
    if (conn->tls && conn->state == CONN_HANDSHAKING)
        conn_fail(conn, -EPROTO, "the server ended the connection in the TLS handshake");
    else if (conn->tls && !conn->is_detached) /* a cut-off that anybody can forge */
        conn_fail(conn, -ECONNRESET, "the connection was cut off (no end of TLS)");
    else
        conn_on_peer_end(conn);
}

static void conn_deliver(struct conn *conn, struct span bytes)
{
    if (conn->is_detached)
        return;
    if (conn->tls) {
        tls_session_feed(conn->tls, bytes);
        conn_pull_plaintext(conn);
    } else if (conn->handlers->on_data) {
        conn->handlers->on_data(bytes, conn->arg);
    }
}

/* Reads until the kernel has no more, at most `reads` times. */
static void conn_read(struct conn *conn, int reads)
{
    uint8_t *buffer = loop_read_buffer(conn->loop);
    for (int i = 0; i < reads && conn_wants_read(conn); i++) {
        ssize_t len = recv(conn->fd, buffer, CONN_READ_MAX, 0);
        if (len < 0) {
            if (errno == EINTR)
                continue;
            if (errno != EAGAIN)
                conn_fail_errno(conn, errno);
            return;
        }
        if (len == 0) {
            conn_on_eof(conn);
            return;
        }
        conn_deliver(conn, span_of(buffer, (size_t)len));
        if (len < CONN_READ_MAX)
            return; /* spares the call that says EAGAIN */
    }
}

static void conn_check_drain(struct conn *conn)
{
    if (!conn_owes_drain(conn))
        return;
    conn->is_above_mark = false;
    if (conn->state == CONN_OPEN && conn->handlers->on_drain)
        conn->handlers->on_drain(conn->arg);
}

/* Gives the queue to the kernel. Calls no handler. */
static void conn_flush(struct conn *conn)
{
    while (conn->out.len > 0) {
        struct span bytes = buf_bytes(&conn->out);
        ssize_t len = send(conn->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        if (len < 0) {
            if (errno == EINTR)
                continue;
            if (errno != EAGAIN)
                conn_fail_later(conn, -errno);
            break;
        }
        buf_consume(&conn->out, (size_t)len);
        if (conn->is_detached)
            timer_start_in(conn->timer, LINGER_WRITE_US);
    }
    if (conn->out.len > conn->drain_mark)
        conn->is_above_mark = true;
    conn_check_end(conn);
    conn_update_watch(conn);
}

/* The socket is not read, but something is the matter with it. */
static void conn_check_error(struct conn *conn)
{
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (error != 0) {
        conn_fail_errno(conn, error);
        return;
    }
    struct pollfd p = {.fd = conn->fd, .events = POLLPRI};
    if (poll(&p, 1, 0) <= 0)
        return;
    if (p.revents & POLLPRI) { /* urgent data, that nobody uses; see loop.c */
        uint8_t urgent;
        ssize_t dropped = recv(conn->fd, &urgent, sizeof urgent, MSG_OOB | MSG_DONTWAIT);
        (void)dropped;
    }
    if (p.revents & POLLHUP) {
        conn->is_hung_up = true;
        conn_update_watch(conn);
    }
}

static void conn_on_ready(int events, void *arg)
{
    struct conn *conn = arg;
    if ((events & FD_ERRORS) && !conn_wants_read(conn)) {
        conn_check_error(conn);
        if (conn->state == CONN_GONE)
            return;
    }
    if ((events & FD_WRITABLE) && conn->out.len > 0) {
        conn_flush(conn);
        conn_check_drain(conn);
    }
    if ((events & FD_READABLE) && conn_wants_read(conn))
        conn_read(conn, READS_PER_TURN);
}

/* Of the queue or of TLS: the kernel's connection still stands. */
static bool conn_is_error_ours(const struct conn *conn)
{
    return conn->error == -ENOBUFS || conn->error == -EPROTO;
}

static void conn_settle(void *arg)
{
    struct conn *conn = arg;
    conn->is_settling = false;
    if (conn->state == CONN_GONE)
        return;
    if (conn->error != 0) {
        /* The peer may have answered before it broke off: a server that
         * refuses a large request does. The kernel still has those bytes. But
         * where it is we who break off, the peer may go on sending for ever. */
        if (!conn_is_error_ours(conn))
            conn_read(conn, INT32_MAX);
        if (conn->state != CONN_GONE)
            conn_fail_errno(conn, -conn->error);
        return;
    }
    if (conn_has_ended_both(conn)) {
        conn_fail(conn, 0, "ended");
        return;
    }
    conn_check_drain(conn);
    if (conn->tls && conn->state == CONN_OPEN && !conn->is_detached)
        conn_pull_plaintext(conn);
}

static void conn_settle_later(struct conn *conn)
{
    if (conn->is_settling)
        return;
    conn->is_settling = true;
    loop_defer(conn->loop, conn_settle, conn);
}

static void conn_on_timeout(void *arg)
{
    struct conn *conn = arg;
    conn_fail_errno(conn, ETIMEDOUT);
}

static struct conn *conn_new(struct loop *loop, enum conn_state state)
{
    struct conn *conn = xcalloc(1, sizeof *conn);
    conn->loop = loop;
    conn->handlers = &no_handlers;
    conn->state = state;
    conn->fd = -1;
    conn->is_reading = true;
    conn->drain_mark = CONN_DRAIN_MARK;
    buf_init(&conn->out, CONN_QUEUE_MAX);
    loop_add_object(loop);
    return conn;
}

static void conn_set_fd(struct conn *conn, int fd)
{
    conn->fd = fd;
    conn->watch = fd_watch_new(conn->loop, fd, FD_READABLE, conn_on_ready, conn);
}

struct conn *conn_new_accepted(struct loop *loop, int fd)
{
    struct conn *conn = conn_new(loop, CONN_OPEN);
    conn_set_fd(conn, fd);
    return conn;
}

bool conn_has_handlers(const struct conn *conn)
{
    return conn->handlers != &no_handlers;
}

bool conn_is_detached(const struct conn *conn)
{
    return conn->is_detached;
}

static void conn_on_dialled(int fd, int error, void *arg)
{
    struct conn *conn = arg;
    conn->dial = NULL;
    if (error != 0) {
        conn_fail_errno(conn, -error);
        return;
    }
    conn_set_fd(conn, fd);
    if (!conn->tls) {
        conn_open(conn);
        return;
    }
    conn->state = CONN_HANDSHAKING;
    conn_pull_plaintext(conn); /* makes the ClientHello */
}

/* Without a dial yet. */
static struct conn *conn_new_dialling(struct loop *loop, const struct tls_client *tls,
                                      const char *tls_host, uint64_t timeout_us)
{
    struct conn *conn = conn_new(loop, CONN_DIALLING);
    conn->timer = timer_new(loop, conn_on_timeout, conn);
    timer_start_in(conn->timer, timeout_us);
    if (tls)
        conn->tls = tls_session_new(tls, tls_host);
    return conn;
}

struct conn *conn_connect(struct loop *loop, const char *host, uint16_t port,
                          const struct tls_client *tls, uint64_t timeout_us,
                          const struct conn_handlers *handlers, void *arg)
{
    struct conn *conn = conn_new_dialling(loop, tls, host, timeout_us);
    conn_set_handlers(conn, handlers, arg);
    conn->dial = dial_new(loop, host, port, conn_on_dialled, conn);
    return conn;
}

struct conn *conn_connect_to(struct loop *loop, const struct address *address,
                             const struct tls_client *tls, const char *tls_host,
                             uint64_t timeout_us, const struct conn_handlers *handlers, void *arg)
{
    struct conn *conn = conn_new_dialling(loop, tls, tls_host, timeout_us);
    conn_set_handlers(conn, handlers, arg);
    conn->dial = dial_new_to(loop, address, 1, conn_on_dialled, conn);
    return conn;
}

void conn_set_handlers(struct conn *conn, const struct conn_handlers *handlers, void *arg)
{
    conn->handlers = handlers;
    conn->arg = arg;
}

static bool conn_can_linger(const struct conn *conn)
{
    if (conn->state != CONN_OPEN || conn->error != 0)
        return false;
    if (loop_background_count(conn->loop) >= LINGERING_MAX)
        return false;
    return conn->out.len > 0 || (conn->has_written && !conn->has_peer_ended);
}

void conn_close(struct conn *conn)
{
    assert(!conn->is_detached);
    if (conn->state == CONN_OPEN)
        conn_end(conn);
    conn->is_detached = true;
    conn->handlers = &no_handlers;
    loop_drop_object(conn->loop);
    loop_add_background(conn->loop);
    if (!conn_can_linger(conn)) {
        conn_drop(conn);
        return;
    }
    /* The process may end before the queue is out. */
    if (conn->out.len > 0)
        conn_make_reset(conn, true);
    conn->is_reading = true;
    conn->timer = timer_new(conn->loop, conn_on_timeout, conn);
    timer_start_in(conn->timer, conn->has_ended ? LINGER_READ_US : LINGER_WRITE_US);
    conn_update_watch(conn);
}

void conn_reset(struct conn *conn)
{
    assert(!conn->is_detached);
    conn->is_detached = true;
    conn->handlers = &no_handlers;
    loop_drop_object(conn->loop);
    loop_add_background(conn->loop);
    conn_make_reset(conn, true);
    conn_drop(conn);
}

static bool conn_can_write(const struct conn *conn)
{
    return conn->state == CONN_OPEN && !conn->wants_end && conn->error == 0;
}

/* What the kernel takes at once, when nothing waits before it. */
static size_t conn_write_now(struct conn *conn, struct span head, struct span body)
{
    struct iovec parts[2] = {{(void *)(uintptr_t)head.data, head.len},
                             {(void *)(uintptr_t)body.data, body.len}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t len;
    do
        len = sendmsg(conn->fd, &message, MSG_NOSIGNAL);
    while (len < 0 && errno == EINTR);
    if (len >= 0)
        return (size_t)len;
    if (errno != EAGAIN)
        conn_fail_later(conn, -errno);
    return 0;
}

static int conn_queue(struct conn *conn, struct span bytes, size_t skip)
{
    return skip < bytes.len ? buf_append(&conn->out, span_skip(bytes, skip)) : 0;
}

static void conn_write_plain(struct conn *conn, struct span head, struct span body)
{
    size_t sent = conn->out.len == 0 ? conn_write_now(conn, head, body) : 0;
    if (conn->error != 0)
        return;
    if (conn_queue(conn, head, sent) < 0 ||
        conn_queue(conn, body, sent > head.len ? sent - head.len : 0) < 0)
        conn_fail_later(conn, -ENOBUFS);
    if (conn->out.len > conn->drain_mark)
        conn->is_above_mark = true;
    conn_update_watch(conn);
}

void conn_write2(struct conn *conn, struct span head, struct span body)
{
    if (!conn_can_write(conn) || head.len + body.len == 0)
        return;
    conn->has_written = true;
    if (!conn->tls) {
        conn_write_plain(conn, head, body);
    } else if (conn->out.len + head.len + body.len > CONN_QUEUE_MAX) {
        conn_fail_later(conn, -ENOBUFS);
    } else {
        if (tls_session_write(conn->tls, head) < 0 || tls_session_write(conn->tls, body) < 0)
            conn_fail_later(conn, -EPROTO);
        conn_take_ciphertext(conn);
    }
}

void conn_write(struct conn *conn, struct span bytes)
{
    conn_write2(conn, bytes, (struct span){0});
}

size_t conn_queued(const struct conn *conn)
{
    return conn->out.len;
}

void conn_drain_fully(struct conn *conn)
{
    conn->drain_mark = 0;
    conn->is_above_mark = conn->out.len > 0;
}

void conn_end(struct conn *conn)
{
    if (!conn_can_write(conn))
        return;
    conn->wants_end = true;
    if (conn->tls) {
        tls_session_end(conn->tls);
        conn_take_ciphertext(conn);
    }
    conn_check_end(conn);
}

void conn_set_reading(struct conn *conn, bool reading)
{
    if (conn->is_reading == reading)
        return;
    conn->is_reading = reading;
    conn_update_watch(conn);
    if (reading && conn->tls && conn->state == CONN_OPEN)
        conn_settle_later(conn);
}

void conn_peer_address(const struct conn *conn, struct address *out)
{
    *out = (struct address){.len = sizeof out->storage};
    if (conn->fd < 0 || getpeername(conn->fd, (struct sockaddr *)&out->storage, &out->len) < 0)
        *out = (struct address){0};
}

enum peer_owner conn_peer_owner(const struct conn *conn)
{
    return conn->fd >= 0 ? peer_owner_ask(conn->fd) : PEER_REMOTE;
}

bool conn_has_unread(const struct conn *conn)
{
    uint8_t byte;
    if (conn->state != CONN_OPEN || conn->error != 0 || conn->has_peer_ended)
        return true;
    ssize_t len = recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return len < 0 ? errno != EAGAIN && errno != EINTR : len == 0 || !conn->tls;
}

void conn_set_keepalive(struct conn *conn)
{
    int on = 1;
    int seconds = CONN_KEEPALIVE_S;
    int probes = 3;
    if (conn->fd < 0)
        return;
    setsockopt(conn->fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
    setsockopt(conn->fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
    setsockopt(conn->fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    setsockopt(conn->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

void conn_local_address(const struct conn *conn, struct address *out)
{
    *out = (struct address){.len = sizeof out->storage};
    if (conn->fd < 0 || getsockname(conn->fd, (struct sockaddr *)&out->storage, &out->len) < 0)
        *out = (struct address){0};
}
