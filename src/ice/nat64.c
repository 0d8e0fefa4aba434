/*
 * Octet 8 is zero in every such address but those of a /96, and an IPv4 address
 * that would reach it is continued behind it.
 */
#include "ice/nat64.h"

#include <string.h>

enum { SKIPPED = 8, WHOLE = 12 };

/* Where an octet of the IPv4 address stands. */
static size_t place(size_t prefix_len, size_t octet)
{
    size_t at = prefix_len + octet;
    return prefix_len < WHOLE && at >= SKIPPED ? at + 1 : at;
}

/* RFC 7050 section 2.2: 192.0.0.170 and 192.0.0.171. */
static bool holds_known(const uint8_t ip[16], size_t prefix_len)
{
    static const uint8_t known[3] = {192, 0, 0};
    for (size_t i = 0; i < sizeof known; i++) {
        if (ip[place(prefix_len, i)] != known[i])
            return false;
    }
    uint8_t last = ip[place(prefix_len, sizeof known)];
    return (last == 170 || last == 171) && (prefix_len == WHOLE || ip[SKIPPED] == 0);
}

bool ice_nat64_learn(const struct ice_address *address, struct ice_nat64 *out)
{
    static const size_t lens[] = {WHOLE, 8, 7, 6, 5, 4};
    *out = (struct ice_nat64){0};
    for (size_t i = 0; address->family == ICE_FAMILY_6 && i < sizeof lens / sizeof *lens; i++) {
        if (!holds_known(address->ip, lens[i]))
            continue;
        out->len = lens[i];
        memcpy(out->ip, address->ip, out->len);
        return true;
    }
    return false;
}

struct ice_address ice_nat64_translate(const struct ice_nat64 *prefix,
                                       const struct ice_address *address)
{
    struct ice_address out = {.family = ICE_FAMILY_6, .port = address->port};
    memcpy(out.ip, prefix->ip, sizeof out.ip);
    for (size_t i = 0; i < 4; i++)
        out.ip[place(prefix->len, i)] = address->ip[i];
    return out;
}
