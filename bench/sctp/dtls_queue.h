/*
 * Datagrams on their way from one end of a pair to the other.
 */
#ifndef BENCH_SCTP_DTLS_QUEUE_H
#define BENCH_SCTP_DTLS_QUEUE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum { DTLS_QUEUE_SLOTS = 8192, DTLS_QUEUE_DATAGRAM = 1400 };

struct dtls_queue {
    uint8_t (*data)[DTLS_QUEUE_DATAGRAM]; /* DTLS_QUEUE_SLOTS of them */
    uint16_t len[DTLS_QUEUE_SLOTS];
    size_t head;
    size_t count;
};

/* Where the next datagram goes. */
static inline uint8_t *dtls_queue_put(struct dtls_queue *q, size_t len)
{
    assert(q->count < DTLS_QUEUE_SLOTS && len <= DTLS_QUEUE_DATAGRAM);
    size_t at = (q->head + q->count++) % DTLS_QUEUE_SLOTS;
    q->len[at] = (uint16_t)len;
    return q->data[at];
}

/* The oldest datagram, which stays in place until as many more were put as
 * there are slots. Not of an
 * empty queue. */
static inline struct span dtls_queue_take(struct dtls_queue *q)
{
    size_t at = q->head;
    assert(q->count > 0);
    q->head = (q->head + 1) % DTLS_QUEUE_SLOTS;
    q->count--;
    return span_of(q->data[at], q->len[at]);
}

#endif
