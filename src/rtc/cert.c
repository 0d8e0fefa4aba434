/*
 * ECDSA on P-256 is the key that RFC 8827 section 6.5 makes mandatory, and
 * the smallest that every browser takes. Nobody looks at the names or dates
 * inside: the fingerprint is the identity. The dates are wide on both sides
 * because clocks of laptops are wrong.
 */
#include "rtc/cert.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/err.h>

#include "base/alloc.h"
#include "base/random.h"
#include "rtc/cert_private.h"

enum { CERT_VALID_BEFORE_S = 24 * 3600, CERT_VALID_AFTER_S = 30 * 24 * 3600 };

bool cert_digest(const X509 *x509, uint8_t out[CERT_FINGERPRINT_LEN])
{
    unsigned int len = 0;
    return X509_digest(x509, EVP_sha256(), out, &len) == 1 && len == CERT_FINGERPRINT_LEN;
}

static bool fill_names(X509 *x509)
{
    /* A random serial: Firefox once refused two certificates of the same
     * issuer and serial in one process. */
    uint32_t serial = random_u32() >> 1;
    X509_NAME *name = X509_get_subject_name(x509);
    return X509_set_version(x509, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(x509), (long)serial + 1) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"WebRTC", -1,
                                      -1, 0) == 1 &&
           X509_set_issuer_name(x509, name) == 1;
}

static bool fill(struct cert *cert)
{
    cert->key = EVP_EC_gen("P-256");
    cert->x509 = X509_new();
    return cert->key && cert->x509 && fill_names(cert->x509) &&
           X509_gmtime_adj(X509_getm_notBefore(cert->x509), -CERT_VALID_BEFORE_S) &&
           X509_gmtime_adj(X509_getm_notAfter(cert->x509), CERT_VALID_AFTER_S) &&
           X509_set_pubkey(cert->x509, cert->key) == 1 &&
           X509_sign(cert->x509, cert->key, EVP_sha256()) > 0 &&
           cert_digest(cert->x509, cert->fingerprint);
}

struct cert *cert_new(void)
{
    struct cert *cert = xcalloc(1, sizeof *cert);
    if (!fill(cert)) {
        ERR_print_errors_fp(stderr);
        abort();
    }
    return cert;
}

void cert_free(struct cert *cert)
{
    if (!cert)
        return;
    X509_free(cert->x509);
    EVP_PKEY_free(cert->key);
    free(cert);
}

const uint8_t *cert_fingerprint(const struct cert *cert)
{
    return cert->fingerprint;
}
