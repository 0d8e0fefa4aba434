/*
 * Five bytes in front of a payload; the message's own length bounds it.
 */
#include "tunnel/frame.h"

#include <errno.h>

#include "base/bytes.h"

int frame_decode(struct span message, struct frame *out)
{
    if (message.len < FRAME_HEADER_LEN || message.len > FRAME_MAX)
        return -EINVAL;
    out->type = message.data[0];
    out->stream_id = get_u32be(message.data + 1);
    out->payload = span_skip(message, FRAME_HEADER_LEN);
    return 0;
}

void frame_encode_header(uint8_t type, uint32_t stream_id, uint8_t out[FRAME_HEADER_LEN])
{
    out[0] = type;
    put_u32be(out + 1, stream_id);
}

const char *frame_type_name(uint8_t type)
{
    switch (type) {
    case FRAME_HELLO:
        return "HELLO";
    case FRAME_AGREE:
        return "AGREE";
    case FRAME_PING:
        return "PING";
    case FRAME_PONG:
        return "PONG";
    case FRAME_BUNDLE:
        return "BUNDLE";
    case FRAME_REQ_HEADERS:
        return "REQ_HEADERS";
    case FRAME_REQ_BODY:
        return "REQ_BODY";
    case FRAME_REQ_END:
        return "REQ_END";
    case FRAME_RES_HEADERS:
        return "RES_HEADERS";
    case FRAME_RES_BODY:
        return "RES_BODY";
    case FRAME_RES_END:
        return "RES_END";
    case FRAME_RES_INTERIM:
        return "RES_INTERIM";
    case FRAME_WINDOW:
        return "WINDOW";
    case FRAME_ERROR:
        return "ERROR";
    default:
        return "unknown";
    }
}
