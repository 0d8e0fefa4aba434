/*
 * getifaddrs(3), which asks by netlink on Linux. Which interface the default
 * route leads to shows from the source that the kernel gives a socket that is
 * connected to somewhere on the internet: connecting one of UDP sends nothing.
 * So does the address of IPv6 where the list is not to be had.
 */
#include "net/interfaces.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/nonblock.h"
#include "net/interface_rows.h"

/* Root name servers: a route there is one to the internet. */
static const char *const far_hosts[] = {"198.41.0.4", "2001:503:ba3e::2:30"};
static const char *const loopbacks[] = {"127.0.0.1", "::1"};
enum { FAMILIES = 2, ADDRESSES_MAX = 64 };

bool address_is_same_host(const struct address *a, const struct address *b)
{
    const struct sockaddr_in *v4[] = {(const void *)&a->storage, (const void *)&b->storage};
    const struct sockaddr_in6 *v6[] = {(const void *)&a->storage, (const void *)&b->storage};
    if (a->storage.ss_family != b->storage.ss_family)
        return false;
    if (a->storage.ss_family == AF_INET)
        return v4[0]->sin_addr.s_addr == v4[1]->sin_addr.s_addr;
    return a->storage.ss_family == AF_INET6 &&
           memcmp(&v6[0]->sin6_addr, &v6[1]->sin6_addr, sizeof v6[0]->sin6_addr) == 0;
}

int interfaces_source_for(const struct address *to, struct address *out)
{
    *out = (struct address){.len = sizeof out->storage};
    int fd = nonblock_socket(to->storage.ss_family, SOCK_DGRAM);
    if (fd < 0)
        return fd;
    int error = 0;
    if (connect(fd, (const struct sockaddr *)&to->storage, to->len) < 0 ||
        getsockname(fd, (struct sockaddr *)&out->storage, &out->len) < 0)
        error = -errno;
    close(fd);
    address_set_port(out, 0);
    return error;
}

static bool find_default_source(int family, struct address *out)
{
    struct address far;
    return address_parse(far_hosts[family], 9, &far) == 0 && interfaces_source_for(&far, out) == 0;
}

/* ---- where the system lists them ---- */

static bool take(const struct ifaddrs *i, struct interface *out)
{
    const struct sockaddr *address = i->ifa_addr;
    if (!address || !(i->ifa_flags & IFF_UP) ||
        (address->sa_family != AF_INET && address->sa_family != AF_INET6))
        return false;
    *out = (struct interface){
        .has_carrier = i->ifa_flags & IFF_RUNNING,
        .is_loopback = i->ifa_flags & IFF_LOOPBACK,
        .is_point_to_point = i->ifa_flags & IFF_POINTOPOINT,
    };
    size_t name_len = strnlen(i->ifa_name, sizeof out->name - 1);
    memcpy(out->name, i->ifa_name, name_len);
    out->address.len =
        address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    memcpy(&out->address.storage, address, out->address.len);
    address_set_port(&out->address, 0);
    return true;
}

static void mark_default(struct interface *list, int count, int family)
{
    struct address source;
    const char *name = NULL;
    if (!find_default_source(family, &source))
        return;
    for (int i = 0; i < count && !name; i++) {
        if (address_is_same_host(&list[i].address, &source))
            name = list[i].name;
    }
    for (int i = 0; i < count && name; i++) {
        if (list[i].address.storage.ss_family == source.storage.ss_family &&
            strcmp(list[i].name, name) == 0)
            list[i].is_default = true;
    }
}

static int list_all(const struct ifaddrs *all, struct interface **out)
{
    int count = 0;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next)
        count++;
    *out = count > 0 ? xcalloc((size_t)count, sizeof **out) : NULL;
    count = 0;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next)
        count += take(i, &(*out)[count]);
    if (count > 0) /* links that have no address are gone again */
        *out = xreallocarray(*out, (size_t)count, sizeof **out);
    for (int family = 0; family < FAMILIES; family++)
        mark_default(*out, count, family);
    return count;
}

/* ---- where it does not ---- */

static bool can_bind(const struct address *address)
{
    int fd = nonblock_socket(address->storage.ss_family, SOCK_DGRAM);
    if (fd < 0)
        return false;
    bool can = bind(fd, (const struct sockaddr *)&address->storage, address->len) == 0;
    close(fd);
    return can;
}

/* Those of IPv4, at most max. */
static int list_ipv4(struct interface *out, int max)
{
    struct interface_row rows[ADDRESSES_MAX];
    int row_count = interface_rows(rows, max);
    int count = 0;
    for (int i = 0; i < row_count; i++) {
        const struct ifaddrs found = {.ifa_name = rows[i].name,
                                      .ifa_addr = (struct sockaddr *)&rows[i].address,
                                      .ifa_flags = rows[i].flags};
        count += take(&found, &out[count]);
    }
    return count;
}

static int guess(int family, struct interface *out)
{
    int count = 0;
    struct interface found = {.has_carrier = true, .is_default = true};
    struct interface loopback = {.name = "lo", .has_carrier = true, .is_loopback = true};
    if (find_default_source(family, &found.address))
        out[count++] = found;
    if (address_parse(loopbacks[family], 0, &loopback.address) == 0 && can_bind(&loopback.address))
        out[count++] = loopback;
    return count;
}

static int guess_all(struct interface **out)
{
    *out = xcalloc(ADDRESSES_MAX + 2 * FAMILIES, sizeof **out);
    int count = list_ipv4(*out, ADDRESSES_MAX);
    if (count > 0)
        mark_default(*out, count, 0);
    else
        count = guess(0, *out);
    return count + guess(1, *out + count);
}

/* ---- both ---- */

int interfaces_list(struct interface **out, int *error)
{
    struct ifaddrs *all = NULL;
    *error = 0;
    if (getifaddrs(&all) < 0) {
        *error = -errno;
        return guess_all(out);
    }
    int count = list_all(all, out);
    freeifaddrs(all);
    return count;
}

bool address_is_ours(const struct address *address)
{
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all) < 0) {
        struct address host = *address;
        address_set_port(&host, 0);
        return can_bind(&host);
    }
    bool is_found = false;
    for (const struct ifaddrs *i = all; i && !is_found; i = i->ifa_next) {
        struct interface interface;
        is_found = take(i, &interface) && address_is_same_host(&interface.address, address);
    }
    freeifaddrs(all);
    return is_found;
}

bool address_is_source(const struct address *local, const struct address *to)
{
    struct address source;
    return interfaces_source_for(to, &source) < 0 || address_is_same_host(&source, local);
}
