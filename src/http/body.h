/*
 * Message bodies (RFC 9112 section 7): taking the frame off. Sans-I/O, bounded
 * state; only trailers are kept.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "http/framing.h"
#include "http/parse.h"

enum {
    HTTP_CHUNK_LINE_MAX = 1024,      /* a chunk's size with its extensions; stops endless ones */
    HTTP_CHUNK_WASTE_MAX = 16 << 10, /* extensions of a body, beyond what its content excuses:
                                        stops a kilobyte of them for each byte of content */
    HTTP_TRAILERS_MAX = 8 << 10,     /* all trailers of a body; likewise */
};

/* Reads one body. Embedded. */
struct http_body {
    enum http1_framing framing;
    enum http_line_end line_end;
    uint64_t left;     /* of the length, or of the current chunk */
    int state;         /* of the chunk parser */
    unsigned line_len; /* bytes of the current chunk line */
    unsigned waste;    /* bytes of chunk lines, less what the content excuses */
    bool is_done;
    struct buf trailers; /* the trailer section as it comes */
    struct buf hop;      /* what the head's Connection names */
};

/* Of NONE and PIPE nothing is read: done from the start. Lines end by CRLF
 * only. */
void http_body_init(struct http_body *body, enum http1_framing framing, uint64_t length);
/* A response's lines may end by a bare LF. */
void http_body_init_response(struct http_body *body, enum http1_framing framing, uint64_t length);
void http_body_deinit(struct http_body *body);

/* Copies what Connection names in the head of this body: trailers of those
 * names are for one hop, too (RFC 9110 section 7.6.1). */
void http_body_keep_connection(struct http_body *body, struct http_fields head);

/* Takes bytes from the front of in. Returns how many (0 when it needs more),
 * and sets *data to the content among them, which may be empty; call again
 * with the rest until is_done or the input is used up. -EINVAL: a malformed
 * chunk or trailer. */
ssize_t http_body_feed(struct http_body *body, struct span in, struct span *data);

/* Of a body that is done: the trailer fields but for those that are barred
 * from trailers or for one hop. fields has room for HTTP_FIELDS_MAX; the spans
 * last until http_body_deinit(). */
struct http_fields http_body_trailers(const struct http_body *body, struct http_field *fields);

/* The connection ended. 0 when the body was complete (or framed by the
 * close), -ECONNRESET when it was cut off. */
int http_body_feed_end(struct http_body *body);

#endif
