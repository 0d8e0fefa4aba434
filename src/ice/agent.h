/*
 * A full ICE agent (RFC 8445) for one component: finds a path to the other
 * side, keeps it alive, leaves it for a better one. Sans-I/O: datagrams and
 * the time go in, datagrams and events come out; it owns no socket, no clock
 * and no thread, and never logs. docs/ICE.md tells how it works, in order.
 *
 * A "base" is what datagrams leave from, named by a small number: a UDP socket
 * that the owner has bound to a local address and introduced by
 * ice_agent_add_interface(), or a TCP or TLS connection to a TURN server that
 * the agent asked for by on_open_base().
 *
 *   owner                                        agent
 *   add_interface()* add_server()* gather() ──►
 *                                           ◄── on_candidate()*, then NULL
 *   set_remote() add_remote()*              ──►
 *   receive() of every datagram             ──►
 *   on_deadline() at deadline()             ──►
 *                                           ◄── on_datagram(), on_state()
 *   route(): where to send application data now
 *
 *   NEW ─ set_remote() ─► CHECKING ─ a pair works ─► CONNECTED ◄──┐
 *                            │                         │  silence │ answer
 *                            │                         ▼          │
 *                            └─ nothing works ─┐  DISCONNECTED ───┘
 *                                              ▼       │ no consent for 30 s
 *                        restart() ◄──────── FAILED ◄──┘
 *
 * In DISCONNECTED there is still a route, but nobody answers on it: a good
 * moment to restart. restart() leads back to CHECKING when there is no route.
 *
 * Handlers may call the functions marked (h) and no others.
 */
#ifndef ICE_AGENT_H
#define ICE_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "ice/address.h"
#include "ice/budget.h"
#include "ice/candidate.h"
#include "ice/limits.h"
#include "ice/mappings.h"
#include "ice/nat64.h"
#include "ice/stun.h"
#include "ice/turn.h"

struct ice_agent;

enum ice_state { ICE_NEW, ICE_CHECKING, ICE_CONNECTED, ICE_DISCONNECTED, ICE_FAILED };
const char *ice_state_name(enum ice_state state);

struct ice_agent_server {
    bool is_turn;
    enum turn_transport transport; /* of TURN; STUN is always UDP */
    struct ice_address address;
    /* As it was named: what the TLS certificate must bear, and what shows that
     * two addresses are one server's. NULL or "": unknown. Copied. */
    const char *host;
    const char *user; /* of TURN. Copied. */
    const char *pass;
};

struct ice_agent_handlers {
    /* Send from a UDP base to remote, or append to a stream base (remote is
     * then the server). 0; -EAGAIN: lost, as on any path; another negative
     * errno: no way there, which fails the pair at once. */
    int (*on_datagram)(void *arg, int base, const struct ice_address *remote, struct span bytes);
    /* A local candidate, without "a=". NULL: no more in this generation. */
    void (*on_candidate)(void *arg, const char *line);
    /* text: of FAILED and DISCONNECTED, what was tried and why it failed;
     * else "". */
    void (*on_state)(void *arg, enum ice_state state, const char *text);
    /* The route changed: ice_agent_route() and ice_agent_path() are new. */
    void (*on_route)(void *arg);
    /* Connect to the server, with TLS if its transport says so; then call
     * base_opened() or base_closed(), in a later turn. The pointer is valid
     * during the call. */
    void (*on_open_base)(void *arg, int base, const struct ice_agent_server *server);
    /* The base is not needed any more; its number may be used again. */
    void (*on_close_base)(void *arg, int base);
    /* Resolve a .local name by multicast DNS (ice/mdns.h); then call
     * ice_agent_resolved() with that id, in a later turn. */
    void (*on_resolve)(void *arg, int id, const char *name);
    /* What rides with the agent's messages and is nothing to it; may be NULL.
     * Adds attributes to a check or the answer to one, which MESSAGE-INTEGRITY
     * then covers; is_first: that was not sent before. And reads one of the
     * other side's, of this generation, whose integrity is right; a check
     * before it is answered. */
    void (*on_fill)(void *arg, struct stun_writer *w, bool is_first);
    void (*on_binding)(void *arg, const struct stun_message *m);
    /* A TURN server gave no allocation, while there is nothing but relays to go
     * by; may be NULL. text: as in "the server refuses user or password". */
    void (*on_no_relay)(void *arg, const struct ice_address *server, const char *text);
};

