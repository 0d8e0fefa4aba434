/*
 * Those that the default route leads to come first: so the addresses of a
 * machine with twenty bridges begin with the one that matters.
 */
#include "net/own_address.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "net/interfaces.h"

static bool is_link_local(const struct address *address)
{
    const struct sockaddr_in *v4 = (const void *)&address->storage;
    const struct sockaddr_in6 *v6 = (const void *)&address->storage;
    if (address->storage.ss_family == AF_INET)
        return ntohl(v4->sin_addr.s_addr) >> 16 == 0xa9fe; /* 169.254.0.0/16 */
    return IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr);
}

static bool is_wanted(const struct interface *interface, int family, bool is_default)
{
    return interface->address.storage.ss_family == family && interface->is_default == is_default &&
           !interface->is_loopback && !is_link_local(&interface->address);
}

int own_addresses(int family, uint16_t port, struct address *out, int max)
{
    static const int families[] = {AF_INET, AF_INET6};
    struct interface *list;
    int error;
    int found = 0;
    int count = interfaces_list(&list, &error);
    for (int pass = 0; pass < 4; pass++) {
        int wanted = families[pass / 2];
        if (family != AF_UNSPEC && family != wanted)
            continue;
        for (int i = 0; i < count && found < max; i++) {
            if (!is_wanted(&list[i], wanted, pass % 2 == 0))
                continue;
            out[found] = list[i].address;
            address_set_port(&out[found++], port);
        }
    }
    free(list);
    return found;
}

bool own_address_is_missed(const char *listen_host, uint16_t port, struct address *out)
{
    return strcmp(listen_host, "0.0.0.0") == 0 && own_addresses(AF_INET, port, out, 1) == 0 &&
           own_addresses(AF_INET6, port, out, 1) > 0;
}
