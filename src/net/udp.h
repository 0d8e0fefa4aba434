/*
 * A UDP socket that moves bursts: one system call for many datagrams, in both
 * directions, as far as the kernel can.
 *
 *   send     UDP_SEGMENT (the kernel cuts)  -> sendmmsg -> sendmsg one by one
 *   receive  UDP_GRO     (the kernel joins) and recvmmsg
 *
 * Others than Linux have none of that: there it is one by one.
 * What the kernel refuses is found out at the first try and not tried again.
 * A burst is equal-sized datagrams next to each other in memory, of which the
 * last may be shorter.
 */
#ifndef NET_UDP_H
#define NET_UDP_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "net/loop.h"
#include "net/resolve.h"

struct udp;

enum {
    UDP_BURST_MAX = 64,         /* datagrams of one send: the kernel's UDP_MAX_SEGMENTS */
    UDP_BURST_BYTES = 65000,    /* bytes of one send, headers left aside */
    UDP_READS_PER_TURN = 8,     /* calls before the loop looks after others */
    UDP_SOCKET_BUFFER = 4 << 20 /* asked of the kernel, each direction */
};

/* The next datagram of a burst, which is taken off its front. */
static inline struct span udp_take_datagram(struct span *burst, size_t segment)
{
    struct span datagram = span_of(burst->data, burst->len < segment ? burst->len : segment);
    *burst = span_skip(*burst, datagram.len);
    return datagram;
}

struct udp_handlers {
    /* A burst from one sender: segment bytes each, the last what is left.
     * Valid during the call. */
    void (*on_burst)(struct span bytes, size_t segment, const struct address *from, void *arg);
    /* The round trip of what the socket carries, 0 where it is not known: a
     * busy one is read late by a small part of it (net/moderation.h). May be
     * NULL: each datagram is read as it comes. */
    uint64_t (*rtt_us)(void *arg);
};

/* Binds to local (port 0 picks one). Errors: those of socket(2) and bind(2).
 * Datagrams leave with DF set and no help of the kernel's path MTU, since
 * SCTP probes the path itself (RFC 8899); IPv6 sockets take IPv6 only. */
int udp_new(struct loop *loop, const struct address *local, const struct udp_handlers *handlers,
            void *arg, struct udp **out);
void udp_close(struct udp *udp);

/* Does without the kernel's cutting and joining, as where it has neither.
 * For tests. */
void udp_forgo_offload(struct udp *udp);

/* What is sent to other hosts leaves by that interface, wherever the default
 * route leads; 0: by the route again. Nothing where the system cannot. */
void udp_pin(const struct udp *udp, unsigned interface_index);

void udp_local_address(const struct udp *udp, struct address *out);

/* Sends a burst, at most UDP_BURST_MAX and UDP_BURST_BYTES. 0; -EAGAIN when the
 * kernel has no room (what did not go is lost, as on any path); else what
 * sendmsg(2) said, such as -ENETUNREACH, -EMSGSIZE or -ECONNREFUSED for an
 * earlier datagram. */
int udp_send(struct udp *udp, struct span bytes, size_t segment, const struct address *to);

/* The same without DF: what is larger than the path goes in fragments. For
 * the rare datagram that was made when the path was wider. */
int udp_send_in_fragments(struct udp *udp, struct span bytes, size_t segment,
                          const struct address *to);

/* The most bytes of a datagram that the way to an address takes, as far as
 * this machine knows: by its interface, or by an ICMP message that came. At
 * least what every host takes: 576 bytes with all headers, of IPv6 1280, which
 * is also what is said when nothing is known. */
size_t udp_route_max(const struct address *to);

#endif
