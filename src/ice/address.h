/*
 * A transport address: what a datagram is sent to or came from. Plain data,
 * free of sockaddr, so that the simulator and the wire can make them.
 */
#ifndef ICE_ADDRESS_H
#define ICE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { ICE_FAMILY_NONE = 0, ICE_FAMILY_4 = 4, ICE_FAMILY_6 = 6 };

struct ice_address {
    uint8_t family;
    uint16_t port;  /* host order */
    uint8_t ip[16]; /* network order; 4 bytes used of IPv4, the others 0 */
};

enum { ICE_ADDRESS_TEXT_LEN = 64 };

struct ice_address ice_address_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port);

/* A literal IPv4 or IPv6 address without brackets or scope; an IPv4-mapped
 * one becomes IPv4. 0 or -EINVAL. */
int ice_address_parse(struct span text, uint16_t port, struct ice_address *out);

/* "192.0.2.1:80", "[2001:db8::1]:80", or "-". Returns out. */
const char *ice_address_format(const struct ice_address *a, char out[ICE_ADDRESS_TEXT_LEN]);
/* The same without brackets and port. */
const char *ice_address_format_ip(const struct ice_address *a, char out[ICE_ADDRESS_TEXT_LEN]);

bool ice_address_is_equal(const struct ice_address *a, const struct ice_address *b);
bool ice_address_is_same_ip(const struct ice_address *a, const struct ice_address *b);

/* 169.254/16, fe80::/10: means nothing without an interface. */
bool ice_address_is_link_local(const struct ice_address *a);
bool ice_address_is_loopback(const struct ice_address *a);
/* Unspecified, multicast or broadcast: nothing that one host has. */
bool ice_address_is_unusable(const struct ice_address *a);

#endif