struct ice_agent_config {
    uint8_t seed[32]; /* unpredictable */
    bool is_controlling;
    bool is_relay_only;            /* only relayed candidates, so that nobody learns our address */
    uint64_t pacing_us;            /* Ta, as we propose it; 0: ICE_TA_US */
    struct ice_budget *budget;     /* of the process; outlives the agent. NULL: one of its own */
    struct ice_mappings *mappings; /* likewise; NULL: nothing is known, nor kept */
};

/* Copies all it is given. Never NULL. */
struct ice_agent *ice_agent_new(const struct ice_agent_config *config,
                                const struct ice_agent_handlers *handlers, void *arg);
/* Gives allocations back to their servers (on_datagram is called), closes
 * stream bases (on_close_base), then frees. */
void ice_agent_free(struct ice_agent *a, uint64_t now_us);

/* A UDP socket bound to the address; name is the interface's, for its rank, and
 * is_default says that the default route leads there: it is then the first from
 * which servers are asked. Returns the base; -EINVAL for an address of no use
 * (unspecified, multicast, link-local), -EEXIST, or -ENOSPC over
 * ICE_INTERFACES_MAX. Sends nothing yet, but the deadline may be at once. */
int ice_agent_add_interface(struct ice_agent *a, const struct ice_address *address,
                            const char *name, bool is_default, uint64_t now_us);
/* As what the base is seen from outside, where the owner knows without a
 * server: by a 1:1 NAT, or since a router was asked for a mapping. It becomes a
 * server-reflexive candidate, in the place of what was said so before; of no
 * use is nothing. */
void ice_agent_set_mapped(struct ice_agent *a, int base, const struct ice_address *mapped,
                          uint64_t now_us);
/* The default route has come to lead there, or elsewhere: ranks from the next
 * restart on, since those of now are told. */
void ice_agent_set_default(struct ice_agent *a, int base, bool is_default);
/* The address is gone, and so is all that hung on it. Its number may be used
 * again under this call. */
void ice_agent_remove_base(struct ice_agent *a, int base, uint64_t now_us);
/* 0, or -ENOSPC over ICE_AGENT_SERVERS_MAX. */
int ice_agent_add_server(struct ice_agent *a, const struct ice_agent_server *server,
                         uint64_t now_us);

/* The same server has other credentials now, for allocations to come. Nothing
 * where it was not added. */
void ice_agent_renew_server(struct ice_agent *a, const struct ice_agent_server *server);

/* Of the network that we are in, where our own IPv4 leads nowhere: the other
 * side's IPv4 addresses are tried by it, too. May come late; all zeros: there
 * is none any more. */
void ice_agent_set_nat64(struct ice_agent *a, const struct ice_nat64 *prefix, uint64_t now_us);

/* Announces candidates and asks the servers for more. more_servers: more may
 * be added, hold back the end of candidates until ice_agent_end_servers(), or
 * as long as for a server that does not answer. */
void ice_agent_gather(struct ice_agent *a, bool more_servers, uint64_t now_us);
void ice_agent_end_servers(struct ice_agent *a, uint64_t now_us);

/* Of the current generation; valid until the next restart. (h) */
const char *ice_agent_local_ufrag(const struct ice_agent *a);
const char *ice_agent_local_pwd(const struct ice_agent *a);

/* For tests. */
bool ice_agent_is_controlling(const struct ice_agent *a);

/* The other side's credentials. Different ones than before mean that it has
 * restarted: then so do we, unless we did first. 0, 1 when that restarted us
 * (the answer must have our new credentials), or -EINVAL. */
