/*
 * Where a consumer's request goes at the upstream: `--advertise` takes a
 * prefix off, the upstream URL's base path is put in front.
 */
#ifndef TUNNEL_PATH_H
#define TUNNEL_PATH_H

#include "base/span.h"

/* advertise begins with '/'; "/" takes nothing off. base is a URL's path, "/"
 * for none; its query, if any, is not used. With advertise "/v1", "/v1/models"
 * becomes "/models", "/v1" becomes "/", "/v1?x" becomes "/?x", and all else
 * stays. "*" (of OPTIONS) stays whatever base is. To be freed by the
 * caller. */
char *path_for_upstream(const char *path, const char *advertise, const char *base);

/* The origin form of a request target that came to the proxy: an absolute
 * form loses its scheme and authority (RFC 9112 section 3.2.2). NULL for
 * what is neither, such as CONNECT's. To be freed by the caller. */
char *path_from_target(struct span target);

#endif
