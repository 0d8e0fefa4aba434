/*
 * A cluster (signal/cluster/cluster.h) by way of a Redis: finds it, by asking
 * Sentinels where the URL names those, keeps two connections to it, for
 * commands and for what is published, and comes back when one is lost. What it
 * says there is in signal/cluster/cluster_script.h.
 */
#ifndef SIGNAL_CLUSTER_REDIS_H
#define SIGNAL_CLUSTER_REDIS_H

#include "net/loop.h"
#include "net/tls.h"
#include "signal/cluster/cluster.h"
#include "signal/cluster/redis_url.h"

struct cluster_redis;

/* url and tls (NULL: none) are borrowed. */
struct cluster_redis *cluster_redis_new(struct loop *loop, const struct redis_url *url,
                                        const struct tls_client *tls, size_t members_max,
                                        const struct cluster_handlers *handlers);

/* Says goodbye where it can. Every seat must have been freed. NULL is
 * allowed. */
void cluster_redis_free(struct cluster_redis *redis);

struct cluster *cluster_redis_cluster(struct cluster_redis *redis);

#endif
