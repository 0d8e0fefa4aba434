/*
 * Candidates: what they are, how urgent, and their line of text (RFC 8839
 * section 5.1):
 *
 *   candidate:1 1 UDP 2122252543 192.168.1.5 40112 typ srflx raddr … rport …
 *             |  |  |      |          |        |       |
 *     foundation |  |   priority   address    port    type
 *         component transport
 */
#ifndef ICE_CANDIDATE_H
#define ICE_CANDIDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "ice/address.h"
#include "ice/limits.h"

enum ice_candidate_type {
    ICE_CANDIDATE_HOST,
    ICE_CANDIDATE_SRFLX,
    ICE_CANDIDATE_PRFLX,
    ICE_CANDIDATE_RELAY
};
const char *ice_candidate_type_name(enum ice_candidate_type type);

struct ice_candidate {
    enum ice_candidate_type type;
    bool is_tcp; /* ICE-TCP (RFC 6544): understood, never used */
    uint32_t component;
    uint32_t priority;
    struct ice_address address; /* family none while only the name is known */
    struct ice_address related; /* family none when absent */
    char foundation[ICE_FOUNDATION_MAX + 1];
    char hostname[ICE_HOSTNAME_MAX + 1]; /* "….local", or "" */
};

/* Takes "candidate:…" with or without "a=" before it; extensions behind the
 * type are skipped. 0; -EINVAL when it is none, or longer than
 * ICE_CANDIDATE_LINE_MAX; -EOPNOTSUPP for an address that is a name but not
 * below .local, or a transport that is neither UDP nor TCP. */
int ice_candidate_parse(struct span line, struct ice_candidate *out);

/* Without "a=". Returns out. */
const char *ice_candidate_format(const struct ice_candidate *c, char out[ICE_CANDIDATE_LINE_MAX]);

/* RFC 8445 section 5.1.2.1, for component 1. */
uint32_t ice_candidate_priority(enum ice_candidate_type type, uint16_t local_preference);

/* RFC 8445 section 6.1.2.3: G is the controlling side's, D the other's. */
uint64_t ice_pair_priority(uint32_t g, uint32_t d);

/* Section 5.1.1.3: the same for the same type, base address, server and
 * transport to the server. server may be NULL. */
void ice_candidate_set_foundation(struct ice_candidate *c, const struct ice_address *base,
                                  const struct ice_address *server, unsigned transport);

/* "srflx 203.0.113.9:51820". Returns out. */
enum { ICE_CANDIDATE_TEXT_LEN = 80 };
const char *ice_candidate_describe(enum ice_candidate_type type, const struct ice_address *address,
                                   char out[ICE_CANDIDATE_TEXT_LEN]);

/* What the name of an interface says about it: physical ones first, then VPN
 * tunnels, then the bridges and pairs that containers and virtual machines
 * hang on. */
enum ice_interface_kind {
    ICE_INTERFACE_PHYSICAL,
    ICE_INTERFACE_VPN,
    ICE_INTERFACE_BRIDGE,
    ICE_INTERFACE_LOOPBACK
};
enum ice_interface_kind ice_interface_kind(const char *name, const struct ice_address *address);

/* 0 to 65535: by kind, IPv6 before IPv4 within a kind (RFC 8421), then what the
 * default route leads to, earlier before later. index is below
 * ICE_BASES_MAX. */
uint16_t ice_interface_preference(enum ice_interface_kind kind, const struct ice_address *address,
                                  bool is_default, int index);

#endif
