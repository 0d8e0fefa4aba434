/*
 * Of a provider: who has found it in its own network. Its tunnel has a signal
 * server there (tunnel/tunnel.c), and this is its seat at that, beside the one
 * where it is met from elsewhere (tunnel/venue.h).
 */
#ifndef TUNNEL_NEIGHBOURS_H
#define TUNNEL_NEIGHBOURS_H

#include "signal/client.h"

struct neighbours;

/* What is heard of them comes by on_message of the handlers: a SIGNAL_JOINED as
 * SIGNAL_PEER_JOINED of those that are there. room is copied, *handlers is
 * not. */
struct neighbours *neighbours_new(struct loop *loop, uint16_t port, const char *room,
                                  const struct signal_client_handlers *handlers, void *arg);
void neighbours_free(struct neighbours *neighbours); /* NULL is allowed */

/* The client by which that member of the room is spoken to; NULL for one that
 * is none of them, and where neighbours is NULL. */
struct signal_client *neighbours_client(const struct neighbours *neighbours, const char *peer);

#endif
