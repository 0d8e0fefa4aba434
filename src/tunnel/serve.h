/*
 * The provider: a request that comes through the tunnel becomes a call to the
 * upstream, and its response goes back as it arrives.
 */
#ifndef TUNNEL_SERVE_H
#define TUNNEL_SERVE_H

#include <stdbool.h>

#include "http/url.h"
#include "net/loop.h"
#include "net/tls.h"
#include "tunnel/mux.h"
#include "tunnel/origin.h"

struct serve;

struct serve_config {
    const struct url *upstream;     /* copied as needed */
    const struct tls_client *tls;   /* for https; must outlive the serve */
    const char *advertise;          /* copied */
    bool allows_connect;            /* CONNECT to the upstream's own host and port */
    bool preserves_host;            /* the client's Host goes upstream */
    bool is_forwarded;              /* see tunnel/rewrite.h */
    const struct http_field *rules; /* of --header; must outlive the serve */
    size_t rule_count;
    struct name_list allowed_origins; /* see tunnel/permit.h; must outlive the serve */
};

struct serve *serve_new(struct loop *loop, const struct serve_config *config);

/* Cancels what is under way, frees. Streams must have been ended before (see
 * link_close()). */
void serve_free(struct serve *serve);

/* Takes on a request: the on_request of a mux. */
void serve_on_request(struct serve *serve, struct mux_stream *stream, const struct head *head);

#endif
