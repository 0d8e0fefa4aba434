/*
 * Sockets for an agent: one for each of its bases, known by its number. A UDP
 * socket for each address of this machine that the other side might reach, as
 * many as the agent takes of the best (rtc/ice_interfaces.h); the loopback only
 * where there is nothing else, which is how two peers in a namespace with only
 * `lo` meet. And a connection to a TURN server where the agent asks for it.
 *
 * What comes in goes to the agent from here. Embedded in its owner.
 */
#ifndef RTC_ICE_SOCKETS_H
#define RTC_ICE_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "ice/agent.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "rtc/ice_interfaces.h"
#include "rtc/ice_servers.h"
#include "rtc/path.h"

struct ice_socket;

struct ice_sockets_handlers {
    /* Of the other side's application. */
    void (*on_datagram)(struct span datagram, void *arg);
    /* The agent was told of something else: its deadline may be nearer. */
    void (*on_fed)(void *arg);
    /* After ice_sockets_close() has said no: nobody reads any more what the
     * agent has handed out. */
    void (*on_unread)(void *arg);
    /* The router has answered for one of the sockets. */
    void (*on_settled)(void *arg);
};

struct ice_sockets {
    struct loop *loop;
    struct ice_agent *agent;
    struct ice_servers *servers; /* for TLS; or NULL */
    struct ice_fixed fixed;
    int pending; /* sockets for which the router has not answered */
    const struct ice_sockets_handlers *handlers;
    void *arg;
    struct ice_socket *all[ICE_BASES_MAX];

    struct ice_interfaces machine;
    bool is_handing_out; /* a datagram that the agent keeps */
    bool is_closed;
};

/* agent and servers, which may be NULL, outlive it. */
void ice_sockets_init(struct ice_sockets *s, struct loop *loop, struct ice_agent *agent,
                      struct ice_servers *servers, const struct ice_sockets_handlers *handlers,
                      void *arg);

/* Hands out nothing more. True: it and the agent may be let go of at once;
 * false: when on_unread() comes, since a datagram is being read. */
bool ice_sockets_close(struct ice_sockets *s);
/* Closes all of them. The memory is the owner's until a later turn. */
void ice_sockets_deinit(struct ice_sockets *s);

/* Opens a socket on each of our addresses. */
void ice_sockets_open(struct ice_sockets *s);

/* Whether a router has not answered yet: a candidate may come. */
static inline bool ice_sockets_is_pending(const struct ice_sockets *s)
{
    return s->pending > 0;
}

/* Looks which addresses the machine has now; opens and closes sockets. True
 * when a restart is worth while: what the path hung on is gone, or there is
 * another way out of this machine. */
bool ice_sockets_update(struct ice_sockets *s);

/* As the agent's on_open_base() and on_close_base() want it. */
void ice_sockets_connect(struct ice_sockets *s, int number, const struct ice_agent_server *server);
void ice_sockets_close_one(struct ice_sockets *s, int number);

/* 0 or a negative errno, as the agent's on_datagram() wants it. */
int ice_sockets_send(struct ice_sockets *s, int number, const struct ice_address *remote,
                     struct span bytes);

/* Sends what has the headers that a relay wants; to is where the route leads.
 * Where the kernel has no room, it is lost, as on any path. */
void ice_sockets_send_burst(struct ice_sockets *s, const struct ice_route *route,
                            const struct address *to, struct burst *burst);

#endif
