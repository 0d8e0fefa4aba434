/*
 * The cipher is fetched once for a key, and the context of a key serves all of
 * its messages: each sets a nonce, and the direction, and nothing else is
 * looked up but the tag, which OpenSSL knows by name alone.
 */
#include "rtc/aead.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/alloc.h"

struct openssl_aead {
    struct aead base;
    EVP_CIPHER_CTX *ctx;
};

/* The key never leaves OpenSSL unless its tables do, so what fails here is a
 * lack of memory or a bug. */
static void must(int result)
{
    if (result == 1)
        return;
    ERR_print_errors_fp(stderr);
    abort();
}

static EVP_CIPHER_CTX *context_of(struct aead *aead)
{
    return ((struct openssl_aead *)aead)->ctx;
}

static struct aead *openssl_new(enum aead_cipher cipher, const uint8_t *key)
{
    static const char *const names[] = {"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"};
    struct openssl_aead *aead = xcalloc(1, sizeof *aead);
    EVP_CIPHER *fetched = EVP_CIPHER_fetch(NULL, names[cipher], NULL);
    aead->base.library = &aead_openssl;
    aead->ctx = EVP_CIPHER_CTX_new();
    must(fetched != NULL && aead->ctx != NULL);
    must(EVP_EncryptInit_ex(aead->ctx, fetched, NULL, key, NULL));
    EVP_CIPHER_free(fetched); /* the context has its own hold */
    return &aead->base;
}

static void openssl_free(struct aead *aead)
{
    EVP_CIPHER_CTX_free(context_of(aead));
    free(aead);
}

static void openssl_seal(struct aead *aead, const uint8_t *nonce, struct span additional,
                         struct span head, struct span body, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = context_of(aead);
    uint8_t *end = out + head.len + body.len;
    int len;
    must(EVP_EncryptInit_ex(ctx, NULL, NULL, NULL, nonce));
    must(EVP_EncryptUpdate(ctx, NULL, &len, additional.data, (int)additional.len));
    must(EVP_EncryptUpdate(ctx, out, &len, head.data, (int)head.len));
    if (body.len > 0)
        must(EVP_EncryptUpdate(ctx, out + head.len, &len, body.data, (int)body.len));
    must(EVP_EncryptFinal_ex(ctx, end, &len));
    must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN, end));
}

static int openssl_open(struct aead *aead, const uint8_t *nonce, struct span additional,
                        struct span sealed, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = context_of(aead);
    uint8_t tag[AEAD_TAG_LEN];
    int len;
    if (sealed.len < AEAD_TAG_LEN)
        return -EBADMSG;
    size_t text_len = sealed.len - AEAD_TAG_LEN;
    memcpy(tag, sealed.data + text_len, sizeof tag); /* OpenSSL wants it writable */
    must(EVP_DecryptInit_ex(ctx, NULL, NULL, NULL, nonce));
    must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag));
    must(EVP_DecryptUpdate(ctx, NULL, &len, additional.data, (int)additional.len));
    if (EVP_DecryptUpdate(ctx, out, &len, sealed.data, (int)text_len) != 1 ||
        EVP_DecryptFinal_ex(ctx, out + text_len, &len) != 1)
        return -EBADMSG;
    return 0;
}

static const char *openssl_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}

const struct aead_library aead_openssl = {
    .new = openssl_new,
    .free = openssl_free,
    .seal = openssl_seal,
    .open = openssl_open,
    .version = openssl_version,
};
