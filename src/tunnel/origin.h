/*
 * Which pages may speak to the API, as far as a browser tells: by the name that
 * it found us under (Host), and by the origin of the page (Origin, RFC 6454).
 *
 * The upstream sees its own name in Host, whatever the client sent, and so
 * cannot refuse a page whose name was made to resolve to this machine (DNS
 * rebinding). The proxy does that for it. And where `serve --header` adds a
 * key, the upstream cannot tell who has it from whom it was lent to.
 */
#ifndef TUNNEL_ORIGIN_H
#define TUNNEL_ORIGIN_H

#include <stdbool.h>

#include "http/field.h"

/* Of --allow-host or --allow-origin: borrowed, "*" stands for all. */
struct name_list {
    char *const *at;
    size_t count;
};

/* NULL, or what is wrong with a value of --allow-host or --allow-origin, as in
 * "must be …". */
const char *origin_check_host(const char *text);
const char *origin_check(const char *text);

/* Whether a Host is one that no name server can give away: an IP literal,
 * localhost or below it; or one that is allowed; or empty. */
bool origin_is_safe_host(struct span host, const struct name_list *allowed);

/* Whether a page has sent the request that is not of the host it asks, nor
 * allowed. Without Origin, none has. */
bool origin_is_foreign(struct http_fields request, const struct name_list *allowed);

/* Whether to listen there lets in only who is on this machine. */
bool origin_is_loopback(const char *listen_host);

/* The two parts of an authority without user information: the host, with
 * brackets and without the dot of a name's root; ":PORT", or nothing. */
struct span origin_host_of(struct span authority);
struct span origin_port_of(struct span authority);

/* Whether such a host is one of the names by which a machine speaks to itself:
 * localhost, a loopback address, or the wildcard that it listens on. What is
 * below localhost is as good as another machine: a server may tell them
 * apart. */
bool origin_is_this_machine(struct span host);

#endif
