/*
 * What ice.c (the agent's events, life), ice_base.c (sockets under it) and
 * ice_mdns.c (.local names) share. Nobody else includes this.
 */
#ifndef RTC_ICE_INTERNAL_H
#define RTC_ICE_INTERNAL_H

#include "ice/agent.h"
#include "net/conn.h"
#include "net/interfaces.h"
#include "net/udp.h"
#include "rtc/ice.h"

/* What datagrams leave from: a UDP socket, or a connection to a TURN server. */
struct base {
    struct ice *ice;
    int number;
    struct udp *udp;
    struct conn *conn;
    struct address local; /* of UDP */
    bool is_running;      /* of UDP: its interface had a carrier when we last looked */
    bool is_pinned;       /* of UDP: what it sends leaves by its interface */
};

/* Datagrams that wait for ice_flush(), next to each other as udp_send() wants
 * them; those of a relayed path with their ChannelData header. */
struct burst {
    uint8_t data[UDP_BURST_BYTES];
    size_t len;
    size_t segment; /* size of each but the last */
    size_t count;
    bool has_last;     /* a shorter one is in: nothing may follow */
    bool may_fragment; /* all of them, or none */
};

struct ice {
    struct loop *loop;
    struct ice_handlers handlers;
    void *arg;
    struct ice_agent *agent;
    struct timer *timer; /* the agent's deadline */
    struct base *bases[ICE_BASES_MAX];

    struct interface *interfaces; /* of this machine when we last looked, the best first */
    int interface_count;
    int useful_count;
    bool is_guessing; /* the system does not list them */

    struct list lookups; /* of .local names: ice_mdns.c */

    struct ice_servers *servers; /* or NULL */
    struct ice_servers_watch watch;
    bool has_server[ICE_ADDRESSES_MAX]; /* the agent has it */

    bool is_telling; /* a deferred call of tell() is on its way */
    bool is_connected;
    bool has_told_connected;
    bool has_new_route; /* since on_path was called */
    enum peer_path_state told_path;
    bool is_failed;
    bool is_in_agent; /* which hands out data from within: see ice_shut() */
    bool is_closed;
    char failure[ICE_REPORT_MAX + 128];

    struct address route_to; /* where the route's datagrams go */
    struct burst burst;
};

/* ice.c: after each call into the agent. */
void ice_rearm(struct ice *ice);

/* The second half of ice_close(): now, or once the agent has returned. */
void ice_shut(struct ice *ice);

/* ice_base.c */
struct address ice_to_sockaddr(const struct ice_address *address);
struct ice_address ice_from_sockaddr(const struct address *address);
void ice_open_interfaces(struct ice *ice);
void ice_open_stream(struct ice *ice, int number, const struct ice_agent_server *server);
void ice_close_base(struct ice *ice, int number);

/* 0 or a negative errno, as on_datagram of the agent wants it. */
int ice_base_send(struct ice *ice, int number, const struct ice_address *remote, struct span bytes);

/* ice_mdns.c: asks for the name of on_resolve, answers the agent. */
void ice_look_up(struct ice *ice, int id, const char *name);
void ice_close_lookups(struct ice *ice);

#endif
