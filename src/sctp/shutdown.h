/*
 * The end in order (RFC 9260 section 9.2). Other ends are in assoc.c.
 */
#ifndef SCTP_SHUTDOWN_H
#define SCTP_SHUTDOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "sctp/chunk.h"

struct sctp_assoc;

struct shutdown {
    bool due; /* SHUTDOWN, or SHUTDOWN-ACK */
    unsigned tries;
};

/* Goes on to the next state once everything queued was acknowledged. */
void shutdown_advance(struct sctp_assoc *a);
void shutdown_write(struct sctp_assoc *a, uint64_t now_us);
void shutdown_on_timer(struct sctp_assoc *a);

/* Data came after our SHUTDOWN: another one goes with the SACK. */
void shutdown_on_data(struct sctp_assoc *a);

void shutdown_on_shutdown(struct sctp_assoc *a);
void shutdown_on_ack(struct sctp_assoc *a);
void shutdown_on_complete(struct sctp_assoc *a);

/* A SHUTDOWN-ACK for an association that is gone: its peer waits. */
void shutdown_when_done(struct sctp_assoc *a);

#endif
