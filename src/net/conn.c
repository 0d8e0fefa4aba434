/*
 * A non-blocking socket under one fd_watch, rather than a uv_tcp_t: libuv
 * takes a stream that neither reads nor writes off epoll, and a peer's reset
 * would go unseen just while backpressure holds; and an idle connection is
 * half the size.
 *
 * Nothing calls a handler from within a call of the owner. What such a call
 * finds out (a write that fails, an end that completes the close, TLS bytes
 * that may be read again) is settled by conn_settle() in a later turn.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/conn_internal.h"
#include "net/dial.h"
#include "net/egress_dial.h"
#include "net/loop_internal.h"
#include "net/tls.h"
#include "net/unread_end.h"

/* The socket is not read, but something is the matter with it. */
static void conn_check_error(struct conn *conn)
{
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (error != 0) {
        if (conn->reads_fully)
            conn_fail_later(conn, -error);
        else
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
        if (conn->state == CONN_GONE || conn->error != 0)
            return;
    }
    if ((events & FD_WRITABLE) && conn->out.len > 0) {
        conn_flush(conn);
        conn_check_drain(conn);
    }
    if ((events & FD_READABLE) && conn_wants_read(conn))
        conn_read_turn(conn);
}

/* Of the queue or of TLS: the kernel's connection still stands. */
static bool conn_is_error_ours(const struct conn *conn)
{
    return conn->error == -ENOBUFS || conn->error == -EPROTO;
}

/* The peer may have answered before it broke off: a server that refuses a
 * large request does. The kernel still has those bytes. But where it is we who
 * break off, the peer may go on sending for ever. */
static void conn_settle_error(struct conn *conn)
{
    if (!conn_is_error_ours(conn)) {
        if (conn->tls && !conn->is_detached)
            conn_pull_plaintext(conn);
        conn_read(conn, INT32_MAX);
        if (conn->reads_fully && !conn->is_reading && conn->state == CONN_OPEN) {
            conn_update_watch(conn);
            return;
        }
    }
    conn_fail_errno(conn, -conn->error);
}

static void conn_settle(void *arg)
{
    struct conn *conn = arg;
    conn->is_settling = false;
    if (conn->state == CONN_GONE)
        return;
    if (conn->error != 0) {
        conn_settle_error(conn);
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

static struct conn *conn_new(struct loop *loop, enum conn_state state)
{
    struct conn *conn = xcalloc(1, sizeof *conn);
    conn->loop = loop;
    conn->handlers = &conn_no_handlers;
    conn->state = state;
    conn->fd = -1;
    conn->is_reading = true;
    conn->drain_mark = CONN_DRAIN_MARK;
    conn->settle = conn_settle;
    chain_init(&conn->out, CONN_QUEUE_MAX);
    loop_add_object(loop);
    return conn;
}

static void conn_set_fd(struct conn *conn, int fd)
{
    conn->fd = fd;
    conn->watch = fd_watch_new(conn->loop, fd, FD_READABLE, conn_on_ready, conn);
}

struct conn *conn_new_accepted(struct loop *loop, int fd, struct tls_session *tls)
{
    struct conn *conn = conn_new(loop, tls ? CONN_HANDSHAKING : CONN_OPEN);
    conn_set_fd(conn, fd);
    if (tls) {
        conn->tls = tls;
        conn->timer = timer_new(loop, conn_on_timeout, conn);
        timer_start_in(conn->timer, LISTENER_TLS_US);
    }
    return conn;
}

struct conn *conn_adopt(struct loop *loop, int fd)
{
    return conn_new_accepted(loop, fd, NULL);
}

bool conn_has_handlers(const struct conn *conn)
{
    return conn->handlers != &conn_no_handlers;
}

bool conn_is_detached(const struct conn *conn)
{
    return conn->is_detached;
}

/* With a descriptor that is connected. */
static void conn_begin(struct conn *conn, int fd)
{
    conn_set_fd(conn, fd);
    if (!conn->tls) {
        conn_open(conn);
        return;
    }
    conn->state = CONN_HANDSHAKING;
    conn_pull_plaintext(conn); /* makes the ClientHello */
}

static void conn_on_dialled(int fd, int error, void *arg)
{
    struct conn *conn = arg;
    conn->dial = NULL;
    if (error != 0) {
        conn_fail_errno(conn, -error);
        return;
    }
    conn_begin(conn, fd);
}

/* A proxy's TLS is the whole of it for who has none of its own. */
static void conn_on_led_out(const struct egress_end *end, void *arg)
{
    struct conn *conn = arg;
    conn->egress_dial = NULL;
    if (end->error != 0) {
        conn_fail(conn, end->error, end->text);
        return;
    }
    if (end->tls && conn->tls)
        tls_session_put_inside(conn->tls, end->tls);
    else if (end->tls)
        conn->tls = end->tls;
    conn_begin(conn, end->fd);
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

struct conn *conn_connect_through(struct loop *loop, const struct egress *egress,
                                  const struct conn_target *target, uint64_t timeout_us,
                                  const struct conn_handlers *handlers, void *arg)
{
    const char *tls_host = target->tls_host ? target->tls_host : target->host;
    struct conn *conn = conn_new_dialling(loop, target->tls, tls_host, timeout_us);
    conn_set_handlers(conn, handlers, arg);
    if (egress)
        conn->egress_dial =
            egress_dial_new(loop, egress, target->host, target->port, conn_on_led_out, conn);
    else
        conn->dial = dial_new(loop, target->host, target->port, conn_on_dialled, conn);
    if (target->prefers_ipv4 && conn->dial)
        dial_prefer_ipv4(conn->dial);
    return conn;
}

void conn_set_handlers(struct conn *conn, const struct conn_handlers *handlers, void *arg)
{
    conn->handlers = handlers;
    conn->arg = arg;
}

void conn_peer_address(const struct conn *conn, struct address *out)
{
    *out = (struct address){.len = sizeof out->storage};
    if (conn->fd < 0 || getpeername(conn->fd, (struct sockaddr *)&out->storage, &out->len) < 0)
        *out = (struct address){0};
}

enum peer_owner conn_peer_owner(const struct conn *conn, int inquiry)
{
    return conn->fd >= 0 ? peer_owner_ask(inquiry, conn->fd) : PEER_REMOTE;
}

bool conn_has_end_behind(const struct conn *conn, size_t *unread)
{
    return conn->fd >= 0 && unread_end(conn->fd, unread);
}

void conn_local_address(const struct conn *conn, struct address *out)
{
    *out = (struct address){.len = sizeof out->storage};
    if (conn->fd < 0 || getsockname(conn->fd, (struct sockaddr *)&out->storage, &out->len) < 0)
        *out = (struct address){0};
}
