/*
 * Frames of a WebSocket (RFC 6455 section 5), both ways, made and parsed by
 * wslay: bytes in, control frames and whole messages out, and the reverse.
 */
#ifndef NET_WEBSOCKET_FRAME_H
#define NET_WEBSOCKET_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum {
    WEBSOCKET_CONTROL_MAX = 125, /* payload of a control frame, section 5.5 */
};

enum websocket_opcode { /* section 5.2 */
                        WEBSOCKET_CONTINUATION = 0,
                        WEBSOCKET_TEXT = 1,
                        WEBSOCKET_BINARY = 2,
                        WEBSOCKET_CLOSE = 8,
                        WEBSOCKET_PING = 9,
                        WEBSOCKET_PONG = 10
};

struct websocket_codec;

/* A client masks what it sends, a server is sent what is masked. */
struct websocket_codec *websocket_codec_new(bool is_client, size_t message_max);
void websocket_codec_free(struct websocket_codec *codec); /* NULL is allowed */

/* From now on binary messages are taken, too; before, they break a rule. */
void websocket_codec_accept_binary(struct websocket_codec *codec);

/* Whether it has no state that matters: another one could go on. */
bool websocket_codec_is_at_rest(const struct websocket_codec *codec);

/* Bytes to be parsed by websocket_codec_next(), borrowed; replaces what is left
 * of those before. */
void websocket_codec_feed(struct websocket_codec *codec, struct span bytes);

/* What it was fed behind the last whole message, of the span that was fed last:
 * to be asked right behind a message. */
struct span websocket_codec_rest(const struct websocket_codec *codec);

/* 0: more bytes are needed. Positive: a WEBSOCKET_CLOSE, _PING, _PONG with its
 * payload, or a WEBSOCKET_TEXT or _BINARY: a whole message of at most
 * message_max bytes; valid until the next call. Negative: the code with which
 * to close on the peer, which broke a rule; not to be called any more. */
int websocket_codec_next(struct websocket_codec *codec, struct span *payload);

/* Appends a frame to what is to be sent. */
void websocket_codec_put(struct websocket_codec *codec, enum websocket_opcode opcode,
                         struct span payload);
struct buf *websocket_codec_out(struct websocket_codec *codec); /* the owner empties it */

#endif
