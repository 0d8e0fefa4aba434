/*
 * The STUN and TURN servers of the command line, resolved in the background
 * so that a name server that does not answer holds nobody up.
 */
#ifndef RTC_ICE_SERVERS_H
#define RTC_ICE_SERVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/loop.h"
#include "net/resolve.h"

enum { ICE_SERVERS_MAX = 8 };

enum ice_server_type { ICE_SERVER_STUN, ICE_SERVER_TURN };
enum ice_transport { ICE_TRANSPORT_UDP, ICE_TRANSPORT_TCP, ICE_TRANSPORT_TLS };

struct ice_servers;

struct ice_server {
    enum ice_server_type type;
    enum ice_transport transport;
    struct address address;
    const char *user; /* of TURN; NULL for STUN */
    const char *pass;
};

struct ice_servers *ice_servers_new(struct loop *loop);
void ice_servers_free(struct ice_servers *servers); /* zeroes the passwords */

/* Adds "stun:host[:port]" (RFC 7064), "turn:host[:port][?transport=udp|tcp]" or "turns:…"
 * (RFC 7065) and starts to resolve it. user and pass are for TURN. 0, or
 * -EINVAL with *why (static) as in url_parse(); -ENOSPC over
 * ICE_SERVERS_MAX. */
int ice_servers_add(struct ice_servers *servers, const char *url, const char *user,
                    const char *pass, const char **why);

/* Checks a URL without adding it. */
int ice_server_url_check(const char *url, const char **why);

/* Those resolved so far. */
int ice_servers_get(const struct ice_servers *servers, struct ice_server *out, int max);

/* The name and port of the first STUN server whose look-up has not come back
 * yet, for an engine that can wait for it by itself; NULL when there is none
 * or when another STUN server is resolved already. */
const char *ice_servers_unresolved_stun(const struct ice_servers *servers, uint16_t *port);

#endif
