/*
 * OpenSSL's end has a BIO of our own, which, unlike the memory BIO of OpenSSL
 * 3.0, keeps datagrams apart. The product's end seals straight into the queue,
 * as the product does into a burst.
 */
#include "dtls_pair.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "rtc/dtls.h"

enum { SLOTS = 8192, DATAGRAM = 1400 };

/* Datagrams on their way from one end to the other. */
struct queue {
    uint8_t (*data)[DATAGRAM]; /* SLOTS of them */
    uint16_t len[SLOTS];
    size_t head;
    size_t count;
};

struct dtls_end {
    struct queue in;
    struct queue *out; /* the other end's */
    /* OpenSSL's */
    SSL *ssl;
    SSL_CTX *ctx;
    /* The product's */
    struct cert *cert;
    struct dtls *dtls;
    uint8_t *opened; /* where dtls_pair_receive() wants the plaintext */
    size_t opened_len;
};

/* --- the queue ------------------------------------------------------------ */

/* Where the next datagram goes. */
static uint8_t *queue_put(struct queue *q, size_t len)
{
    assert(q->count < SLOTS && len <= DATAGRAM);
    size_t at = (q->head + q->count++) % SLOTS;
    q->len[at] = (uint16_t)len;
    return q->data[at];
}

/* The oldest datagram, which stays in place until something is put. Not of an
 * empty queue. One that was emptied starts in front again: warm memory, as a
 * path over UDP uses its arena again and again; walking through all slots
 * would cost each packet its cache misses, and not SCTP's. */
static struct span queue_take(struct queue *q)
{
    size_t at = q->head;
    assert(q->count > 0);
    q->head = --q->count > 0 ? (q->head + 1) % SLOTS : 0;
    return span_of(q->data[at], q->len[at]);
}

/* --- all of it OpenSSL's -------------------------------------------------- */

static int bio_write(BIO *bio, const char *data, int len)
{
    struct dtls_end *e = BIO_get_data(bio);
    memcpy(queue_put(e->out, (size_t)len), data, (size_t)len);
    return len;
}

static int bio_read(BIO *bio, char *out, int max)
{
    struct dtls_end *e = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (e->in.count == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    struct span datagram = queue_take(&e->in);
    size_t len = datagram.len < (size_t)max ? datagram.len : (size_t)max;
    memcpy(out, datagram.data, len);
    return (int)len;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_FLUSH)
        return 1;
    return command == BIO_CTRL_DGRAM_QUERY_MTU ? DATAGRAM : 0;
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

static void start_openssl(struct dtls_end *ends[2])
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "queue");
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_ctrl(method, bio_ctrl);
    for (int i = 0; i < 2; i++) {
        ends[i]->ctx = make_context();
        ends[i]->ssl = SSL_new(ends[i]->ctx);
        BIO *bio = BIO_new(method);
        BIO_set_data(bio, ends[i]);
        BIO_set_init(bio, 1);
        SSL_set_bio(ends[i]->ssl, bio, bio);
        SSL_set_options(ends[i]->ssl, SSL_OP_NO_QUERY_MTU);
        SSL_set_mtu(ends[i]->ssl, DATAGRAM);
    }
    SSL_set_connect_state(ends[0]->ssl);
    SSL_set_accept_state(ends[1]->ssl);
    while (!SSL_is_init_finished(ends[0]->ssl) || !SSL_is_init_finished(ends[1]->ssl)) {
        SSL_do_handshake(ends[0]->ssl);
        SSL_do_handshake(ends[1]->ssl);
    }
}

/* --- the product's -------------------------------------------------------- */

static void on_datagram(struct span datagram, void *arg)
{
    struct dtls_end *e = arg;
    memcpy(queue_put(e->out, datagram.len), datagram.data, datagram.len);
}

static void on_connected(void *arg)
{
    (void)arg;
}

static void on_data(struct span plaintext, uint64_t now_us, void *arg)
{
    struct dtls_end *e = arg;
    (void)now_us;
    memcpy(e->opened, plaintext.data, plaintext.len);
    e->opened_len = plaintext.len;
}

static void on_closed(int error, const char *text, void *arg)
{
    (void)error;
    (void)arg;
    fprintf(stderr, "bench: dtls: %s\n", text);
    exit(1);
}

static void start_own(struct dtls_end *ends[2])
{
    static const struct dtls_handlers handlers = {
        .on_datagram = on_datagram,
        .on_connected = on_connected,
        .on_data = on_data,
        .on_closed = on_closed,
    };
    for (int i = 0; i < 2; i++)
        ends[i]->cert = cert_new();
    for (int i = 0; i < 2; i++)
        ends[i]->dtls = dtls_new(ends[i]->cert, i == 0 ? DTLS_CLIENT : DTLS_SERVER,
                                 cert_fingerprint(ends[1 - i]->cert), &handlers, ends[i]);
    dtls_start(ends[0]->dtls, clock_now_us());
    while (ends[0]->in.count + ends[1]->in.count > 0) {
        for (int i = 0; i < 2; i++) {
            if (ends[i]->in.count > 0)
                dtls_feed(ends[i]->dtls, queue_take(&ends[i]->in), clock_now_us());
        }
    }
    assert(dtls_is_connected(ends[0]->dtls) && dtls_is_connected(ends[1]->dtls));
}

/* --- both ----------------------------------------------------------------- */

void dtls_pair_new(struct dtls_end *ends[2], bool has_own_records)
{
    for (int i = 0; i < 2; i++) {
        ends[i] = calloc(1, sizeof *ends[i]);
        assert(ends[i]);
        ends[i]->in.data = calloc(SLOTS, sizeof *ends[i]->in.data);
    }
    ends[0]->out = &ends[1]->in;
    ends[1]->out = &ends[0]->in;
    if (has_own_records)
        start_own(ends);
    else
        start_openssl(ends);
}

void dtls_pair_free(struct dtls_end *ends[2])
{
    for (int i = 0; i < 2; i++) {
        SSL_free(ends[i]->ssl);
        SSL_CTX_free(ends[i]->ctx);
        dtls_free(ends[i]->dtls);
        cert_free(ends[i]->cert);
        free(ends[i]->in.data);
        free(ends[i]);
    }
}

void dtls_pair_send(struct dtls_end *end, struct span packet)
{
    if (end->dtls) {
        size_t len = dtls_sealed_len(end->dtls, packet.len);
        dtls_seal(end->dtls, packet, (struct span){0}, queue_put(end->out, len));
        return;
    }
    int sent = SSL_write(end->ssl, packet.data, (int)packet.len);
    assert(sent == (int)packet.len);
    (void)sent;
}

size_t dtls_pair_receive(struct dtls_end *end, uint8_t *out, size_t max)
{
    if (end->in.count == 0)
        return 0;
    if (end->dtls) {
        end->opened = out;
        end->opened_len = 0;
        dtls_feed(end->dtls, queue_take(&end->in), 0);
        return end->opened_len;
    }
    int got = SSL_read(end->ssl, out, (int)max);
    return got > 0 ? (size_t)got : 0;
}
