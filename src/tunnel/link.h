/*
 * The link keeps two machines connected: it visits the signal server, meets
 * the other side in the room, negotiates a session, and does so again for as
 * long as the program runs.
 *
 *   connecting -> waiting -> negotiating -> up
 *        ^           ^            |          |
 *        +-- retrying (backoff) <-+----------+
 *
 * Signalling and sessions live apart. A session goes on while the signal
 * server is away; and when a new one is negotiated beside it (both came back
 * to a restarted server), it takes over new requests while the old one ends
 * what it has begun.
 */
#ifndef TUNNEL_LINK_H
#define TUNNEL_LINK_H

#include "http/url.h"
#include "net/loop.h"
#include "net/tls.h"
#include "rtc/cert.h"
#include "rtc/ice_servers.h"
#include "rtc/peer.h"
#include "tunnel/mux.h"

struct link;

enum link_state { LINK_CONNECTING, LINK_WAITING, LINK_NEGOTIATING, LINK_UP, LINK_RETRYING };
const char *link_state_name(enum link_state state);

struct link_status {
    enum link_state state;
    const char *problem;   /* what went wrong and what to do, or NULL */
    uint64_t retry_in_us;  /* of RETRYING */
    struct peer_path path; /* of UP */
    uint64_t rtt_us;       /* of UP */
    bool is_path_news;     /* of UP: only the path is another one */
};

struct link_config {
    enum mux_role role;
    unsigned features; /* see mux_new() */
    const struct url *signal;
    const struct tls_client *tls; /* for a wss signal server */
    const char *room;
    const struct cert *cert;
    struct ice_servers *servers;
    bool is_relay_only; /* see rtc/peer.h */
};

struct link_handlers {
    /* A session is up: new streams belong on this mux. Comes again when
     * another takes over. */
    void (*on_up)(struct mux *mux, void *arg);
    void (*on_down)(void *arg);
    void (*on_request)(struct mux_stream *stream, const struct head *head, void *arg);
    void (*on_status)(const struct link_status *status, void *arg);
};

/* The most and the least that a retry waits. */
#define LINK_BACKOFF_FIRST_US (500 * US_PER_MS)
#define LINK_BACKOFF_MOST_US  (30 * US_PER_S)

/* From a session's first step to HELLO and AGREE. */
#define LINK_NEGOTIATION_US (30 * US_PER_S)

/* An ICE restart that is not answered in this time is given up. */
#define LINK_RESTART_US (10 * US_PER_S)

/* The least and the most between two restarts that we begin; after a calm,
 * the least again. The first comes at once. */
#define LINK_RESTART_FIRST_US (1 * US_PER_S)
#define LINK_RESTART_MOST_US  (30 * US_PER_S)
#define LINK_RESTART_CALM_US  (60 * US_PER_S)

/* Everything that the config points to must outlive the link. Starts at
 * once. */
struct link *link_new(struct loop *loop, const struct link_config *config,
                      const struct link_handlers *handlers, void *arg);

/* Says bye, ends all streams, frees. No handler but those of streams is
 * called any more. */
void link_close(struct link *link);

#endif
