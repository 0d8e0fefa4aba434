/*
 * Accepting, on each address of a name (net/listening.h). When the process has
 * no descriptor left, the waiting connection would make the socket readable for
 * ever; the listener then has something else closed, or looks away for a moment
 * instead of spinning.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/nonblock.h"
#include "net/conn_internal.h"
#include "net/dial.h"
#include "net/listening.h"
#include "net/loop_internal.h"
#include "net/tls_server.h"
#include "net/unix_socket.h"

enum {
    ACCEPTS_PER_TURN = 64, /* a flood of new ones must not starve the old */
};

#define ACCEPT_PAUSE_US (100 * US_PER_MS)

/* One address. */
struct door {
    struct listener *listener;
    struct fd_watch *watch;
    int fd;
};

struct listener {
    struct loop *loop;
    void (*on_accept)(struct conn *conn, void *arg);
    bool (*make_room)(void *arg);
    void *arg;
    const struct tls_server *tls; /* or NULL */
    struct listening listening;
    struct door doors[RESOLVE_ADDRESSES_MAX]; /* one for each descriptor of that */
    struct timer *pause;
    char *path; /* of a Unix socket, or NULL */
    bool is_closed;
};

static void listener_set_events(struct listener *listener, int events)
{
    for (int i = 0; i < listener->listening.count; i++)
        fd_watch_set_events(listener->doors[i].watch, events);
}

static void listener_on_pause_over(void *arg)
{
    listener_set_events(arg, FD_READABLE);
}

static void listener_pause(struct listener *listener, int error)
{
    log_warn("listener port %u: cannot accept: %s; trying again", listener_port(listener),
             error == EMFILE || error == ENFILE ? "too many open files" : "out of memory");
    listener_set_events(listener, 0);
    timer_start_in(listener->pause, ACCEPT_PAUSE_US);
}

static bool door_has_guest(const struct door *door)
{
    struct pollfd poll_fd = {.fd = door->fd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) > 0;
}

/* Whether the next may be tried at once. */
static bool door_on_accept_error(const struct door *door, int error)
{
    struct listener *listener = door->listener;
    switch (error) {
    case EMFILE:
    case ENFILE:
        /* Linux looks for a descriptor before it looks for a connection. */
        if (!door_has_guest(door))
            return false;
        if (listener->make_room && listener->make_room(listener->arg))
            return true;
        listener_pause(listener, error);
        return false;
    case ENOBUFS:
    case ENOMEM:
        listener_pause(listener, error);
        return false;
    default: /* that one went away while it waited: accept(2), ERRORS */
        return error != EAGAIN;
    }
}

static void door_on_ready(int events, void *arg)
{
    (void)events;
    struct door *door = arg;
    struct listener *listener = door->listener;
    for (int i = 0; i < ACCEPTS_PER_TURN && !listener->is_closed; i++) {
        int fd = nonblock_accept(door->fd);
        if (fd < 0) {
            if (door_on_accept_error(door, -fd))
                continue;
            return;
        }
        socket_tune(fd);
        struct tls_session *tls = listener->tls ? tls_session_accept(listener->tls) : NULL;
        struct conn *conn = conn_new_accepted(listener->loop, fd, tls);
        listener->on_accept(conn, listener->arg);
        assert(conn_has_handlers(conn) || conn_is_detached(conn));
    }
}

/* --- its life ------------------------------------------------------------- */

/* Takes over the descriptors, and the path of a Unix socket. */
static struct listener *listener_make(struct loop *loop, struct listening *listening,
                                      const char *path,
                                      void (*on_accept)(struct conn *conn, void *arg), void *arg)
{
    struct listener *listener = xcalloc(1, sizeof *listener);
    listener->loop = loop;
    listener->on_accept = on_accept;
    listener->arg = arg;
    listener->listening = *listening;
    listening->count = 0;
    listener->path = path ? xstrdup(path) : NULL;
    for (int i = 0; i < listener->listening.count; i++) {
        struct door *door = &listener->doors[i];
        *door = (struct door){.listener = listener, .fd = listener->listening.fds[i]};
        door->watch = fd_watch_new(loop, door->fd, FD_READABLE, door_on_ready, door);
    }
    listener->pause = timer_new(loop, listener_on_pause_over, listener);
    loop_add_object(loop);
    return listener;
}

struct listener *listener_adopt(struct loop *loop, struct listening *listening,
                                void (*on_accept)(struct conn *conn, void *arg), void *arg)
{
    return listener_make(loop, listening, NULL, on_accept, arg);
}

static int open_path(const char *path, struct listening *out)
{
    int fd = unix_socket_listen(path, LISTENING_BACKLOG);
    *out = (struct listening){.fds = {fd}, .count = 1};
    return fd < 0 ? fd : 0;
}

int listener_new(struct loop *loop, const char *host, uint16_t port,
                 void (*on_accept)(struct conn *conn, void *arg), void *arg, struct listener **out)
{
    struct listening listening;
    bool is_path = host[0] == '/';
    int error = is_path ? open_path(host, &listening) : listening_open(host, port, &listening);
    if (error == 0)
        *out = listener_make(loop, &listening, is_path ? host : NULL, on_accept, arg);
    return error;
}

void listener_set_make_room(struct listener *listener, bool (*make_room)(void *arg))
{
    listener->make_room = make_room;
}

void listener_set_tls(struct listener *listener, const struct tls_server *tls)
{
    listener->tls = tls;
}

uint16_t listener_port(const struct listener *listener)
{
    return listening_port(&listener->listening);
}

static void listener_destroy(void *arg)
{
    free(arg);
}

void listener_close(struct listener *listener)
{
    if (!listener)
        return;
    listener->is_closed = true;
    for (int i = 0; i < listener->listening.count; i++)
        fd_watch_free(listener->doors[i].watch);
    listening_close(&listener->listening);
    if (listener->path)
        unlink(listener->path);
    free(listener->path);
    timer_free(listener->pause);
    loop_drop_object(listener->loop);
    loop_defer(listener->loop, listener_destroy, listener);
}
