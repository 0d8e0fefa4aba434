/*
 * The opening handshake of a WebSocket (RFC 6455 section 4), both halves, as
 * HTTP heads: pure.
 */
#ifndef SIGNAL_HANDSHAKE_H
#define SIGNAL_HANDSHAKE_H

#include <stdbool.h>

#include "base/buf.h"
#include "http/field.h"
#include "net/websocket.h"

/* Whether a request asks for a WebSocket at all. */
bool handshake_is_upgrade(const struct http_request *request);

/* NULL for a request that may be answered by 101, and *key then points to its
 * Sec-WebSocket-Key; else what is wrong with it. */
const char *handshake_check_request(const struct http_request *request, struct span *key);

/* The first subprotocol that the client offers, or nothing. Signalling has
 * none, but a browser that offered one gives up when none is chosen. */
struct span handshake_subprotocol(const struct http_request *request);

/* The client's request. 0 or -EINVAL for a path or authority that may not
 * stand in a head. */
int handshake_write_request(struct buf *out, const char *path, const char *authority,
                            const char *key);

/* What a response of another status means for who wrote the URL, as in
 * "answered HTTP 301: ...". To be freed by the caller. */
char *handshake_explain(const struct http_response *response);

/* Whether a response of status 101 accepts the key. */
bool handshake_is_accepted(const struct http_response *response, const char *key);

#endif
