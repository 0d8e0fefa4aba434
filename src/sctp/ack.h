/*
 * What the peer acknowledges.
 */
#ifndef SCTP_ACK_H
#define SCTP_ACK_H

#include <stdint.h>

#include "sctp/chunk.h"

struct sctp_assoc;

void ack_on_sack(struct sctp_assoc *a, const struct chunk_sack *s, uint64_t now_us);

/* A cumulative TSN alone, as SHUTDOWN has it. */
void ack_on_cum(struct sctp_assoc *a, uint32_t cum_tsn, uint64_t now_us);

#endif
