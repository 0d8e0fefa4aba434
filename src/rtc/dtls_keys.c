/*
 * OpenSSL tells the master secret and both randoms, and has the pseudorandom
 * function as a key derivation; the cut of the key block is all that is left.
 * What fails here is a lack of memory or a bug.
 */
#include "rtc/dtls_keys.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>

enum { MASTER_LEN = 48, RANDOM_LEN = 32, BLOCK_MAX = 2 * (AEAD_KEY_MAX + AEAD_NONCE_LEN) };

static const char label[] = "key expansion";

static void must(int result)
{
    if (result > 0)
        return;
    ERR_print_errors_fp(stderr);
    abort();
}

/* Of the suites that dtls_ssl.c offers. */
static enum aead_cipher aead_of(const SSL_CIPHER *cipher)
{
    switch (SSL_CIPHER_get_cipher_nid(cipher)) {
    case NID_aes_128_gcm:
        return AEAD_AES_128_GCM;
    case NID_aes_256_gcm:
        return AEAD_AES_256_GCM;
    default:
        assert(SSL_CIPHER_get_cipher_nid(cipher) == NID_chacha20_poly1305);
        return AEAD_CHACHA20_POLY1305;
    }
}

static void expand(SSL *ssl, uint8_t *block, size_t len)
{
    uint8_t master[MASTER_LEN];
    uint8_t seed[sizeof label - 1 + 2 * RANDOM_LEN];
    uint8_t *randoms = seed + sizeof label - 1;
    memcpy(seed, label, sizeof label - 1);
    must(SSL_get_server_random(ssl, randoms, RANDOM_LEN) == RANDOM_LEN);
    must(SSL_get_client_random(ssl, randoms + RANDOM_LEN, RANDOM_LEN) == RANDOM_LEN);
    must(SSL_SESSION_get_master_key(SSL_get_session(ssl), master, sizeof master) == MASTER_LEN);

    const EVP_MD *digest = SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(ssl));
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)EVP_MD_get0_name(digest),
                                         0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, sizeof master),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof seed),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_PRF, NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    must(ctx != NULL);
    must(EVP_KDF_derive(ctx, block, len, params));
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    OPENSSL_cleanse(master, sizeof master);
}

void dtls_keys_derive(SSL *ssl, struct dtls_session_keys *out)
{
    out->cipher = aead_of(SSL_get_current_cipher(ssl));
    size_t key_len = aead_key_len(out->cipher);
    size_t iv_len = dtls_iv_len(out->cipher);
    bool is_server = SSL_is_server(ssl);
    struct dtls_keys *client = is_server ? &out->read : &out->write;
    struct dtls_keys *server = is_server ? &out->write : &out->read;

    uint8_t block[BLOCK_MAX];
    expand(ssl, block, 2 * (key_len + iv_len));
    memcpy(client->key, block, key_len);
    memcpy(server->key, block + key_len, key_len);
    memcpy(client->iv, block + 2 * key_len, iv_len);
    memcpy(server->iv, block + 2 * key_len + iv_len, iv_len);
    OPENSSL_cleanse(block, sizeof block);
}
