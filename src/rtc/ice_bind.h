/*
 * A UDP socket at a port that a person has fixed, or at any.
 */
#ifndef RTC_ICE_BIND_H
#define RTC_ICE_BIND_H

#include "net/udp.h"
#include "rtc/ice_fixed.h"

/* As udp_new() on that address. When all fixed ports are taken there, it is
 * another one, and the log says so. */
int ice_bind(struct loop *loop, const struct ice_fixed *fixed, const struct address *address,
             const struct udp_handlers *handlers, void *arg, struct udp **out);

#endif
