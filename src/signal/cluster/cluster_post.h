/*
 * Envelopes on their way to Redis: those of one turn of the loop to one server
 * are published together, each behind its length. Under load, that is when it
 * counts, most of what Redis costs is for each command.
 */
#ifndef SIGNAL_CLUSTER_POST_H
#define SIGNAL_CLUSTER_POST_H

#include "net/loop.h"
#include "signal/cluster/cluster.h"

struct cluster_post;

/* publish gets what is for the server to, in the order in which it was put. */
struct cluster_post *
cluster_post_new(struct loop *loop,
                 void (*publish)(const uint8_t *to, struct span bytes, void *arg), void *arg);
void cluster_post_free(struct cluster_post *post); /* NULL is allowed */

void cluster_post_put(struct cluster_post *post, const uint8_t *to, struct span head,
                      struct span text);

/* Publishes now what else would be with the turn's end. */
void cluster_post_flush(struct cluster_post *post);

/* What was put is dropped. */
void cluster_post_clear(struct cluster_post *post);

/* Takes the next envelope off what was published. False: that was all. */
bool cluster_post_next(struct span *bytes, struct span *envelope);

#endif
