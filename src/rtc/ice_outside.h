/*
 * As what a socket of ours is seen from outside, without a server that says so.
 */
#ifndef RTC_ICE_OUTSIDE_H
#define RTC_ICE_OUTSIDE_H

#include "ice/address.h"
#include "rtc/ice_fixed.h"
#include "rtc/ice_interfaces.h"

enum ice_outside {
    ICE_OUTSIDE_UNKNOWN,
    ICE_OUTSIDE_KNOWN,    /* as *out, by --external */
    ICE_OUTSIDE_BY_ROUTER /* which is to be asked */
};

/* Of a socket bound to local, an address of that interface. A NAT is on the
 * way that the default route leads, not before a bridge of containers. */
enum ice_outside ice_outside_of(const struct ice_fixed *fixed, const struct ice_interfaces *machine,
                                const struct interface *interface, const struct ice_address *local,
                                struct ice_address *out);

#endif
