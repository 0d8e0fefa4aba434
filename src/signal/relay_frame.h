/*
 * A datagram of a session as a binary message of signalling (docs/PROTOCOL.md,
 * "relay").
 *
 *   0                16       24
 *   +----------------+--------+------------- ...
 *   | member         | tag    | datagram
 *   +----------------+--------+------------- ...
 *
 * member: to a server who is to get it, from a server whose it is; tag: which
 * session of the receiver's it is of, by its description.
 */
#ifndef SIGNAL_RELAY_FRAME_H
#define SIGNAL_RELAY_FRAME_H

#include <stdbool.h>
#include <string.h>

#include "base/span.h"
#include "base/uuid.h"

enum {
    RELAY_TAG_LEN = 8,
    RELAY_HEADER_LEN = UUID_LEN + RELAY_TAG_LEN,
    /* Ours are smaller (rtc/relay_path.h). */
    RELAY_DATAGRAM_MAX = 2048,
    RELAY_FRAME_MAX = RELAY_HEADER_LEN + RELAY_DATAGRAM_MAX
};

/* Parts of a message. */
struct relay_frame {
    const uint8_t *member;
    const uint8_t *tag;
    struct span datagram; /* not empty */
};

/* False: it is none. */
static inline bool relay_frame_decode(struct span message, struct relay_frame *out)
{
    if (message.len <= RELAY_HEADER_LEN || message.len > RELAY_FRAME_MAX)
        return false;
    *out = (struct relay_frame){message.data, message.data + UUID_LEN,
                                span_skip(message, RELAY_HEADER_LEN)};
    return true;
}

/* Returns what is to be sent, in out; the datagram fits. */
static inline struct span relay_frame_encode(const struct relay_frame *frame,
                                             uint8_t out[RELAY_FRAME_MAX])
{
    memcpy(out, frame->member, UUID_LEN);
    memcpy(out + UUID_LEN, frame->tag, RELAY_TAG_LEN);
    memcpy(out + RELAY_HEADER_LEN, frame->datagram.data, frame->datagram.len);
    return span_of(out, RELAY_HEADER_LEN + frame->datagram.len);
}

#endif
