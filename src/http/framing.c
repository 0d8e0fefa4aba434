/*
 * Which fields say where a body ends, and what they say together. Of a request
 * only what has one reading is taken: two readings in a row of servers are how
 * requests are smuggled. Of a response also what other proxies take, where that
 * has one reading for all of them.
 */
#include "http/framing.h"

#include <errno.h>

/* Content-Length (RFC 9110 section 8.6): digits only. */
static int parse_length(struct span value, uint64_t *out)
{
    uint64_t length = 0;
    if (value.len == 0)
        return -EINVAL;
    for (size_t i = 0; i < value.len; i++) {
        unsigned digit = (unsigned)value.data[i] - '0';
        if (digit > 9 || length > (HTTP_LENGTH_MAX - digit) / 10)
            return -EINVAL;
        length = length * 10 + digit;
    }
    *out = length;
    return 0;
}

int http_content_length(struct http_fields fields, uint64_t *length)
{
    static const struct span name = SPAN_LITERAL("Content-Length");
    const struct http_field *found = NULL;
    for (size_t i = 0; i < fields.count; i++) {
        if (!span_is_equal_nocase(fields.at[i].name, name))
            continue;
        if (found)
            return -EINVAL;
        found = &fields.at[i];
    }
    if (!found)
        return 0;
    int error = parse_length(found->value, length);
    return error < 0 ? error : 1;
}

/* Looks at the codings over all lines of Transfer-Encoding. chunked must be
 * the last and stand once; any other is one that we cannot decode. */
static int check_codings(struct http_fields fields)
{
    size_t codings = 0;
    size_t chunked = 0;
    bool is_last = false;
    for (size_t i = 0; i < fields.count; i++) {
        if (!span_is_string_nocase(fields.at[i].name, "Transfer-Encoding"))
            continue;
        struct span rest = fields.at[i].value;
        struct span coding;
        while (http_list_next(&rest, &coding)) {
            if (!http_is_token(coding))
                return -EINVAL;
            is_last = span_is_string_nocase(coding, "chunked");
            chunked += is_last;
            codings++;
        }
    }
    if (codings == 0 || chunked > 1 || (chunked == 1 && !is_last))
        return -EINVAL;
    return codings == 1 && chunked == 1 ? 0 : -ENOTSUP;
}

enum http_framing http1_framing_told(enum http1_framing framing)
{
    static const enum http_framing told[] = {
        [HTTP1_BODY_NONE] = HTTP_BODY_NONE,       [HTTP1_BODY_LENGTH] = HTTP_BODY_LENGTH,
        [HTTP1_BODY_CHUNKED] = HTTP_BODY_UNKNOWN, [HTTP1_BODY_UNTIL_CLOSE] = HTTP_BODY_UNKNOWN,
        [HTTP1_BODY_PIPE] = HTTP_BODY_PIPE,
    };
    return told[framing];
}

/* Returns whether the fields frame the body, or an error. */
static int framing_of(struct http_fields fields, int minor_version, enum http1_framing *framing,
                      uint64_t *length)
{
    int has_length = http_content_length(fields, length);
    if (has_length < 0)
        return has_length;
    if (http_fields_find(fields, "Transfer-Encoding")) {
        /* Section 6.1: with a length, or in HTTP/1.0, it is an attack or a
         * fault; which of two readings the next server takes is unknown. */
        if (has_length || minor_version == 0)
            return -EINVAL;
        *framing = HTTP1_BODY_CHUNKED;
        int error = check_codings(fields);
        return error < 0 ? error : 1;
    }
    if (has_length)
        *framing = HTTP1_BODY_LENGTH;
    return has_length;
}

int http_request_framing(const struct http_request *request, enum http1_framing *framing,
                         uint64_t *length)
{
    *framing = HTTP1_BODY_NONE;
    *length = 0;
    int result = framing_of(request->fields, request->minor_version, framing, length);
    if (result < 0)
        return result;
    if (span_is_string(request->method, "CONNECT")) {
        /* RFC 9110 section 9.3.6: it has no content. What claims otherwise
         * could be read as a pipe's first bytes or as content. */
        *framing = HTTP1_BODY_PIPE;
        return result > 0 ? -EINVAL : 0;
    }
    bool is_empty = result == 0 || (*framing == HTTP1_BODY_LENGTH && *length == 0);
    if (is_empty && http_request_asks_upgrade(request))
        *framing = HTTP1_BODY_PIPE;
    return 0;
}

bool http_status_has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

int http_response_framing(const struct http_response *response, struct span request_method,
                          enum http1_framing *framing, uint64_t *length)
{
    *framing = HTTP1_BODY_NONE;
    *length = 0;
    int result = framing_of(response->fields, response->minor_version, framing, length);
    if (span_is_string(request_method, "HEAD") || !http_status_has_body(response->status)) {
        /* No body is there, but its fields are passed on, and shall not mean
         * two things to who reads them. A coding is not; it may be any. */
        *framing = HTTP1_BODY_NONE;
        *length = 0;
        return result == -EINVAL ? result : 0;
    }
    if (result == 0)
        *framing = HTTP1_BODY_UNTIL_CLOSE;
    return result < 0 ? result : 0;
}

/* Whether the elements of a list are all the same, and the same as *element
 * where that is not empty. An empty one is none of them. */
static bool is_one_element(struct span list, struct span *element)
{
    const uint8_t *comma;
    do {
        comma = memchr(list.data, ',', list.len);
        struct span next = list;
        if (comma) {
            next.len = (size_t)(comma - list.data);
            list = span_skip(list, next.len + 1);
        }
        next = http_trim(next);
        if (next.len == 0 || (element->len > 0 && !span_is_equal(next, *element)))
            return false;
        *element = next;
    } while (comma);
    return true;
}

/* Most responses have nothing of what is to be mended. */
static bool may_be_mended(const struct http_response *response)
{
    const struct http_field *first = http_fields_find(response->fields, "Content-Length");
    return first && (memchr(first->value.data, ',', first->value.len) ||
                     http_fields_count(response->fields, "Content-Length") > 1 ||
                     http_fields_find(response->fields, "Transfer-Encoding"));
}

/* Whether all that the lines of Content-Length say is the same number. */
static bool has_one_length(struct http_fields fields, struct span *number)
{
    *number = (struct span){0};
    for (size_t i = 0; i < fields.count; i++) {
        if (span_is_string_nocase(fields.at[i].name, "Content-Length") &&
            !is_one_element(fields.at[i].value, number))
            return false;
    }
    return number->len > 0;
}

bool http_response_mend_length(struct http_response *response, struct http_field *fields)
{
    struct span number;
    if (!may_be_mended(response) || !has_one_length(response->fields, &number))
        return false;
    bool is_chunked = response->minor_version > 0 &&
                      http_fields_find(response->fields, "Transfer-Encoding") != NULL;
    size_t kept = 0;
    bool has_length = is_chunked;
    for (size_t i = 0; i < response->fields.count; i++) {
        bool is_length = span_is_string_nocase(fields[i].name, "Content-Length");
        if (is_length && has_length)
            continue;
        fields[kept] = fields[i];
        if (is_length)
            fields[kept].value = number;
        has_length = has_length || is_length;
        kept++;
    }
    response->fields.count = kept;
    return is_chunked;
}
