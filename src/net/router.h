/*
 * The router of a home, asked to let datagrams in: by NAT-PMP (RFC 6886), or
 * else by UPnP's Internet Gateway Device, whichever it speaks.
 *
 * All of it blocks, up to some seconds where nobody answers: it is for errands
 * (net/errand.h), of which one at a time may have the router.
 */
#ifndef NET_ROUTER_H
#define NET_ROUTER_H

#include <stdbool.h>

#include "net/resolve.h"

struct router;

enum { ROUTER_LEASE_S = 3600 }; /* for how long a mapping is asked for */

/* Names the libraries that this was built with, as in "libnatpmp, miniupnpc";
 * NULL without any: then no router is ever found. */
const char *router_libraries(void);

struct router *router_new(void);
void router_free(struct router *router);

/* What comes by UDP to *outside is to reach local, an IPv4 address of this
 * machine, for ROUTER_LEASE_S; asked again, longer. outside is the router's
 * answer, which keeps the port of local, or of *outside where that has one, if
 * it is free. 0; -ENOENT: there is no router that speaks either; -EACCES: it
 * refuses. */
int router_map(struct router *router, const struct address *local, struct address *outside);

/* Takes that back. */
void router_unmap(struct router *router, const struct address *local,
                  const struct address *outside);

#endif
