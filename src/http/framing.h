/*
 * How a message's body is delimited on an HTTP/1.1 connection, as its fields
 * say (RFC 9112 section 6).
 */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "http/field.h"

#define HTTP_LENGTH_MAX ((uint64_t)INT64_MAX) /* of a body or chunk; no sum with it overflows */

/* An enum http_framing as HTTP/1.1 writes it: of the two ways in which an end
 * may show, one is for responses only. */
enum http1_framing {
    HTTP1_BODY_NONE,
    HTTP1_BODY_LENGTH,
    HTTP1_BODY_CHUNKED,
    HTTP1_BODY_UNTIL_CLOSE, /* responses only */
    HTTP1_BODY_PIPE
};

/* What others need to know of it. */
enum http_framing http1_framing_told(enum http1_framing framing);

/* Content-Length: 1 with *length, 0 where there is none, -EINVAL for one that
 * is repeated or no number. */
int http_content_length(struct http_fields fields, uint64_t *length);

/* Whether a response of that status may have content (not 1xx, 204, 304). */
bool http_status_has_body(int status);

/* Section 6.3. 0, -EINVAL for contradictory or malformed framing (400 or
 * 502), -ENOTSUP for a transfer coding other than chunked (501). A request
 * that asks for an Upgrade and has content is an ordinary one: its framing is
 * not HTTP1_BODY_PIPE. Whether a response begins a pipe depends on its
 * request, and is for the caller to say. */
int http_request_framing(const struct http_request *request, enum http1_framing *framing,
                         uint64_t *length);
int http_response_framing(const struct http_response *response, struct span request_method,
                          enum http1_framing *framing, uint64_t *length);

/* Mends a response in place whose fields are in that array: of several equal
 * Content-Lengths (lines, or a list in one) one stays, and none beside
 * Transfer-Encoding, which overrides it. Returns true for that: the connection
 * is not to be used again (section 6.3). What contradicts itself stays, and is
 * refused by http_response_framing(). */
bool http_response_mend_length(struct http_response *response, struct http_field *fields);

#endif
