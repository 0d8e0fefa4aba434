/*
 * One exchange at the provider: a stream of the multiplexer joined to a call to
 * the upstream. It dies with whichever ends first, and ends the other; a pipe's
 * two directions end one by one.
 */
#ifndef TUNNEL_FORWARD_H
#define TUNNEL_FORWARD_H

#include "tunnel/exchange.h"
#include "tunnel/expectation.h"
#include "tunnel/mux.h"
#include "tunnel/own_url.h"
#include "tunnel/upstream.h"

/* What the forwards of a serve have in common; outlives them. */
struct forward_common {
    struct loop *loop;
    struct upstream upstream;
    struct own_url_upstream own;
    const char *advertise; /* see tunnel/target.h */
    bool preserves_host;
    bool is_forwarded;
    bool has_devices; /* each stream is some device's */
    const struct http_field *rules;
    size_t rule_count;
    struct exchange_watch watch;
    size_t count; /* that are under way */
    struct expectations expectations;
    struct deadline *deadline; /* of these */
};

/* Once the loop is set; the rest may be set later. */
void forward_common_init(struct forward_common *common);
void forward_common_deinit(struct forward_common *common); /* none is under way */

/* Takes on a request, under on_request of the mux. It ends with its stream, and
 * owns itself. */
void forward_start(struct forward_common *common, struct mux_stream *stream,
                   const struct head *head);

#endif
