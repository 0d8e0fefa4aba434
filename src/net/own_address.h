/*
 * By which addresses others may reach this machine.
 */
#ifndef NET_OWN_ADDRESS_H
#define NET_OWN_ADDRESS_H

#include <stdbool.h>

#include "net/resolve.h"

/* Those of interfaces that are up, but loopback and link-local ones; those of
 * the one that the default route leads to are the first of their family. family
 * is AF_INET, AF_INET6 or AF_UNSPEC for both, IPv4 first. Each with the port.
 * Returns how many of at most max. */
int own_addresses(int family, uint16_t port, struct address *out, int max);

/* Whether others reach nothing that listens at that host, as it takes IPv4
 * alone and this machine has addresses of IPv6 alone: *out is one of them, with
 * the port. */
bool own_address_is_missed(const char *listen_host, uint16_t port, struct address *out);

#endif
