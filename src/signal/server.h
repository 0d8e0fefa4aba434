/*
 * The signal server: WebSockets on any path, rooms, GET /healthz, and the files
 * of web/. It relays and never looks inside a description or a candidate.
 *
 * Whoever breaks a limit is told by an `error` message or a close code with a
 * reason; nobody else notices.
 */
#ifndef SIGNAL_SERVER_H
#define SIGNAL_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "net/loop.h"
#include "signal/cluster/cluster.h"
#include "signal/counts.h"
#include "signal/ice_credentials.h"

enum {
    /* Sockets at a time; over it a handshake gets 503. Bounds all memory. */
    SIGNAL_CONNECTIONS_MAX = 10000,

    /* Of one IPv4 address, or one IPv6 /64; four times as many of one /48. Over
     * it a handshake gets 429. One machine, or site, must not take all
     * places. */
    SIGNAL_PER_ADDRESS_MAX = 256,

    /* Joins a second of one IPv4 address or IPv6 /64 (four times as many of one
     * /48), on average, and two for each socket that it may have at once. Over
     * it: `error`. A room's name is a secret, and each join is a guess at
     * it. */
    SIGNAL_JOINS_PER_S = 5,

    /* Members of a shared room; over it a join gets `error`. */
    SIGNAL_PER_ROOM_MAX = 64,

    /* Messages a second of one socket for each other that it can speak to, on
     * average, and at once; those of a second more for each newcomer. A session
     * needs some dozens, most of them candidates. Over it: 1008. */
    SIGNAL_MESSAGES_PER_S = 20,
    SIGNAL_MESSAGES_BURST = 200,

    /* Bytes that wait for one socket; over it: 1008. A peer that does not
     * read must not make us keep what the other one sends. Holds a whole
     * negotiation, in which single messages may have 64 KiB. */
    SIGNAL_QUEUE_MAX = 512 << 10,

    /* Bytes that wait for all sockets together; over it, the one that has read
     * nothing for longest is reset, and the next. Ten thousand sockets that
     * stay below their own maximum must not take gigabytes. */
    SIGNAL_QUEUES_MAX = 64 << 20,

    /* Megabits a second of datagrams that are passed on, for one socket and for
     * all together: the relay of last resort is no way to get a server's
     * bandwidth. With what waits of them (signal/shaper.h) a socket has 500 KB,
     * and all have 25 MB. */
    SIGNAL_RELAY_MBIT_PER_S = 20,
    SIGNAL_RELAY_TOTAL_MBIT_PER_S = 1000,
};

/* A socket that reads nothing of what waits for it for so long is reset. */
#define SIGNAL_STUCK_US (15 * US_PER_S)

/* A socket from which nothing comes is pinged, and dropped when nothing has
 * come for the time of silence: a dead peer must not keep its room full.
 *
 * Pings also keep the connection: what is between the two forgets one without
 * bytes after 55 s (Heroku), 60 s (nginx, haproxy as in docs/DEPLOY.md, AWS) or
 * more, and this is well before. From the ping on there is as long for an
 * answer: TCP doubles the time to its next try, so after an outage of half of
 * it the peer may hear of us at the end of it. Keepalive of TCP would cost the
 * kernel as much, be no traffic to a load balancer, and tell nothing of the
 * peer behind that. */
#define SIGNAL_PING_US    (35 * US_PER_S)
#define SIGNAL_SILENCE_US (70 * US_PER_S)

/* For other workers to say goodbye when all stop. */
#define SIGNAL_FAREWELL_US (2 * US_PER_S)

/* For the whole HTTP request; for an idle HTTP connection. */
#define SIGNAL_HEAD_US (10 * US_PER_S)

struct redis_url;
struct static_files;
struct tls_client;
struct worker;

struct signal_server_config {
    const char *host;
    uint16_t port; /* 0 picks one */
    size_t connections_max;
    size_t per_address_max; /* 0: no limit, nor for joins, as behind a reverse proxy */
    size_t joins_per_s;
    size_t per_room_max; /* 2 to ROOM_MEMBERS_MAX */
    size_t messages_per_s;
    size_t messages_burst;
    size_t queue_max;
    size_t queues_max;
    size_t relay_mbit_per_s; /* 0: no datagrams are passed on */
    size_t relay_total_mbit_per_s;
    uint64_t stuck_us;
    uint64_t ping_us;
    uint64_t silence_us;                  /* at least twice ping_us */
    const struct static_files *web;       /* served beside, and borrowed; NULL: none */
    const struct tls_server *tls;         /* spoken, and borrowed; NULL: none */
    struct ice_credentials ice;           /* outlives the server */
    bool is_near;                         /* takes nobody whose address is one of the internet */
    const struct redis_url *cluster;      /* shares its rooms with all others of that Redis;
                                               borrowed; NULL: with none */
    const struct tls_client *cluster_tls; /* spoken with that; borrowed; NULL: none */
    const char *only_room;                /* the one that there is, copied; NULL: as they come */
    bool is_within;                       /* an end of the tunnel, which tells who comes: what
                                               becomes of sockets is for debugging */
    const struct worker *worker; /* of several (signal/workers/workers.h), borrowed; NULL: it is
                                             alone */
};

/* With the values above, on 0.0.0.0:8787. */
void signal_server_config_init(struct signal_server_config *config);

struct signal_server;

/* 0, or the errors of listener_new(). A worker takes over what is open for it,
 * in place of host and port; its limits are those of all. */
int signal_server_new(struct loop *loop, const struct signal_server_config *config,
                      struct signal_server **out);
uint16_t signal_server_port(const struct signal_server *server);

/* How it is now; of several workers, all together. */
struct signal_server_stats {
    size_t rooms;
    size_t members; /* of rooms */
    size_t sockets;
    size_t queued_bytes; /* that wait for sockets, as far as looked at */
    bool has_cluster;
    struct cluster_stats cluster;
    struct signal_counts counts;
};
void signal_server_stats(const struct signal_server *server, struct signal_server_stats *out);

/* For a worker: closes every socket with 1001, and takes no more. on_done comes
 * in a later turn, once what other workers say to clients behind our TLS has
 * gone out, or after SIGNAL_FAREWELL_US. signal_server_close() is still the
 * owner's duty. */
void signal_server_stop(struct signal_server *server, void (*on_done)(void *arg), void *arg);

/* Closes every socket with 1001 and frees; the close frames go out in the
 * background (loop_free() waits). NULL is allowed. */
void signal_server_close(struct signal_server *server);

#endif
