/*
 * While other addresses remain, one that does not answer gets DIAL_TRY_US: a
 * network that drops IPv6 must not use up the caller's whole patience. The
 * time suffices for a SYN that was lost once.
 */
#include "net/dial.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "net/resolve.h"

#define DIAL_TRY_US (3 * US_PER_S)

struct dial {
    struct loop *loop;
    void (*on_done)(int fd, int error, void *arg);
    void *arg;
    struct resolution *resolution;
    struct address addresses[RESOLVE_ADDRESSES_MAX];
    int count;
    int next;
    int fd;
    int error; /* of the last try */
    struct fd_watch *watch;
    struct timer *timer;
};

static void dial_try_next(struct dial *dial);

void socket_set_nodelay(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void dial_stop_try(struct dial *dial)
{
    timer_stop(dial->timer);
    fd_watch_free(dial->watch);
    dial->watch = NULL;
    if (dial->fd >= 0)
        close(dial->fd);
    dial->fd = -1;
}

void dial_free(struct dial *dial)
{
    if (!dial)
        return;
    if (dial->resolution)
        resolution_cancel(dial->resolution);
    dial_stop_try(dial);
    timer_free(dial->timer);
    free(dial);
}

static void dial_finish(struct dial *dial, int error)
{
    void (*on_done)(int fd, int error, void *arg) = dial->on_done;
    void *arg = dial->arg;
    int fd = -1;
    if (error == 0) {
        fd = dial->fd;
        dial->fd = -1;
    }
    dial_free(dial);
    on_done(fd, error, arg);
}

static void dial_fail_try(struct dial *dial, int error)
{
    dial->error = error;
    dial_stop_try(dial);
    dial_try_next(dial);
}

static void dial_on_ready(int events, void *arg)
{
    (void)events;
    struct dial *dial = arg;
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (error != 0)
        dial_fail_try(dial, -error);
    else
        dial_finish(dial, 0);
}

static void dial_on_timeout(void *arg)
{
    dial_fail_try(arg, -ETIMEDOUT);
}

static void dial_try_next(struct dial *dial)
{
    while (dial->next < dial->count) {
        const struct address *address = &dial->addresses[dial->next++];
        int family = address->storage.ss_family;
        dial->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (dial->fd < 0) {
            dial->error = -errno;
            continue;
        }
        socket_set_nodelay(dial->fd);
        if (connect(dial->fd, (const struct sockaddr *)&address->storage, address->len) < 0 &&
            errno != EINPROGRESS) {
            dial->error = -errno;
            close(dial->fd);
            dial->fd = -1;
            continue;
        }
        dial->watch = fd_watch_new(dial->loop, dial->fd, FD_WRITABLE, dial_on_ready, dial);
        if (dial->next < dial->count)
            timer_start_in(dial->timer, DIAL_TRY_US);
        return;
    }
    dial_finish(dial, dial->error);
}

static void dial_on_resolved(const struct address *addresses, int count, int error, void *arg)
{
    struct dial *dial = arg;
    dial->resolution = NULL;
    dial->error = error;
    dial->count = count;
    if (count > 0)
        memcpy(dial->addresses, addresses, (size_t)count * sizeof *addresses);
    dial_try_next(dial);
}

struct dial *dial_new(struct loop *loop, const char *host, uint16_t port,
                      void (*on_done)(int fd, int error, void *arg), void *arg)
{
    struct dial *dial = xcalloc(1, sizeof *dial);
    dial->loop = loop;
    dial->on_done = on_done;
    dial->arg = arg;
    dial->fd = -1;
    dial->timer = timer_new(loop, dial_on_timeout, dial);
    dial->resolution = resolve(loop, host, port, dial_on_resolved, dial);
    return dial;
}
