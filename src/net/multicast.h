/*
 * A multicast group of IPv4 and one of IPv6 on the networks that this machine
 * is in: a socket for each interface that can do multicast, and each family. Of
 * IPv4 where it has a private address, of IPv6 where it has a link-local one
 * and no address of IPv4 but private ones.
 */
#ifndef NET_MULTICAST_H
#define NET_MULTICAST_H

#include "base/span.h"
#include "net/resolve.h"

struct multicast;

enum { MULTICAST_SOCKETS_MAX = 32, MULTICAST_DATAGRAM_MAX = 9000 };

struct multicast_config {
    const char *groups[2]; /* of IPv4, of IPv6, as text; not copied */
    uint16_t port;
    /* Hears what is sent to the group, beside others on this machine; else what
     * is sent to us, at a port of its own. */
    bool is_member;
    const char *interface; /* that one alone; NULL: all */
};

/* on_datagram: valid during the call; at: on which socket. The interfaces are
 * those that there are now: who wants others makes a new one. */
struct multicast *multicast_new(struct loop *loop, const struct multicast_config *config,
                                void (*on_datagram)(size_t at, struct span bytes,
                                                    const struct address *from, void *arg),
                                void *arg);
void multicast_free(struct multicast *multicast); /* NULL is allowed; also from on_datagram() */

size_t multicast_count(const struct multicast *multicast);

/* That of its interface which it has for the family; port 0. And the
 * interface. */
const struct address *multicast_address(const struct multicast *multicast, size_t at);
unsigned multicast_interface(const struct multicast *multicast, size_t at);

/* to: NULL for the group. Lost where it cannot leave. */
void multicast_send(struct multicast *multicast, size_t at, struct span bytes,
                    const struct address *to);

#endif
