/*
 * Request targets (RFC 9112 section 3.2) on their way from the client to the
 * upstream: the proxy takes the origin form, and at the provider `--advertise`
 * takes a prefix off and the upstream URL's base path is put in front.
 */
#ifndef TUNNEL_TARGET_H
#define TUNNEL_TARGET_H

#include "base/span.h"

/* advertise begins with '/'; "/" takes nothing off. base is a URL's path, "/"
 * for none; its query, if any, is not used. With advertise "/v1", "/v1/models"
 * becomes "/models", "/v1" becomes "/", "/v1?x" becomes "/?x", and all else
 * stays. "*" (of OPTIONS) stays whatever base is. It points into the target, or
 * is in *storage, to be freed by the caller; else that is NULL. */
struct span target_for_upstream(struct span target, const char *advertise, const char *base,
                                char **storage);

/* The reverse, for what an upstream says of itself: with base "/api" and
 * advertise "/v1", "/api/models" becomes "/v1/models". A query or a fragment
 * may follow. NULL where the target is not under base: no client can ask for
 * it. What a browser would take for another host's name ("//x", "/\x") is
 * "/.//x". To be freed by the caller. */
char *target_for_client(struct span target, const char *advertise, const char *base);

/* The origin form of a request target that came to the proxy: an absolute
 * form loses its scheme and authority (RFC 9112 section 3.2.2), and an empty
 * path is "/", or "*" of OPTIONS (section 3.2.4). Empty for what is neither,
 * such as CONNECT's. It points into the target, but for that of an absolute
 * form with a query and no path, which is in *storage, to be freed by the
 * caller; else that is NULL. */
struct span target_origin_form(struct span method, struct span target, char **storage);

#endif
