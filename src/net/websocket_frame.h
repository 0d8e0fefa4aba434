/*
 * Frames of a WebSocket (RFC 6455 section 5), both ways: bytes in, control
 * frames and whole messages out, and the reverse. Sans-I/O.
 */
#ifndef NET_WEBSOCKET_FRAME_H
#define NET_WEBSOCKET_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum {
    WEBSOCKET_CONTROL_MAX = 125, /* payload of a control frame, section 5.5 */
    WEBSOCKET_MASK_LEN = 4,
    WEBSOCKET_HEAD_MAX = 2 + 8 + WEBSOCKET_MASK_LEN
};

enum websocket_opcode { /* section 5.2 */
                        WEBSOCKET_CONTINUATION = 0,
                        WEBSOCKET_TEXT = 1,
                        WEBSOCKET_BINARY = 2,
                        WEBSOCKET_CLOSE = 8,
                        WEBSOCKET_PING = 9,
                        WEBSOCKET_PONG = 10
};

/* What comes on one connection. Embedded in its owner; it allocates only while
 * a frame has come in part, or a message in fragments. */
struct websocket_decoder {
    struct span in;                          /* not parsed yet */
    struct websocket_unfinished *unfinished; /* what is kept for what is to come */
    uint32_t message_max;
    bool is_client;
    bool takes_binary; /* before that is set, a binary message breaks a rule */
};

/* A client is sent what is not masked, a server what is. */
void websocket_decoder_init(struct websocket_decoder *decoder, bool is_client,
                            uint32_t message_max);
void websocket_decoder_deinit(struct websocket_decoder *decoder);

/* Bytes to be parsed by websocket_decoder_next(), borrowed until that returns
 * 0. What is left of those before is dropped. */
void websocket_decoder_feed(struct websocket_decoder *decoder, struct span bytes);

/* 0: more bytes are needed. Positive: a WEBSOCKET_CLOSE, _PING, _PONG with its
 * payload, or a WEBSOCKET_TEXT or _BINARY: a whole message of at most
 * message_max bytes; valid until the next call. Negative: the code with which
 * to close on the peer, which broke a rule; not to be called any more. A server
 * needs a room of message_max bytes, but at least WEBSOCKET_CONTROL_MAX, to
 * unmask a payload to; a client none. */
int websocket_decoder_next(struct websocket_decoder *decoder, uint8_t *room, struct span *payload);

/* Writes the head of a frame that is whole, of a payload of that length;
 * returns how long it is. mask: a client's, of WEBSOCKET_MASK_LEN bytes, which
 * cannot be foretold; NULL for a server. */
size_t websocket_head_encode(uint8_t out[WEBSOCKET_HEAD_MAX], enum websocket_opcode opcode,
                             size_t payload_len, const uint8_t *mask);

/* Masks, or unmasks (section 5.3): from `in` to `out`, which may be the same,
 * but not overlap. */
void websocket_mask(uint8_t *out, const uint8_t *in, size_t len,
                    const uint8_t mask[WEBSOCKET_MASK_LEN]);

#endif
