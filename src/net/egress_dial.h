/*
 * A connection to somebody by way of a network's proxy: to the proxy as
 * net/dial.h connects, with TLS if its URL says so, then what
 * net/egress_talk.h has to say. Used by conn.c only.
 */
#ifndef NET_EGRESS_DIAL_H
#define NET_EGRESS_DIAL_H

#include "net/egress.h"
#include "net/loop.h"
#include "net/tls.h"

struct egress_dial;

/* How it ended. */
struct egress_end {
    int fd;                  /* connected, and the callee's from then on; or -1 */
    struct tls_session *tls; /* open, in which all that is said on it travels; the callee's as
                                well. NULL: nothing but what is said */
    int error;               /* of dial_new() for the proxy; -EPROTO: it refused, or TLS failed;
                                -ECONNRESET: it ended the connection */
    const char *text;        /* of an error, names the proxy; valid during the call */
};

/* on_done comes once, in a later turn; the dial is gone after it. It waits for
 * ever; the egress must outlive it. */
struct egress_dial *egress_dial_new(struct loop *loop, const struct egress *egress,
                                    const char *host, uint16_t port,
                                    void (*on_done)(const struct egress_end *end, void *arg),
                                    void *arg);

/* on_done will not come. NULL is allowed. */
void egress_dial_free(struct egress_dial *dial);

#endif
