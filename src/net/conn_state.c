/*
 * What all parts of a conn may do to it: wait for other events, fail, be let
 * go of.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn_internal.h"
#include "net/dial.h"
#include "net/egress_dial.h"
#include "net/error_text.h"
#include "net/liveness.h"
#include "net/loop_internal.h"
#include "net/tls.h"

const struct conn_handlers conn_no_handlers;

/* ---- what it waits for ---- */

bool conn_wants_read(const struct conn *conn)
{
    return conn->state == CONN_HANDSHAKING ||
           (conn->state == CONN_OPEN && conn->is_reading && !conn->has_peer_ended);
}

bool conn_has_ended_both(const struct conn *conn)
{
    return conn->has_peer_ended && conn->has_ended;
}

void conn_update_watch(struct conn *conn)
{
    if (!conn->watch)
        return;
    int events = 0;
    if (conn_wants_read(conn))
        events |= FD_READABLE;
    if (conn->out.len > 0)
        events |= FD_WRITABLE;
    if (events == 0 && !conn->is_hung_up && conn->error == 0)
        events = FD_ERRORS;
    fd_watch_set_events(conn->watch, events);
}

void conn_open(struct conn *conn)
{
    conn->state = CONN_OPEN;
    timer_free(conn->timer);
    conn->timer = NULL;
    conn_update_watch(conn);
    if (conn->handlers->on_open)
        conn->handlers->on_open(conn->arg);
}

void conn_settle_later(struct conn *conn)
{
    if (conn->is_settling)
        return;
    conn->is_settling = true;
    loop_defer(conn->loop, conn->settle, conn);
}

/* ---- the end ---- */

/* Whether closing the socket, or the end of the process, sends a reset. */
void conn_make_reset(struct conn *conn, bool resets)
{
    struct linger linger = {.l_onoff = resets, .l_linger = 0};
    if (conn->fd >= 0)
        setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    conn->resets_at_exit = resets;
}

void conn_update_linger(struct conn *conn)
{
    bool resets = conn->is_abortive || (conn->resets_at_exit && conn->out.len > 0);
    if (resets != conn->resets_at_exit)
        conn_make_reset(conn, resets);
}

/* Lets go of the socket and all that belongs to it but the conn itself. */
static void conn_release(struct conn *conn)
{
    conn->state = CONN_GONE;
    dial_free(conn->dial);
    conn->dial = NULL;
    egress_dial_free(conn->egress_dial);
    conn->egress_dial = NULL;
    fd_watch_free(conn->watch);
    conn->watch = NULL;
    if (conn->fd >= 0)
        close(conn->fd);
    conn->fd = -1;
    timer_free(conn->timer);
    conn->timer = NULL;
    tls_session_free(conn->tls);
    conn->tls = NULL;
    chain_clear(&conn->out);
}

static void conn_destroy(void *arg)
{
    free(arg);
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

void conn_fail(struct conn *conn, int error, const char *text)
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

void conn_fail_errno(struct conn *conn, int number)
{
    int error = net_error(number);
    bool is_lost = error == -ETIMEDOUT && conn->state == CONN_OPEN;
    conn_fail(conn, error,
              is_lost ? "the other side is gone without a word" : net_error_text(error));
}

void conn_fail_later(struct conn *conn, int error)
{
    if (conn->error == 0)
        conn->error = error;
    chain_clear(&conn->out);
    conn_settle_later(conn);
}

void conn_on_timeout(void *arg)
{
    struct conn *conn = arg;
    conn_fail_errno(conn, ETIMEDOUT);
}

/* ---- somebody gone without a word ---- */

static void conn_on_ack_time(void *arg)
{
    struct conn *conn = arg;
    enum liveness liveness = liveness_ask(conn->fd);
    conn->is_awaiting_acks = liveness == LIVENESS_WAITING;
    if (liveness == LIVENESS_WAITING)
        timer_start_in(conn->timer, LIVENESS_CHECK_US);
    else if (liveness == LIVENESS_LOST)
        conn_fail_later(conn, -ETIMEDOUT);
}

void conn_await_acks(struct conn *conn)
{
    if (conn->is_awaiting_acks || conn->leaves_liveness)
        return;
    if (!conn->timer)
        conn->timer = timer_new(conn->loop, conn_on_ack_time, conn);
    conn->is_awaiting_acks = true;
    timer_start_in(conn->timer, LIVENESS_CHECK_US);
}

void conn_leave_liveness(struct conn *conn)
{
    conn->leaves_liveness = true;
    if (conn->state != CONN_OPEN)
        return;
    liveness_disable(conn->fd);
    conn->is_awaiting_acks = false;
    timer_free(conn->timer);
    conn->timer = NULL;
}
