/*
 * CONNECT at the provider (RFC 9110 section 9.3.6): a stream of the mux
 * becomes a TCP connection to the upstream, byte for byte. What the client
 * speaks over it, such as TLS of its own, is none of our business.
 *
 * Only the upstream's own authority can be asked for: who may use an API shall
 * not get the rest of its network with it.
 */
#ifndef TUNNEL_CONNECT_H
#define TUNNEL_CONNECT_H

#include <stdbool.h>

#include "http/url.h"
#include "net/loop.h"
#include "tunnel/exchange.h"
#include "tunnel/mux.h"
#include "tunnel/upstream.h"

/* Whether a CONNECT's target is the host and port of that URL. */
bool connect_is_allowed(struct span target, const struct url *url);

/* Takes on such a request, under on_request of the mux: connects when it is its
 * turn, answers 200, and carries both directions until both have ended. Unless
 * is_any, the client must begin as HTTP/2 does (RFC 9113 section 3.4), or the
 * stream breaks. It ends with its stream, and owns itself; upstream and watch
 * must outlive it. */
void connect_start(struct loop *loop, struct mux_stream *stream, struct span target, bool is_any,
                   struct upstream *upstream, const struct exchange_watch *watch);

#endif
