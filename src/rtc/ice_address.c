#include "rtc/ice_address.h"

#include <netinet/in.h>
#include <string.h>

struct address ice_to_sockaddr(const struct ice_address *address)
{
    struct address out = {0};
    if (address->family == ICE_FAMILY_6) {
        struct sockaddr_in6 *v6 = (void *)&out.storage;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(address->port);
        memcpy(&v6->sin6_addr, address->ip, sizeof v6->sin6_addr);
        out.len = sizeof *v6;
    } else {
        struct sockaddr_in *v4 = (void *)&out.storage;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(address->port);
        memcpy(&v4->sin_addr, address->ip, sizeof v4->sin_addr);
        out.len = sizeof *v4;
    }
    return out;
}

struct ice_address ice_from_sockaddr(const struct address *address)
{
    struct ice_address out = {0};
    if (address->storage.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)&address->storage;
        out.family = ICE_FAMILY_6;
        out.port = ntohs(v6->sin6_port);
        memcpy(out.ip, &v6->sin6_addr, sizeof v6->sin6_addr);
    } else if (address->storage.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)&address->storage;
        out.family = ICE_FAMILY_4;
        out.port = ntohs(v4->sin_port);
        memcpy(out.ip, &v4->sin_addr, sizeof v4->sin_addr);
    }
    return out;
}
