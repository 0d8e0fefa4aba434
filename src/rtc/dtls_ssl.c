/*
 * The chain check is replaced by the fingerprint check, so a wrong
 * certificate ends the handshake with an alert before a key is agreed.
 */
#include "rtc/dtls_ssl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "rtc/cert_private.h"

enum {
    /* RFC 6347 section 4.2.4.1 has 1 s as the first timeout and allows less
     * where latency matters, as here: a lost flight costs the person 100 ms.
     * The last ones are 3 s apart; OpenSSL gives up after twelve,
     * about 25 s. */
    DTLS_TIMEOUT_FIRST_US = 100 * 1000,
    DTLS_TIMEOUT_MOST_US = 3 * 1000 * 1000
};

/* Forward secrecy and AEAD only; RFC 8827 section 6.5 makes the first
 * mandatory. */
static const char cipher_list[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                  "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
                                  "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

/* We carry no media, but some stacks (werift) end a handshake without the
 * extension, since browsers always offer it (RFC 5764 section 4.1.1). */
static const char srtp_profiles[] = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";

static unsigned int next_timeout_us(SSL *ssl, unsigned int last_us)
{
    (void)ssl;
    if (last_us == 0)
        return DTLS_TIMEOUT_FIRST_US;
    return last_us < DTLS_TIMEOUT_MOST_US / 2 ? last_us * 2 : DTLS_TIMEOUT_MOST_US;
}

static int on_verify(X509_STORE_CTX *store, void *arg)
{
    struct dtls_ssl *s = arg;
    X509 *x509 = X509_STORE_CTX_get0_cert(store);
    uint8_t digest[CERT_FINGERPRINT_LEN];
    if (x509 && cert_digest(x509, digest) &&
        CRYPTO_memcmp(digest, s->remote_fingerprint, sizeof digest) == 0) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    s->has_mismatch = true;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

static bool setup_context(struct dtls_ssl *s, const struct cert *cert)
{
    s->ctx = SSL_CTX_new(DTLS_method());
    if (!s->ctx)
        return false;
    SSL_CTX_set_verify(s->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(s->ctx, on_verify, s);
    SSL_CTX_set_session_cache_mode(s->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(s->ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_read_ahead(s->ctx, 1);
    return SSL_CTX_set_min_proto_version(s->ctx, DTLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(s->ctx, DTLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(s->ctx, cipher_list) == 1 &&
           SSL_CTX_set_tlsext_use_srtp(s->ctx, srtp_profiles) == 0 && /* 0: set */
           SSL_CTX_use_certificate(s->ctx, cert->x509) == 1 &&
           SSL_CTX_use_PrivateKey(s->ctx, cert->key) == 1;
}

static bool setup_ssl(struct dtls_ssl *s, enum dtls_role role, struct dtls_bio *under)
{
    s->ssl = SSL_new(s->ctx);
    BIO *bio = s->ssl ? dtls_bio_new(under) : NULL;
    if (!bio)
        return false;
    SSL_set_bio(s->ssl, bio, bio);
    SSL_set_mtu(s->ssl, DTLS_MTU);
    DTLS_set_timer_cb(s->ssl, next_timeout_us);
    if (role == DTLS_CLIENT)
        SSL_set_connect_state(s->ssl);
    else
        SSL_set_accept_state(s->ssl);
    return true;
}

void dtls_ssl_init(struct dtls_ssl *s, const struct cert *cert, enum dtls_role role,
                   const uint8_t remote_fingerprint[CERT_FINGERPRINT_LEN], struct dtls_bio *bio)
{
    memcpy(s->remote_fingerprint, remote_fingerprint, CERT_FINGERPRINT_LEN);
    if (!setup_context(s, cert) || !setup_ssl(s, role, bio)) {
        ERR_print_errors_fp(stderr);
        abort();
    }
}

void dtls_ssl_deinit(struct dtls_ssl *s)
{
    SSL_free(s->ssl);
    SSL_CTX_free(s->ctx);
    s->ssl = NULL;
    s->ctx = NULL;
}
