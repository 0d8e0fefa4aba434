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
#include "tunnel/feature.h"
#include "tunnel/head.h"

enum { PROTOCOL_VERSION = 1 };

enum {
    WINDOW_DEFAULT = 64 << 10, /* of a peer that has `flow` and does not say */
    WINDOW_MOST = INT32_MAX
};

/* What a side brings into a session. Of those that it says of features which
 * the other does not have, nothing is used. */
struct session_means {
    unsigned features; /* a set of enum feature; names that we do not know are ignored */
    uint32_t window;   /* bytes of a body that each stream may send to it at first */
    unsigned channels; /* beside the first */
};

/* HELLO and AGREE. A decoder returns 0, or -EINVAL when the payload is not
 * what the type asks for; HELLO with another "proto" is -EPROTONOSUPPORT. */
struct hello {
    int min_version, max_version;
    struct session_means means;
};
struct agree {
    int version;
    struct session_means means;
};
int hello_decode(struct span json, struct hello *out);
int agree_decode(struct span json, struct agree *out);

/* NUL-terminated, to be freed by the caller. */
char *hello_encode(const struct hello *hello);
char *agree_encode(const struct agree *agree);

/* REQ_HEADERS and RES_HEADERS without the extension `fields`. Decoding fills a
 * head, which owns what its spans point into, and which the caller inits and
 * deinits whatever the result: 0, or -EINVAL for what is no head or could
 * not stand in an HTTP head (method and names are tokens, values have no
 * control characters, status is 200 to 999, at most HTTP_FIELDS_MAX fields). */
int request_json_decode(struct span json, struct head *out);
int response_json_decode(struct span json, struct head *out);

/* Fields of one name become one, joined by ", " ("; " for Cookie); of
 * Set-Cookie, which must not be joined, only the last is kept, and *was_lossy
 * says so. NUL-terminated, to be freed by the caller. */
char *request_json_encode(const struct head *head, uint32_t stream_id);
char *response_json_encode(const struct head *head, uint32_t stream_id, bool *was_lossy);

#endif
