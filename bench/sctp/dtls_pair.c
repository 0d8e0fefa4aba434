/*
 * A BIO of our own keeps datagrams apart, which the memory BIO of OpenSSL 3.0
 * does not.
 */
#include "dtls_pair.h"

#include <assert.h>
#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

enum { SLOTS = 8192, DATAGRAM = 1400 };

struct dtls_end {
    SSL *ssl;
    SSL_CTX *ctx;
    struct dtls_end *other;
    uint8_t (*data)[DATAGRAM];
    uint16_t len[SLOTS];
    size_t head;
    size_t count;
};

static int bio_write(BIO *bio, const char *data, int len)
{
    struct dtls_end *to = ((struct dtls_end *)BIO_get_data(bio))->other;
    assert(to->count < SLOTS && len <= DATAGRAM);
    size_t at = (to->head + to->count++) % SLOTS;
    memcpy(to->data[at], data, (size_t)len);
    to->len[at] = (uint16_t)len;
    return len;
}

static int bio_read(BIO *bio, char *out, int max)
{
    struct dtls_end *e = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (e->count == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t len = e->len[e->head] < (size_t)max ? e->len[e->head] : (size_t)max;
    memcpy(out, e->data[e->head], len);
    e->head = (e->head + 1) % SLOTS;
    e->count--;
    return (int)len;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : command == BIO_CTRL_DGRAM_QUERY_MTU ? DATAGRAM : 0;
}

static SSL_CTX *make_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(DTLS_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    assert(ctx && key && cert);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_set_pubkey(cert, key);
    X509_sign(cert, key, EVP_sha256());
    /* As the product and WebRTC prefer it. */
    SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-GCM-SHA256");
    SSL_CTX_use_certificate(ctx, cert);
    SSL_CTX_use_PrivateKey(ctx, key);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ctx;
}

void dtls_pair(struct dtls_end *ends[2])
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "queue");
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_ctrl(method, bio_ctrl);
    for (int i = 0; i < 2; i++) {
        ends[i] = calloc(1, sizeof *ends[i]);
        assert(ends[i]);
        ends[i]->data = calloc(SLOTS, sizeof *ends[i]->data);
        ends[i]->ctx = make_context();
        ends[i]->ssl = SSL_new(ends[i]->ctx);
        BIO *bio = BIO_new(method);
        BIO_set_data(bio, ends[i]);
        BIO_set_init(bio, 1);
        SSL_set_bio(ends[i]->ssl, bio, bio);
        SSL_set_options(ends[i]->ssl, SSL_OP_NO_QUERY_MTU);
        SSL_set_mtu(ends[i]->ssl, DATAGRAM);
    }
    ends[0]->other = ends[1];
    ends[1]->other = ends[0];
    SSL_set_connect_state(ends[0]->ssl);
    SSL_set_accept_state(ends[1]->ssl);
    while (!SSL_is_init_finished(ends[0]->ssl) || !SSL_is_init_finished(ends[1]->ssl)) {
        SSL_do_handshake(ends[0]->ssl);
        SSL_do_handshake(ends[1]->ssl);
    }
}

void dtls_free(struct dtls_end *ends[2])
{
    for (int i = 0; i < 2; i++) {
        SSL_free(ends[i]->ssl);
        SSL_CTX_free(ends[i]->ctx);
        free(ends[i]->data);
        free(ends[i]);
    }
}

void dtls_send(struct dtls_end *end, struct span packet)
{
    int sent = SSL_write(end->ssl, packet.data, (int)packet.len);
    assert(sent == (int)packet.len);
    (void)sent;
}

size_t dtls_receive(struct dtls_end *end, uint8_t *out, size_t max)
{
    if (end->count == 0)
        return 0;
    int got = SSL_read(end->ssl, out, (int)max);
    return got > 0 ? (size_t)got : 0;
}
