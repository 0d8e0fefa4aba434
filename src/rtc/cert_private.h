/*
 * The inside of a certificate, for cert.c, which makes it, and dtls.c, which
 * shows it to the other side.
 */
#ifndef RTC_CERT_PRIVATE_H
#define RTC_CERT_PRIVATE_H

#include <stdbool.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "rtc/cert.h"

struct cert {
    X509 *x509;
    EVP_PKEY *key;
    uint8_t fingerprint[CERT_FINGERPRINT_LEN];
};

/* SHA-256 over the DER form (RFC 8122 section 5). False when OpenSSL cannot. */
bool cert_digest(const X509 *x509, uint8_t out[CERT_FINGERPRINT_LEN]);

#endif
