/*
 * Accepting. When the process has no descriptor left, the waiting connection
 * would make the socket readable for ever; the listener then looks away for a
 * moment instead of spinning.
 */
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/conn_internal.h"
#include "net/dial.h"
#include "net/loop_internal.h"

enum {
    ACCEPTS_PER_TURN = 64, /* a flood of new ones must not starve the old */
    BACKLOG = 1024
};

#define ACCEPT_PAUSE_US (100 * US_PER_MS)

struct listener {
    struct loop *loop;
    void (*on_accept)(struct conn *conn, void *arg);
    void *arg;
    int fd;
    struct fd_watch *watch;
    struct timer *pause;
    bool is_closed;
};

static void listener_on_pause_over(void *arg)
{
    struct listener *listener = arg;
    fd_watch_set_events(listener->watch, FD_READABLE);
}

static void listener_pause(struct listener *listener, int error)
{
    log_warn("listener port %u: cannot accept: %s; trying again", listener_port(listener),
             error == EMFILE || error == ENFILE ? "too many open files" : "out of memory");
    fd_watch_set_events(listener->watch, 0);
    timer_start_in(listener->pause, ACCEPT_PAUSE_US);
}

static void listener_on_ready(int events, void *arg)
{
    (void)events;
    struct listener *listener = arg;
    for (int i = 0; i < ACCEPTS_PER_TURN && !listener->is_closed; i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                listener_pause(listener, errno);
            else if (errno != EAGAIN)
                continue; /* that one went away while it waited: accept(2), ERRORS */
            return;
        }
        socket_tune(fd);
        struct conn *conn = conn_new_accepted(listener->loop, fd);
        listener->on_accept(conn, listener->arg);
        assert(conn_has_handlers(conn) || conn_is_detached(conn));
    }
}

static int listen_on(const struct addrinfo *ai, int *out)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    int error = 0;
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
        error = -errno;
    if (error == 0)
        *out = fd;
    else
        close(fd);
    return error;
}

int listener_new(struct loop *loop, const char *host, uint16_t port,
                 void (*on_accept)(struct conn *conn, void *arg), void *arg, struct listener **out)
{
    char service[6];
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    if (getaddrinfo(host, service, &hints, &list) != 0)
        return -EINVAL;
    int fd = -1;
    int error = -EINVAL;
    for (const struct addrinfo *ai = list; ai && error != 0; ai = ai->ai_next)
        error = listen_on(ai, &fd);
    freeaddrinfo(list);
    if (error != 0)
        return error;

    struct listener *listener = xcalloc(1, sizeof *listener);
    listener->loop = loop;
    listener->on_accept = on_accept;
    listener->arg = arg;
    listener->fd = fd;
    listener->watch = fd_watch_new(loop, fd, FD_READABLE, listener_on_ready, listener);
    listener->pause = timer_new(loop, listener_on_pause_over, listener);
    loop_add_object(loop);
    *out = listener;
    return 0;
}

uint16_t listener_port(const struct listener *listener)
{
    struct address address = {.len = sizeof address.storage};
    if (getsockname(listener->fd, (struct sockaddr *)&address.storage, &address.len) < 0)
        return 0;
    return address_port(&address);
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
    fd_watch_free(listener->watch);
    timer_free(listener->pause);
    close(listener->fd);
    loop_drop_object(listener->loop);
    loop_defer(listener->loop, listener_destroy, listener);
}
