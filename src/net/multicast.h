/*
 * A multicast group of IPv4 on the networks that this machine is in: a socket
 * for each interface that has a private address, and can do multicast.
 */
#ifndef NET_MULTICAST_H
#define NET_MULTICAST_H

#include "base/span.h"
#include "net/resolve.h"

struct multicast;

enum { MULTICAST_INTERFACES_MAX = 16, MULTICAST_DATAGRAM_MAX = 9000 };

struct multicast_config {
    uint32_t group; /* in host order */
    uint16_t port;
    bool is_member;        /* hears what is sent to the group, beside others on this machine; else
                              what is sent to us, at a port of its own */
    const char *interface; /* that one alone; NULL: all */
};

/* on_datagram: valid during the call; at: on which interface. The interfaces
 * are those that there are now: who wants others makes a new one. */
struct multicast *multicast_new(struct loop *loop, const struct multicast_config *config,
                                void (*on_datagram)(size_t at, struct span bytes,
                                                    const struct address *from, void *arg),
                                void *arg);
void multicast_free(struct multicast *multicast); /* NULL is allowed; also from on_datagram() */

size_t multicast_count(const struct multicast *multicast);

/* Of the interface; port 0. */
const struct address *multicast_address(const struct multicast *multicast, size_t at);

/* to: NULL for the group. Lost where it cannot leave. */
void multicast_send(struct multicast *multicast, size_t at, struct span bytes,
                    const struct address *to);

#endif
