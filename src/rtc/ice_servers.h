/*
 * The STUN and TURN servers of the command line, resolved in the background
 * so that a name server that does not answer holds nobody up; and what else the
 * ICE agents of a process have in common.
 */
#ifndef RTC_ICE_SERVERS_H
#define RTC_ICE_SERVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "ice/agent.h"
#include "net/egress.h"
#include "net/ice_server_url.h"
#include "net/loop.h"
#include "net/port_mapper.h"
#include "net/resolve.h"
#include "net/tls.h"
#include "rtc/ice_fixed.h"
#include "rtc/nat64_search.h"

enum {
    ICE_SERVERS_MAX = 8,
    ICE_ADDRESSES_MAX = 2 * ICE_SERVERS_MAX /* IPv4 and IPv6 of each */
};

struct ice_servers;

/* One address of a server. */
struct ice_server {
    int index; /* names it among the others; below ICE_ADDRESSES_MAX */
    enum ice_server_type type;
    enum turn_transport transport;
    struct address address; /* the unspecified one where the egress looks the name up */
    const char *host;       /* as in the URL: what a TLS certificate must bear */
    const char *user;       /* of TURN; NULL for STUN */
    const char *pass;
};

struct ice_servers *ice_servers_new(struct loop *loop);
void ice_servers_free(struct ice_servers *servers); /* zeroes the passwords */

/* What is fixed of their sockets; strings are not copied. */
void ice_servers_set_fixed(struct ice_servers *servers, const struct ice_fixed *fixed);
/* Of the router; NULL unless it may be asked. */
struct port_mapper *ice_servers_mapper(const struct ice_servers *servers);
const struct ice_fixed *ice_servers_fixed(const struct ice_servers *servers);

/* What connections to TURN servers over TCP and TLS go through; NULL for none.
 * Before the first server is added; outlives them. */
void ice_servers_set_egress(struct ice_servers *servers, const struct egress *egress);

/* Of a connection to that server: what it goes through, or NULL. */
const struct egress *ice_servers_egress(const struct ice_servers *servers, const char *host,
                                        uint16_t port);

/* Adds one by its URL and starts to resolve it. user and pass are for TURN. 0,
 * or -EINVAL with *why (static) as in url_parse(); -ENOSPC over
 * ICE_SERVERS_MAX. */
int ice_servers_add(struct ice_servers *servers, const char *url, const char *user,
                    const char *pass, const char **why);

/* The same for one that the signal server has named: whatever it is called, one
 * that is there gets the user and password of now, for agents to come. One of
 * no use, or for which there is no room, is left out. */
void ice_servers_take(struct ice_servers *servers, const char *url, const char *user,
                      const char *pass);

/* Whether any of them can relay. servers may be NULL. */
bool ice_servers_has_turn(const struct ice_servers *servers);

/* Those resolved so far: of each server an IPv4 and an IPv6 address, where
 * it has them. */
int ice_servers_get(const struct ice_servers *servers, struct ice_server *out, int max);

/* Where the machine has IPv6 alone, its network may have a NAT64, by which
 * servers and peers of IPv4 are reached; the look-up counts as one of a server.
 * servers may be NULL. */
void ice_servers_seek_nat64(struct ice_servers *servers, bool is_ipv6_only);

/* Gives an agent those that it does not have yet, has says which, by index; and
 * of the others the credentials of now; and the prefix of the NAT64. */
void ice_servers_give(const struct ice_servers *servers, struct ice_agent *agent,
                      bool has[ICE_ADDRESSES_MAX], uint64_t now_us);

/* Whether the first look-up of some has not come back yet: more may come. */
bool ice_servers_is_pending(const struct ice_servers *servers);

/* Embedded in whoever wants to know when a look-up came back, good or bad. */
struct ice_servers_watch {
    struct list link;
    void (*on_change)(void *arg);
    void *arg;
};
void ice_servers_watch(struct ice_servers *servers, struct ice_servers_watch *watch);
void ice_servers_unwatch(struct ice_servers_watch *watch);

/* What all agents together may send to strangers: see ice/budget.h. */
struct ice_budget *ice_servers_budget(struct ice_servers *servers);

/* What the servers have told agents before: see ice/mappings.h. */
struct ice_mappings *ice_servers_mappings(struct ice_servers *servers);

/* For TURN over TLS: verifies servers against the system's store. Made at the
 * first call. */
const struct tls_client *ice_servers_tls(struct ice_servers *servers);

#endif
