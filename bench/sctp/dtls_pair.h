/*
 * Two DTLS endpoints in one process, joined by queues of datagrams: the same
 * work below every SCTP stack that the bench compares. Either all of it is
 * OpenSSL's, or, as in the product, the records are ours (rtc/dtls_record.h).
 */
#ifndef BENCH_SCTP_DTLS_PAIR_H
#define BENCH_SCTP_DTLS_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct dtls_end;

/* Makes both ends and runs the handshake. */
void dtls_pair_new(struct dtls_end *ends[2], bool has_own_records);
void dtls_pair_free(struct dtls_end *ends[2]);

/* Seals a packet into the other end's queue. */
void dtls_pair_send(struct dtls_end *end, struct span packet);

/* Opens the next packet of this end's queue into out; 0: none. */
size_t dtls_pair_receive(struct dtls_end *end, uint8_t *out, size_t max);

#endif
