/*
 * The state cookie (RFC 9260 section 5.1.3): everything that the answerer of
 * an INIT would have to remember, signed and given to the peer to bring back,
 * so that an INIT costs it nothing.
 */
#ifndef SCTP_COOKIE_H
#define SCTP_COOKIE_H

#include <stdbool.h>

#include "sctp/offer.h"

struct cookie {
    uint64_t made_us;
    uint32_t my_tag;
    uint32_t my_first_tsn;
    struct peer_offer peer;
};

enum { COOKIE_LEN = 44 };

void cookie_encode(const uint8_t key[16], const struct cookie *c, uint8_t out[COOKIE_LEN]);

/* 0, or -EBADMSG when it is not one that this key signed. */
int cookie_decode(const uint8_t key[16], struct span bytes, struct cookie *out);

#endif
