/*
 * What INIT and INIT-ACK offer (RFC 9260 section 3.3.2): numbers to begin
 * with, and extensions.
 */
#ifndef SCTP_OFFER_H
#define SCTP_OFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "sctp/chunk.h"
#include "sctp/sctp.h"

enum { OFFER_MAX = 512 /* bytes of ours, with what it reports */ };

/* The other side's. */
struct peer_offer {
    uint32_t tag;
    uint32_t window;
    uint32_t first_tsn;
    uint16_t out_streams;
    uint16_t in_streams;
    bool interleaving;
    bool forward_tsn;
    bool reconfig;
    bool zero_checksum;
};

/* Writes an INIT or INIT-ACK (type) with what the config offers; a cookie may
 * follow. Returns its length, far below OFFER_MAX. */
size_t offer_encode(uint8_t *p, uint8_t type, const struct sctp_assoc_config *config, uint32_t tag,
                    uint32_t first_tsn);

/* Reads an INIT or INIT-ACK: 0 or -EBADMSG. *cookie is left as it is when there
 * is none. Parameters that ask for it are appended to *report as they are
 * reported, as far as it has room. */
int offer_decode(const struct chunk *c, struct peer_offer *offer, struct span *cookie,
                 struct buf *report);

/* Reads bytes that are one INIT and nothing else. 0 or -EBADMSG. */
int offer_decode_alone(struct span init, struct peer_offer *offer);

#endif
