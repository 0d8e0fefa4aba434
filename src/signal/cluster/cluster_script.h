/*
 * What a cluster says to Redis and hears from it, in terms of ids. Claims and
 * beats are scripts, so that nobody comes in between.
 *
 *   tunnel:1:server:ID   there while that server lives
 *   tunnel:1:room:HASH   the id of the server that is its home
 *   tunnel:1:to:ID       the channel of envelopes to that server
 */
#ifndef SIGNAL_CLUSTER_SCRIPT_H
#define SIGNAL_CLUSTER_SCRIPT_H

#include "signal/cluster/cluster.h"
#include "signal/cluster/redis.h"

/* me, to, and each of servers and rooms: CLUSTER_ID_LEN bytes. */

void script_subscribe(struct redis *redis, const uint8_t *me);
void script_publish(struct redis *redis, const uint8_t *to, struct span bytes);

void script_claim(struct redis *redis, const uint8_t *me, const uint8_t *rooms, size_t count,
                  void (*on_answer)(const struct redis_value *value, void *arg));

/* The answer to that. False: it is none. */
bool script_read_homes(const struct redis_value *value, size_t count, uint8_t *homes);

/* on_answer may be NULL. */
void script_release(struct redis *redis, const uint8_t *me, const uint8_t *room,
                    void (*on_answer)(const struct redis_value *value, void *arg));

void script_beat(struct redis *redis, const uint8_t *me, const uint8_t *servers, size_t count,
                 void (*on_answer)(const struct redis_value *value, void *arg));

/* The answer to that: of the servers, leaves the *dead that are. False: it is
 * none. */
bool script_read_beat(const struct redis_value *value, uint8_t *servers, size_t count, size_t *dead,
                      bool *had_lapsed);

/* Our lease ends. */
void script_end(struct redis *redis, const uint8_t *me);

#endif
