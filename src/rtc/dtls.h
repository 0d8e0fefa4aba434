/*
 * DTLS 1.2 (RFC 6347) as a sans-I/O engine: datagrams and the time in,
 * datagrams and plaintext out. The handshake is OpenSSL's; the records behind
 * it, data and alerts, are our own (rtc/dtls_record.h). The certificate of the
 * other side is checked against the fingerprint from its SDP before any data
 * passes (RFC 8122, RFC 8827 section 6.5).
 */
#ifndef RTC_DTLS_H
#define RTC_DTLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/span.h"
#include "rtc/cert.h"
#include "rtc/dtls_record.h"

struct dtls;

enum dtls_role { DTLS_CLIENT, DTLS_SERVER };

enum {
    DTLS_MTU = 1200,          /* of handshake datagrams, UDP payload */
    DTLS_MTU_LEAST = 544,     /* the same in 576 bytes of IP, through a TURN channel */
    DTLS_EARLY_MAX = 32 << 10 /* data that comes before the handshake is done */
};

/* Under on_data, on_early and on_connected, everything but dtls_feed() and
 * dtls_free() may be called; under on_datagram, nothing. */
struct dtls_handlers {
    void (*on_datagram)(struct span datagram, void *arg); /* to be sent */
    /* Of a client, may be NULL: data may be sent, a round trip before
     * on_connected (False Start, RFC 7918): who can read it has the certificate
     * of the fingerprint. What it sends comes after on_connected. */
    void (*on_early)(void *arg);
    void (*on_connected)(void *arg); /* fingerprint verified */
    void (*on_data)(struct span plaintext, uint64_t now_us, void *arg);
    /* close_notify (error 0) or failure (negative errno). Last. */
    void (*on_closed)(int error, const char *text, void *arg);
};

struct dtls *dtls_new(const struct cert *cert, enum dtls_role role,
                      const uint8_t remote_fingerprint[CERT_FINGERPRINT_LEN],
                      const struct dtls_handlers *handlers, void *arg);
void dtls_free(struct dtls *dtls); /* without a word to the other side; NULL is allowed */

/* No datagram of the handshake is to be larger, as far as DTLS_MTU_LEAST. They
 * become smaller by themselves where they seem to get lost. */
void dtls_limit_datagrams(struct dtls *dtls, size_t datagram_max);

/* The client sends its first flight; the server waits. Neither is needed for
 * what dtls_feed() brings: a server may be fed at once. */
void dtls_start(struct dtls *dtls, uint64_t now_us);

/* One datagram. Data that comes before the handshake is done is kept (up to
 * DTLS_EARLY_MAX bytes) and given after on_connected. What is no DTLS is
 * dropped. */
void dtls_feed(struct dtls *dtls, struct span datagram, uint64_t now_us);

/* Seals plaintext into a datagram and hands it to on_datagram. 0, -ENOTCONN
 * where dtls_can_send() says no, -EMSGSIZE. For tests. */
int dtls_send(struct dtls *dtls, struct span plaintext);

/* The same where the caller has a place for the datagram, of a plaintext in two
 * parts: its length, at most DTLS_OVERHEAD more than theirs, is told first.
 * Where data can be sent, and at most DTLS_PLAINTEXT_MAX. */
size_t dtls_sealed_len(const struct dtls *dtls, size_t plaintext_len);
void dtls_seal(struct dtls *dtls, struct span head, struct span body, uint8_t *out);
/* From on_early, or else on_connected, to the end. */
bool dtls_can_send(const struct dtls *dtls);
bool dtls_is_connected(const struct dtls *dtls);

/* Sends close_notify where connected. No handler is called any more. */
void dtls_send_close(struct dtls *dtls);

/* What the other side repeats of the handshake is answered for so long behind
 * it; its end has given up by then, or heard us. The memory that only the
 * handshake needs, most of it, is freed then, or when dtls_end_repeats() says
 * that it has heard us. */
#define DTLS_REPEAT_US (60 * US_PER_S)

/* What was sent on the connection has been answered. True when that freed
 * something. */
bool dtls_end_repeats(struct dtls *dtls);

/* When to call dtls_on_deadline() (retransmission, and the end of the above);
 * TIME_NEVER for never. */
uint64_t dtls_deadline_us(const struct dtls *dtls);
void dtls_on_deadline(struct dtls *dtls, uint64_t now_us);

#endif
