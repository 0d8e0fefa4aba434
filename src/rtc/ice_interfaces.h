/*
 * Which addresses of this machine ICE uses, and how: the best come first, and
 * what leaves from some is pinned to their interface.
 */
#ifndef RTC_ICE_INTERFACES_H
#define RTC_ICE_INTERFACES_H

#include "net/interfaces.h"

/* This machine's addresses when we last looked, the best first. All zeros
 * before. */
struct ice_interfaces {
    struct interface *list;
    int count;
    int useful_count;
    const char *only; /* the interface that alone counts; NULL: all */
    bool is_guessing; /* the system does not list them */
};

/* Looks. False: a system that listed them before does not (no descriptor is
 * free); they are taken for what they were. */
bool ice_interfaces_look(struct ice_interfaces *machine);
void ice_interfaces_deinit(struct ice_interfaces *machine);

/* Its place, the best first; -1: it is not there any more. */
int ice_interfaces_find(const struct ice_interfaces *machine, const struct address *address);

/* Whether a default route leads out by IPv6, and none by IPv4, whatever
 * addresses of it a container's bridge has. */
bool ice_interfaces_is_ipv6_only(const struct ice_interfaces *machine);

/* Sorts those that are of use to the front, the best first: interfaces that the
 * default route leads to, physical ones, VPNs, bridges; of each at first no
 * more than ICE_PER_INTERFACE addresses a family. Where there is nothing else,
 * that is the loopback. Returns how many are of use. */
enum { ICE_PER_INTERFACE = 4 };

/* For tests. */
int ice_interfaces_rank(struct interface *list, int count, const char *only);

/* Names the interfaces of the addresses, for a person: "br-1, docker0, … and 12
 * more". Returns out. */
enum { ICE_INTERFACES_TEXT_LEN = 160 };
const char *ice_interfaces_describe(const struct interface *list, int count,
                                    char out[ICE_INTERFACES_TEXT_LEN]);

/* Whether what leaves from the address is pinned to its interface: it has an
 * uplink of its own, which the default route does not lead to. Not a VPN, nor a
 * bridge; list is all of the machine's. */
bool ice_interfaces_is_uplink(const struct interface *list, int count,
                              const struct interface *interface);

/* Whether the system leads what is sent there into a VPN. */
bool ice_interfaces_is_tunnelled(const struct interface *list, int count, const struct address *to);

#endif
