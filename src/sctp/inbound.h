/*
 * Data of the peer's: what follows from it for the association.
 */
#ifndef SCTP_INBOUND_H
#define SCTP_INBOUND_H

#include <stdint.h>

#include "sctp/chunk.h"

struct sctp_assoc;

void inbound_on_data(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us);
void inbound_on_forward(struct sctp_assoc *a, const struct chunk *c);

/* The packet is over: should it be acknowledged, and when? */
void inbound_on_packet_end(struct sctp_assoc *a, uint64_t now_us);

void inbound_write_sack(struct sctp_assoc *a, uint64_t now_us);

#endif
