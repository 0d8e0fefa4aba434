/*
 * The keys of a finished handshake, out of OpenSSL.
 */
#ifndef RTC_DTLS_KEYS_H
#define RTC_DTLS_KEYS_H

#include <openssl/ssl.h>

#include "rtc/dtls_record.h"

struct dtls_session_keys {
    enum aead_cipher cipher;
    struct dtls_keys write;
    struct dtls_keys read;
};

/* Expands the master secret (RFC 5246 section 6.3). The caller zeroes *out
 * after use. */
void dtls_keys_derive(SSL *ssl, struct dtls_session_keys *out);

#endif
