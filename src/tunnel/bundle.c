/*
 * A bundle is written where its message will be sent from. The first frame
 * stands behind the header of a BUNDLE and its own length, which are left out
 * where no second one comes.
 */
#include "tunnel/bundle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"

bool bundle_has_room(const struct bundle *bundle, size_t len)
{
    size_t used = bundle->count > 0 ? bundle->len : FRAME_HEADER_LEN;
    return len <= BUNDLE_FRAME_MAX && used + BUNDLE_LENGTH_LEN + len <= BUNDLE_MAX;
}

static uint8_t *append(uint8_t *at, struct span bytes)
{
    if (bytes.len > 0)
        memcpy(at, bytes.data, bytes.len);
    return at + bytes.len;
}

void bundle_add(struct bundle *bundle, struct span head, struct span body)
{
    size_t len = head.len + body.len;
    assert(bundle_has_room(bundle, len));
    if (bundle->count == 0) {
        if (!bundle->data)
            bundle->data = xmalloc(BUNDLE_MAX);
        frame_encode_header(FRAME_BUNDLE, 0, bundle->data);
        bundle->len = FRAME_HEADER_LEN;
    }
    put_u16be(bundle->data + bundle->len, (uint16_t)len);
    append(append(bundle->data + bundle->len + BUNDLE_LENGTH_LEN, head), body);
    bundle->len += BUNDLE_LENGTH_LEN + len;
    bundle->count++;
}

struct span bundle_message(const struct bundle *bundle)
{
    struct span whole = span_of(bundle->data, bundle->len);
    return bundle->count == 1 ? span_skip(whole, FRAME_HEADER_LEN + BUNDLE_LENGTH_LEN) : whole;
}

struct span bundle_frames(const struct bundle *bundle)
{
    struct span whole = span_of(bundle->data, bundle->len);
    return bundle->count > 0 ? span_skip(whole, FRAME_HEADER_LEN) : (struct span){0};
}

void bundle_clear(struct bundle *bundle)
{
    bundle->len = 0;
    bundle->count = 0;
}

void bundle_deinit(struct bundle *bundle)
{
    free(bundle->data);
    *bundle = (struct bundle){0};
}

/* The first frame's bytes; empty where there is no whole one. */
static struct span take(struct span *payload)
{
    if (payload->len < BUNDLE_LENGTH_LEN)
        return (struct span){0};
    size_t len = get_u16be(payload->data);
    struct span rest = span_skip(*payload, BUNDLE_LENGTH_LEN);
    if (len > rest.len)
        return (struct span){0};
    *payload = span_skip(rest, len);
    return span_of(rest.data, len);
}

bool bundle_is_valid(struct span payload)
{
    do {
        struct frame frame;
        if (frame_decode(take(&payload), &frame) < 0 || frame.type == FRAME_BUNDLE)
            return false;
    } while (payload.len > 0);
    return true;
}

bool bundle_next(struct span *payload, struct frame *out)
{
    return payload->len > 0 && frame_decode(take(payload), out) == 0;
}
