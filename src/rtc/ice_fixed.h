/*
 * What a person has fixed of the sockets of all ICE agents of a process, for
 * firewalls, containers and machines of which one uplink alone is to be used.
 * Plain data; all zeros fixes nothing.
 */
#ifndef RTC_ICE_FIXED_H
#define RTC_ICE_FIXED_H

#include <stdbool.h>
#include <stdint.h>

#include "ice/address.h"

struct ice_fixed {
    /* The ports that UDP sockets are bound to: the first that is free on their
     * address, and one of the system's when none is. 0: any. Each session has
     * one on each address. */
    uint16_t port_first, port_last;
    const char *interface; /* whose addresses alone are used; NULL: all */
    /* As which the machine is seen from outside, whose NAT keeps ports: of
     * IPv4, of IPv6. Family NONE: not known. */
    struct ice_address external[2];
    bool asks_router; /* for ports that lead to our sockets */
};

#endif
