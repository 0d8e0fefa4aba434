/*
 * The first two bits of a frame tell STUN (00) from ChannelData (01); both
 * have a 16-bit length at offset 2.
 */
#include "ice/turn_frame.h"

#include <errno.h>

#include "base/bytes.h"
#include "ice/stun.h"

void turn_channel_encode(uint16_t channel, uint16_t len, uint8_t out[TURN_CHANNEL_HEADER_LEN])
{
    put_u16be(out, channel);
    put_u16be(out + 2, len);
}

int turn_channel_decode(struct span bytes, uint16_t *channel, struct span *data)
{
    if (bytes.len > 0 && (bytes.data[0] & 0xf0) != 0x40)
        return -EINVAL;
    if (bytes.len < TURN_CHANNEL_HEADER_LEN)
        return 0;
    size_t len = get_u16be(bytes.data + 2);
    if (bytes.len - TURN_CHANNEL_HEADER_LEN < len)
        return 0;
    *channel = get_u16be(bytes.data);
    *data = span_of(bytes.data + TURN_CHANNEL_HEADER_LEN, len);
    return (int)(TURN_CHANNEL_HEADER_LEN + len);
}

int turn_stream_decode(struct span bytes, struct span *frame)
{
    if (bytes.len == 0)
        return 0;
    if (bytes.data[0] > 3) {
        uint16_t channel;
        struct span data;
        int used = turn_channel_decode(bytes, &channel, &data);
        if (used <= 0)
            return used;
        size_t total = (size_t)used + turn_channel_padding(data.len);
        if (bytes.len < total)
            return 0;
        *frame = span_of(bytes.data, (size_t)used);
        return (int)total;
    }
    if (bytes.len < STUN_HEADER_LEN)
        return 0;
    size_t len = get_u16be(bytes.data + 2);
    if (len % 4 != 0 || get_u32be(bytes.data + 4) != STUN_COOKIE)
        return -EINVAL;
    if (bytes.len - STUN_HEADER_LEN < len)
        return 0;
    *frame = span_of(bytes.data, STUN_HEADER_LEN + len);
    return (int)(STUN_HEADER_LEN + len);
}
