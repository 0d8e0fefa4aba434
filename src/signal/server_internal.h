/*
 * What the files that make up a signal server share:
 *
 *   server.c            listening, HTTP, the beginning and the end
 *   socket.c            one WebSocket each: what comes
 *   socket_hand_over.c  its way to the worker of its room
 *   socket_seat.c       its place in a room, where the server is of a cluster
 *   socket_send.c       what goes
 *   socket_heartbeat.c  whether it is still there
 *   socket_end.c        how it ends
 *   socket_relay.c      its datagrams
 *   socket_outbox.c     what waits for it
 *
 * Each calls those below it.
 */
#ifndef SIGNAL_SERVER_INTERNAL_H
#define SIGNAL_SERVER_INTERNAL_H

#include "base/bucket.h"
#include "base/list.h"
#include "base/log.h"
#include "http/server.h"
#include "net/websocket.h"
#include "signal/cluster/cluster_redis.h"
#include "signal/outbox.h"
#include "signal/room.h"
#include "signal/server.h"
#include "signal/shaper.h"
#include "signal/source.h"
#include "signal/wheel.h"
#include "signal/workers/worker_link.h"

struct signal_server {
    struct loop *loop;
    struct http_server *http;
    struct signal_server_config config;
    struct list sockets;
    struct wheel checks; /* of all of them */
    size_t socket_count;
    unsigned numbers;
    size_t queued; /* bytes that wait for all sockets, as far as looked at */
    struct sources sources;
    struct rooms *rooms;
    struct cluster_redis *cluster; /* NULL: rooms are our own */
    struct deadline *heartbeat;
    struct shaper *shaper;         /* NULL: no datagrams are passed on */
    struct deadline *shaper_timer; /* its */
    struct signal_counts counts;
    struct worker_link *workers;   /* the others; NULL: it is alone */
    struct turn_hook *turn_hook;   /* of a worker */
    struct list pumps;             /* between sockets that cannot leave and other workers */
    struct timer *farewell;        /* of one that stops, else NULL, */
    void (*on_stopped)(void *arg); /* as are these */
    void *stopped_arg;
    bool has_doomed;
    bool is_closed;
};

/* Why a socket is dropped in the next turn. */
enum doom { DOOM_NONE, DOOM_TALKS, DOOM_SLOW, DOOM_CROWD, DOOM_RELAY, DOOM_PLACE };

/* The end of its datagrams that a socket is. */
struct relayed {
    struct shaper_end end;
    struct socket *socket;
    struct timer *resume; /* runs while it is not read from; NULL: it always was */
};

struct socket {
    struct list link;
    struct wheel_node check;
    struct signal_server *server;
    struct websocket *ws;
    struct source *source; /* NULL: another worker has accepted and counts it, */
    int owner;             /* this one */
    bool is_pinged;        /* since it was last heard */
    struct room_member member;
    struct seat *seat; /* in place of that, of a cluster; NULL: it has said nothing yet */
    uint64_t heard_at_us;
    struct bucket bucket; /* of messages that it may send */
    struct outbox outbox;
    struct relayed *relayed; /* of who takes part; else NULL */
    unsigned number;         /* names it in the log, in the order of arrival */
    enum doom doom;
};

/* ---- socket.c ---- */

/* Takes over an open conn whose handshake is done, with the bytes behind it. */
void socket_new(struct signal_server *server, struct conn *conn, struct span early,
                const struct address *address);

/* Takes one over from another worker, which has read its join; fd is -1 where
 * it got lost. arg is the server. */
void socket_arrive(const struct worker_message *message, int fd, void *arg);

/* ---- socket_seat.c ---- */

void socket_seat_start(struct signal_server *server);

/* What it has said; see signal/cluster/cluster.h. */
void socket_seat_take(struct socket *socket, struct span text,
                      const struct signal_message *message);
void socket_seat_take_malformed(struct socket *socket, struct span text, int error,
                                enum signal_type type);

static inline bool socket_is_in_room(const struct socket *socket)
{
    return socket->seat ? seat_is_inside(socket->seat) : room_is_inside(&socket->member);
}

/* Of one in a room. */
static inline const char *socket_peer_id(const struct socket *socket)
{
    return socket->seat ? seat_id(socket->seat) : socket->member.id;
}

/* Of what is no fault of anybody's. */
static inline enum log_level socket_log_level(const struct socket *socket)
{
    return socket->server->config.is_within ? LOG_DEBUG : LOG_INFO;
}

/* ---- socket_send.c ---- */

/* How many messages it may send in a second. */
size_t socket_rate(const struct socket *socket);

/* The server's rooms send by it; arg is the server. */
void socket_on_room_send(struct room_member *to, const struct signal_message *message, void *arg);

/* The same to a socket, whose member has that id; and what is JSON already. */
void socket_tell(struct socket *socket, const char *peer_id, const struct signal_message *message);
void socket_pass(struct socket *socket, struct span text);

/* ---- socket_end.c ---- */

static inline struct socket *socket_of(struct list *link)
{
    return LIST_ENTRY(link, struct socket, link);
}

/* Takes it off everything but its connection, and where it counts, and frees
 * it. */
struct websocket *socket_let_go(struct socket *socket);

/* It counts no more, here or with its owner. */
void socket_uncount(const struct socket *socket);

/* It is to be dropped, in a later turn. */
void socket_doom(struct socket *socket, enum doom doom);

/* Frees it, with a close frame; or at once, with a reset: who does not read
 * would not read a reason either. */
void socket_close(struct socket *socket, int code, const char *reason);
void socket_reset(struct socket *socket);

/* Drops the one that has waited longest without a room. False: there is
 * none. */
bool socket_drop_idle(struct signal_server *server);

/* Closes all, since the server does, with this. */
#define SOCKET_SHUTDOWN_TEXT "the server shuts down"
void socket_close_all(struct signal_server *server);

/* ---- socket_hand_over.c ---- */

/* Where a join is to be served elsewhere, or cannot be: true, and the socket is
 * gone from here, or has been told. */
bool socket_hand_over(struct socket *socket, const struct signal_message *join);

/* Its owner has died, and who takes that place is to count it. All such
 * sockets; arg is the server. */
void socket_claim(struct socket *socket);
void socket_claim_all(int owner, void *arg);

/* ---- socket_heartbeat.c ---- */

/* Before there are any sockets. */
void socket_heartbeat_start(struct signal_server *server);

/* It is there from now on. */
void socket_heartbeat_begin(struct socket *socket, uint64_t now_us);

/* Something has come from it. */
void socket_heard(struct socket *socket, uint64_t now_us);

/* Looks at those that are due, as it does by itself; for tests, which have a
 * time of their own. */
void socket_heartbeat_run(struct signal_server *server, uint64_t now_us);

/* ---- socket_relay.c ---- */

/* Where the server passes datagrams on. */
void socket_relay_start(struct signal_server *server);
void socket_relay_stop(struct signal_server *server);

/* It has joined, and takes part where the server does: fills in the answer. */
void socket_relay_join(struct socket *socket, struct signal_message *joined);

/* It goes. */
void socket_relay_leave(struct socket *socket);

/* A binary message of it. False: it is none that a member may send. */
bool socket_relay_take(struct socket *socket, struct span message);

/* All that was queued for it has left. */
void socket_relay_on_drain(struct socket *socket);

/* ---- socket_outbox.c ---- */

/* Accounts for what waits for it now, and sees to it that it is checked when
 * that has not moved for too long. */
void socket_look_at_outbox(struct socket *socket, uint64_t now_us);

#endif
