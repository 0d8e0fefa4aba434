/*
 * Heads and trailers in bytes: the payloads of the extension `fields`
 * (docs/PROTOCOL.md). Every field arrives as it was sent: order, repetition,
 * letter case and each byte of its value.
 *
 *   REQ_HEADERS   flags:u8 | method_len:u8 | method | target_len:u16 | target
 *                 | section
 *   RES_HEADERS   flags:u8 | status:u16 | reason_len:u8 | reason | section
 *   REQ_END, RES_END   section (trailers)
 *
 *   section = *( name_len:u16 | name | value_len:u16 | value ), to the end
 *
 * What an encoder is given comes from our HTTP parser. What a decoder is given
 * comes from a stranger: it lets nothing through that could not stand in an
 * HTTP head, or that would frame a message otherwise than it says.
 */
#ifndef TUNNEL_FIELD_SECTION_H
#define TUNNEL_FIELD_SECTION_H

#include "base/buf.h"
#include "tunnel/head.h"

/* Each appends a payload to out. 0, or -EMSGSIZE when it is over
 * FRAME_PAYLOAD_MAX, has a method over 255 bytes, or out is full; then nothing
 * was appended. A reason over 255 bytes is left out. */
int request_fields_encode(const struct head *head, struct buf *out);
int response_fields_encode(const struct head *head, struct buf *out);
int trailers_encode(struct http_fields trailers, struct buf *out);

/* Fill a head that the caller inits and deinits; its spans point into the
 * payload. 0, or -EINVAL for what is cut off, has more than HTTP_FIELDS_MAX
 * fields, or could not stand in an HTTP head:
 *   a method or name that is no token, a target that is neither origin form
 *   nor the "*" of OPTIONS nor the host:port of CONNECT, a value or reason with
 *   a control character;
 *   a hop-by-hop field but "TE: trailers" in a request and Upgrade of a pipe;
 *   a pipe that is neither CONNECT nor names a protocol;
 *   a Content-Length that contradicts the framing, or stands twice;
 *   a status outside of 100 to 999.
 * What of a response goes with its frame and its request is for the caller. */
int request_fields_decode(struct span payload, struct head *out);
int response_fields_decode(struct span payload, struct head *out);

/* Trailers, into at, which has room for HTTP_FIELDS_MAX. 0 with *count, or
 * -EINVAL as above; also for a field that frames or routes a message. */
int trailers_decode(struct span payload, struct http_field *at, size_t *count);

#endif
