/*
 * HEARTBEATs: the packets by which path.c learns of the path.
 */
#ifndef SCTP_HEARTBEAT_H
#define SCTP_HEARTBEAT_H

#include <stddef.h>
#include <stdint.h>

#include "sctp/chunk.h"

struct sctp_assoc;

/* The association is up. */
void heartbeat_start(struct sctp_assoc *a, uint64_t now_us);

/* The size of packets is searched anew, from the path's present one. */
void heartbeat_start_search(struct sctp_assoc *a, uint64_t now_us);

/* Asks now whether the path is there. */
void heartbeat_ask(struct sctp_assoc *a, uint64_t now_us);

void heartbeat_on_timer(struct sctp_assoc *a, uint64_t now_us);
void heartbeat_on_search_timer(struct sctp_assoc *a, uint64_t now_us);

/* The retransmission timer ran out: full packets may vanish on this path. */
void heartbeat_on_timeout(struct sctp_assoc *a, uint64_t now_us);

void heartbeat_on_chunk(struct sctp_assoc *a, const struct chunk *c);
void heartbeat_on_ack(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us);

#endif
