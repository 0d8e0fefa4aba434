#include "rtc/ice_outside.h"

/* RFC 1918, and RFC 6598: behind a NAT. */
static bool is_private(const struct ice_address *address)
{
    const uint8_t *ip = address->ip;
    if (address->family != ICE_FAMILY_4)
        return false;
    return ip[0] == 10 || (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
           (ip[0] == 192 && ip[1] == 168) || (ip[0] == 100 && (ip[1] & 0xc0) == 64);
}

static bool has_default(const struct ice_interfaces *machine, int family)
{
    for (int i = 0; i < machine->useful_count; i++) {
        const struct interface *interface = &machine->list[i];
        if (interface->is_default && interface->address.storage.ss_family == family)
            return true;
    }
    return false;
}

enum ice_outside ice_outside_of(const struct ice_fixed *fixed, const struct ice_interfaces *machine,
                                const struct interface *interface, const struct ice_address *local,
                                struct ice_address *out)
{
    *out = fixed->external[local->family == ICE_FAMILY_6];
    out->port = local->port;
    if (!interface->is_default && has_default(machine, interface->address.storage.ss_family))
        return ICE_OUTSIDE_UNKNOWN;
    if (out->family != ICE_FAMILY_NONE)
        return ICE_OUTSIDE_KNOWN;
    return fixed->asks_router && is_private(local) ? ICE_OUTSIDE_BY_ROUTER : ICE_OUTSIDE_UNKNOWN;
}
