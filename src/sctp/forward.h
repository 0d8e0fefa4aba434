/*
 * Messages of limited reliability: giving them up, and telling the peer not to
 * wait (RFC 3758, RFC 7496, RFC 8260).
 */
#ifndef SCTP_FORWARD_H
#define SCTP_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "sctp/flight.h"
#include "sctp/sendq.h"

struct sctp_assoc;

struct forward {
    uint64_t to; /* highest TSN to be forwarded over */
    bool due;
    bool has_expiring; /* a message with a lifetime may be around */
};

/* Whether a lost chunk was sent as often as its message allows. */
bool forward_is_spent(const struct sctp_assoc *a, const struct sent_chunk *c);

/* Gives a message up, whatever was sent of it. */
void forward_abandon(struct sctp_assoc *a, struct sctp_message *m);

/* Something left the flight, or was given up: finds how far the peer can be
 * told to go on. */
void forward_advance(struct sctp_assoc *a);

/* Gives up what has outlived its time, and sets the timer for the rest. */
void forward_expire(struct sctp_assoc *a, uint64_t now_us);

void forward_write(struct sctp_assoc *a, uint64_t now_us);
void forward_on_timer(struct sctp_assoc *a);

#endif
