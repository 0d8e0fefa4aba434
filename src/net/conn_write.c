/*
 * A write goes to the kernel from where its bytes lie; only what that does not
 * take is copied. The FIN waits for the queue.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "net/conn_internal.h"
#include "net/loop.h"
#include "net/tcp_queue.h"
#include "net/tls.h"

/* Sends the FIN when it is due. */
static void conn_check_end(struct conn *conn)
{
    if (conn->state != CONN_OPEN || !conn->wants_end || conn->has_ended || conn->out.len > 0)
        return;
    conn->has_ended = true;
    conn->is_abortive = false;
    conn_update_linger(conn);
    shutdown(conn->fd, SHUT_WR); /* an error shows on the socket anyway */
    if (conn->is_detached)
        timer_start_in(conn->timer, CONN_LINGER_READ_US);
    if (conn_has_ended_both(conn))
        conn_settle_later(conn);
}

static bool conn_owes_drain(const struct conn *conn)
{
    return conn->is_above_mark && conn->out.len <= conn->drain_mark;
}

void conn_take_ciphertext(struct conn *conn)
{
    int error = tls_session_take(conn->tls, &conn->out);
    if (error < 0)
        conn_fail_later(conn, error);
    conn_flush(conn);
    if (conn_owes_drain(conn))
        conn_settle_later(conn);
}

void conn_check_drain(struct conn *conn)
{
    if (!conn_owes_drain(conn))
        return;
    conn->is_above_mark = false;
    loop_trim(conn->loop);
    if (conn->state == CONN_OPEN && conn->handlers->on_drain)
        conn->handlers->on_drain(conn->arg);
}

void conn_flush(struct conn *conn)
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
        if (conn->is_detached && !conn->is_breaking)
            timer_start_in(conn->timer, CONN_LINGER_WRITE_US);
    }
    if (conn->out.len > conn->drain_mark)
        conn->is_above_mark = true;
    conn_update_linger(conn);
    conn_check_end(conn);
    conn_update_watch(conn);
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
    conn_await_acks(conn);
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

void conn_limit_unsent(struct conn *conn, int bytes)
{
    tcp_queue_limit(conn->fd, bytes); /* where it fails nothing is lost but time */
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
