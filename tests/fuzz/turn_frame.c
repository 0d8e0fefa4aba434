/*
 * A stream from a TURN server: the same frames whole and byte by byte.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "ice/limits.h"
#include "ice/turn_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
    size_t frames;
    size_t bytes; /* in them */
    int last;
};

/* Feeds in pieces; what the buffer cannot hold ends it. */
static struct result feed(const uint8_t *data, size_t size, size_t piece)
{
    struct result r = {0};
    struct buf b;
    buf_init(&b, TURN_STREAM_MAX);
    for (size_t at = 0; at < size && r.last >= 0; at += piece) {
        size_t take = piece < size - at ? piece : size - at;
        struct span frame;
        if (buf_append(&b, span_of(data + at, take)) < 0)
            abort(); /* the longest frame fits */
        while ((r.last = turn_stream_decode(buf_bytes(&b), &frame)) > 0) {
            if ((size_t)r.last > b.len || frame.len > (size_t)r.last)
                abort();
            r.frames++;
            r.bytes += frame.len;
            buf_consume(&b, (size_t)r.last);
        }
    }
    buf_deinit(&b);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > TURN_STREAM_MAX)
        return 0;
    struct result whole = feed(data, size, size ? size : 1);
    struct result pieces = feed(data, size, 1);
    if (whole.frames != pieces.frames || whole.bytes != pieces.bytes || whole.last != pieces.last)
        abort();
    uint16_t channel;
    struct span inner;
    if (turn_channel_decode(span_of(data, size), &channel, &inner) > 0 &&
        (channel < TURN_CHANNEL_FIRST || channel > TURN_CHANNEL_LAST || inner.len + 4 > size))
        abort();
    return 0;
}
