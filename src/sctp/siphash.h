/*
 * SipHash-2-4: a keyed 64-bit hash that cannot be guessed without the key.
 * Signs the state cookie, and draws tags and sequence numbers from the seed.
 */
#ifndef SCTP_SIPHASH_H
#define SCTP_SIPHASH_H

#include <stdint.h>

#include "base/span.h"

uint64_t siphash(const uint8_t key[16], struct span bytes);

#endif
