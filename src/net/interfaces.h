/*
 * The addresses of this machine and the interfaces that have them, as the
 * system lists them; and where datagrams to an address leave from.
 */
#ifndef NET_INTERFACES_H
#define NET_INTERFACES_H

#include <net/if.h>
#include <stdbool.h>

#include "net/resolve.h"

/* One address. */
struct interface {
    char name[IF_NAMESIZE]; /* "" where the system does not tell */
    struct address address; /* of IPv4 or IPv6; port 0 */
    bool has_carrier;       /* without one, what is sent there is lost */
    bool is_loopback;
    bool is_point_to_point; /* as the tunnels of VPNs are */
    bool is_default;        /* the default route of that family leads to its interface */
};

/* Those that are up. A system may refuse to list them (no netlink in a strict
 * sandbox): then *error is that errno, else 0, and what is found are those of
 * IPv4, and of IPv6 the one that datagrams to the internet leave from, and the
 * loopback's. Returns how many; *out is malloc()ed, or NULL. */
int interfaces_list(struct interface **out, int *error);

/* The address of ours from which a datagram to that one would leave; port 0.
 * Nothing is sent. 0, or what connect(2) says: -ENETUNREACH. */
int interfaces_source_for(const struct address *to, struct address *out);

/* Whether both are the same but for the port. */
bool address_is_same_host(const struct address *a, const struct address *b);

/* Whether this machine has the address, whatever its port. */
bool address_is_ours(const struct address *address);

/* Whether what this machine sends to that address now leaves from local, so
 * that a connection between the two has a way. True where there is no way at
 * all: that may pass. */
bool address_is_source(const struct address *local, const struct address *to);

#endif
