/*
 * An incomplete head between two reads. A head that comes in one piece is
 * parsed where it lies and never copied; only one that is cut is kept here, so
 * an idle connection holds nothing.
 */
#ifndef HTTP_HEAD_BUFFER_H
#define HTTP_HEAD_BUFFER_H

#include "base/buf.h"
#include "http/parse.h"

struct head_buffer {
    struct buf bytes;
    size_t parsed_len; /* at the last parse */
};

static inline void head_buffer_init(struct head_buffer *b)
{
    buf_init(&b->bytes, HTTP_HEAD_MAX);
    b->parsed_len = 0;
}

static inline void head_buffer_deinit(struct head_buffer *b)
{
    buf_deinit(&b->bytes);
    b->parsed_len = 0;
}

/* Adds bytes that came. Returns how many were taken, and sets *head to what
 * is to be parsed, or to nothing when that is not worth it yet. */
static inline size_t head_buffer_add(struct head_buffer *b, struct span bytes, struct span *head)
{
    *head = bytes;
    size_t old_len = b->bytes.len;
    if (old_len == 0)
        return bytes.len;
    if (bytes.len > buf_room(&b->bytes))
        bytes.len = buf_room(&b->bytes);
    int error = buf_append(&b->bytes, bytes);
    (void)error; /* there is room */
    *head = buf_bytes(&b->bytes);
    if (!http_head_may_end(*head, old_len, b->parsed_len))
        head->len = 0;
    return bytes.len;
}

/* The head of the last call was parsed and is incomplete. */
static inline void head_buffer_keep(struct head_buffer *b, struct span head)
{
    if (b->bytes.len == 0) {
        int error = buf_append(&b->bytes, head);
        (void)error; /* a head as long as the buffer is an error, not incomplete */
    }
    b->parsed_len = b->bytes.len;
}

#endif
