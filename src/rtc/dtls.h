/*
 * DTLS 1.2 (RFC 6347) by OpenSSL as a sans-I/O engine: datagrams and the time
 * in, datagrams and records out. The certificate of the other side is checked
 * against the fingerprint from its SDP before any data passes (RFC 8122,
 * RFC 8827 section 6.5).
 */
#ifndef RTC_DTLS_H
#define RTC_DTLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "rtc/cert.h"

struct dtls;

enum dtls_role { DTLS_CLIENT, DTLS_SERVER };

enum {
    DTLS_MTU = 1200,             /* of handshake datagrams, UDP payload */
    DTLS_PLAINTEXT_MAX = 16384,  /* of a record (RFC 6347 section 4.1) */
    DTLS_OVERHEAD = 13 + 8 + 16, /* header, nonce and tag of one (RFC 5288) */
};

/* Under on_data and on_connected, everything but dtls_feed() and dtls_free()
 * may be called; under on_datagram, nothing. */
struct dtls_handlers {
    void (*on_datagram)(struct span datagram, void *arg); /* to be sent */
    void (*on_connected)(void *arg);                      /* fingerprint verified */
    void (*on_data)(struct span plaintext, void *arg);
    /* close_notify (error 0) or failure (negative errno). Last. */
    void (*on_closed)(int error, const char *text, void *arg);
};

struct dtls *dtls_new(const struct cert *cert, enum dtls_role role,
                      const uint8_t remote_fingerprint[CERT_FINGERPRINT_LEN],
                      const struct dtls_handlers *handlers, void *arg);
void dtls_free(struct dtls *dtls); /* without a word to the other side; NULL is allowed */

/* The client sends its first flight; the server waits. Neither is needed for
 * what dtls_feed() brings: a server may be fed at once. */
void dtls_start(struct dtls *dtls, uint64_t now_us);

/* One datagram. Records that come before the handshake is done are kept (up
 * to 100) and given after on_connected. What is no DTLS is dropped. */
void dtls_feed(struct dtls *dtls, struct span datagram, uint64_t now_us);

/* 0, -ENOTCONN before on_connected or after on_closed, -EMSGSIZE. */
int dtls_send(struct dtls *dtls, struct span plaintext);

/* Sends close_notify where connected. No handler is called any more. */
void dtls_send_close(struct dtls *dtls);

/* When to call dtls_on_deadline() (retransmission); TIME_NEVER for never. */
uint64_t dtls_deadline_us(const struct dtls *dtls);
void dtls_on_deadline(struct dtls *dtls, uint64_t now_us);

#endif
