/*
 * Each call makes its context and frees it, which clears what was in it: this
 * is a few messages for each session, and no key is kept in two places.
 */
#include "tunnel/crypto.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

static void need(bool is_done)
{
    if (is_done)
        return;
    ERR_print_errors_fp(stderr);
    abort();
}

void crypto_hash(struct span data, uint8_t out[CRYPTO_HASH_LEN])
{
    unsigned len = 0;
    need(EVP_Digest(data.data, data.len, out, &len, EVP_sha256(), NULL) == 1 &&
         len == CRYPTO_HASH_LEN);
}

/* The parameters of OpenSSL take what they only read as if they wrote it. */
static OSSL_PARAM octets(const char *name, struct span bytes)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)bytes.data, bytes.len);
}

void crypto_derive(struct span ikm, struct span salt, struct span info, uint8_t *out,
                   size_t out_len)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        octets(OSSL_KDF_PARAM_KEY, ikm),
        octets(OSSL_KDF_PARAM_SALT, salt),
        octets(OSSL_KDF_PARAM_INFO, info),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    need(ctx && EVP_KDF_derive(ctx, out, out_len, params) == 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

bool crypto_is_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

void crypto_seal(const uint8_t key[CRYPTO_KEY_LEN], const uint8_t nonce[CRYPTO_NONCE_LEN],
                 struct span additional, struct span text, uint8_t *out)
{
    assert(text.len <= INT32_MAX && additional.len <= INT32_MAX);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    need(ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
         EVP_EncryptUpdate(ctx, NULL, &len, additional.data, (int)additional.len) == 1 &&
         EVP_EncryptUpdate(ctx, out, &len, text.data, (int)text.len) == 1 &&
         EVP_EncryptFinal_ex(ctx, out + text.len, &len) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CRYPTO_TAG_LEN, out + text.len) == 1);
    EVP_CIPHER_CTX_free(ctx);
}

bool crypto_open(const uint8_t key[CRYPTO_KEY_LEN], const uint8_t nonce[CRYPTO_NONCE_LEN],
                 struct span additional, struct span sealed, uint8_t *out)
{
    if (sealed.len < CRYPTO_TAG_LEN || sealed.len > INT32_MAX)
        return false;
    size_t text_len = sealed.len - CRYPTO_TAG_LEN;
    uint8_t tag[CRYPTO_TAG_LEN];
    memcpy(tag, sealed.data + text_len, sizeof tag);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    need(ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
         EVP_DecryptUpdate(ctx, NULL, &len, additional.data, (int)additional.len) == 1 &&
         EVP_DecryptUpdate(ctx, out, &len, sealed.data, (int)text_len) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, CRYPTO_TAG_LEN, tag) == 1);
    bool is_good = EVP_DecryptFinal_ex(ctx, out + text_len, &len) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!is_good)
        OPENSSL_cleanse(out, text_len);
    return is_good;
}

/* ---- Ed25519 ---- */

static EVP_PKEY *load_seed(const uint8_t seed[CRYPTO_SEED_LEN])
{
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, CRYPTO_SEED_LEN);
}

void crypto_public_key(const uint8_t seed[CRYPTO_SEED_LEN], uint8_t out[CRYPTO_PUBLIC_LEN])
{
    EVP_PKEY *key = load_seed(seed);
    size_t len = CRYPTO_PUBLIC_LEN;
    need(key && EVP_PKEY_get_raw_public_key(key, out, &len) == 1 && len == CRYPTO_PUBLIC_LEN);
    EVP_PKEY_free(key);
}

void crypto_sign(const uint8_t seed[CRYPTO_SEED_LEN], struct span message,
                 uint8_t out[CRYPTO_SIGNATURE_LEN])
{
    EVP_PKEY *key = load_seed(seed);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = CRYPTO_SIGNATURE_LEN;
    need(key && ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
         EVP_DigestSign(ctx, out, &len, message.data, message.len) == 1 &&
         len == CRYPTO_SIGNATURE_LEN);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
}

bool crypto_verify(const uint8_t public_key[CRYPTO_PUBLIC_LEN], struct span message,
                   const uint8_t signature[CRYPTO_SIGNATURE_LEN])
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, CRYPTO_PUBLIC_LEN);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    need(ctx != NULL);
    bool is_good =
        key && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
        EVP_DigestVerify(ctx, signature, CRYPTO_SIGNATURE_LEN, message.data, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error(); /* a forgery is no failure of OpenSSL's that others should find */
    return is_good;
}
