/*
 * Which addresses are no part of the internet.
 */
#ifndef NET_PRIVATE_ADDRESS_H
#define NET_PRIVATE_ADDRESS_H

#include <stdbool.h>

#include "net/resolve.h"

/* RFC 1918, 3927, 6598 (as VPNs use it); RFC 4193 and link-local. Not those of
 * the loopback. */
bool address_is_private(const struct address *address);

bool address_is_loopback(const struct address *address);

#endif