int ice_agent_set_remote(struct ice_agent *a, const char *ufrag, const char *pwd, uint64_t now_us);
/* What the other side has proposed for Ta; 0: nothing, which counts as
 * ICE_TA_DEFAULT_US. The larger of both proposals holds from now on (RFC 8445
 * section 14.2). */
void ice_agent_set_remote_pacing(struct ice_agent *a, uint64_t pacing_us);
/* A candidate line of the other side, for the generation of the last
 * set_remote(). 0, also for one that is understood and not used: ICE-TCP,
 * another component, one that is known; -EINVAL for one that is none, -ENOSPC
 * over ICE_REMOTE_MAX when it is worse than what is there, -ENOTCONN before
 * set_remote(). */
int ice_agent_add_remote(struct ice_agent *a, struct span line, uint64_t now_us);
void ice_agent_end_remote(struct ice_agent *a, uint64_t now_us);
/* The answer to on_resolve(): NULL when the name has no address. */
void ice_agent_resolved(struct ice_agent *a, int id, const struct ice_address *address,
                        uint64_t now_us);

/* New credentials, new candidates, new checks; the route stays until the new
 * generation has one. The candidates come again by on_candidate. */
void ice_agent_restart(struct ice_agent *a, uint64_t now_us);

/* There is reason to doubt the path: consent is asked for now, unless that has
 * been done already. What comes of it, on_state() tells. */
void ice_agent_ask(struct ice_agent *a, uint64_t now_us);

/* A datagram that arrived at a UDP base. True: it is application data, *data,
 * a part of datagram; false: it was for the agent, or for nobody. */
bool ice_agent_receive(struct ice_agent *a, int base, const struct ice_address *remote,
                       struct span datagram, uint64_t now_us, struct span *data);

/* Stream bases: connected; bytes arrived; closed by either side, text says
 * why. receive_stream() takes from *bytes as it goes: 1 with the next
 * application datagram, *data, valid until the next call for that base; 0 when
 * all is taken; -EINVAL when the server talks nonsense: the base is then
 * closed. The number of a base that is closed may be used again under the call
 * that says so. */
void ice_agent_base_opened(struct ice_agent *a, int base, uint64_t now_us);
int ice_agent_receive_stream(struct ice_agent *a, int base, struct span *bytes, uint64_t now_us,
                             struct span *data);
void ice_agent_base_closed(struct ice_agent *a, int base, const char *text, uint64_t now_us);

/* When on_deadline() is next wanted, or TIME_NEVER. (h) */
uint64_t ice_agent_deadline(struct ice_agent *a);
void ice_agent_on_deadline(struct ice_agent *a, uint64_t now_us);

/* How application data is to be sent now: from base to remote as it is, or,
 * where channel is not 0, behind a ChannelData header (turn_channel_encode())
 * and, where is_stream, followed by turn_channel_padding() zeros. */
struct ice_route {
    int base;
    struct ice_address remote; /* of a relayed route: the TURN server */
    uint16_t channel;
    bool is_stream;
};
/* NULL while there is none. The pointer is valid as long as the agent, its
 * contents change with on_route(). (h) */
const struct ice_route *ice_agent_route(const struct ice_agent *a);

struct ice_path {
    enum ice_candidate_type local_type;
    enum ice_candidate_type remote_type;
    struct ice_address local; /* as the other side sees it */
    struct ice_address remote;
    enum turn_transport relay_transport; /* where local_type is RELAY */
    bool is_relayed;                     /* by either side */
    uint64_t rtt_us;                     /* last measured */
};
/* The path of the route; false while there is none. (h) */
bool ice_agent_path(const struct ice_agent *a, struct ice_path *out);
/* The same round trip, where that base carries the path; else 0. (h) */
uint64_t ice_agent_rtt_us(const struct ice_agent *a, int base);

enum ice_state ice_agent_state(const struct ice_agent *a);
/* What was tried and how it went, one pair or server after the other,
 * separated by "; ". (h) */
const char *ice_agent_report(struct ice_agent *a, char out[ICE_REPORT_MAX]);

#endif
