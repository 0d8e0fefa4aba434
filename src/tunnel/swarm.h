/*
 * Where a venue is trackers: the swarm of its room, of which they tell each of
 * its members. To trackers goes only what is whole: a description waits for its
 * candidates in a parcel (tunnel/parcel.h).
 */
#ifndef TUNNEL_SWARM_H
#define TUNNEL_SWARM_H

#include "tunnel/venue.h"

struct swarm;

/* config->signal names trackers, and is sealed. What it points to, and
 * *handlers, outlive the swarm. */
struct swarm *swarm_new(struct loop *loop, const struct venue_config *config,
                        const struct signal_client_handlers *handlers, void *arg);
void swarm_free(struct swarm *swarm); /* NULL is allowed */

void swarm_enter(struct swarm *swarm); /* only outside */
void swarm_leave(struct swarm *swarm); /* harmless outside */

/* As of a venue, whose words they are. */
void swarm_say(struct swarm *swarm, const char *peer, enum seal_type type, const char *text);
void swarm_probe(struct swarm *swarm);
bool swarm_has_address(const struct swarm *swarm); /* true outside */

#endif
