/*
 * HTTP/1.1 heads from bytes (RFC 9112), strict, sans-I/O, no allocation. All
 * spans of the result point into the input.
 */
#ifndef HTTP_PARSE_H
#define HTTP_PARSE_H

#include <stdbool.h>
#include <sys/types.h>

#include "http/field.h"

/* Why a head is refused: the negative of the status that a server answers. */
enum http_parse_error {
    HTTP_BAD_SYNTAX = -400,
    HTTP_TARGET_TOO_LONG = -414,
    HTTP_HEAD_TOO_LARGE = -431,
    HTTP_METHOD_TOO_LONG = -501,
    HTTP_BAD_VERSION = -505
};

/* What ends a line. A request's is CRLF: a bare LF, as section 2.2 allows it,
 * would be a second reading of the same bytes, and two readings in a row of
 * servers are how requests are smuggled. A response is read by us alone, and
 * what goes on is proper; so its lines may end by LF, as other proxies have
 * it. */
enum http_line_end { HTTP_CRLF, HTTP_CRLF_OR_LF };

/* Parses one head at the front of in. fields has room for HTTP_FIELDS_MAX.
 * Returns the bytes consumed (> 0, up to and with the empty line), 0 when the
 * head is not complete yet, or an enum http_parse_error. A few empty lines
 * before a request line are skipped (section 2.2). A request's Host is
 * checked: one in HTTP/1.1, at most one in HTTP/1.0 (section 3.2); so is its
 * target's form. Connection must not name Host, Content-Length or
 * Authorization.
 *
 * Nothing is kept between calls. A caller that gets a head in many small
 * pieces must not call at each of them (a quadratic amount of work), but when
 * http_head_may_end() says so. */
ssize_t http_parse_request(struct span in, struct http_request *out, struct http_field *fields);
ssize_t http_parse_response(struct span in, struct http_response *out, struct http_field *fields);

/* Parses the field lines of a trailer section, up to and with its empty line,
 * with the same results. */
ssize_t http_parse_fields(struct span in, struct http_field *fields, size_t *count);

/* Whether an incomplete head that has grown is worth another call: an empty
 * line ends behind searched_len (what an earlier call looked at), it is full,
 * it is twice as long as at the last parse, or just longer than any request
 * line. */
bool http_head_may_end(struct span in, size_t searched_len, size_t parsed_len);

#endif
