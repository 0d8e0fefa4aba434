/*
 * The parts of an HTTP message head (RFC 9110 section 5, RFC 9112): fields,
 * requests, responses. All spans are borrowed.
 */
#ifndef HTTP_FIELD_H
#define HTTP_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

enum {
    HTTP_HEAD_MAX = 64 << 10,   /* bytes of a head; a longer one is 431 */
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

struct http_request {
    struct span method;
    struct span target; /* as on the wire: origin, absolute, authority or asterisk form */
    int minor_version;  /* HTTP/1.0 or 1.1 */
    struct http_fields fields;
};

struct http_response {
    int status;
    struct span reason; /* may be empty */
    int minor_version;
    struct http_fields fields;
};

/* The first field of that name (ASCII case ignored), or NULL. */
const struct http_field *http_fields_find(struct http_fields fields, const char *name);

/* How many lines have that name. */
size_t http_fields_count(struct http_fields fields, const char *name);

/* Whether a comma-separated list field (all lines of that name) has the
 * element, case ignored: http_fields_list_has(f, "Connection", "close"). */
bool http_fields_list_has(struct http_fields fields, const char *name, const char *element);

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

/* RFC 9110 section 5.6.2 token; section 5.5 field value (no CR, LF, NUL or
 * other control but HTAB); a request target: visible ASCII without '#'. */
bool http_is_token(struct span bytes);
bool http_is_field_value(struct span bytes);
bool http_is_target(struct span bytes);

/* The standard reason phrase, "" for an unknown status. */
const char *http_reason(int status);

#endif
