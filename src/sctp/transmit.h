/*
 * What goes out now.
 */
#ifndef SCTP_TRANSMIT_H
#define SCTP_TRANSMIT_H

#include <stdint.h>

struct sctp_assoc;

/* Writes all that is due and may go. */
void transmit(struct sctp_assoc *a, uint64_t now_us);

/* The tail loss probe: one chunk past all limits, new data if there is any,
 * else the newest in flight again. */
void transmit_probe(struct sctp_assoc *a, uint64_t now_us);

#endif
