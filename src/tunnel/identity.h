/*
 * Who a provider is, for as long as it keeps its state: an Ed25519 key. Its
 * provider id is what links name it by. No I/O; where the seed is kept, see
 * tunnel/state.h.
 */
#ifndef TUNNEL_IDENTITY_H
#define TUNNEL_IDENTITY_H

#include "rtc/cert.h"
#include "tunnel/crypto.h"

/* The first bytes of the SHA-256 of the public key. */
enum { PROVIDER_ID_LEN = 16, PROCESS_SALT_LEN = 16 };

struct identity {
    uint8_t seed[CRYPTO_SEED_LEN]; /* secret */
    uint8_t public_key[CRYPTO_PUBLIC_LEN];
    uint8_t provider_id[PROVIDER_ID_LEN];
};

/* A new one, at random. */
void identity_init(struct identity *identity);

/* The one of a seed that was kept. */
void identity_init_seed(struct identity *identity, const uint8_t seed[CRYPTO_SEED_LEN]);

/* Zeroes it. */
void identity_deinit(struct identity *identity);

/* What a provider signs: that its process with that certificate and that salt
 * speaks to the process with the other salt. */
struct vouched {
    const uint8_t *fingerprint; /* CERT_FINGERPRINT_LEN bytes */
    const uint8_t *salt;        /* PROCESS_SALT_LEN bytes */
    const uint8_t *to;          /* the same */
};

void identity_vouch(const struct identity *identity, const struct vouched *vouched,
                    uint8_t signature[CRYPTO_SIGNATURE_LEN]);
bool identity_has_vouched(const uint8_t public_key[CRYPTO_PUBLIC_LEN],
                          const struct vouched *vouched,
                          const uint8_t signature[CRYPTO_SIGNATURE_LEN]);

/* Whether the key is that of the provider that a link names. */
bool identity_is(const uint8_t public_key[CRYPTO_PUBLIC_LEN],
                 const uint8_t provider_id[PROVIDER_ID_LEN]);

#endif
