/*
 * The messages themselves are not read: they say what happened to one
 * interface at one moment, and may be lost when the socket's buffer is full
 * (ENOBUFS). That one came is all that counts.
 *
 * Without netlink, what can be seen is from which addresses datagrams to the
 * internet leave: looked at every ADDRESS_WATCH_POLL_US.
 */
#include "net/address_watch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "net/interfaces.h"

enum { MESSAGE_MAX = 8 << 10 }; /* the rest of a longer one is cut off */

struct address_watch {
    struct loop *loop;
    void (*on_change)(void *arg);
    void *arg;
    int fd;                 /* -1: there is none */
    struct interface *seen; /* at the last look, where there is none */
    int seen_count;
    struct fd_watch *readable;
    struct timer *timer;
    uint64_t first_us; /* of the messages that were not told yet; 0: none */
};

static void on_quiet(void *arg)
{
    struct address_watch *watch = arg;
    watch->first_us = 0;
    watch->on_change(watch->arg);
}

/* Looks; true when something else is seen than before. */
static bool look(struct address_watch *watch)
{
    struct interface *now;
    int error;
    int count = interfaces_list(&now, &error);
    bool is_same = count == watch->seen_count;
    for (int i = 0; i < count && is_same; i++)
        is_same = address_is_same_host(&now[i].address, &watch->seen[i].address);
    free(watch->seen);
    watch->seen = now;
    watch->seen_count = count;
    return !is_same;
}

static void on_poll(void *arg)
{
    struct address_watch *watch = arg;
    timer_start_in(watch->timer, ADDRESS_WATCH_POLL_US);
    if (look(watch))
        watch->on_change(watch->arg);
}

static void on_readable(int events, void *arg)
{
    (void)events;
    struct address_watch *watch = arg;
    char message[MESSAGE_MAX];
    bool is_any = false;
    for (;;) {
        ssize_t len = recv(watch->fd, message, sizeof message, 0);
        if (len < 0 && errno != ENOBUFS)
            break;
        is_any = true;
    }
    if (!is_any)
        return;
    uint64_t now_us = clock_now_us();
    if (watch->first_us == 0)
        watch->first_us = now_us;
    uint64_t quiet_us = now_us + ADDRESS_WATCH_QUIET_US;
    uint64_t most_us = watch->first_us + ADDRESS_WATCH_MOST_US;
    timer_start_at(watch->timer, quiet_us < most_us ? quiet_us : most_us);
}

static int open_netlink(void)
{
    struct sockaddr_nl local = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&local, sizeof local) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        fd = -1;
    }
    return fd;
}

struct address_watch *address_watch_new(struct loop *loop, void (*on_change)(void *arg), void *arg)
{
    struct address_watch *watch = xcalloc(1, sizeof *watch);
    watch->loop = loop;
    watch->on_change = on_change;
    watch->arg = arg;
    watch->fd = open_netlink();
    if (watch->fd >= 0) {
        watch->timer = timer_new(loop, on_quiet, watch);
        watch->readable = fd_watch_new(loop, watch->fd, FD_READABLE, on_readable, watch);
        return watch;
    }
    log_info("network: no netlink here (%s), so changes of the addresses are looked for every %d s",
             strerror(errno), (int)(ADDRESS_WATCH_POLL_US / US_PER_S));
    watch->timer = timer_new(loop, on_poll, watch);
    look(watch);
    timer_start_in(watch->timer, ADDRESS_WATCH_POLL_US);
    return watch;
}

void address_watch_free(struct address_watch *watch)
{
    if (!watch)
        return;
    timer_free(watch->timer);
    if (watch->fd >= 0) {
        fd_watch_free(watch->readable);
        close(watch->fd);
    }
    free(watch->seen);
    /* It may be freed under its own on_change. */
    loop_defer(watch->loop, free, watch);
}
