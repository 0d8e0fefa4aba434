/*
 * A netlink socket of rtnetlink(7).
 */
#include "net/address_news.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGE_MAX = 8 << 10 }; /* the rest of a longer one is cut off */

int address_news_open(void)
{
    struct sockaddr_nl local = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                     RTMGRP_IPV6_ROUTE,
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)&local, sizeof local) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

/* What the messages of one datagram are about. */
static enum address_news judge(const void *bytes, size_t len)
{
    enum address_news news = ADDRESS_NEWS_NONE;
    const struct nlmsghdr *message = bytes;
    for (; NLMSG_OK(message, len); message = NLMSG_NEXT(message, len)) {
        bool is_route = message->nlmsg_type == RTM_NEWROUTE || message->nlmsg_type == RTM_DELROUTE;
        const struct rtmsg *route = NLMSG_DATA(message);
        if (!is_route)
            return ADDRESS_NEWS_ALL;
        if (message->nlmsg_len >= NLMSG_LENGTH(sizeof *route) && route->rtm_dst_len <= 1)
            news = ADDRESS_NEWS_ROUTES;
    }
    return news;
}

enum address_news address_news_read(int fd)
{
    _Alignas(struct nlmsghdr) char bytes[MESSAGE_MAX];
    enum address_news all = ADDRESS_NEWS_NONE;
    for (;;) {
        ssize_t len = recv(fd, bytes, sizeof bytes, 0);
        if (len < 0 && errno != ENOBUFS)
            return all;
        /* ENOBUFS: the socket's buffer was full, and some are lost. */
        enum address_news news = len < 0 ? ADDRESS_NEWS_ALL : judge(bytes, (size_t)len);
        if (news > all)
            all = news;
    }
}
