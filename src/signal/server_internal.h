/*
 * What server.c (listening, HTTP, the beginning and the end) and socket.c (one
 * WebSocket each) share.
 */
#ifndef SIGNAL_SERVER_INTERNAL_H
#define SIGNAL_SERVER_INTERNAL_H

#include "base/list.h"
#include "http/server.h"
#include "signal/room.h"
#include "signal/server.h"
#include "signal/source.h"

struct signal_server {
    struct loop *loop;
    struct http_server *http;
    struct signal_server_config config;
    struct list sockets; /* by next check */
    size_t socket_count;
    unsigned numbers;
    size_t queued; /* bytes that wait for all sockets, as far as looked at */
    struct sources sources;
    struct rooms *rooms;
    struct deadline *heartbeat;
    bool has_doomed;
    bool is_closed;
};

/* Takes over an open conn whose handshake is done, with the bytes behind it. */
void socket_new(struct signal_server *server, struct conn *conn, struct span early,
                const struct address *address);

/* Drops the one that has waited longest without a room. False: there is
 * none. */
bool socket_drop_idle(struct signal_server *server);

/* Closes all, since the server does. */
void socket_close_all(struct signal_server *server);

/* The server's rooms send by it; arg is the server. */
void socket_on_room_send(struct room_member *to, const struct signal_message *message, void *arg);

/* The server's heartbeat, and when the next is due; arg is the server. */
uint64_t socket_heartbeat_us(void *arg);
void socket_on_heartbeat(void *arg);

#endif
