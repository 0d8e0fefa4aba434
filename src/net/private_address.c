/*
 * IPv4 addresses that an IPv6 socket has mapped count as what they are.
 */
#include "net/private_address.h"

#include <netinet/in.h>
#include <string.h>

/* In host order. False for one that is not of IPv4. */
static bool find_ipv4(const struct address *address, uint32_t *out)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->storage;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)&address->storage)->sin6_addr;
    uint32_t mapped;
    if (address->storage.ss_family == AF_INET) {
        *out = ntohl(v4->sin_addr.s_addr);
        return true;
    }
    memcpy(&mapped, v6->s6_addr + 12, sizeof mapped);
    *out = ntohl(mapped);
    return IN6_IS_ADDR_V4MAPPED(v6);
}

bool address_is_private(const struct address *address)
{
    static const struct {
        uint32_t network;
        int bits;
    } networks[] = {
        {0x0a000000, 8}, {0xac100000, 12}, {0xc0a80000, 16}, {0xa9fe0000, 16}, {0x64400000, 10},
    };
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)&address->storage)->sin6_addr;
    uint32_t ip;
    if (!find_ipv4(address, &ip))
        return (v6->s6_addr[0] & 0xfe) == 0xfc || IN6_IS_ADDR_LINKLOCAL(v6);
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        if ((ip ^ networks[i].network) >> (32 - networks[i].bits) == 0)
            return true;
    }
    return false;
}

bool address_is_loopback(const struct address *address)
{
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)&address->storage)->sin6_addr;
    uint32_t ip;
    return find_ipv4(address, &ip) ? ip >> 24 == IN_LOOPBACKNET : IN6_IS_ADDR_LOOPBACK(v6);
}
