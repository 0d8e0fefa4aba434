/*
 * DTLS 1.2 records of one epoch, sealed and opened with the keys of a
 * finished handshake. Sans-I/O.
 *
 *    0      1         3         5                     11        13
 *   +------+---------+---------+---------------------+---------+------- …
 *   | type | version |  epoch  |   sequence number   | length  | fragment
 *   +------+---------+---------+---------------------+---------+------- …
 *
 *   fragment, AES-GCM (RFC 5288):       | nonce (8) | ciphertext | tag (16) |
 *   fragment, ChaCha20-Poly1305 (7905): |             ciphertext | tag (16) |
 *
 * OpenSSL does the handshake and all that is not application data. It could
 * do the rest, too, at three times the cost of the cipher for packets of 1400
 * bytes: each record passes an allocation, a few lookups of parameters by
 * name, and two copies. Here sealing and opening are what copies.
 */
#ifndef RTC_DTLS_RECORD_H
#define RTC_DTLS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "rtc/aead.h"

enum {
    DTLS_RECORD_HEADER_LEN = 13,
    DTLS_RECORD_NONCE_LEN = 8,
    DTLS_RECORD_TAG_LEN = AEAD_TAG_LEN,
    DTLS_OVERHEAD = DTLS_RECORD_HEADER_LEN + DTLS_RECORD_NONCE_LEN + DTLS_RECORD_TAG_LEN,
    DTLS_PLAINTEXT_MAX = 16384 /* of a record (RFC 6347 section 4.1) */
};

enum dtls_content_type { DTLS_ALERT = 21, DTLS_HANDSHAKE = 22, DTLS_APPLICATION_DATA = 23 };

/* A record as it is on the wire. */
struct dtls_record {
    uint8_t type;
    uint16_t epoch;
    uint64_t number;   /* 48 bits */
    struct span whole; /* header and fragment */
    struct span fragment;
};

/* Takes the first record off a datagram. 0, or -EBADMSG for what is none: the
 * rest of the datagram is then of no use. */
int dtls_record_take(struct span *datagram, struct dtls_record *out);

/* Of the part of the nonce that keys give. */
size_t dtls_iv_len(enum aead_cipher cipher);

struct dtls_keys {
    uint8_t key[AEAD_KEY_MAX];
    uint8_t iv[AEAD_NONCE_LEN];
};

/* Where a side's own records go on after those that OpenSSL has sent under
 * the same key. */
struct dtls_resume {
    uint64_t number; /* of the next record */
    uint64_t nonce;  /* of AES-GCM, in its record; any two must differ */
};

struct dtls_records;

/* Copies its arguments. Never NULL. */
struct dtls_records *dtls_records_new(enum aead_cipher cipher, const struct dtls_keys *write,
                                      const struct dtls_keys *read,
                                      const struct dtls_resume *resume);
void dtls_records_free(struct dtls_records *records); /* NULL is allowed */

/* Bytes of the record that a plaintext makes. */
size_t dtls_records_sealed_len(const struct dtls_records *records, size_t plaintext_len);

/* Writes a record to out[dtls_records_sealed_len()]; the plaintext, head and
 * body one after the other, is at most DTLS_PLAINTEXT_MAX and does not overlap
 * it. */
void dtls_records_seal(struct dtls_records *records, uint8_t type, struct span head,
                       struct span body, uint8_t *out);

/* Opens a record into out[DTLS_PLAINTEXT_MAX]. The plaintext's length, or
 * -EBADMSG when it was not made with the key, or -EALREADY when it came before
 * or is too old to tell. */
int dtls_records_open(struct dtls_records *records, const struct dtls_record *record, uint8_t *out);

/* Gives a record that OpenSSL has sealed with the write key a number and a
 * nonce of ours; out[record->whole.len]. 0 or -EBADMSG. */
int dtls_records_reseal(struct dtls_records *records, const struct dtls_record *record,
                        uint8_t *out);

#endif
