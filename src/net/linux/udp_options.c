/*
 * What the kernel is told of a UDP socket, and what it tells of a route.
 */
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/nonblock.h"
#include "net/udp_internal.h"

/* All options only make things faster. False when the kernel has it not. */
static bool set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/* The plain size is clipped by the system's limits; as root we may pass
 * them. */
static void set_buffer(int fd, int plain, int forced)
{
    int size = UDP_SOCKET_BUFFER;
    if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof size) < 0)
        set_option(fd, SOL_SOCKET, plain, size);
}

void udp_set_options(int fd, int family)
{
    if (family == AF_INET6) {
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    } else {
        set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    }
    set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE);
    set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE);
}

void udp_set_df(const struct udp *udp, const struct address *to, bool is_set)
{
    if (to->storage.ss_family == AF_INET6)
        set_option(udp->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
                   is_set ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_DONT);
    else
        set_option(udp->fd, IPPROTO_IP, IP_MTU_DISCOVER,
                   is_set ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT);
}

void udp_set_joining(const struct udp *udp, bool is_on)
{
    set_option(udp->fd, IPPROTO_UDP, UDP_GRO, is_on);
}

/* Unlike SO_BINDTODEVICE these need no privilege to be taken back, and let in
 * what comes by any interface. */
void udp_pin(const struct udp *udp, unsigned interface_index)
{
    int index = (int)htonl(interface_index);
    set_option(udp->fd, IPPROTO_IP, IP_UNICAST_IF, index);
    set_option(udp->fd, IPPROTO_IPV6, IPV6_UNICAST_IF, index); /* of an IPv4 socket: refused */
}

int udp_route_mtu(const struct address *to)
{
    bool is_v6 = to->storage.ss_family == AF_INET6;
    int mtu = 0;
    socklen_t len = sizeof mtu;
    int fd = nonblock_socket(to->storage.ss_family, SOCK_DGRAM);
    if (fd < 0)
        return 0;
    if (connect(fd, (const struct sockaddr *)&to->storage, to->len) < 0 ||
        getsockopt(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_MTU : IP_MTU, &mtu, &len) <
            0)
        mtu = 0;
    close(fd);
    return mtu;
}
