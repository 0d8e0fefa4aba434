#include "rtc/ice_bind.h"

#include <errno.h>

#include "base/log.h"
#include "rtc/ice_address.h"

static void tell_taken(const struct ice_fixed *fixed, const struct address *address)
{
    char text[ICE_ADDRESS_TEXT_LEN];
    struct ice_address ip = ice_from_sockaddr(address);
    ice_address_format_ip(&ip, text);
    if (fixed->port_first == fixed->port_last)
        log_info("ice: UDP port %u is taken on %s; using another one for this session",
                 fixed->port_first, text);
    else
        log_info("ice: UDP ports %u to %u are all taken on %s; using another one for this session",
                 fixed->port_first, fixed->port_last, text);
}

int ice_bind(struct loop *loop, const struct ice_fixed *fixed, const struct address *address,
             const struct udp_handlers *handlers, void *arg, struct udp **out)
{
    struct address local = *address;
    if (fixed->port_first == 0)
        return udp_new(loop, &local, handlers, arg, out);
    for (unsigned port = fixed->port_first; port <= fixed->port_last; port++) {
        address_set_port(&local, (uint16_t)port);
        int error = udp_new(loop, &local, handlers, arg, out);
        if (error != -EADDRINUSE && error != -EACCES)
            return error;
    }
    tell_taken(fixed, address);
    return udp_new(loop, address, handlers, arg, out);
}
