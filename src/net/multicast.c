/*
 * A member is bound to the group's address, so that it takes nothing from other
 * programs at that port but what all are sent. That of IPv6 is one of a link,
 * so it has the interface in it.
 */
#include "net/multicast.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/nonblock.h"
#include "net/interfaces.h"
#include "net/loop.h"
#include "net/multicast_socket.h"
#include "net/private_address.h"

enum {
    TTL = 255, /* RFC 6762 section 11 */
    GROUP_TEXT_LEN = 64,
    READS_PER_TURN = 32 /* who sends all the time must not keep the loop from others */
};

struct member {
    struct multicast *multicast;
    struct fd_watch *watch;
    struct address address;
    struct address group; /* on that interface */
    unsigned interface;
    int fd;
};

struct multicast {
    struct loop *loop;
    struct multicast_config config;
    void (*on_datagram)(size_t at, struct span bytes, const struct address *from, void *arg);
    void *arg;
    bool is_closed;
    size_t count;
    struct member members[MULTICAST_SOCKETS_MAX];
};

static void on_ready(int events, void *arg)
{
    struct member *member = arg;
    struct multicast *multicast = member->multicast;
    uint8_t bytes[MULTICAST_DATAGRAM_MAX];
    (void)events;
    for (int i = 0; i < READS_PER_TURN && !multicast->is_closed; i++) {
        struct address from = {.len = sizeof from.storage};
        ssize_t len = recvfrom(member->fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from.storage,
                               &from.len);
        if (len < 0)
            return;
        multicast->on_datagram((size_t)(member - multicast->members), span_of(bytes, (size_t)len),
                               &from, multicast->arg);
    }
}

static bool is_v6(const struct address *address)
{
    return address->storage.ss_family == AF_INET6;
}

/* Leaves by that interface, and gets as far as it may. */
static bool set_up_v4(const struct member *member, bool is_member)
{
    const struct sockaddr_in *group = (const void *)&member->group.storage;
    const struct ip_mreqn request = {.imr_multiaddr = group->sin_addr,
                                     .imr_ifindex = (int)member->interface};
    unsigned char ttl = TTL;
    return setsockopt(member->fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) == 0 &&
           setsockopt(member->fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl) == 0 &&
           multicast_socket_hear_own(member->fd) == 0 &&
           (!is_member ||
            setsockopt(member->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) == 0);
}

static bool set_up_v6(const struct member *member, bool is_member)
{
    const struct sockaddr_in6 *group = (const void *)&member->group.storage;
    const struct ipv6_mreq request = {.ipv6mr_multiaddr = group->sin6_addr,
                                      .ipv6mr_interface = member->interface};
    const int on = 1, index = (int)member->interface, hops = TTL;
    return setsockopt(member->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0 &&
           setsockopt(member->fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index) == 0 &&
           setsockopt(member->fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) == 0 &&
           (!is_member ||
            setsockopt(member->fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request) == 0);
}

static bool set_up(const struct member *member, bool is_member)
{
    struct address local = member->group;
    if (!is_member)
        address_parse(is_v6(&local) ? "::" : "0.0.0.0", 0, &local);
    else if (multicast_socket_share_port(member->fd) < 0)
        return false;
    return (is_v6(&local) ? set_up_v6(member, is_member) : set_up_v4(member, is_member)) &&
           bind(member->fd, (const struct sockaddr *)&local.storage, local.len) == 0;
}

/* The group as it is on that interface. */
static struct address group_on(const struct multicast_config *config,
                               const struct interface *interface)
{
    char text[GROUP_TEXT_LEN];
    struct address group;
    bool has_zone = is_v6(&interface->address);
    snprintf(text, sizeof text, "%s%s%s", config->groups[has_zone], has_zone ? "%" : "",
             has_zone ? interface->name : "");
    address_parse(text, config->port, &group);
    return group;
}

static void add(struct multicast *multicast, const struct interface *interface)
{
    bool is_member = multicast->config.is_member;
    struct member *member = &multicast->members[multicast->count];
    unsigned index = if_nametoindex(interface->name);
    int fd = index ? nonblock_socket(interface->address.storage.ss_family, SOCK_DGRAM) : -1;
    if (fd < 0)
        return;
    *member = (struct member){.multicast = multicast,
                              .address = interface->address,
                              .group = group_on(&multicast->config, interface),
                              .interface = index,
                              .fd = fd};
    if (!set_up(member, is_member)) {
        log_debug("multicast: not on %s", interface->name);
        close(fd);
        return;
    }
    member->watch = fd_watch_new(multicast->loop, fd, FD_READABLE, on_ready, member);
    multicast->count++;
}

static bool is_link_local(const struct address *address)
{
    const struct sockaddr_in6 *v6 = (const void *)&address->storage;
    return IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr);
}

