/*
 * Each address gets a head start of DIAL_STAGGER_US over the next; one that
 * fails hands on at once. All that were begun stay in the race, the first to
 * connect wins, and the others are closed. So a network that drops IPv6 costs
 * a quarter of a second, not the caller's whole patience.
 */
#include "net/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/nonblock.h"
#include "net/error_text.h"
#include "net/liveness.h"
#include "net/resolve.h"
#include "net/tcp_queue.h"
#include "net/unix_socket.h"

enum {
    /* What the kernel queues beyond what the other end lets it send. By itself
     * it takes megabytes, and who reads nothing looks fast until they are full:
     * a thousand such clients took all of the windows that a fast stream needs
     * (tunnel/mux_flow.c). This and a usual receive window are little more than
     * half of a stream's first one. */
    UNSENT_MAX = 64 << 10
};
#define DIAL_STAGGER_US (250 * US_PER_MS) /* RFC 8305 section 8: the Connection Attempt Delay */
#define DIAL_BUSY_US    (20 * US_PER_MS) /* before a full backlog is tried again: a Unix socket's */

struct attempt {
    struct dial *dial;
    struct fd_watch *watch;
    int fd; /* -1 when it is not under way */
};

struct dial {
    struct loop *loop;
    void (*on_done)(int fd, int error, void *arg);
    void *arg;
    struct resolution *resolution;
    struct address addresses[RESOLVE_ADDRESSES_MAX];
    struct attempt attempts[RESOLVE_ADDRESSES_MAX]; /* one for each address */
    int count;
    int next;    /* the first address that was not tried yet */
    int pending; /* attempts under way */
    int error;   /* of the last that failed */
    struct timer *timer;
    bool prefers_ipv4;
};

static void dial_go_on(struct dial *dial);

void socket_tune(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    tcp_queue_limit(fd, UNSENT_MAX);
    liveness_enable(fd);
}

void addresses_interleave(struct address *addresses, int count)
{
    for (int i = 1; i < count; i++) {
        int other = i;
        while (other < count &&
               addresses[other].storage.ss_family == addresses[i - 1].storage.ss_family)
            other++;
        if (other == count)
            return; /* the rest is of one family */
        struct address moved = addresses[other];
        memmove(&addresses[i + 1], &addresses[i], (size_t)(other - i) * sizeof moved);
        addresses[i] = moved;
    }
}

/* Ends an attempt; its descriptor is the caller's. */
static int attempt_take(struct attempt *attempt)
{
    int fd = attempt->fd;
    fd_watch_free(attempt->watch);
    attempt->watch = NULL;
    attempt->fd = -1;
    attempt->dial->pending--;
    return fd;
}

void dial_free(struct dial *dial)
{
    if (!dial)
        return;
    if (dial->resolution)
        resolution_cancel(dial->resolution);
    for (int i = 0; i < dial->next; i++) {
        if (dial->attempts[i].fd >= 0)
            close(attempt_take(&dial->attempts[i]));
    }
    timer_free(dial->timer);
    free(dial);
}

static void dial_finish(struct dial *dial, int fd, int error)
{
    void (*on_done)(int fd, int error, void *arg) = dial->on_done;
    void *arg = dial->arg;
    dial_free(dial);
    on_done(fd, error, arg);
}

static void attempt_on_ready(int events, void *arg)
{
    (void)events;
    struct attempt *attempt = arg;
    struct dial *dial = attempt->dial;
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    int fd = attempt_take(attempt);
    if (error == 0) {
        dial_finish(dial, fd, 0);
        return;
    }
    close(fd);
    dial->error = net_error(error);
    dial_go_on(dial);
}

/* Of connect(2) to a Unix socket. */
static int unix_error(int error)
{
    return error == -ENOENT ? -ENXIO : error;
}

/* Begins with an address. 0; -EAGAIN for a Unix socket that is to be tried
 * again; other errors of socket(2) and connect(2). */
