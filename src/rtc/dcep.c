/*
 * The two messages of RFC 8832:
 *
 *    0                   1                   2                   3
 *   +---------------+---------------+-------------------------------+
 *   | type = 0x03   | channel type  |            priority           |  OPEN
 *   +---------------+---------------+-------------------------------+
 *   |                    reliability parameter                      |
 *   +-------------------------------+-------------------------------+
 *   |         label length          |        protocol length        |
 *   +-------------------------------+-------------------------------+
 *   |  label, then protocol                                         |
 *   +---------------------------------------------------------------+
 *
 *   +---------------+
 *   | type = 0x02   |                                                  ACK
 *   +---------------+
 */
#include "rtc/dcep.h"

#include <errno.h>

#include "base/bytes.h"

enum { DCEP_OPEN = 0x03 };

bool dcep_is_open(struct span in)
{
    return in.len > 0 && in.data[0] == DCEP_OPEN;
}

bool dcep_is_ack(struct span in)
{
    /* Longer ones exist in the field; RFC 8832 section 5.2 has one byte. */
    return in.len > 0 && in.data[0] == DCEP_ACK;
}

ssize_t dcep_open_decode(struct span in, struct dcep_open *out)
{
    if (!dcep_is_open(in) || in.len < DCEP_OPEN_HEADER_LEN)
        return -EINVAL;
    size_t label_len = get_u16be(in.data + 8);
    size_t protocol_len = get_u16be(in.data + 10);
    size_t len = DCEP_OPEN_HEADER_LEN + label_len + protocol_len;
    if (in.len < len)
        return -EINVAL;
    *out = (struct dcep_open){
        .channel_type = in.data[1],
        .priority = get_u16be(in.data + 2),
        .reliability = get_u32be(in.data + 4),
        .label = span_of(in.data + DCEP_OPEN_HEADER_LEN, label_len),
        .protocol = span_of(in.data + DCEP_OPEN_HEADER_LEN + label_len, protocol_len),
    };
    return (ssize_t)len;
}

ssize_t dcep_open_encode(const struct dcep_open *open, uint8_t *out, size_t room)
{
    if (open->label.len > UINT16_MAX || open->protocol.len > UINT16_MAX)
        return -ENOBUFS;
    size_t len = DCEP_OPEN_HEADER_LEN + open->label.len + open->protocol.len;
    if (len > room)
        return -ENOBUFS;
    out[0] = DCEP_OPEN;
    out[1] = open->channel_type;
    put_u16be(out + 2, open->priority);
    put_u32be(out + 4, open->reliability);
    put_u16be(out + 8, (uint16_t)open->label.len);
    put_u16be(out + 10, (uint16_t)open->protocol.len);
    uint8_t *at = out + DCEP_OPEN_HEADER_LEN;
    if (open->label.len > 0)
        memcpy(at, open->label.data, open->label.len);
    if (open->protocol.len > 0)
        memcpy(at + open->label.len, open->protocol.data, open->protocol.len);
    return (ssize_t)len;
}
