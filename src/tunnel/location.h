/*
 * Redirects and their kin: URLs of the upstream's own in fields that clients
 * follow by themselves, which would lead them past the tunnel
 * (tunnel/own_url.h).
 *
 * Not so: URLs in bodies; fields that nobody follows, such as Via, or that are
 * for a person's tools, such as SourceMap; Alt-Svc, which names a port and no
 * origin; and what a client only sends back or computes with, such as the realm
 * of Digest.
 */
#ifndef TUNNEL_LOCATION_H
#define TUNNEL_LOCATION_H

#include "tunnel/head.h"
#include "tunnel/own_url.h"

/* Changes a response's head, which owns nothing yet; head_deinit() is due. */
void location_rewrite(struct head *response, const struct own_url_upstream *upstream,
                      const struct own_url_names *names);

#endif
