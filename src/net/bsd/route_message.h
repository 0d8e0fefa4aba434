/*
 * Messages of the routing socket, route(4): one datagram has one or more.
 *
 *   rtm_msglen (2) | rtm_version (1) | rtm_type (1) | what that type has
 *
 * Of a route, that is a struct rt_msghdr and an address for each bit that is
 * set in rtm_addrs, in the order of the bits. Each is as long as its sa_len
 * says, in multiples of ROUTE_ALIGN; a netmask is cut off behind its last byte
 * that is not zero.
 */
#ifndef NET_BSD_ROUTE_MESSAGE_H
#define NET_BSD_ROUTE_MESSAGE_H

#include <stddef.h>

#include "net/address_news.h"

/* What those of a datagram are about. What is cut off, or of another version,
 * counts as nothing. */
enum address_news route_message_judge(const void *bytes, size_t len);

#endif
