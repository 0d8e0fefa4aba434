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

#include "signal/room_name.h"
#include "tunnel/history.h"
#include "tunnel/keeper.h"
#include "tunnel/link.h"
#include "tunnel/proxy.h"
#include "tunnel/serve.h"
#include "tunnel/state.h"

struct signal_server; /* signal/server.h */
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

    /* With links and a state: the two find each other in their own network,
     * too, but not with is_relay_only: it would tell where we are. */
    bool is_near;

    /* Helpers for a path. ice_server_url_parse() takes the URLs. */
    char *const *stun;
    size_t stun_count;
    const char *second_stun; /* for reports alone (tunnel/reporter.h), beside these; or NULL */
    char *const *turn;
    size_t turn_count;
    const char *turn_user;
    const char *turn_pass;
    bool is_relay_only; /* go through the TURN server alone */
    bool takes_relay;   /* the signal server's relay may be used, where no path works */

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

enum { TUNNEL_ERRORS_MAX = 8, TUNNEL_ERROR_LEN = 256 };

/* Something that went wrong, in the words of a keeper or about the upstream. */
struct tunnel_error {
    uint64_t at_us; /* of clock_now_us(); 0: there is none */
    uint64_t count; /* how often in a row */
    char text[TUNNEL_ERROR_LEN];
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
    uint64_t up_us;             /* for how long this end has run */
    size_t waiting;             /* requests of a consumer that wait for a session, of a provider
                                   that wait in line for the upstream */
    uint64_t waiting_us;        /* for how long the first of them has */
    struct keeper_stats keeper; /* of the first link that is up; all is counted */
    size_t relayed;             /* of its partners */
    size_t streams;             /* that are open to them */
    size_t queued_bytes;        /* of messages to them, not sent yet */
    struct tunnel_error errors[TUNNEL_ERRORS_MAX]; /* the last ones, the newest first */
};
void tunnel_status(const struct tunnel *tunnel, struct tunnel_status *out);

/* Each partner with a session that is up; link: of which of the links. */
void tunnel_each_partner(const struct tunnel *tunnel,
                         void (*each)(size_t link, const struct partner_view *partner, void *arg),
                         void *arg);

/* The fingerprint of the room of that link, or of the only one. */
const char *tunnel_room(const struct tunnel *tunnel, size_t link, char out[ROOM_FINGERPRINT_LEN]);

/* Of a provider that is its own signal server, that; else NULL. */
const struct signal_server *tunnel_signal_server(const struct tunnel *tunnel);

/* Its exchanges, until the loop goes on. */
const struct history *tunnel_history(const struct tunnel *tunnel);

/* Says bye, ends all streams, frees. No handler is called any more but
 * on_exchange_done, for what was under way. Not under a handler. What is still
 * to go out does so while the loop runs on, at the latest under loop_free().
 * NULL is allowed. */
void tunnel_close(struct tunnel *tunnel);

#endif
