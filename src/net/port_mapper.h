/*
 * Ports of the router that lead to sockets of ours: asked for, kept while they
 * are needed, and taken back, off the loop, by net/router.h.
 */
#ifndef NET_PORT_MAPPER_H
#define NET_PORT_MAPPER_H

#include "net/loop.h"
#include "net/resolve.h"

struct port_mapper;
struct port_mapping;

struct port_mapper *port_mapper_new(struct loop *loop);

/* All mappings must have been closed. What is to be taken back yet is, in the
 * background, at the latest under loop_free(). NULL is allowed. */
void port_mapper_free(struct port_mapper *mapper);

/* For a UDP socket at local, which is IPv4. on_answer comes once, in a later
 * turn: as what it is reached from outside, or NULL: no router lets it be. It
 * stays so until the mapping is closed, as far as the router keeps its word. */
struct port_mapping *port_mapping_new(struct port_mapper *mapper, const struct address *local,
                                      void (*on_answer)(const struct address *outside, void *arg),
                                      void *arg);

/* Gives the port back. on_answer will not come any more. NULL is allowed. */
void port_mapping_close(struct port_mapping *mapping);

#endif
