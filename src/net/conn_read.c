/*
 * One read into a buffer that all connections share, handed on at once: a
 * connection keeps nothing of what comes in. While its owner does not read,
 * the bytes wait in the kernel, and what TLS has taken of them in the session.
 */
#include <errno.h>
#include <sys/socket.h>

#include "net/conn_internal.h"
#include "net/loop_internal.h"
#include "net/tcp_queue.h"
#include "net/tls.h"

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

void conn_pull_plaintext(struct conn *conn)
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
        if (status == TLS_ENDED && conn_wants_read(conn))
            conn_on_peer_end(conn);
        if (!had_data)
            return;
    }
}

static void conn_on_eof(struct conn *conn)
{
    if (conn->tls && conn->state == CONN_HANDSHAKING)
        conn_fail(conn, -EPROTO, "the other side ended the connection in the TLS handshake");
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

/* Of the next read: whole units, so that none is left for a message alone. */
static size_t read_size(const struct conn *conn)
{
    if (conn->reads_little)
        return CONN_READ_LITTLE;
    bool asks = conn->was_read_full && conn->handlers->room;
    size_t room = asks ? conn->handlers->room(conn->arg) : 0;
    if (room == 0)
        return CONN_READ_MAX;
    size_t part = read_share_bytes(loop_read_share(conn->loop), room);
    if (part >= CONN_READ_MORE)
        return CONN_READ_MORE;
    return (part + CONN_READ_UNIT - 1) / CONN_READ_UNIT * CONN_READ_UNIT;
}

void conn_read(struct conn *conn, int reads)
{
    uint8_t *buffer = loop_read_buffer(conn->loop);
    for (int i = 0; i < reads && conn_wants_read(conn); i++) {
        size_t size = read_size(conn);
        ssize_t len = recv(conn->fd, buffer, size, 0);
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
        conn->was_read_full = (size_t)len == size;
        conn_deliver(conn, span_of(buffer, (size_t)len));
        if ((size_t)len < size)
            return; /* spares the call that says EAGAIN */
    }
}

void conn_read_turn(struct conn *conn)
{
    struct read_share *share = loop_read_share(conn->loop);
    conn_read(conn, conn->reads_little ? 1 : (int)read_share_reads(share));
    if (conn->was_read_full)
        read_share_done(share);
}

void conn_set_reading(struct conn *conn, bool reading)
{
    if (conn->is_reading == reading)
        return;
    conn->is_reading = reading;
    conn_update_watch(conn);
    if (reading && conn->state == CONN_OPEN && (conn->tls || conn->error != 0))
        conn_settle_later(conn);
}

void conn_read_little(struct conn *conn)
{
    conn->reads_little = true;
}

void conn_read_fully(struct conn *conn)
{
    conn->reads_fully = true;
}

void conn_acknowledge(struct conn *conn)
{
    if (conn->state == CONN_OPEN)
        tcp_queue_acknowledge(conn->fd);
}

bool conn_has_unread(const struct conn *conn)
{
    uint8_t byte;
    if (conn->state != CONN_OPEN || conn->error != 0 || conn->has_peer_ended)
        return true;
    ssize_t len = recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return len < 0 ? errno != EAGAIN && errno != EINTR : len == 0 || !conn->tls;
}

bool conn_has_more(const struct conn *conn)
{
    uint8_t byte;
    return conn->fd >= 0 && recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}
