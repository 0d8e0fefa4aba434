/*
 * The messages themselves are not read: they say what happened to one
 * interface at one moment, and may be lost when the socket's buffer is full
 * (ENOBUFS). That one came is all that counts.
 */
#include "net/address_watch.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"

enum { MESSAGE_MAX = 8 << 10 }; /* the rest of a longer one is cut off */

struct address_watch {
    struct loop *loop;
    void (*on_change)(void *arg);
    void *arg;
    int fd; /* -1: there is none */
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
        close(fd);
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
    watch->timer = timer_new(loop, on_quiet, watch);
    watch->fd = open_netlink();
    if (watch->fd >= 0)
        watch->readable = fd_watch_new(loop, watch->fd, FD_READABLE, on_readable, watch);
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
    /* It may be freed under its own on_change. */
    loop_defer(watch->loop, free, watch);
}

static bool is_same_host(const struct sockaddr *a, const struct sockaddr_storage *b)
{
    if (a->sa_family != b->ss_family)
        return false;
    if (a->sa_family == AF_INET)
        return ((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr ==
               ((const struct sockaddr_in *)(const void *)b)->sin_addr.s_addr;
    return a->sa_family == AF_INET6 &&
           memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
                  &((const struct sockaddr_in6 *)(const void *)b)->sin6_addr,
                  sizeof(struct in6_addr)) == 0;
}

bool address_is_ours(const struct address *address)
{
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all) < 0)
        return true; /* nothing says that it is not */
    bool is_found = false;
    for (const struct ifaddrs *i = all; i && !is_found; i = i->ifa_next)
        is_found = i->ifa_addr && is_same_host(i->ifa_addr, &address->storage);
    freeifaddrs(all);
    return is_found;
}

bool address_is_source(const struct address *local, const struct address *to)
{
    struct sockaddr_storage source;
    socklen_t len = sizeof source;
    int fd = socket(to->storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true;
    /* Sends nothing; the kernel looks for the route. */
    bool is_known = connect(fd, (const struct sockaddr *)&to->storage, to->len) == 0 &&
                    getsockname(fd, (struct sockaddr *)&source, &len) == 0;
    close(fd);
    return !is_known || is_same_host((const struct sockaddr *)&source, &local->storage);
}
