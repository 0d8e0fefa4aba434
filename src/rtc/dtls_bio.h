/*
 * A BIO under OpenSSL's DTLS that keeps datagrams whole: one read gives one
 * datagram, one write takes one. Memory BIOs join datagrams to a stream, and
 * a ClientHello over two of them then fails.
 */
#ifndef RTC_DTLS_BIO_H
#define RTC_DTLS_BIO_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/bio.h>

#include "base/span.h"

/* Embedded in the owner, which outlives the BIO. */
struct dtls_bio {
    BIO_METHOD *method;
    struct span incoming; /* the datagram that the next read gives */
    bool has_incoming;
    uint64_t next_number; /* of a record in the clear that comes in */
    void (*on_datagram)(struct span datagram, void *arg); /* written by OpenSSL */
    void *arg;
};

/* NULL when OpenSSL is out of memory. The BIO is the SSL's to free. */
BIO *dtls_bio_new(struct dtls_bio *bio);

/* Once the BIO is freed. */
void dtls_bio_deinit(struct dtls_bio *bio);

#endif
