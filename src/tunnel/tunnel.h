/*
 * One end of a tunnel, whole. Here it is put together: the certificate, the
 * STUN and TURN servers, a meeting for each room where it finds others
 * (tunnel/meeting.h), and at its end either a proxy or a serve. It needs a loop
 * and a config, nothing of a command line; several of them fit into one
 * process.
 *
 *   client ── proxy ── keeper ═════ keeper ── serve ── upstream
 *           (consumer)                  (provider)
 */
#ifndef TUNNEL_TUNNEL_H
#define TUNNEL_TUNNEL_H

#include "tunnel/keeper.h"
#include "tunnel/link.h"
#include "tunnel/proxy.h"
#include "tunnel/serve.h"
#include "tunnel/state.h"

struct tunnel;

/* The structs are copied; all else that they point to must outlive the
 * tunnel. */
struct tunnel_config {
    /* What this end is: one of the two is NULL. */
    const struct proxy_config *proxy;
    const struct serve_config *serve;
    unsigned features;   /* of the protocol: a set of enum feature */
    size_t partners_max; /* see tunnel/keeper.h */

    /* Where the ends meet. One of the three: */
    const char *room;         /* of version 1; the signal server must be trusted */
    const struct link *links; /* of a consumer: the providers of these links, the first first */
    size_t link_count;        /* at most POOL_PROVIDERS_MAX */
    struct state *state;      /* of a provider: whoever has one of its invites */
    const struct url *signal; /* of the room and of the state; links have their own */

    /* Of a provider: it is the signal server of its room itself, and listens
     * there; `signal` is how it reaches itself. NULL: it is not. */
    const char *own_signal_host;
    uint16_t own_signal_port;

    /* Helpers for a path. The URLs must have passed ice_server_url_check(). */
    char *const *stun;
    size_t stun_count;
    const char *turn; /* NULL for none */
    const char *turn_user;
    const char *turn_pass;
    bool is_relay_only; /* go through the TURN server alone */

    /* Of the sockets of its paths: see rtc/ice_fixed.h. */
    struct ice_fixed fixed;
    /* What connections to the signal server, and to TURN servers over TCP and
     * TLS, go through; NULL for none. */
    const struct egress *egress;
};

struct tunnel_handlers {
    /* link: of which of the links; 0 where there are none. */
    void (*on_status)(size_t link, const struct keeper_status *status, void *arg);
    /* Of a provider: see tunnel/upstream_probe.h. */
    void (*on_bad_upstream)(const char *why, void *arg);
    /* Of each exchange, once: see tunnel/exchange.h. */
    void (*on_exchange_done)(const struct exchange_record *record, void *arg);
};

/* A consumer listens at once, the rest begins in a later turn, as do the
 * handlers. 0 with *out; of a consumer, or a provider with a signal server of
 * its own, an error of listener_new(), of a provider one of tls_client_new()
 * or state_read(). */
int tunnel_new(struct loop *loop, const struct tunnel_config *config,
               const struct tunnel_handlers *handlers, void *arg, struct tunnel **out);

/* Where a consumer listens; of a provider 0. */
uint16_t tunnel_port(const struct tunnel *tunnel);

/* How it is now, for whoever asks. */
struct tunnel_status {
    enum keeper_state state;    /* of several links: up when one is; else that of the first */
    const char *problem;        /* why it is not up, as clients are told; NULL while it is. Valid
                                until the loop goes on */
    size_t waiting;             /* requests of a consumer that wait for it */
    struct keeper_stats keeper; /* of the first link that is up; all sessions are counted */
    struct exchange_totals exchanges; /* since the start */
};
void tunnel_status(const struct tunnel *tunnel, struct tunnel_status *out);

/* Says bye, ends all streams, frees. No handler is called any more but
 * on_exchange_done, for what was under way. Not under a handler. What is still
 * to go out does so while the loop runs on, at the latest under loop_free().
 * NULL is allowed. */
void tunnel_close(struct tunnel *tunnel);

#endif
