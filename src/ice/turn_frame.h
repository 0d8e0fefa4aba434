/*
 * Frames between a TURN client and its server (RFC 8656 section 12.4 to 12.6).
 * ChannelData carries what the peers exchange:
 *
 *   +-------------------------------+-------------------------------+
 *   |  channel 0x4000 to 0x4FFF     |  length of the data           |
 *   +-------------------------------+-------------------------------+
 *   |  data; over TCP and TLS padded to 4 bytes …                   |
 *
 * Over TCP and TLS the stream is a row of STUN messages and ChannelData.
 */
#ifndef ICE_TURN_FRAME_H
#define ICE_TURN_FRAME_H

#include <stdint.h>

#include "base/span.h"

enum {
    TURN_CHANNEL_HEADER_LEN = 4,
    TURN_CHANNEL_FIRST = 0x4000,
    TURN_CHANNEL_LAST = 0x4fff,
    TURN_STREAM_ALIGNMENT = 4 /* of frames on TCP and TLS */
};

/* The header of len bytes of data. */
void turn_channel_encode(uint16_t channel, uint16_t len, uint8_t out[TURN_CHANNEL_HEADER_LEN]);

/* Zero bytes that follow len bytes of data on a stream: 0 to 3. */
static inline size_t turn_channel_padding(size_t len)
{
    return (TURN_STREAM_ALIGNMENT - len % TURN_STREAM_ALIGNMENT) % TURN_STREAM_ALIGNMENT;
}

/* Reads ChannelData at the front of bytes: consumed, without padding; 0 when
 * more is needed; -EINVAL when it is none. */
int turn_channel_decode(struct span bytes, uint16_t *channel, struct span *data);

/* Finds the frame at the front of a stream, either kind: its length with
 * padding, with *frame set to it without; 0 when more is needed; -EINVAL when
 * the stream is neither, which is its end. */
int turn_stream_decode(struct span bytes, struct span *frame);

#endif
