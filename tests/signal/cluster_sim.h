/*
 * Servers of a cluster, one Redis, and pairs of clients, all in one process and
 * on a clock of their own. Everything that happens follows from a seed.
 *
 * Redis keeps leases and rooms, takes what a connection brings in its order,
 * and publishes to who is connected. A connection that breaks loses what is on
 * its way, one way or both, and its server may find that out seconds later.
 *
 * A client is as plain as can be: it offers when it is told of somebody, it
 * answers, it forgets a session when the other has left, and it never repeats
 * anything. So whatever is lost for good shows at the end.
 */
#ifndef TESTS_CLUSTER_SIM_H
#define TESTS_CLUSTER_SIM_H

#include "testing.h"

#include "base/uuid.h"
#include "signal/cluster/cluster.h"

enum { SIM_SERVERS = 4, SIM_PAIRS = 12, SIM_VIEW_MAX = 8, SIM_ROOMS_MAX = 64 };

struct sim;

/* What a connection brings. */
struct sim_server {
    struct sim *sim;
    uint8_t id[CLUSTER_ID_LEN];
    struct cluster *cluster; /* NULL: dead */
    bool is_connected;       /* in truth */
    bool is_up;              /* as it knows */
    unsigned generation;     /* of its connection */
    uint64_t paused_until_us;
    uint64_t out_us, in_us; /* when the last thing to and from Redis arrives */
    uint64_t run_at_us;     /* that an event stands for */
};

struct sim_client {
    struct sim *sim;
    int pair;
    enum signal_job job;
    bool has_key;
    char key[32];
    unsigned visit; /* of sockets; the number of the last */
    int server;     /* whose socket it has; -1: none */
    struct sim_socket *socket;
    char view[SIM_VIEW_MAX][UUID_TEXT_LEN + 1];
    int view_count;
    unsigned offered, session;               /* nonces */
    uint64_t said_us;                        /* the last that is on its way to the server */
    unsigned lefts, joins, errors, warnings; /* that it was told of */
};

/* A client's connection, which may live on without it. */
struct sim_socket {
    uint64_t number;
    struct sim_client *client; /* NULL: a ghost */
    struct sim_server *server;
    struct seat *seat;
    char id[UUID_TEXT_LEN + 1];
};

struct sim_room {
    uint8_t id[CLUSTER_ID_LEN];
    uint8_t home[CLUSTER_ID_LEN];
    uint64_t until_us;
};

struct sim {
    uint64_t now_us;
    uint64_t random;
    uint64_t order;
    unsigned nonces;
    bool is_redis_up;
    struct sim_room rooms[SIM_ROOMS_MAX];
    uint64_t leases_us[SIM_SERVERS];
    struct sim_server servers[SIM_SERVERS];
    struct sim_client clients[2 * SIM_PAIRS];
    int pairs;
    struct sim_event *heap;
    size_t heap_count, heap_cap;
    struct sim_socket *sockets[1024];
    size_t socket_count;
    uint64_t socket_numbers;
    uint64_t published;
};

/* Servers run, connected; clients are nowhere. */
void sim_init(struct sim *s, uint64_t seed, int pairs);
void sim_deinit(struct sim *s);

uint64_t sim_draw(struct sim *s, uint64_t below);
void sim_run_until(struct sim *s, uint64_t at_us);

/* ---- what happens to servers and Redis ---- */

void sim_crash(struct sim *s, int server); /* kill -9: its clients come back elsewhere */
void sim_end(struct sim *s, int server);   /* with goodbye */
void sim_start(struct sim *s, int server);
void sim_pause(struct sim *s, int server, uint64_t for_us);
void sim_cut(struct sim *s, int server); /* its connection to Redis, noticed at some time */
void sim_redis_down(struct sim *s, bool forgets);
void sim_redis_up(struct sim *s);

/* ---- what clients do ---- */

void sim_connect(struct sim_client *c, int server); /* -1: any that runs */

/* Closes its socket, and does not come back. */
void sim_hang_up(struct sim_client *c);

/* Comes again from another address: its old socket stays for a while. */
void sim_wander(struct sim_client *c);

/* Each pair sees each other alone, has one session, and one server is its
 * room's home; else says what is wrong and fails. */
void sim_check_together(struct sim *s);

#endif
