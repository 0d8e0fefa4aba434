/*
 * What the two ends are called; the system is asked for the rest.
 *
 * In the very moment of a close(2) the FIN may be here before the kernel has
 * taken the socket from its owner. Who needs to be sure asks again later.
 */
#include "net/peer_owner.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "net/endpoint_owner.h"

/* A mapped IPv4 address is IPv6 to the socket, but not to the client's. */
static void endpoint_set_in6(struct endpoint *end, const struct sockaddr_in6 *in6)
{
    end->port = in6->sin6_port;
    end->family = AF_INET6;
    memcpy(end->address, &in6->sin6_addr, sizeof in6->sin6_addr);
    if (!IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        return;
    end->family = AF_INET;
    end->address[0] = end->address[3];
    memset(&end->address[1], 0, 3 * sizeof end->address[0]);
}

static bool endpoint_set(struct endpoint *end, const struct sockaddr_storage *storage)
{
    *end = (struct endpoint){0};
    if (storage->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)storage;
        end->port = in->sin_port;
        end->family = AF_INET;
        end->address[0] = in->sin_addr.s_addr;
        return true;
    }
    if (storage->ss_family != AF_INET6)
        return false;
    endpoint_set_in6(end, (const void *)storage);
    return true;
}

static bool endpoints_get(int fd, struct endpoint *peer, struct endpoint *own)
{
    struct sockaddr_storage storage = {0};
    socklen_t len = sizeof storage;
    if (getpeername(fd, (struct sockaddr *)&storage, &len) < 0 || !endpoint_set(peer, &storage))
        return false;
    len = sizeof storage;
    return getsockname(fd, (struct sockaddr *)&storage, &len) == 0 && endpoint_set(own, &storage);
}

/* Loopback, or the address that we were reached at: what a connection from
 * this machine has. Another of its addresses is taken for a remote one. */
static bool is_on_this_machine(const struct endpoint *peer, const struct endpoint *own)
{
    if (peer->family != own->family)
        return false;
    if (memcmp(peer->address, own->address, sizeof peer->address) == 0)
        return true;
    return peer->family == AF_INET && ntohl(peer->address[0]) >> 24 == IN_LOOPBACKNET;
}

enum peer_owner peer_owner_ask(int inquiry, int fd)
{
    struct endpoint peer, own;
    if (!endpoints_get(fd, &peer, &own) || !is_on_this_machine(&peer, &own))
        return PEER_REMOTE;
    return endpoint_owner(inquiry, &peer, &own);
}
