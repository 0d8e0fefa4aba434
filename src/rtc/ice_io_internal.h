/*
 * What ice_io.c (the agent's events, life), ice_sockets.c (sockets under it) and
 * ice_lookups.c (.local names) share. Nobody else includes this.
 */
#ifndef RTC_ICE_IO_INTERNAL_H
#define RTC_ICE_IO_INTERNAL_H

#include "ice/agent.h"
#include "net/conn.h"
#include "net/interfaces.h"
#include "net/udp.h"
#include "rtc/ice_io.h"

/* One base of the agent: a UDP socket on an interface, or a connection to a
 * TURN server. */
struct ice_socket {
    struct ice_io *io;
    int number;
    struct udp *udp;
    struct conn *conn;
    struct address local; /* of UDP */
    bool is_running;      /* of UDP: its interface had a carrier when we last looked */
    bool is_pinned;       /* of UDP: what it sends leaves by its interface */
};

struct ice_io {
    struct rtc_path path;
    struct loop *loop;
    void (*on_candidate)(const char *candidate, void *arg);
    void *arg;
    struct ice_agent *agent;
    struct timer *timer; /* the agent's deadline */
    struct ice_socket *sockets[ICE_BASES_MAX];

    struct interface *interfaces; /* of this machine when we last looked, the best first */
    int interface_count;
    int useful_count;
    bool is_guessing; /* the system does not list them */

    struct list lookups; /* of .local names: ice_lookups.c */

    struct ice_servers *servers; /* or NULL */
    struct ice_servers_watch watch;
    bool has_server[ICE_ADDRESSES_MAX]; /* the agent has it */

    bool is_telling; /* a deferred call of tell() is on its way */
    bool is_connected;
    bool has_told_connected;
    bool has_new_route; /* since on_change was called */
    enum peer_path_state told_path;
    bool is_failed;
    bool is_handing_out; /* a datagram that the agent keeps: see ice_io_shut() */
    bool is_closed;
    char failure[ICE_REPORT_MAX + 128];

    struct address route_to; /* where the route's datagrams go */
};

/* ice_io.c: after each call into the agent. */
void ice_io_rearm(struct ice_io *io);

/* The second half of ice_io_close(): now, or when nobody reads what the agent
 * keeps of a stream any more. */
void ice_io_shut(struct ice_io *io);

/* ice_sockets.c */
struct address ice_to_sockaddr(const struct ice_address *address);
struct ice_address ice_from_sockaddr(const struct address *address);
void ice_io_open_interfaces(struct ice_io *io);
void ice_io_open_stream(struct ice_io *io, int number, const struct ice_agent_server *server);
void ice_io_close_socket(struct ice_io *io, int number);

/* 0 or a negative errno, as on_datagram of the agent wants it. */
int ice_socket_send(struct ice_io *io, int number, const struct ice_address *remote,
                    struct span bytes);

/* ice_lookups.c: asks for the name of on_resolve, answers the agent. */
void ice_io_look_up(struct ice_io *io, int id, const char *name);
void ice_io_close_lookups(struct ice_io *io);

#endif
