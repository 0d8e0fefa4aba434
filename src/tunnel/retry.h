/*
 * A request that may be sent to another provider when the first one fails: what
 * has to be kept of it for that, and when it may be sent again.
 *
 *            keep()                       drop(), too large
 *   (not) ──────────────────────► kept ─────────────────────► (not)
 *     └────► waiting ◄─ sent() ────^ \__ sent(), of no use ──────^
 *            wait()     wait_again()
 *
 * Kept are its head and as much of its body as has come, until something of a
 * response is there. Done twice is only what may be: what is safe or idempotent
 * (RFC 9110 section 9.2.2), or says by Idempotency-Key that its server knows it
 * again. Anything else goes elsewhere only where it is certain that no upstream
 * has heard of it.
 *
 * A request that waits for a provider is kept in the same way, whatever it is:
 * nothing of it was sent yet, and it must not be lost.
 */
#ifndef TUNNEL_RETRY_H
#define TUNNEL_RETRY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/clock.h"
#include "http/field.h"
#include "tunnel/head.h"
#include "tunnel/stream_error.h"

enum {
    RETRY_BODY_MAX = 256 << 10, /* of one request */
    /* Of all that a proxy has, with their heads; one for which there is no room
     * is sent once. */
    RETRY_TOTAL_MAX = 64 << 20,
    /* How often a request is sent that an upstream may have heard of: one that
     * kills who gets it must not kill them all. */
    RETRY_SENDS_MAX = 3
};

/* What all requests of a proxy share; all zero at first. */
struct retry_total {
    size_t bytes;
};

struct retry {
    struct retry_total *total;
    struct head *head;     /* as it came; NULL: it is not kept */
    struct buf body;       /* what has come of it */
    struct head *trailers; /* behind it, or NULL */
    size_t counted;        /* in the total */
    unsigned failures;     /* behind which an upstream may have heard of it */
    bool is_waiting;
    bool is_repeatable; /* it may be done twice */
};

void retry_init(struct retry *retry, struct retry_total *total);
void retry_deinit(struct retry *retry);

/* Of a request that is about to be sent, before its head is adapted to a
 * provider: keeps it, if that is of any use. */
void retry_keep(struct retry *retry, const struct head *head);

/* Of one that is not: keeps it. Its owner stops reading, so that no more than
 * CONN_READ_MORE of its body comes. */
void retry_wait(struct retry *retry, const struct head *head);
void retry_sent(struct retry *retry);

/* Of one that was sent, and of which nobody has heard: it waits once more, if
 * it is kept and what may still come has room. */
bool retry_wait_again(struct retry *retry);

/* What comes of its body, and its end. Nothing where it is not kept. */
void retry_add(struct retry *retry, struct span bytes);
void retry_end(struct retry *retry, const struct head *trailers);

/* It is not sent again: a response has begun, or there is nobody else. */
void retry_drop(struct retry *retry);

/* It has failed so: whether it may be sent once more, elsewhere. */
bool retry_allows(struct retry *retry, enum stream_error error);

/* It was answered with this, of which its client has heard nothing: whether it
 * may be sent elsewhere instead. That is a 503 with Retry-After; its upstream
 * has heard of it, and may have begun. */
bool retry_allows_instead(struct retry *retry, const struct head *response);

/* ---- what a failure, or a response, says of its provider ---- */

#define RETRY_OUTAGE_US (5 * US_PER_S)

/* For how long it cannot do any work: RETRY_OUTAGE_US when it cannot reach its
 * upstream, else 0. */
uint64_t retry_outage_us(enum stream_error error);

/* The same of a response: what Retry-After says in a 503 (RFC 9110 section
 * 10.2.3), else 0. */
uint64_t retry_after_us(const struct head *response);

#endif
