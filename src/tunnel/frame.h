/*
 * Frames: what one data channel message holds (docs/PROTOCOL.md).
 *
 *    0        1        2        3        4        5
 *   +--------+--------+--------+--------+--------+----------- ...
 *   |  type  |       stream id, big-endian       |  payload
 *   +--------+--------+--------+--------+--------+----------- ...
 */
#ifndef TUNNEL_FRAME_H
#define TUNNEL_FRAME_H

#include <stdint.h>

#include "base/span.h"

enum frame_type {
    FRAME_HELLO = 1,
    FRAME_AGREE = 2,
    FRAME_PING = 3,
    FRAME_PONG = 4,
    FRAME_BUNDLE = 5, /* extension `bundle` */
    FRAME_REQ_HEADERS = 10,
    FRAME_REQ_BODY = 11,
    FRAME_REQ_END = 12,
    FRAME_RES_HEADERS = 20,
    FRAME_RES_BODY = 21,
    FRAME_RES_END = 22,
    FRAME_RES_INTERIM = 23, /* extension `interim` */
    FRAME_WINDOW = 30,      /* extension `flow` */
    FRAME_ERROR = 99
};

enum {
    FRAME_HEADER_LEN = 5,
    FRAME_MAX = 64 << 10, /* header and payload */
    FRAME_PAYLOAD_MAX = FRAME_MAX - FRAME_HEADER_LEN,
    FRAME_BODY_MAX = (64 << 10) - 128 /* payload of REQ_BODY and RES_BODY */
};

struct frame {
    uint8_t type; /* an enum frame_type, or one that we do not know */
    uint32_t stream_id;
    struct span payload;
};

/* Takes a message apart; the payload points into it. 0, or -EINVAL when it is
 * shorter than a header or longer than FRAME_MAX. */
int frame_decode(struct span message, struct frame *out);

void frame_encode_header(uint8_t type, uint32_t stream_id, uint8_t out[FRAME_HEADER_LEN]);

/* "RES_BODY"; "unknown" for a type that has no name. */
const char *frame_type_name(uint8_t type);

#endif
