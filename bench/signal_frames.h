/*
 * As much of WebSocket's frames (RFC 6455 section 5.2) as a load needs, at next
 * to no cost.
 */
#ifndef BENCH_SIGNAL_FRAMES_H
#define BENCH_SIGNAL_FRAMES_H

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"

enum { FRAMES_HEAD_MAX = 14, FRAMES_TEXT = 1, FRAMES_PING = 9 };

/* What comes on one connection. */
struct frames {
    size_t skip; /* bytes of a frame that are still to come */
    uint8_t head[FRAMES_HEAD_MAX];
    size_t head_len;
    unsigned pings;
};

/* As a client's: masked, with what is no zero, as servers may have a short way
 * for that. */
static inline void frames_put_text(struct buf *out, const char *text)
{
    size_t len = strlen(text);
    uint8_t head[] = {0x81, 0x80 | 126, (uint8_t)(len >> 8), (uint8_t)len};
    static const uint8_t mask[4] = {0x5a, 0xc3, 0x17, 0x9e};
    if (len < 126)
        head[1] = (uint8_t)(0x80 | len);
    buf_append(out, span_of(head, len < 126 ? 2 : 4));
    buf_append(out, span_of(mask, sizeof mask));
    for (size_t i = 0; i < len; i++)
        buf_append(out, span_of(&(uint8_t){(uint8_t)text[i] ^ mask[i % 4]}, 1));
}

/* How long the head of a frame is, as far as it is there; 0: it needs more. */
static inline size_t frames_head_len(const struct frames *m)
{
    if (m->head_len < 2)
        return 0;
    size_t len = (m->head[1] & 0x7f) == 126 ? 4 : (m->head[1] & 0x7f) == 127 ? 10 : 2;
    return m->head_len < len ? 0 : len;
}

static inline size_t frames_payload_len(const struct frames *m)
{
    size_t len = m->head[1] & 0x7f;
    return len == 126 ? get_u16be(m->head + 2) : len == 127 ? (size_t)get_u64be(m->head + 2) : len;
}

/* Frames of text that end in these bytes. */
static inline unsigned frames_take(struct frames *m, struct span bytes)
{
    unsigned messages = 0;
    while (bytes.len > 0) {
        if (m->skip > 0) {
            size_t n = m->skip < bytes.len ? m->skip : bytes.len;
            m->skip -= n;
            bytes = span_skip(bytes, n);
        } else {
            m->head[m->head_len++] = bytes.data[0];
            bytes = span_skip(bytes, 1);
            if (frames_head_len(m) == 0)
                continue;
            m->skip = frames_payload_len(m);
        }
        if (m->skip == 0) {
            messages += (m->head[0] & 0x0f) == FRAMES_TEXT;
            m->pings += (m->head[0] & 0x0f) == FRAMES_PING;
            m->head_len = 0;
        }
    }
    return messages;
}

#endif
