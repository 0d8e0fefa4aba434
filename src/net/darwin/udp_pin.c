/*
 * IP_BOUND_IF needs no privilege, and 0 takes it back. Other than on Linux it
 * also keeps out what comes by other interfaces.
 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/udp_internal.h"

void udp_pin(const struct udp *udp, unsigned interface_index)
{
    int index = (int)interface_index;
    setsockopt(udp->fd, IPPROTO_IP, IP_BOUND_IF, &index, sizeof index);
    /* Of a socket of the other family: refused. */
    setsockopt(udp->fd, IPPROTO_IPV6, IPV6_BOUND_IF, &index, sizeof index);
}
