/*
 * URLs by which an upstream speaks of itself. It makes them of the Host that it
 * gets, or of the address that it listens on: a client that followed one would
 * leave the tunnel. Here such a URL becomes what its client would write: a
 * reference to the same path of the proxy (tunnel/target.h).
 */
#ifndef TUNNEL_OWN_URL_H
#define TUNNEL_OWN_URL_H

#include <stdbool.h>

#include "http/field.h"
#include "http/url.h"

/* Where requests go; borrowed. */
struct own_url_upstream {
    bool is_tls;
    bool is_loopback; /* by TCP on this machine: it has more than one name */
    const char *authority;
    const char *base_path;
    const char *advertise;
};

struct own_url_upstream own_url_upstream(const struct url *url, const char *advertise);

/* What one request told, in fields of these names; empty where it has none. */
struct own_url_told {
    struct span host, forwarded_host, forwarded_proto;
};

/* About where it came from, and where it went. Few responses have a URL that is
 * compared to it: so it is kept as it came. */
struct own_url_names {
    struct own_url_told client, upstream;
    uint8_t *kept; /* what they lie in */
};

/* Learns from a request as it came from the client, and as it goes upstream;
 * forgetting frees. */
void own_url_learn(struct own_url_names *names, struct http_fields client,
                   struct http_fields upstream);
void own_url_forget(struct own_url_names *names);

/* NULL where a reference of the upstream's (RFC 3986 section 4.1) does not lead
 * to itself, or can stay as it is; else what it becomes, to be freed. That has
 * neither scheme nor authority, and its reader resolves it against the URL it
 * asked for, whatever stands before the proxy (RFC 9110 section 10.2.2). For
 * readers that do not, is_for_simple leaves an absolute URL absolute: with the
 * host that the client named. */
char *own_url_map(struct span reference, const struct own_url_upstream *upstream,
                  const struct own_url_names *names, bool is_for_simple);

#endif
