/*
 * A UDP socket that is connected sends nothing, but has a source address: what
 * the kernel would take for that destination. So the addresses of a machine
 * with twenty bridges begin with the one that matters.
 */
#include "net/own_address.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

struct found {
    struct address *out;
    int count;
    int max;
    uint16_t port;
};

static bool is_useful(const struct sockaddr *from)
{
    const void *storage = from;
    if (from->sa_family == AF_INET) {
        uint32_t host = ntohl(((const struct sockaddr_in *)storage)->sin_addr.s_addr);
        bool is_link_local = host >> 16 == 0xa9fe; /* 169.254.0.0/16 */
        return host >> 24 != IN_LOOPBACKNET && !is_link_local && host != INADDR_ANY;
    }
    const struct in6_addr *in6 = &((const struct sockaddr_in6 *)storage)->sin6_addr;
    return !IN6_IS_ADDR_LOOPBACK(in6) && !IN6_IS_ADDR_LINKLOCAL(in6) &&
           !IN6_IS_ADDR_UNSPECIFIED(in6);
}

static void found_add(struct found *found, const struct sockaddr *from)
{
    struct address address = {.len = from->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                                                : sizeof(struct sockaddr_in6)};
    memcpy(&address.storage, from, address.len);
    address_set_port(&address, found->port);
    for (int i = 0; i < found->count; i++) {
        if (memcmp(&found->out[i], &address, sizeof address) == 0)
            return;
    }
    if (found->count < found->max && is_useful(from))
        found->out[found->count++] = address;
}

static void add_default_route(struct found *found, int family)
{
    /* Addresses of documentation, RFC 5737 and RFC 3849: nobody is there, so
     * only the default route leads to them. */
    struct address to, from = {.len = sizeof from.storage};
    address_parse(family == AF_INET ? "192.0.2.1" : "2001:db8::1", 9, &to);
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)&to.storage, to.len) == 0 &&
        getsockname(fd, (struct sockaddr *)&from.storage, &from.len) == 0)
        found_add(found, (const struct sockaddr *)&from.storage);
    close(fd);
}

static void add_family(struct found *found, int family)
{
    struct ifaddrs *all = NULL;
    add_default_route(found, family);
    if (getifaddrs(&all) < 0)
        return;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
        if (i->ifa_addr && i->ifa_addr->sa_family == family && (i->ifa_flags & IFF_UP))
            found_add(found, i->ifa_addr);
    }
    freeifaddrs(all);
}

int own_addresses(int family, uint16_t port, struct address *out, int max)
{
    struct found found = {.out = out, .max = max, .port = port};
    if (family != AF_INET6)
        add_family(&found, AF_INET);
    if (family != AF_INET)
        add_family(&found, AF_INET6);
    return found.count;
}
