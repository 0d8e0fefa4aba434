/*
 * The way out of a network whose machines reach the internet through its
 * proxy alone, as the variables HTTPS_PROXY, ALL_PROXY and NO_PROXY tell it.
 * An "egress", since a proxy is the consumer's end here. How it is asked to
 * connect us is net/egress_talk.h; conn_connect_through() does so.
 */
#ifndef NET_EGRESS_H
#define NET_EGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct tls_client;

enum egress_protocol { EGRESS_HTTP, EGRESS_SOCKS5 };

struct egress {
    enum egress_protocol protocol;
    struct tls_client *tls; /* to the proxy itself; NULL: it is spoken to in the clear */
    char *host;
    uint16_t port;
    char *user; /* who we are there; NULL for nobody */
    char *password;
    char *exceptions; /* NULL for none */
    char *name;       /* for people: as the URL, without user and password */
};

/* url is [SCHEME://][USER[:PASSWORD]@]HOST[:PORT], with http, https (TLS to the
 * proxy, verified against the system's store), socks5h or socks5 for a scheme;
 * without one it is http. Names are the proxy's to look up, with socks5 as
 * well. exceptions are what NO_PROXY holds; NULL for none. 0, or -EINVAL with
 * *why (static) saying what would be right. */
int egress_new(const char *url, const char *exceptions, struct egress **out, const char **why);
void egress_free(struct egress *egress); /* zeroes the password; NULL is allowed */

/* Whether connections to that name or literal go through it: not those to this
 * machine itself, nor to what is excepted. egress may be NULL: none do. */
bool egress_leads_to(const struct egress *egress, const char *host, uint16_t port);

#endif
