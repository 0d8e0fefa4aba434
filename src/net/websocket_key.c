/*
 * The two values of the opening handshake, RFC 6455 section 4.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "net/websocket.h"

enum { SHA1_LEN = 20, KEY_BYTES = 16 };

void websocket_accept_key(struct span key, char out[WEBSOCKET_ACCEPT_LEN + 1])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* section 1.3 */
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) != 1 ||
        EVP_DigestUpdate(ctx, key.data, key.len) != 1 ||
        EVP_DigestUpdate(ctx, guid, sizeof guid - 1) != 1 ||
        EVP_DigestFinal_ex(ctx, digest, &len) != 1 || len != SHA1_LEN)
        abort();
    EVP_MD_CTX_free(ctx);
    EVP_EncodeBlock((unsigned char *)out, digest, SHA1_LEN);
}

void websocket_make_key(char out[WEBSOCKET_KEY_LEN + 1])
{
    unsigned char bytes[KEY_BYTES];
    random_bytes(bytes, sizeof bytes);
    EVP_EncodeBlock((unsigned char *)out, bytes, sizeof bytes);
}
