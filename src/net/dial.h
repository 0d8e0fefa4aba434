/*
 * A stream connection to a host, by the addresses of its name as RFC 8305
 * ("happy eyeballs") has it, or to a Unix socket. Used by conn.c only.
 */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include <stdint.h>

#include "net/loop.h"
#include "net/resolve.h"

struct dial;

/* host as of conn_connect(). on_done comes once, in a later turn: a connected
 * descriptor that is the callee's from then on, or -1 and the error of
 * resolve(), of the last connect(2), or -ENXIO for no such Unix socket. The
 * dial is gone when it comes. */
struct dial *dial_new(struct loop *loop, const char *host, uint16_t port,
                      void (*on_done)(int fd, int error, void *arg), void *arg);

/* IPv4 is tried first, whatever the resolver says. Right behind dial_new(). */
void dial_prefer_ipv4(struct dial *dial);

/* The same with addresses that are known already, 1 to
 * RESOLVE_ADDRESSES_MAX. For tests. */
struct dial *dial_new_to(struct loop *loop, const struct address *addresses, int count,
                         void (*on_done)(int fd, int error, void *arg), void *arg);

/* on_done will not come. NULL is allowed. */
void dial_free(struct dial *dial);

/* Puts addresses of two families by turns, the first one's family first, and
 * in their order otherwise (RFC 8305 section 4). For tests. */
void addresses_interleave(struct address *addresses, int count);

/* Moves the first IPv4 address, if there is one, to the front. For tests. */
void addresses_put_ipv4_first(struct address *addresses, int count);

/* For a fresh TCP socket, connected or accepted: small writes leave at once,
 * the kernel queues little of what the other end does not take, and probes one
 * that is silent (net/liveness.h). */
void socket_tune(int fd);

#endif
