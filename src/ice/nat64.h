/*
 * NAT64 (RFC 6146): a network of IPv6 alone, whose router translates to the
 * internet of IPv4. What has an IPv4 address there is reached at a prefix of
 * the network's with that address in it (RFC 6052 section 2.2), which is what
 * its DNS64 says of names. To one that a peer has told we have to do that
 * ourselves.
 *
 *     octet   0    4  5  6  7  8  9  10 11 12       16
 *     /32     prefix  v4       0  suffix
 *     /40     prefix     v4    0  v4 suffix            and so on up to
 *     /64     prefix           0  v4          suffix
 *     /96     prefix                          v4
 */
#ifndef ICE_NAT64_H
#define ICE_NAT64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ice/address.h"

/* Plain data; all zeros is none. */
struct ice_nat64 {
    size_t len;     /* octets of the prefix: 4 to 8, or 12 */
    uint8_t ip[16]; /* those, then zeros */
};

/* The prefix in an address that ipv4only.arpa has here: it is one of the IPv4
 * addresses that this name has everywhere, translated (RFC 7050 section 3).
 * False, and no prefix: it is not. */
bool ice_nat64_learn(const struct ice_address *address, struct ice_nat64 *out);

/* How an IPv4 address is reached; there is a prefix. */
struct ice_address ice_nat64_translate(const struct ice_nat64 *prefix,
                                       const struct ice_address *address);

#endif
