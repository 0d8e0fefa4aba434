/*
 * A member is bound to the group's address, so that it takes nothing from other
 * programs at that port but what all are sent.
 */
#include "net/multicast.h"

#include <net/if.h>
#include <netinet/in.h>
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

enum { TTL = 255 /* RFC 6762 section 11 */ };

struct member {
    struct multicast *multicast;
    struct fd_watch *watch;
    struct address address;
    int fd;
};

struct multicast {
    struct loop *loop;
    struct sockaddr_in group;
    void (*on_datagram)(size_t at, struct span bytes, const struct address *from, void *arg);
    void *arg;
    bool is_closed;
    size_t count;
    struct member members[MULTICAST_INTERFACES_MAX];
};

static void on_ready(int events, void *arg)
{
    struct member *member = arg;
    struct multicast *multicast = member->multicast;
    uint8_t bytes[MULTICAST_DATAGRAM_MAX];
    (void)events;
    while (!multicast->is_closed) {
        struct address from = {.len = sizeof from.storage};
        ssize_t len = recvfrom(member->fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from.storage,
                               &from.len);
        if (len < 0)
            return;
        multicast->on_datagram((size_t)(member - multicast->members), span_of(bytes, (size_t)len),
                               &from, multicast->arg);
    }
}

static bool set_up(const struct multicast *multicast, int fd, unsigned index, bool is_member)
{
    const struct ip_mreqn request = {.imr_multiaddr = multicast->group.sin_addr,
                                     .imr_ifindex = (int)index};
    struct sockaddr_in any = {.sin_family = AF_INET};
    const struct sockaddr_in *local = is_member ? &multicast->group : &any;
    unsigned char ttl = TTL;
    if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) < 0 ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl) < 0 ||
        multicast_socket_set(fd, is_member) < 0)
        return false;
    if (bind(fd, (const struct sockaddr *)local, sizeof *local) < 0)
        return false;
    return !is_member ||
           setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) == 0;
}

static void add(struct multicast *multicast, const struct interface *interface, bool is_member)
{
    struct member *member = &multicast->members[multicast->count];
    unsigned index = if_nametoindex(interface->name);
    int fd = index ? nonblock_socket(AF_INET, SOCK_DGRAM) : -1;
    if (fd < 0)
        return;
    if (!set_up(multicast, fd, index, is_member)) {
        log_debug("multicast: not on %s", interface->name);
        close(fd);
        return;
    }
    *member = (struct member){.multicast = multicast, .address = interface->address, .fd = fd};
    member->watch = fd_watch_new(multicast->loop, fd, FD_READABLE, on_ready, member);
    multicast->count++;
}

/* The first address of each. */
static bool is_wanted(const struct interface *list, int at, const char *only)
{
    const struct interface *interface = &list[at];
    if (interface->address.storage.ss_family != AF_INET || !interface->name[0] ||
        interface->is_loopback || interface->is_point_to_point || !interface->has_carrier ||
        !address_is_private(&interface->address) || (only && strcmp(only, interface->name) != 0))
        return false;
    for (int i = 0; i < at; i++) {
        if (strcmp(list[i].name, interface->name) == 0 && is_wanted(list, i, only))
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
    multicast->group = (struct sockaddr_in){.sin_family = AF_INET,
                                            .sin_port = htons(config->port),
                                            .sin_addr.s_addr = htonl(config->group)};
    int count = interfaces_list(&list, &error);
    for (int i = 0; i < count && multicast->count < MULTICAST_INTERFACES_MAX; i++) {
        if (is_wanted(list, i, config->interface))
            add(multicast, &list[i], config->is_member);
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

void multicast_send(struct multicast *multicast, size_t at, struct span bytes,
                    const struct address *to)
{
    const struct sockaddr *name =
        to ? (const struct sockaddr *)&to->storage : (const struct sockaddr *)&multicast->group;
    socklen_t len = to ? to->len : (socklen_t)sizeof multicast->group;
    ssize_t ignored = sendto(multicast->members[at].fd, bytes.data, bytes.len, 0, name, len);
    (void)ignored; /* it is asked, and said, again */
}
