/*
 * What the files of the simulation share: cluster_sim.c, time and servers;
 * cluster_sim_client.c; cluster_sim_redis.c.
 */
#ifndef TESTS_CLUSTER_SIM_INTERNAL_H
#define TESTS_CLUSTER_SIM_INTERNAL_H

#include "cluster_sim.h"

enum kind {
    EVENT_AT_REDIS, /* an op of a server */
    EVENT_PUBLISHED,
    EVENT_CLAIMED,
    EVENT_BEAT,
    EVENT_RUN,
    EVENT_NOTICE, /* that the connection is broken */
    EVENT_RECONNECT,
    EVENT_SAY,     /* a client */
    EVENT_CONNECT, /* the same */
    EVENT_DOUBT,   /* the same */
    EVENT_CLOSE    /* a socket */
};

enum op { OP_PUBLISH, OP_CLAIM, OP_RELEASE, OP_BEAT };

struct sim_event {
    uint64_t at_us, order;
    enum kind kind;
    enum op op;
    int server;
    unsigned generation;
    struct sim_client *client;
    uint64_t socket; /* its number */
    uint8_t *bytes;  /* owned */
    size_t len;
    uint8_t target[CLUSTER_ID_LEN];
};

#define LATENCY_MAX_US (8 * US_PER_MS)
#define NOTICE_MAX_US  (2 * US_PER_S)
#define DOUBT_US       (10 * US_PER_S)
#define GHOST_MAX_US   (20 * US_PER_S)

void sim_push(struct sim *s, struct sim_event event);
void sim_schedule(struct sim_server *server);

/* ---- cluster_sim_client.c ---- */

void sim_on_deliver(void *owner, const struct signal_message *m, void *arg);
void sim_on_pass(void *owner, struct span text, void *arg);
void sim_on_expel(void *owner, const char *why, void *arg);
void sim_come_back(struct sim_client *c);
void sim_close_socket(struct sim *s, struct sim_socket *socket);
void sim_close_numbered(struct sim *s, uint64_t number);
void sim_client_says(struct sim *s, struct sim_client *c, struct span text);
void sim_doubt(struct sim *s, struct sim_client *c);
void sim_close_abandoned(struct sim *s);

/* ---- cluster_sim_redis.c ---- */

void sim_at_redis(struct sim *s, const struct sim_event *e);

#endif
