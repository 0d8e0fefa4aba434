/*
 * Addresses as the agent has them, and as the system has them.
 */
#ifndef RTC_ICE_ADDRESS_H
#define RTC_ICE_ADDRESS_H

#include "ice/address.h"
#include "net/resolve.h"

struct address ice_to_sockaddr(const struct ice_address *address);
struct ice_address ice_from_sockaddr(const struct address *address);

#endif
