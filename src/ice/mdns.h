/*
 * One multicast DNS look-up (RFC 6762): the question for a .local name, and
 * its answer. The owner sends the question to 224.0.0.251:5353 (or ff02::fb)
 * from a port of its own, which makes it a one-shot query (section 5.1) that
 * responders answer by unicast.
 */
#ifndef ICE_MDNS_H
#define ICE_MDNS_H

#include <stdint.h>

#include "base/span.h"
#include "ice/address.h"

enum { MDNS_PORT = 5353, MDNS_QUERY_MAX = 12 + 257 + 2 * 6, MDNS_ADDRESSES_MAX = 8 };

/* Writes a query for the A and AAAA records of the name, under that id, with
 * a unicast answer asked for. Returns its length, or -EINVAL when the name
 * cannot be one: a label that is empty or over 63 bytes, or over 255 in all. */
int mdns_query_encode(const char *name, uint16_t id, uint8_t out[MDNS_QUERY_MAX]);

/* Reads the addresses of the name, at most max, from an answer (ports are 0).
 * Returns how many; 0 when the message says nothing about it, -EINVAL when it
 * is malformed or no response. */
int mdns_answer_decode(struct span message, const char *name, struct ice_address *out, int max);

#endif
