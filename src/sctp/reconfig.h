/*
 * Stream resets, ours and the peer's (RFC 6525).
 */
#ifndef SCTP_RECONFIG_H
#define SCTP_RECONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sctp/chunk.h"

enum { MAX_RESET_STREAMS = 256 /* in one of our requests */ };

struct sctp_assoc;

struct reconfig {
    uint32_t next_request;  /* our sequence number */
    uint32_t peer_request;  /* that we expect next */
    uint32_t last_response; /* result for peer_request - 1 */
    bool in_progress;       /* the peer's reset waits for TSNs that it names */
    bool is_outstanding;    /* ours */
    uint16_t *wanted;       /* streams to reset, in the order asked */
    size_t wanted_count;
    size_t wanted_cap;
    size_t asked;   /* the first of them, in the outstanding request */
    uint8_t *marks; /* a bit a stream: is in `wanted` */
    uint32_t request_last_tsn;
    unsigned retries;
};

/* Both sides count their requests from their first TSN. */
void reconfig_init(struct reconfig *r, uint32_t my_first_tsn, uint32_t peer_first_tsn);
void reconfig_deinit(struct reconfig *r);
bool reconfig_is_wanted(const struct reconfig *r, uint16_t stream);

/* Resets our side of a stream once it has drained: 0, or -EPIPE when that is
 * wanted already. */
int reconfig_want(struct sctp_assoc *a, uint16_t stream);

void reconfig_write(struct sctp_assoc *a, uint64_t now_us);
void reconfig_on_chunk(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us);
void reconfig_on_timer(struct sctp_assoc *a);

#endif
