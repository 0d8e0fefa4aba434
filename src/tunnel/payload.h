/*
 * The JSON payloads of version 1 (docs/PROTOCOL.md). jansson stays inside
 * payload.c.
 *
 * Field values are bytes in HTTP and text in JSON: a byte above 0x7f travels
 * as the code point of the same number (ISO-8859-1), as Node.js peers do.
 * A peer's value with a code point above U+00FF is taken as UTF-8 instead.
 */
#ifndef TUNNEL_PAYLOAD_H
#define TUNNEL_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "tunnel/head.h"

enum { PROTOCOL_VERSION = 1 };

/* Features are a set of bits; names that we do not know are ignored. */
enum { FEATURE_SSE = 1 << 0 };

/* HELLO and AGREE. A decoder returns 0, or -EINVAL when the payload is not
 * what the type asks for; HELLO with another "proto" is -EPROTONOSUPPORT. */
struct hello {
    int min_version, max_version;
    unsigned features;
};
struct agree {
    int version;
    unsigned features;
};
int hello_decode(struct span json, struct hello *out);
int agree_decode(struct span json, struct agree *out);

/* NUL-terminated, to be freed by the caller. */
char *hello_encode(const struct hello *hello);
char *agree_encode(const struct agree *agree);

/* REQ_HEADERS and RES_HEADERS. Decoding fills a head that the caller inits and
 * deinits, whatever the result: 0, or -EINVAL for what is no head or could
 * not stand in an HTTP head (method and names are tokens, values have no
 * control characters, status is 200 to 599, at most HTTP_FIELDS_MAX fields). */
int request_decode(struct span json, struct head *out);
int response_decode(struct span json, struct head *out);

/* Fields of one name become one, joined by ", " ("; " for Cookie); of
 * Set-Cookie, which must not be joined, only the last is kept, and *was_lossy
 * says so. NUL-terminated, to be freed by the caller. */
char *request_encode(const struct head *head, uint32_t stream_id);
char *response_encode(const struct head *head, uint32_t stream_id, bool *was_lossy);

/* The body of an answer that the tunnel itself gives, in the shape that
 * OpenAI clients print: {"error":{"message":…,"type":"tunnel_error","code":…}}.
 * message must be UTF-8. NUL-terminated, to be freed by the caller. */
char *error_body_encode(const char *code, const char *message);

#endif
