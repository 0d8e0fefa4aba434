/*
 * Whether the upstream answers, asked once, by HEAD: a wrong port or scheme is
 * better heard of at the start than with the first request.
 */
#ifndef TUNNEL_UPSTREAM_PROBE_H
#define TUNNEL_UPSTREAM_PROBE_H

#include "http/url.h"
#include "net/loop.h"
#include "net/tls.h"

struct upstream_probe;

/* tls is for https and must outlive the probe. on_bad comes once at most, in a
 * later turn: why says what is wrong and what that means, as in "connection
 * refused; ...". An upstream that answers, or takes its time, is not spoken
 * of. */
struct upstream_probe *upstream_probe_new(struct loop *loop, const struct url *url,
                                          const struct tls_client *tls,
                                          void (*on_bad)(const char *why, void *arg), void *arg);
void upstream_probe_free(struct upstream_probe *probe); /* NULL is allowed */

#endif