/* Of that interface and family. */
static bool is_of_use(const struct interface *interface)
{
    return is_v6(&interface->address) ? is_link_local(&interface->address)
                                      : address_is_private(&interface->address);
}

/* The interface has an address of the internet by IPv4: others who are plugged
 * in there are strangers. */
static bool is_public(const struct interface *list, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (!is_v6(&list[i].address) && !address_is_private(&list[i].address) &&
            strcmp(list[i].name, name) == 0)
            return true;
    }
    return false;
}

/* The first address of each, and family. */
static bool is_wanted(const struct interface *list, int at, const char *only)
{
    const struct interface *interface = &list[at];
    if (!interface->name[0] || interface->is_loopback || interface->is_point_to_point ||
        !interface->has_carrier || !is_of_use(interface) ||
        (only && strcmp(only, interface->name) != 0))
        return false;
    for (int i = 0; i < at; i++) {
        if (is_v6(&list[i].address) == is_v6(&interface->address) && is_of_use(&list[i]) &&
            strcmp(list[i].name, interface->name) == 0)
            return false;
    }
    return true;
}

struct multicast *multicast_new(struct loop *loop, const struct multicast_config *config,
                                void (*on_datagram)(size_t at, struct span bytes,
                                                    const struct address *from, void *arg),
                                void *arg)
{
    struct multicast *multicast = xcalloc(1, sizeof *multicast);
    struct interface *list;
    int error;
    multicast->loop = loop;
    multicast->on_datagram = on_datagram;
    multicast->arg = arg;
    multicast->config = *config;
    int count = interfaces_list(&list, &error);
    for (int i = 0; i < count && multicast->count < MULTICAST_SOCKETS_MAX; i++) {
        bool is_barred = is_v6(&list[i].address) && is_public(list, count, list[i].name);
        if (!is_barred && is_wanted(list, i, config->interface))
            add(multicast, &list[i]);
    }
    free(list);
    return multicast;
}

static void multicast_destroy(void *arg)
{
    free(arg);
}

void multicast_free(struct multicast *multicast)
{
    if (!multicast)
        return;
    multicast->is_closed = true;
    for (size_t i = 0; i < multicast->count; i++) {
        fd_watch_free(multicast->members[i].watch);
        close(multicast->members[i].fd);
    }
    loop_defer(multicast->loop, multicast_destroy, multicast);
}

size_t multicast_count(const struct multicast *multicast)
{
    return multicast->count;
}

const struct address *multicast_address(const struct multicast *multicast, size_t at)
{
    return &multicast->members[at].address;
}

unsigned multicast_interface(const struct multicast *multicast, size_t at)
{
    return multicast->members[at].interface;
}

void multicast_send(struct multicast *multicast, size_t at, struct span bytes,
                    const struct address *to)
{
    const struct member *member = &multicast->members[at];
    const struct address *name = to ? to : &member->group;
    ssize_t ignored = sendto(member->fd, bytes.data, bytes.len, 0,
                             (const struct sockaddr *)&name->storage, name->len);
    (void)ignored; /* it is asked, and said, again */
}
