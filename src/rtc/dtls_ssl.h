/*
 * OpenSSL as DTLS wants it: one handshake of one version with few ciphers,
 * whose certificate check is that of the fingerprint.
 */
#ifndef RTC_DTLS_SSL_H
#define RTC_DTLS_SSL_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "rtc/cert.h"
#include "rtc/dtls.h"
#include "rtc/dtls_bio.h"

/* Embedded in its owner, which stays where it is. */
struct dtls_ssl {
    SSL_CTX *ctx;
    SSL *ssl;
    uint8_t remote_fingerprint[CERT_FINGERPRINT_LEN];
    bool has_mismatch; /* the other side's certificate is another one */
};

/* bio outlives it. Only a lack of memory fails here; the program ends then, as
 * in xcalloc(). */
void dtls_ssl_init(struct dtls_ssl *s, const struct cert *cert, enum dtls_role role,
                   const uint8_t remote_fingerprint[CERT_FINGERPRINT_LEN], struct dtls_bio *bio);
void dtls_ssl_deinit(struct dtls_ssl *s);

#endif
