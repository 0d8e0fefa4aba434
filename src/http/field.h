/*
 * The parts of an HTTP message head (RFC 9110 section 5, RFC 9112): fields,
 * requests, responses. All spans are borrowed.
 */
#ifndef HTTP_FIELD_H
#define HTTP_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum {
    HTTP_HEAD_MAX = 64 << 10,   /* bytes of a head; a longer one is 431 */
    HTTP_METHOD_MAX = 255,      /* bytes of a method; 501 */
    HTTP_TARGET_MAX = 32 << 10, /* bytes of a request target; 414 */
    HTTP_FIELDS_MAX = 200       /* fields of a head; 431 */
};

struct http_field {
    struct span name;  /* a token, letter case as it came */
    struct span value; /* without surrounding white space */
};

struct http_fields {
    const struct http_field *at;
    size_t count;
};

/* How a message says where its body ends, on any way that it takes. What
 * HTTP/1.1 makes of that is its own business: enum http1_framing. */
enum http_framing {
    HTTP_BODY_NONE,
    HTTP_BODY_LENGTH,  /* a Content-Length is among the fields */
    HTTP_BODY_UNKNOWN, /* it shows when the end comes */
    /* No body. Of a request: CONNECT, or one that asks for an Upgrade. Of a
     * response: the connection is a byte pipe from here on (101, or 2xx to
     * CONNECT), each direction with an end of its own. */
    HTTP_BODY_PIPE
};

struct http_request {
    struct span method;
    struct span target; /* as on the wire: origin, absolute, authority or asterisk form */
    int minor_version;  /* HTTP/1.0 or 1.1 */
    struct http_fields fields;
    enum http_framing framing; /* the parser leaves it alone: see http/framing.h */
    bool is_bare;              /* see http/server.h */
};

struct http_response {
    int status;
    struct span reason; /* may be empty */
    int minor_version;
    struct http_fields fields;
    enum http_framing framing; /* likewise */
};

/* The first field of that name (ASCII case ignored), or NULL. Of this and the
 * next two, a literal's length is known when it is compiled. */
const struct http_field *http_fields_find_span(struct http_fields fields, struct span name);
static inline const struct http_field *http_fields_find(struct http_fields fields, const char *name)
{
    return http_fields_find_span(fields, span_from_string(name));
}

/* How many lines have that name. */
size_t http_fields_count_span(struct http_fields fields, struct span name);
static inline size_t http_fields_count(struct http_fields fields, const char *name)
{
    return http_fields_count_span(fields, span_from_string(name));
}

/* Whether a comma-separated list field (all lines of that name) has the
 * element, case ignored: http_fields_list_has(f, "Connection", "close"). */
bool http_fields_list_has_span(struct http_fields fields, struct span name, struct span element);
static inline bool http_fields_list_has(struct http_fields fields, const char *name,
                                        const char *element)
{
    return http_fields_list_has_span(fields, span_from_string(name), span_from_string(element));
}

/* Takes the next element that is not empty off the front of a comma-separated
 * list, without white space around it. False at the end. */
bool http_list_next(struct span *rest, struct span *element);

/* The bytes without spaces and tabs around them. */
struct span http_trim(struct span bytes);

/* Fields that concern one connection only (RFC 9110 section 7.6.1):
 * Connection, Keep-Alive, Proxy-Connection, TE, Transfer-Encoding, Upgrade,
 * and those that Connection names, except Host and Content-Length, which
 * nobody may have removed. Proxy-Authenticate and Trailer are kept. */
bool http_field_is_hop_by_hop(struct span name, struct http_fields fields);

/* The lines from the first to the last Connection: who asks the above of all
 * fields of a head asks it with these. */
struct http_fields http_fields_connection(struct http_fields fields);

/* Fields that are no good behind the body (RFC 9110 section 6.5.1): those of
 * framing, routing, authentication, request modifiers, response control and
 * content. Who reads trailers drops them, who writes them leaves them out. */
bool http_field_is_barred_from_trailers(struct span name);

/* Whether a request asks to switch to another protocol: by Upgrade, which
 * Connection names, in version 1.1 (RFC 9110 section 7.8). For h2c alone it
 * does not: that needs HTTP2-Settings, a field of one hop (RFC 7540 section
 * 3.2.1), and is given up (RFC 9113 section 3.1). */
bool http_request_asks_upgrade(const struct http_request *request);

/* Of a target in absolute form (http[s]://authority/path), the authority; empty
 * for any other form or scheme. */
struct span http_target_authority(struct span target);

/* RFC 9110 section 5.6.2 token; section 5.5 field value (no CR, LF, NUL or
 * other control but HTAB); a request target: visible ASCII without '#', which
 * no form of a target has. What else comes is refused rather than mended, as
 * RFC 9112 section 3 advises: two servers in a row would mend differently. */
bool http_is_token(struct span bytes);
size_t http_token_len(struct span bytes); /* of the token in front; 0 for none */
bool http_is_field_value(struct span bytes);
bool http_is_target(struct span bytes);

/* Whether doing it twice comes to the same as doing it once, of the methods of
 * RFC 9110 section 9.2.2. */
bool http_method_is_idempotent(struct span method);

/* The standard reason phrase, "" for an unknown status. */
const char *http_reason(int status);

#endif
