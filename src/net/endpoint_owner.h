/*
 * The kernel's answer to peer_owner.c: who has the other end of a connection on
 * this machine.
 */
#ifndef NET_ENDPOINT_OWNER_H
#define NET_ENDPOINT_OWNER_H

#include <stdint.h>

#include "net/peer_owner.h"

struct endpoint {
    uint32_t address[4]; /* in network order; of IPv4 the first alone */
    uint16_t port;       /* in network order */
    int family;
};

/* Of the socket at peer that is connected to own; inquiry is what
 * peer_owner_open() gave, which stands beside this. */
enum peer_owner endpoint_owner(int inquiry, const struct endpoint *peer,
                               const struct endpoint *own);

#endif
