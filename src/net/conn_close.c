/*
 * conn_close() detaches: the same object, without handlers, sends what is
 * queued and its FIN, and then reads and drops until the peer's FIN. Closing
 * the descriptor earlier would answer bytes still under way with a reset,
 * which throws away what the peer has not read yet, such as an error response
 * or a close frame.
 *
 * conn_break() detaches likewise. A reset takes with it what the kernel still
 * has, so that must be acknowledged first. The kernel has no event for it; it
 * is asked, soon at first, since the next room acknowledges within a
 * millisecond, and less and less often.
 */
#include <assert.h>

#include "net/conn_internal.h"
#include "net/loop_internal.h"
#include "net/tcp_queue.h"

enum {
    /* Connections that end in the background at a time; over it they are cut
     * off. Stops clients that never close from using up our descriptors. */
    LINGERING_MAX = 256
};

#define BREAK_PATIENCE_US  (30 * US_PER_S) /* without anything that the peer takes */
#define BREAK_CHECK_MIN_US US_PER_MS
#define BREAK_CHECK_MAX_US (250 * US_PER_MS)

void conn_set_abortive(struct conn *conn, bool abortive)
{
    conn->is_abortive = abortive;
    conn_update_linger(conn);
}

static void conn_detach(struct conn *conn)
{
    assert(!conn->is_detached);
    conn->is_detached = true;
    conn->handlers = &conn_no_handlers;
    loop_drop_object(conn->loop);
    loop_add_background(conn->loop);
}

static bool conn_can_linger(const struct conn *conn)
{
    return conn->state == CONN_OPEN && conn->error == 0 &&
           loop_background_count(conn->loop) < LINGERING_MAX;
}

/* What comes in the meantime is read and dropped. */
static void conn_linger(struct conn *conn, void (*on_time)(void *arg), uint64_t delay_us)
{
    timer_free(conn->timer);
    conn->timer = timer_new(conn->loop, on_time, conn);
    timer_start_in(conn->timer, delay_us);
    conn->is_reading = true;
    conn_update_watch(conn);
}

void conn_close(struct conn *conn)
{
    if (conn->state == CONN_OPEN)
        conn_end(conn);
    conn_detach(conn);
    bool has_cause = conn->out.len > 0 || (conn->has_written && !conn->has_peer_ended);
    if (!has_cause || !conn_can_linger(conn)) {
        conn_drop(conn);
        return;
    }
    /* The process may end before the queue is out. */
    if (conn->out.len > 0)
        conn_make_reset(conn, true);
    conn_linger(conn, conn_on_timeout,
                conn->has_ended ? CONN_LINGER_READ_US : CONN_LINGER_WRITE_US);
}

void conn_reset(struct conn *conn)
{
    conn_detach(conn);
    conn_make_reset(conn, true);
    conn_drop(conn);
}

void conn_abandon(struct conn *conn)
{
    conn_detach(conn);
    conn_drop(conn);
}

/* Bytes that the peer's kernel has not got. */
static size_t conn_untaken(const struct conn *conn)
{
    return conn->out.len + tcp_queue_len(conn->fd);
}

static void conn_check_broken(void *arg)
{
    struct conn *conn = arg;
    uint64_t now_us = clock_now_us();
    size_t untaken = conn_untaken(conn);
    if (untaken < conn->untaken)
        conn->taken_at_us = now_us;
    conn->untaken = untaken;
    uint64_t waited_us = now_us - conn->taken_at_us;
    if (untaken == 0 || waited_us >= BREAK_PATIENCE_US) {
        conn_drop(conn);
        return;
    }
    uint64_t delay_us = waited_us / 2;
    if (delay_us < BREAK_CHECK_MIN_US)
        delay_us = BREAK_CHECK_MIN_US;
    if (delay_us > BREAK_CHECK_MAX_US)
        delay_us = BREAK_CHECK_MAX_US;
    timer_start_in(conn->timer, delay_us);
}

void conn_break(struct conn *conn)
{
    conn_detach(conn);
    conn_make_reset(conn, true);
    if (!conn_can_linger(conn)) {
        conn_drop(conn);
        return;
    }
    conn->is_breaking = true;
    conn->is_abortive = true;
    conn->wants_end = false;
    conn->untaken = conn_untaken(conn);
    conn->taken_at_us = clock_now_us();
    conn_linger(conn, conn_check_broken, 0);
}

int conn_surrender(struct conn *conn)
{
    bool is_at_work = conn->out.len > 0 || conn->wants_end || conn->has_peer_ended;
    if (conn->state != CONN_OPEN || conn->tls || conn->error != 0 || is_at_work)
        return -1;
    conn_set_abortive(conn, false);
    int fd = conn->fd;
    fd_watch_free(conn->watch);
    conn->watch = NULL;
    conn->fd = -1;
    conn_detach(conn);
    conn_drop(conn);
    return fd;
}
