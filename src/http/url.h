/*
 * The URLs of the command line: scheme://host[:port][/path] (RFC 3986), for
 * http, https, ws and wss; and unix:/path/of/socket, HTTP over a Unix socket.
 */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct url {
    char *scheme;    /* lower case */
    char *host;      /* without brackets; of unix: the socket's path */
    uint16_t port;   /* the scheme's default where none is given; of unix: 0 */
    char *path;      /* with the query; "/" where there is none */
    char *authority; /* for a Host field: brackets kept, default port left out; of unix:
                        "localhost" */
    bool is_tls;     /* https or wss */
};

/* 0 or -EINVAL with *why (static) saying what is wrong, as in "has no host"
 * or "must have a port of 1 to 65535". User information and fragments are
 * refused. */
int url_parse(const char *text, struct url *out, const char **why);
void url_deinit(struct url *url);

/* "HOST:PORT", "[V6]:PORT", or a bare port for both commands' --listen; a
 * missing part comes from the defaults. *host is to be freed. 0 or -EINVAL
 * with *why as above. */
int listen_address_parse(const char *text, const char *default_host, uint16_t default_port,
                         char **host, uint16_t *port, const char **why);

/* "HOST:PORT" or "[V6]:PORT", to be freed. */
char *listen_address_format(const char *host, uint16_t port);

/* The host that reaches, on this machine, what listens on host: a loopback
 * address for the wildcards "0.0.0.0" and "::", NULL for others. */
const char *listen_address_loopback(const char *host);

#endif
