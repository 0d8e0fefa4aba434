/*
 * Bytes live at data[head .. head+len). Appending first uses the tail, then
 * slides the bytes to the front, and only then grows, by doubling, so a byte
 * is moved a bounded number of times on average. An emptied large buffer
 * gives its memory back: an idle connection must not keep what a burst took.
 */
#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum {
    BUF_FIRST_CAP = 256,    /* first allocation */
    BUF_KEEP_CAP = 16 << 10 /* an emptied buffer keeps at most this */
};

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_deinit(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max);
}

static void buf_grow(struct buf *b, size_t need)
{
    size_t cap = b->cap ? b->cap : BUF_FIRST_CAP;
    while (cap < need)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    b->data = xreallocarray(b->data, cap, 1);
    b->cap = cap;
}

uint8_t *buf_reserve(struct buf *b, size_t len)
{
    if (len > b->max - b->len)
        return NULL;
    if (b->head + b->len + len > b->cap) {
        if (b->head > 0 && b->len > 0)
            memmove(b->data, b->data + b->head, b->len);
        b->head = 0;
        if (b->len + len > b->cap)
            buf_grow(b, b->len + len);
    }
    /* A reservation of nothing is still a valid place. */
    if (!b->data)
        buf_grow(b, 1);
    return b->data + b->head + b->len;
}

void buf_commit(struct buf *b, size_t len)
{
    assert(b->head + b->len + len <= b->cap);
    b->len += len;
}

int buf_append(struct buf *b, struct span bytes)
{
    if (bytes.len == 0)
        return 0;
    uint8_t *room = buf_reserve(b, bytes.len);
    if (!room)
        return -ENOBUFS;
    memcpy(room, bytes.data, bytes.len);
    buf_commit(b, bytes.len);
    return 0;
}

int buf_append_string(struct buf *b, const char *string)
{
    return buf_append(b, span_from_string(string));
}

int buf_append_format(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    if ((size_t)len > b->max - b->len)
        return -ENOBUFS;
    char *text = xcalloc((size_t)len + 1, 1);
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    int error = buf_append(b, span_of(text, (size_t)len));
    free(text);
    return error;
}

void buf_consume(struct buf *b, size_t len)
{
    assert(len <= b->len);
    b->len -= len;
    b->head += len;
    if (b->len == 0)
        buf_clear(b);
}

void buf_clear(struct buf *b)
{
    b->head = 0;
    b->len = 0;
    if (b->cap > BUF_KEEP_CAP) {
        free(b->data);
        b->data = NULL;
        b->cap = 0;
    }
}
