/*
 * What the systems of this folder have in common but for its name or size.
 */
#ifndef NET_BSD_NAMES_H
#define NET_BSD_NAMES_H

#ifdef __APPLE__
#define KEEPALIVE_IDLE TCP_KEEPALIVE
#define ROUTE_ALIGN    4 /* bytes; of addresses in messages of the routing socket */
#else
#define KEEPALIVE_IDLE TCP_KEEPIDLE
#define ROUTE_ALIGN    8 /* sizeof(long) */
#endif

#endif
