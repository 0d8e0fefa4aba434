/*
 * The secrets of STUN: MESSAGE-INTEGRITY, long-term keys and FINGERPRINT
 * (RFC 8489 section 9 and 14.5 to 14.7), and the agent's random numbers. The
 * one place of src/ice that uses OpenSSL.
 */
#ifndef ICE_STUN_AUTH_H
#define ICE_STUN_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "ice/stun.h"

enum { STUN_LONG_TERM_KEY_LEN = 16 };

/* MD5(user ":" realm ":" password), as RFC 8489 section 9.2.2 has it. False
 * where this machine's OpenSSL has no MD5. */
bool stun_long_term_key(struct span user, struct span realm, struct span pass,
                        uint8_t key[STUN_LONG_TERM_KEY_LEN]);

/* HMAC-SHA1 over all before it, under the password (short-term) or the
 * long-term key. */
void stun_put_integrity(struct stun_writer *w, struct span key);
void stun_put_fingerprint(struct stun_writer *w);

/* Whether MESSAGE-INTEGRITY is there and right; compared in constant time. */
bool stun_check_integrity(const struct stun_message *m, struct span key);
/* Whether FINGERPRINT is right; true also when there is none. */
bool stun_check_fingerprint(const struct stun_message *m);

/* CRC-32 as in FINGERPRINT, of any bytes. */
uint32_t stun_crc32(struct span bytes);

/* Unpredictable numbers from a seed: SHA-256 of seed and counter. The same
 * seed gives the same numbers, which is what the simulator needs. */
struct ice_random {
    uint8_t seed[32];
    uint64_t counter;
};

void ice_random_bytes(struct ice_random *r, void *out, size_t len);
uint64_t ice_random_u64(struct ice_random *r);
/* len characters of the ice-char alphabet and a NUL. */
void ice_random_chars(struct ice_random *r, char *out, size_t len);
/* Between value × 0.8 and value × 1.2 (RFC 7675 section 5.1). */
uint64_t ice_random_jitter(struct ice_random *r, uint64_t value);

#endif
