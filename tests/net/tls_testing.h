/*
 * A certificate authority and servers' certificates, made when a test runs,
 * and the server's half of TLS between memory BIOs.
 */
#ifndef TESTS_NET_TLS_TESTING_H
#define TESTS_NET_TLS_TESTING_H

#include "net/net_testing.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct test_cert {
    EVP_PKEY *key;
    X509 *cert;
};

struct test_cert_options {
    const char *name;
    const char *alt_names; /* as "DNS:localhost,IP:127.0.0.1", or NULL for a CA */
    long from_s;           /* validity, relative to now */
    long until_s;
};

static inline void test_cert_add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* issuer is NULL for a certificate that signs itself. */
static inline struct test_cert test_cert_new(const struct test_cert *issuer,
                                             const struct test_cert_options *options)
{
    static long serial;
    struct test_cert c = {EVP_EC_gen("P-256"), X509_new()};
    assert_non_null(c.key);
    X509_set_version(c.cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(c.cert), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(c.cert), options->from_s);
    X509_gmtime_adj(X509_getm_notAfter(c.cert), options->until_s);
    X509_NAME *name = X509_get_subject_name(c.cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)options->name, -1,
                               -1, 0);
    X509 *issuer_cert = issuer ? issuer->cert : c.cert;
    X509_set_issuer_name(c.cert, X509_get_subject_name(issuer_cert));
    X509_set_pubkey(c.cert, c.key);
    if (options->alt_names)
        test_cert_add_extension(c.cert, issuer_cert, NID_subject_alt_name, options->alt_names);
    else
        test_cert_add_extension(c.cert, issuer_cert, NID_basic_constraints, "critical,CA:TRUE");
    assert_true(X509_sign(c.cert, issuer ? issuer->key : c.key, EVP_sha256()) > 0);
    return c;
}

static inline void test_cert_free(struct test_cert *c)
{
    EVP_PKEY_free(c->key);
    X509_free(c->cert);
}

/* Writes the certificate to a fresh file; the test unlinks it. */
static inline void test_cert_write(const struct test_cert *c, char path[64])
{
    snprintf(path, 64, "/tmp/tunnel-test-ca-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, c->cert), 1);
    fclose(file);
}

struct test_tls_server {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in;
    BIO *out;
};

static inline void test_tls_server_init(struct test_tls_server *s, const struct test_cert *c)
{
    s->ctx = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(s->ctx, c->cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(s->ctx, c->key), 1);
    s->ssl = SSL_new(s->ctx);
    s->in = BIO_new(BIO_s_mem());
    s->out = BIO_new(BIO_s_mem());
    SSL_set_bio(s->ssl, s->in, s->out);
    SSL_set_accept_state(s->ssl);
}

static inline void test_tls_server_deinit(struct test_tls_server *s)
{
    SSL_free(s->ssl);
    SSL_CTX_free(s->ctx);
    ERR_clear_error();
}

static inline void test_tls_server_feed(struct test_tls_server *s, struct span bytes)
{
    if (bytes.len > 0)
        assert_int_equal(BIO_write(s->in, bytes.data, (int)bytes.len), (int)bytes.len);
}

/* Bytes that came, at most cap; 0 for none yet, also in the handshake. */
static inline size_t test_tls_server_read(struct test_tls_server *s, void *out, size_t cap)
{
    size_t got = 0;
    if (SSL_read_ex(s->ssl, out, cap, &got) != 1)
        got = 0;
    ERR_clear_error();
    return got;
}

static inline void test_tls_server_write(struct test_tls_server *s, struct span bytes)
{
    size_t written = 0;
    assert_int_equal(SSL_write_ex(s->ssl, bytes.data, bytes.len, &written), 1);
    assert_int_equal(written, bytes.len);
}

/* Valid until the next call on the server; test_tls_server_taken() drops it. */
static inline struct span test_tls_server_take(struct test_tls_server *s)
{
    char *data = NULL;
    long len = BIO_get_mem_data(s->out, &data);
    return span_of(data, len > 0 ? (size_t)len : 0);
}

static inline void test_tls_server_taken(struct test_tls_server *s)
{
    (void)!BIO_reset(s->out);
}

#endif
