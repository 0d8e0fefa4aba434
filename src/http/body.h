/*
 * Message bodies (RFC 9112 sections 6 and 7): how a body is framed, and
 * taking the frame off. Sans-I/O, no allocation, bounded state.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "http/field.h"

#define HTTP_LENGTH_MAX ((uint64_t)INT64_MAX) /* of a body or chunk; no sum with it overflows */

enum {
    HTTP_CHUNK_LINE_MAX = 1024,  /* a chunk's size with its extensions; stops endless ones */
    HTTP_TRAILERS_MAX = 8 << 10, /* all trailers of a body; likewise */
};

enum http_framing {
    HTTP_BODY_NONE,
    HTTP_BODY_LENGTH,
    HTTP_BODY_CHUNKED,
    HTTP_BODY_UNTIL_CLOSE /* responses only */
};

/* Content-Length: 1 with *length, 0 where there is none, -EINVAL for one that
 * is repeated or no number. */
int http_content_length(struct http_fields fields, uint64_t *length);

/* Whether a response of that status may have content (not 1xx, 204, 304). */
bool http_status_has_body(int status);

/* Section 6.3. 0, -EINVAL for contradictory or malformed framing (400 or
 * 502), -ENOTSUP for a transfer coding other than chunked (501). */
int http_request_framing(const struct http_request *request, enum http_framing *framing,
                         uint64_t *length);
int http_response_framing(const struct http_response *response, struct span request_method,
                          enum http_framing *framing, uint64_t *length);

/* Reads one body. Embedded. */
struct http_body {
    enum http_framing framing;
    uint64_t left;     /* of the length, or of the current chunk */
    int state;         /* of the chunk parser */
    unsigned line_len; /* bytes of the current chunk line or of the trailers */
    bool is_done;
};

void http_body_init(struct http_body *body, enum http_framing framing, uint64_t length);

/* Takes bytes from the front of in. Returns how many (0 when it needs more),
 * and sets *data to the content among them, which may be empty; call again
 * with the rest until is_done or the input is used up. -EINVAL: malformed
 * chunk. Trailers are read and dropped. */
ssize_t http_body_feed(struct http_body *body, struct span in, struct span *data);

/* The connection ended. 0 when the body was complete (or framed by the
 * close), -ECONNRESET when it was cut off. */
int http_body_feed_end(struct http_body *body);

#endif
