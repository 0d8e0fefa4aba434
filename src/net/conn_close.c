/*
 * conn_close() detaches: the same object, without handlers, sends what is
 * queued and its FIN, and then reads and drops until the peer's FIN. Closing
 * the descriptor earlier would answer bytes still under way with a reset,
 * which throws away what the peer has not read yet, such as an error response
 * or a close frame.
 */
#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "net/conn_internal.h"
#include "net/loop_internal.h"

enum {
    /* Connections that end in the background at a time; over it they are cut
     * off. Stops clients that never close from using up our descriptors. */
    LINGERING_MAX = 256
};

static void conn_destroy(void *arg)
{
    free(arg);
}

/* Whether closing the socket, or the end of the process, sends a reset. */
void conn_make_reset(const struct conn *conn, bool resets)
{
    struct linger linger = {.l_onoff = resets, .l_linger = 0};
    if (conn->fd >= 0)
        setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

/* The end of a connection that nobody owns any more. Behind a queue that did
 * not get out, an end would make a part look like the whole; an error has
 * dropped it already. */
void conn_drop(struct conn *conn)
{
    if (conn->out.len > 0 || conn->error != 0)
        conn_make_reset(conn, true);
    conn_release(conn);
    loop_drop_background(conn->loop);
    /* Deferred calls come in order, so a conn_settle() under way is first. */
    loop_defer(conn->loop, conn_destroy, conn);
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
    conn->handlers = &conn_no_handlers;
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
    timer_start_in(conn->timer, conn->has_ended ? CONN_LINGER_READ_US : CONN_LINGER_WRITE_US);
    conn_update_watch(conn);
}

void conn_reset(struct conn *conn)
{
    assert(!conn->is_detached);
    conn->is_detached = true;
    conn->handlers = &conn_no_handlers;
    loop_drop_object(conn->loop);
    loop_add_background(conn->loop);
    conn_make_reset(conn, true);
    conn_drop(conn);
}
