/*
 * HTTP/1.1 heads and chunks to bytes (RFC 9112).
 */
#ifndef HTTP_WRITE_H
#define HTTP_WRITE_H

#include "base/buf.h"
#include "http/field.h"

/* Each appends to out or returns an error and appends nothing: -EINVAL for a
 * method, target, name or value that must not stand in a head (it would allow
 * smuggling), -ENOBUFS when out is full. */
int http_write_request_line(struct buf *out, struct span method, struct span target);
int http_write_status_line(struct buf *out, int status, struct span reason);
int http_write_field(struct buf *out, struct span name, struct span value);
int http_write_end_of_head(struct buf *out);

enum { HTTP_CHUNK_HEAD_MAX = 18 }; /* 16 hex digits, CR, LF */

/* The chunk-size line of a chunk of len > 0 bytes; returns its length. The
 * content and "\r\n" follow it. */
size_t http_write_chunk_head(char out[HTTP_CHUNK_HEAD_MAX + 1], size_t len);

/* Trailer fields and an empty line follow it. */
#define HTTP_LAST_CHUNK "0\r\n"

#endif