static int attempt_start(struct attempt *attempt, const struct address *address)
{
    int family = address->storage.ss_family;
    int fd = nonblock_socket(family, SOCK_STREAM);
    if (fd < 0)
        return fd;
    if (family != AF_UNIX)
        socket_tune(fd);
    if (connect(fd, (const struct sockaddr *)&address->storage, address->len) < 0 &&
        errno != EINPROGRESS) {
        int error = -errno;
        close(fd);
        return family == AF_UNIX ? unix_error(error) : error;
    }
    attempt->fd = fd;
    attempt->dial->pending++;
    attempt->watch = fd_watch_new(attempt->dial->loop, fd, FD_WRITABLE, attempt_on_ready, attempt);
    return 0;
}

/* Starts the next attempt; without one, and with none under way, all have
 * failed. */
static void dial_go_on(struct dial *dial)
{
    while (dial->next < dial->count) {
        int i = dial->next;
        struct attempt *attempt = &dial->attempts[i];
        *attempt = (struct attempt){.dial = dial, .fd = -1};
        int error = attempt_start(attempt, &dial->addresses[i]);
        if (error == -EAGAIN && dial->addresses[i].storage.ss_family == AF_UNIX) {
            timer_start_in(dial->timer, DIAL_BUSY_US);
            return;
        }
        dial->next++;
        if (error == 0) {
            timer_start_in(dial->timer, DIAL_STAGGER_US);
            return;
        }
        dial->error = error;
    }
    if (dial->pending == 0)
        dial_finish(dial, -1, dial->error);
}

static void dial_on_timer(void *arg)
{
    struct dial *dial = arg;
    if (dial->next < dial->count || dial->pending == 0)
        dial_go_on(dial);
}

void addresses_put_ipv4_first(struct address *addresses, int count)
{
    for (int i = 0; i < count; i++) {
        if (addresses[i].storage.ss_family != AF_INET)
            continue;
        struct address moved = addresses[i];
        memmove(&addresses[1], &addresses[0], (size_t)i * sizeof moved);
        addresses[0] = moved;
        return;
    }
}

void dial_prefer_ipv4(struct dial *dial)
{
    dial->prefers_ipv4 = true;
}

static void dial_set_addresses(struct dial *dial, const struct address *addresses, int count)
{
    dial->count = count;
    if (count > 0)
        memcpy(dial->addresses, addresses, (size_t)count * sizeof *addresses);
    if (dial->prefers_ipv4)
        addresses_put_ipv4_first(dial->addresses, count);
    addresses_interleave(dial->addresses, count);
}

static void dial_on_resolved(const struct address *addresses, int count, int error, void *arg)
{
    struct dial *dial = arg;
    dial->resolution = NULL;
    dial->error = error;
    dial_set_addresses(dial, addresses, count);
    dial_go_on(dial);
}

static struct dial *dial_alloc(struct loop *loop, void (*on_done)(int fd, int error, void *arg),
                               void *arg)
{
    struct dial *dial = xcalloc(1, sizeof *dial);
    dial->loop = loop;
    dial->on_done = on_done;
    dial->arg = arg;
    dial->timer = timer_new(loop, dial_on_timer, dial);
    return dial;
}

struct dial *dial_new_to(struct loop *loop, const struct address *addresses, int count,
                         void (*on_done)(int fd, int error, void *arg), void *arg)
{
    struct dial *dial = dial_alloc(loop, on_done, arg);
    dial_set_addresses(dial, addresses, count);
    timer_start_in(dial->timer, 0); /* a later turn */
    return dial;
}

static struct dial *dial_new_unix(struct loop *loop, const char *path,
                                  void (*on_done)(int fd, int error, void *arg), void *arg)
{
    struct address address;
    int error = unix_socket_address(path, &address);
    struct dial *dial = dial_new_to(loop, &address, error < 0 ? 0 : 1, on_done, arg);
    dial->error = error; /* for when there is no address to try */
    return dial;
}

struct dial *dial_new(struct loop *loop, const char *host, uint16_t port,
                      void (*on_done)(int fd, int error, void *arg), void *arg)
{
    if (host[0] == '/')
        return dial_new_unix(loop, host, on_done, arg);
    struct dial *dial = dial_alloc(loop, on_done, arg);
    dial->resolution = resolve(loop, host, port, dial_on_resolved, dial);
    return dial;
}
