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

enum {
    PARTS = 3,      /* of a write */
    PIECES_MAX = 16 /* of a queue in one call: a megabyte */
};

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
    struct span wire;
    int error = tls_session_wire(conn->tls, &wire);
    if (error == 0)
        error = chain_append(&conn->out, wire);
    tls_session_taken(conn->tls);
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

/* How much of the parts the kernel takes at once. For a single one send(2) is
 * the cheaper call. */
static size_t conn_send(struct conn *conn, const struct span *parts, size_t count)
{
    struct iovec pieces[PIECES_MAX];
    struct msghdr message = {.msg_iov = pieces};
    ssize_t len;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0)
            pieces[message.msg_iovlen++] =
                (struct iovec){(void *)(uintptr_t)parts[i].data, parts[i].len};
    }
    do
        len = message.msg_iovlen == 1
                  ? send(conn->fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL)
                  : sendmsg(conn->fd, &message, MSG_NOSIGNAL);
    while (len < 0 && errno == EINTR);
    if (len >= 0)
        return (size_t)len;
    if (errno != EAGAIN)
        conn_fail_later(conn, -errno);
    return 0;
}

void conn_flush(struct conn *conn)
{
    while (conn->out.len > 0) {
        struct span pieces[PIECES_MAX];
        size_t count = chain_parts(&conn->out, pieces, PIECES_MAX);
        size_t len = conn_send(conn, pieces, count);
        if (len == 0)
            break;
        chain_consume(&conn->out, len);
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

/* All of the parts but the first so many bytes. */
static int conn_queue(struct conn *conn, const struct span parts[PARTS], size_t skip)
{
    int error = 0;
    for (size_t i = 0; i < PARTS && error == 0; i++) {
        size_t skipped = skip < parts[i].len ? skip : parts[i].len;
        skip -= skipped;
        if (skipped < parts[i].len)
            error = chain_append(&conn->out, span_skip(parts[i], skipped));
    }
    return error;
}

static void conn_write_plain(struct conn *conn, const struct span parts[PARTS])
{
    size_t sent = conn->out.len == 0 ? conn_send(conn, parts, PARTS) : 0;
    if (conn->error != 0)
        return;
    if (conn_queue(conn, parts, sent) < 0)
        conn_fail_later(conn, -ENOBUFS);
    if (conn->out.len > conn->drain_mark)
        conn->is_above_mark = true;
    conn_update_watch(conn);
}

static void conn_write_sealed(struct conn *conn, const struct span parts[PARTS])
{
    int error = 0;
    for (size_t i = 0; i < PARTS && error == 0; i++)
        error = tls_session_write(conn->tls, parts[i]);
    if (error < 0)
        conn_fail_later(conn, -EPROTO);
    conn_take_ciphertext(conn);
}

void conn_write3(struct conn *conn, struct span head, struct span body, struct span tail)
{
    const struct span parts[PARTS] = {head, body, tail};
    size_t len = span_total(parts, PARTS);
    if (!conn_can_write(conn) || len == 0)
        return;
    conn->has_written = true;
    conn_await_acks(conn);
    if (!conn->tls)
        conn_write_plain(conn, parts);
    else if (conn->out.len + len > CONN_QUEUE_MAX)
        conn_fail_later(conn, -ENOBUFS);
    else
        conn_write_sealed(conn, parts);
}

void conn_write(struct conn *conn, struct span bytes)
{
    conn_write3(conn, bytes, (struct span){0}, (struct span){0});
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
