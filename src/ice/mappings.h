/*
 * What STUN servers have told this process before: from which of our addresses
 * which NAT address was seen, where the NAT had kept the port. An agent whose
 * sockets are new may then announce such a candidate at once, and need not
 * wait for the servers: most home routers keep ports that are free. One that
 * proves wrong costs the other side a check.
 *
 * There is one for all agents of a process, as the budget. Plain data; all
 * zeros is empty.
 */
#ifndef ICE_MAPPINGS_H
#define ICE_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "ice/address.h"

enum { ICE_MAPPINGS_MAX = 32 }; /* as probes of one agent; the oldest goes */

struct ice_mapping {
    struct ice_address local;  /* the port does not count */
    struct ice_address server; /* that said so */
    struct ice_address mapped; /* likewise */
};

struct ice_mappings {
    size_t count;
    struct ice_mapping all[ICE_MAPPINGS_MAX]; /* the oldest first */
};

/* A server has seen that socket of ours as mapped. */
void ice_mappings_note(struct ice_mappings *m, const struct ice_address *local,
                       const struct ice_address *server, const struct ice_address *mapped);

/* How that server will see another socket of that address, if all is as it
 * was. */
bool ice_mappings_guess(const struct ice_mappings *m, const struct ice_address *local,
                        const struct ice_address *server, struct ice_address *mapped);

#endif
