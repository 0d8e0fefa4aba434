/*
 * Accepting, on each address of a name. When the process has no descriptor
 * left, the waiting connection would make the socket readable for ever; the
 * listener then has something else closed, or looks away for a moment instead
 * of spinning.
 */
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/nonblock.h"
#include "net/conn_internal.h"
#include "net/dial.h"
#include "net/loop_internal.h"
#include "net/tls_server.h"
#include "net/unix_socket.h"

enum {
    ACCEPTS_PER_TURN = 64, /* a flood of new ones must not starve the old */
    BACKLOG = 1024,
    PORT_TRIES = 16 /* of one that is free at each address */
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
    struct door doors[RESOLVE_ADDRESSES_MAX];
    int door_count;
    struct timer *pause;
    char *path; /* of a Unix socket, or NULL */
    bool is_closed;
};

static void listener_set_events(struct listener *listener, int events)
{
    for (int i = 0; i < listener->door_count; i++)
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

/* --- binding -------------------------------------------------------------- */

/* A listening descriptor, or a negative errno. */
static int listen_on(const struct address *address)
{
    int family = address->storage.ss_family;
    int fd = nonblock_socket(family, SOCK_STREAM);
    if (fd < 0)
        return fd == -EAFNOSUPPORT ? -EADDRNOTAVAIL : fd;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&address->storage, address->len) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

static void close_all(const int *fds, int count)
{
    for (int i = 0; i < count; i++)
        close(fds[i]);
}

static uint16_t port_of(int fd)
{
    struct address address = {.len = sizeof address.storage};
    if (getsockname(fd, (struct sockaddr *)&address.storage, &address.len) < 0)
        return 0;
    return address_port(&address);
}

/* All of the addresses, at the port that the first one gets. One that this
 * machine does not have (IPv6 may be off) is left out if there is another. The
 * count of descriptors, or a negative errno. */
static int listen_on_all(struct address *addresses, int count, int fds[RESOLVE_ADDRESSES_MAX])
{
    int bound = 0;
    int error = -EINVAL;
    for (int i = 0; i < count; i++) {
        if (bound > 0)
            address_set_port(&addresses[i], port_of(fds[0]));
        int fd = listen_on(&addresses[i]);
        if (fd >= 0) {
            fds[bound++] = fd;
            continue;
        }
        error = fd;
        if (error != -EADDRNOTAVAIL) {
            close_all(fds, bound);
            return error;
        }
    }
    return bound > 0 ? bound : error;
}

/* The loopback addresses of both families, whatever the hosts file has: some
 * clients try one of them only (RFC 6761 section 6.3). */
static int localhost(uint16_t port, struct address out[RESOLVE_ADDRESSES_MAX])
{
    address_parse("127.0.0.1", port, &out[0]);
    address_parse("::1", port, &out[1]);
    return 2;
}

static bool has_address(const struct address *addresses, int count, const struct addrinfo *ai)
{
    for (int i = 0; i < count; i++) {
        if (addresses[i].len == ai->ai_addrlen &&
            memcmp(&addresses[i].storage, ai->ai_addr, ai->ai_addrlen) == 0)
            return true;
    }
    return false;
}

/* The addresses of a name or literal, each once. */
static int look_up(const char *host, uint16_t port, struct address out[RESOLVE_ADDRESSES_MAX])
{
    if (strcasecmp(host, "localhost") == 0)
        return localhost(port, out);
    char service[6];
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    if (getaddrinfo(host, service, &hints, &list) != 0)
        return 0;
    int count = 0;
    for (const struct addrinfo *ai = list; ai && count < RESOLVE_ADDRESSES_MAX; ai = ai->ai_next) {
        if (has_address(out, count, ai))
            continue;
        memcpy(&out[count].storage, ai->ai_addr, ai->ai_addrlen);
        out[count++].len = ai->ai_addrlen;
    }
    freeaddrinfo(list);
    return count;
}

/* Descriptors at each address of the host, their count; or a negative
 * errno. */
static int listen_at(const char *host, uint16_t port, int fds[RESOLVE_ADDRESSES_MAX])
{
    struct address addresses[RESOLVE_ADDRESSES_MAX] = {0};
    int address_count = look_up(host, port, addresses);
    int count = listen_on_all(addresses, address_count, fds);
    /* One that the kernel picked for the first address may be taken at the
     * next. */
    for (int i = 1; port == 0 && count == -EADDRINUSE && i < PORT_TRIES; i++)
        count = listen_on_all(addresses, address_count, fds);
    return count;
}

static int listen_at_path(const char *path, int fds[RESOLVE_ADDRESSES_MAX])
{
    fds[0] = unix_socket_listen(path, BACKLOG);
    return fds[0] < 0 ? fds[0] : 1;
}

int listener_new(struct loop *loop, const char *host, uint16_t port,
                 void (*on_accept)(struct conn *conn, void *arg), void *arg, struct listener **out)
{
    int fds[RESOLVE_ADDRESSES_MAX];
    bool is_path = host[0] == '/';
    int count = is_path ? listen_at_path(host, fds) : listen_at(host, port, fds);
    if (count < 0)
        return count;

    struct listener *listener = xcalloc(1, sizeof *listener);
    listener->loop = loop;
    listener->on_accept = on_accept;
    listener->arg = arg;
    listener->path = is_path ? xstrdup(host) : NULL;
    listener->door_count = count;
    for (int i = 0; i < count; i++) {
        struct door *door = &listener->doors[i];
        *door = (struct door){.listener = listener, .fd = fds[i]};
        door->watch = fd_watch_new(loop, fds[i], FD_READABLE, door_on_ready, door);
    }
    listener->pause = timer_new(loop, listener_on_pause_over, listener);
    loop_add_object(loop);
    *out = listener;
    return 0;
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
    return port_of(listener->doors[0].fd);
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
    for (int i = 0; i < listener->door_count; i++) {
        fd_watch_free(listener->doors[i].watch);
        close(listener->doors[i].fd);
    }
    if (listener->path)
        unlink(listener->path);
    free(listener->path);
    timer_free(listener->pause);
    loop_drop_object(listener->loop);
    loop_defer(listener->loop, listener_destroy, listener);
}
