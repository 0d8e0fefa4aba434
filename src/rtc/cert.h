/*
 * The certificate of this process: self-signed, ECDSA P-256, made anew at each
 * start (RFC 8827 section 6.5). Its fingerprint is what signalling vouches
 * for.
 */
#ifndef RTC_CERT_H
#define RTC_CERT_H

#include <stdint.h>

struct cert;

enum { CERT_FINGERPRINT_LEN = 32 }; /* SHA-256 */

/* Never NULL; aborts when OpenSSL cannot make one. */
struct cert *cert_new(void);
void cert_free(struct cert *cert);
const uint8_t *cert_fingerprint(const struct cert *cert);

#endif
