/*
 * One socket of rtc/ice_sockets.h, for ice_socket.c (its life), ice_stream.c
 * (connections to TURN servers) and ice_sockets.c (those of UDP).
 */
#ifndef RTC_ICE_SOCKET_H
#define RTC_ICE_SOCKET_H

#include "net/conn.h"
#include "net/udp.h"
#include "rtc/ice_sockets.h"

/* One base of the agent: a UDP socket on an interface, or a connection to a
 * TURN server. */
struct ice_socket {
    struct ice_sockets *owner;
    int number;
    struct udp *udp;
    struct conn *conn;
    struct address local;         /* of UDP */
    struct port_mapping *mapping; /* of UDP: the router's port that leads here, or NULL */
    bool awaits_router;
    bool is_running; /* of UDP: its interface had a carrier when we last looked */
    bool is_pinned;  /* of UDP: what it sends leaves by its interface */
    bool is_default; /* of UDP: the default route led there when we last looked */
};

/* ---- ice_socket.c ---- */

struct ice_socket *ice_socket_new(struct ice_sockets *s);

/* ---- ice_stream.c ---- */

/* 0, or -EAGAIN: too much waits already. */
int ice_stream_send(const struct ice_socket *socket, struct span bytes);

#endif
