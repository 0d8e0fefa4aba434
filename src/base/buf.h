/*
 * A queue of bytes with a maximum: appended at the back, consumed at the
 * front. Everything that a peer can make grow lives in one of these, so its
 * maximum is the whole memory bound.
 *
 * Embedded in its owner. The bytes are contiguous: buf_bytes() is a span over
 * all that is queued, valid until the next append or reserve.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct buf {
    uint8_t *data;
    size_t head; /* offset of the first queued byte */
    size_t len;  /* queued bytes */
    size_t cap;  /* allocated bytes */
    size_t max;  /* most bytes that may be queued */
};

/* An empty buffer that allocates nothing until the first byte. */
void buf_init(struct buf *b, size_t max);

/* Frees the bytes; the buffer is empty afterwards and may be used again. */
void buf_deinit(struct buf *b);

/* 0, or -ENOBUFS when the bytes do not fit below the maximum; then nothing
 * was appended. */
int buf_append(struct buf *b, struct span bytes);
int buf_append_string(struct buf *b, const char *string);
int buf_append_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for len bytes at the back to be written in place, made queued by
 * buf_commit() of the bytes really written. NULL when over the maximum. */
uint8_t *buf_reserve(struct buf *b, size_t len);
void buf_commit(struct buf *b, size_t len);

/* Drops len bytes at the front; len must not exceed b->len. */
void buf_consume(struct buf *b, size_t len);

/* Drops everything but keeps the memory. */
void buf_clear(struct buf *b);

static inline struct span buf_bytes(const struct buf *b)
{
    /* Nothing may be added to a null pointer, not even nothing. */
    return (struct span){b->data ? b->data + b->head : NULL, b->len};
}

static inline size_t buf_room(const struct buf *b)
{
    return b->max - b->len;
}

#endif
