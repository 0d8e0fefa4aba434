/*
 * What sealed signalling needs of cryptography, and the one door to it: hash,
 * HKDF (RFC 5869), AES-256-GCM, Ed25519 (RFC 8032). OpenSSL stays inside
 * crypto.c. That a primitive cannot be had, or that memory is lacking, aborts:
 * nothing could go on.
 */
#ifndef TUNNEL_CRYPTO_H
#define TUNNEL_CRYPTO_H

#include "base/span.h"

enum {
    CRYPTO_HASH_LEN = 32, /* SHA-256 */
    CRYPTO_KEY_LEN = 32,  /* AES-256 */
    CRYPTO_NONCE_LEN = 12,
    CRYPTO_TAG_LEN = 16,
    CRYPTO_SEED_LEN = 32, /* Ed25519's secret key */
    CRYPTO_PUBLIC_LEN = 32,
    CRYPTO_SIGNATURE_LEN = 64
};

void crypto_hash(struct span data, uint8_t out[CRYPTO_HASH_LEN]);

/* HKDF-SHA256, out_len bytes. */
void crypto_derive(struct span ikm, struct span salt, struct span info, uint8_t *out,
                   size_t out_len);

/* Whether two runs of bytes are the same, in a time that does not tell where
 * they differ. */
bool crypto_is_equal(const void *a, const void *b, size_t len);

/* AES-256-GCM: text.len bytes and the tag behind them. */
void crypto_seal(const uint8_t key[CRYPTO_KEY_LEN], const uint8_t nonce[CRYPTO_NONCE_LEN],
                 struct span additional, struct span text, uint8_t *out);

/* The reverse: sealed.len - CRYPTO_TAG_LEN bytes in out. False, with nothing
 * to be used in out, when it is not what was sealed so. */
bool crypto_open(const uint8_t key[CRYPTO_KEY_LEN], const uint8_t nonce[CRYPTO_NONCE_LEN],
                 struct span additional, struct span sealed, uint8_t *out);

void crypto_public_key(const uint8_t seed[CRYPTO_SEED_LEN], uint8_t out[CRYPTO_PUBLIC_LEN]);
void crypto_sign(const uint8_t seed[CRYPTO_SEED_LEN], struct span message,
                 uint8_t out[CRYPTO_SIGNATURE_LEN]);
bool crypto_verify(const uint8_t public_key[CRYPTO_PUBLIC_LEN], struct span message,
                   const uint8_t signature[CRYPTO_SIGNATURE_LEN]);

#endif
