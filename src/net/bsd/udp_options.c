/*
 * What the kernel is told of a UDP socket, and what it tells of a route: of
 * that, the MTU of its interface. What ICMP said of the rest of the way stays
 * in the kernel for sockets of IPv4.
 */
#define __APPLE_USE_RFC_3542 1 /* Darwin: or there is no IPV6_DONTFRAG */
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/nonblock.h"
#include "net/interfaces.h"
#include "net/udp_internal.h"

enum { BUFFER_LEAST = 64 << 10 };

static void set_option(int fd, int level, int name, int value)
{
    setsockopt(fd, level, name, &value, sizeof value);
}

/* What is above the system's limit is refused, not clipped. */
static void set_buffer(int fd, int name)
{
    int size = UDP_SOCKET_BUFFER;
    while (size >= BUFFER_LEAST && setsockopt(fd, SOL_SOCKET, name, &size, sizeof size) < 0)
        size /= 2;
}

static void set_df(int fd, int family, bool is_set)
{
    if (family == AF_INET6)
        set_option(fd, IPPROTO_IPV6, IPV6_DONTFRAG, is_set);
    else
        set_option(fd, IPPROTO_IP, IP_DONTFRAG, is_set);
}

void udp_set_options(int fd, int family)
{
    if (family == AF_INET6)
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set_df(fd, family, true);
    set_buffer(fd, SO_RCVBUF);
    set_buffer(fd, SO_SNDBUF);
}

void udp_set_df(const struct udp *udp, const struct address *to, bool is_set)
{
    set_df(udp->fd, to->storage.ss_family, is_set);
}

void udp_set_joining(const struct udp *udp, bool is_on)
{
    (void)udp, (void)is_on; /* no kernel here joins datagrams for a socket */
}

static int mtu_of(const char *interface)
{
    struct ifreq request = {0};
    int fd = nonblock_socket(AF_INET, SOCK_DGRAM);
    if (fd < 0)
        return 0;
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
    int mtu = ioctl(fd, SIOCGIFMTU, &request) < 0 ? 0 : request.ifr_mtu;
    close(fd);
    return mtu;
}

int udp_route_mtu(const struct address *to)
{
    struct address source;
    struct interface *list;
    int error, mtu = 0;
    if (interfaces_source_for(to, &source) < 0)
        return 0;
    int count = interfaces_list(&list, &error);
    for (int i = 0; i < count && mtu == 0; i++) {
        if (address_is_same_host(&list[i].address, &source))
            mtu = mtu_of(list[i].name);
    }
    free(list);
    return mtu;
}
