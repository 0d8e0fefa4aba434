/*
 * A provider in its own network: a signal server for its room there, on a port
 * of its own, and the advert that tells where that is.
 */
#ifndef TUNNEL_LAN_HOST_H
#define TUNNEL_LAN_HOST_H

#include "net/loop.h"

struct lan_host;

/* room: that the provider is met in elsewhere. interface: see signal/lan.h.
 * NULL when no port can be had, which is logged. */
struct lan_host *lan_host_new(struct loop *loop, const char *room, const char *interface);
void lan_host_free(struct lan_host *host); /* NULL is allowed */

/* Of the server; 0 of NULL. */
uint16_t lan_host_port(const struct lan_host *host);

#endif
