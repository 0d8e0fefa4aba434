/*
 * Several frames in one message: the payload of a BUNDLE (docs/PROTOCOL.md,
 * "bundle"), whose stream is 0.
 *
 *    0        1        2       2+n
 *   +--------+--------+--- n --+
 *   |    length n     | frame  |   and so on
 *   +--------+--------+--------+
 */
#ifndef TUNNEL_BUNDLE_H
#define TUNNEL_BUNDLE_H

#include <stdbool.h>

#include "tunnel/frame.h"

enum {
    BUNDLE_LENGTH_LEN = 2,
    /* As sent: with the header. It fits a packet of nearly every path (RFC
     * 8261 section 5), so that no frame waits for a packet that it was not
     * in. */
    BUNDLE_MAX = 1024,
    BUNDLE_FRAME_MAX = BUNDLE_MAX - FRAME_HEADER_LEN - BUNDLE_LENGTH_LEN /* of one, as sent */
};

/* Frames that are to leave together. Begins as zeros. */
struct bundle {
    uint8_t *data; /* BUNDLE_MAX bytes, from the first frame on */
    size_t len;    /* of the message */
    unsigned count;
};

/* Whether a frame of that length has room. */
bool bundle_has_room(const struct bundle *bundle, size_t len);

/* Adds a frame that has room, head and body joined. */
void bundle_add(struct bundle *bundle, struct span head, struct span body);

/* The message; of a single frame that is the frame itself. Until the next
 * call. */
struct span bundle_message(const struct bundle *bundle);

/* The frames that it has, for bundle_next(). Until the next call. */
struct span bundle_frames(const struct bundle *bundle);

/* Empties it, but keeps the memory. */
void bundle_clear(struct bundle *bundle);
void bundle_deinit(struct bundle *bundle);

/* Whether a BUNDLE's payload is well formed: one frame or more, none of which
 * is a BUNDLE, nothing behind them. */
bool bundle_is_valid(struct span payload);

/* Takes the first frame off a payload that is valid. False: none is left. */
bool bundle_next(struct span *payload, struct frame *out);

#endif
