/*
 * A link holds half of a hash of the key rather than the key, to be short. To
 * find another key of the same id takes 2^128 tries.
 */
#include "tunnel/identity.h"

#include "base/random.h"
#include "base/wipe.h"

#define LABEL "httptunnel identity 1"

enum {
    LABEL_LEN = sizeof LABEL - 1,
    SIGNED_LEN = LABEL_LEN + CERT_FINGERPRINT_LEN + 2 * PROCESS_SALT_LEN
};

static void name_key(const uint8_t public_key[CRYPTO_PUBLIC_LEN], uint8_t out[PROVIDER_ID_LEN])
{
    uint8_t hash[CRYPTO_HASH_LEN];
    crypto_hash(span_of(public_key, CRYPTO_PUBLIC_LEN), hash);
    memcpy(out, hash, PROVIDER_ID_LEN);
}

void identity_init(struct identity *identity)
{
    uint8_t seed[CRYPTO_SEED_LEN];
    random_bytes(seed, sizeof seed);
    identity_init_seed(identity, seed);
    wipe(seed, sizeof seed);
}

void identity_init_seed(struct identity *identity, const uint8_t seed[CRYPTO_SEED_LEN])
{
    memcpy(identity->seed, seed, sizeof identity->seed);
    crypto_public_key(seed, identity->public_key);
    name_key(identity->public_key, identity->provider_id);
}

void identity_deinit(struct identity *identity)
{
    wipe(identity, sizeof *identity);
}

bool identity_is(const uint8_t public_key[CRYPTO_PUBLIC_LEN],
                 const uint8_t provider_id[PROVIDER_ID_LEN])
{
    uint8_t id[PROVIDER_ID_LEN];
    name_key(public_key, id);
    return memcmp(id, provider_id, sizeof id) == 0;
}

static void format_vouched(const struct vouched *vouched, uint8_t out[SIGNED_LEN])
{
    memcpy(out, LABEL, LABEL_LEN);
    memcpy(out += LABEL_LEN, vouched->fingerprint, CERT_FINGERPRINT_LEN);
    memcpy(out += CERT_FINGERPRINT_LEN, vouched->salt, PROCESS_SALT_LEN);
    memcpy(out + PROCESS_SALT_LEN, vouched->to, PROCESS_SALT_LEN);
}

void identity_vouch(const struct identity *identity, const struct vouched *vouched,
                    uint8_t signature[CRYPTO_SIGNATURE_LEN])
{
    uint8_t bytes[SIGNED_LEN];
    format_vouched(vouched, bytes);
    crypto_sign(identity->seed, span_of(bytes, sizeof bytes), signature);
}

bool identity_has_vouched(const uint8_t public_key[CRYPTO_PUBLIC_LEN],
                          const struct vouched *vouched,
                          const uint8_t signature[CRYPTO_SIGNATURE_LEN])
{
    uint8_t bytes[SIGNED_LEN];
    format_vouched(vouched, bytes);
    return crypto_verify(public_key, span_of(bytes, sizeof bytes), signature);
}
