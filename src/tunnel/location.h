/*
 * Redirects: a server makes absolute URLs of the Host that it gets, which is
 * the upstream's own, and a client that followed one would leave the tunnel.
 * So Location and Content-Location that begin with an origin which the upstream
 * takes for its own lose it, and their path becomes the client's
 * (tunnel/path.h): what is left is a reference that the client resolves against
 * the URL it asked for, whatever stands before the proxy (RFC 9110 section
 * 10.2.2). All others go on as they are.
 */
#ifndef TUNNEL_LOCATION_H
#define TUNNEL_LOCATION_H

#include "tunnel/head.h"

/* Where requests go; borrowed. */
struct location_upstream {
    bool is_tls;
    const char *authority;
    const char *base_path;
    const char *advertise;
};

/* What one request told the upstream about where it is. */
struct location_names {
    char *host;             /* or NULL */
    char *forwarded_host;   /* of X-Forwarded-Host, or NULL */
    bool is_http, is_https; /* by X-Forwarded-Proto */
};

/* Learns from a request as it goes upstream; forgetting frees. */
void location_learn(struct location_names *names, struct http_fields request);
void location_forget(struct location_names *names);

/* Changes a response's head, which owns nothing yet; head_deinit() is due. */
void location_rewrite(struct head *response, const struct location_upstream *upstream,
                      const struct location_names *names);

#endif
