/*
 * The chunked coding as a machine of one byte a step, except for content,
 * which is handed out by the run. Extensions are skipped; trailers are kept
 * as they come, and parsed like the fields of a head once they are all there.
 * Both are under a cap.
 *
 *   chunked = *( SIZE [ext] CRLF data CRLF ) 1*"0" [ext] CRLF *( trailer CRLF ) CRLF
 *
 *   SIZE_FIRST -> SIZE -> (BWS | EXT) -> SIZE_LF -> DATA -> DATA_CR -> DATA_LF -+
 *       ^                                   |                                   |
 *       |                                   +-> TRAILER_START <-> TRAILER       |
 *       +-----------------------------------------------------------------------+
 */
#include "http/body.h"

#include <assert.h>
#include <errno.h>

#include "http/parse.h"

enum chunk_state {
    SIZE_FIRST,
    SIZE,
    BWS,
    EXT,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START,
    TRAILER,
    TRAILER_LF,
    END_LF
};

/* Content-Length (RFC 9110 section 8.6): digits only. Lists of equal numbers
 * are allowed to be merged there; they are refused here. */
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
    size_t count = http_fields_count(fields, "Content-Length");
    if (count == 0)
        return 0;
    if (count > 1)
        return -EINVAL;
    int error = parse_length(http_fields_find(fields, "Content-Length")->value, length);
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

/* Returns whether the fields frame the body, or an error. */
static int framing_of(struct http_fields fields, int minor_version, enum http_framing *framing,
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
        *framing = HTTP_BODY_CHUNKED;
        int error = check_codings(fields);
        return error < 0 ? error : 1;
    }
    if (has_length)
        *framing = HTTP_BODY_LENGTH;
    return has_length;
}

int http_request_framing(const struct http_request *request, enum http_framing *framing,
                         uint64_t *length)
{
    *framing = HTTP_BODY_NONE;
    *length = 0;
    int result = framing_of(request->fields, request->minor_version, framing, length);
    if (result < 0)
        return result;
    if (span_is_string(request->method, "CONNECT")) {
        /* RFC 9110 section 9.3.6: it has no content. What claims otherwise
         * could be read as a pipe's first bytes or as content. */
        *framing = HTTP_BODY_PIPE;
        return result > 0 ? -EINVAL : 0;
    }
    bool is_empty = result == 0 || (*framing == HTTP_BODY_LENGTH && *length == 0);
    if (is_empty && http_request_upgrade(request).len > 0)
        *framing = HTTP_BODY_PIPE;
    return 0;
}

bool http_status_has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

int http_response_framing(const struct http_response *response, struct span request_method,
                          enum http_framing *framing, uint64_t *length)
{
    *framing = HTTP_BODY_NONE;
    *length = 0;
    int result = framing_of(response->fields, response->minor_version, framing, length);
    if (span_is_string(request_method, "HEAD") || !http_status_has_body(response->status)) {
        /* No body is there, but its fields are passed on, and shall not mean
         * two things to who reads them. A coding is not; it may be any. */
        *framing = HTTP_BODY_NONE;
        *length = 0;
        return result == -EINVAL ? result : 0;
    }
    if (result == 0)
        *framing = HTTP_BODY_UNTIL_CLOSE;
    return result < 0 ? result : 0;
}

void http_body_init(struct http_body *body, enum http_framing framing, uint64_t length)
{
    *body = (struct http_body){.framing = framing, .state = SIZE_FIRST};
    if (framing == HTTP_BODY_LENGTH)
        body->left = length;
    body->is_done = framing == HTTP_BODY_NONE || framing == HTTP_BODY_PIPE ||
                    (framing == HTTP_BODY_LENGTH && length == 0);
    buf_init(&body->trailers, HTTP_TRAILERS_MAX);
    buf_init(&body->hop, HTTP_HEAD_MAX);
}

void http_body_deinit(struct http_body *body)
{
    buf_deinit(&body->trailers);
    buf_deinit(&body->hop);
}

void http_body_keep_connection(struct http_body *body, struct http_fields head)
{
    for (size_t i = 0; i < head.count && body->framing == HTTP_BODY_CHUNKED; i++) {
        if (!span_is_string_nocase(head.at[i].name, "Connection"))
            continue;
        int error = buf_append(&body->hop, head.at[i].value);
        if (error == 0)
            error = buf_append(&body->hop, SPAN_LITERAL(","));
        assert(error == 0); /* it was all in a head, with more around it */
        (void)error;
    }
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool is_text(uint8_t c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

/* The size line has ended. Each may be as long as a size needs, and a chunk
 * of some length may say as much about itself. */
static int count_waste(struct http_body *body)
{
    enum { SIZE_LINE_LEN = 18 };
    uint64_t excused = SIZE_LINE_LEN + body->left;
    uint64_t waste = (uint64_t)body->waste + body->line_len;
    body->waste = waste > excused ? (unsigned)(waste - excused) : 0;
    body->line_len = 0;
    return body->waste > HTTP_CHUNK_WASTE_MAX ? -EINVAL : 0;
}

/* A byte of the chunk-size line. */
static int step_size_line(struct http_body *body, uint8_t c)
{
    if (++body->line_len > HTTP_CHUNK_LINE_MAX)
        return -EINVAL;
    int digit = hex_value(c);
    switch (body->state) {
    case SIZE_FIRST:
    case SIZE:
        if (digit >= 0) {
            if (body->left > HTTP_LENGTH_MAX >> 4)
                return -EINVAL;
            body->left = body->left << 4 | (unsigned)digit;
            body->state = SIZE;
            return 0;
        }
        if (body->state == SIZE_FIRST)
            return -EINVAL;
        /* fall through */
    case BWS:
        if (c == ';')
            body->state = EXT;
        else if (c == ' ' || c == '\t')
            body->state = BWS; /* only before ";" */
        else if (c == '\r' && body->state == SIZE)
            body->state = SIZE_LF;
        else
            return -EINVAL;
        return 0;
    case EXT:
        if (c == '\r')
            body->state = SIZE_LF;
        else if (!is_text(c))
            return -EINVAL;
        return 0;
    default: /* SIZE_LF */
        if (c != '\n')
            return -EINVAL;
        body->state = body->left > 0 ? DATA : TRAILER_START;
        return count_waste(body);
    }
}

static int check_trailers(const struct http_body *body)
{
    struct http_field fields[HTTP_FIELDS_MAX];
    size_t count;
    return http_parse_fields(buf_bytes(&body->trailers), fields, &count) > 0 ? 0 : -EINVAL;
}

/* A byte of the trailer section, which ends with an empty line. It is looked
 * at here only for where it ends, and for what can be told at once. */
static int step_trailers(struct http_body *body, uint8_t c)
{
    if (buf_append(&body->trailers, span_of(&c, 1)) < 0)
        return -EINVAL;
    switch (body->state) {
    case TRAILER_START:
        if (c == '\r') {
            body->state = END_LF;
            return 0;
        }
        body->state = TRAILER;
        return http_is_token(span_of(&c, 1)) ? 0 : -EINVAL;
    case TRAILER:
        if (c == '\r')
            body->state = TRAILER_LF;
        else if (!is_text(c))
            return -EINVAL;
        return 0;
    default: /* TRAILER_LF, END_LF */
        if (c != '\n')
            return -EINVAL;
        if (body->state == END_LF) {
            body->is_done = true;
            return check_trailers(body);
        }
        body->state = TRAILER_START;
        return 0;
    }
}

static int step(struct http_body *body, uint8_t c)
{
    switch (body->state) {
    case DATA_CR:
        body->state = DATA_LF;
        return c == '\r' ? 0 : -EINVAL;
    case DATA_LF:
        body->state = SIZE_FIRST;
        return c == '\n' ? 0 : -EINVAL;
    case TRAILER_START:
    case TRAILER:
    case TRAILER_LF:
    case END_LF:
        return step_trailers(body, c);
    default:
        return step_size_line(body, c);
    }
}

/* Hands out what is there of the length or the chunk. */
static size_t take_content(struct http_body *body, struct span in, struct span *data)
{
    size_t len = in.len < body->left ? in.len : (size_t)body->left;
    *data = span_of(in.data, len);
    body->left -= len;
    return len;
}

static ssize_t feed_chunked(struct http_body *body, struct span in, struct span *data)
{
    size_t used = 0;
    while (used < in.len && !body->is_done) {
        if (body->state == DATA) {
            used += take_content(body, span_skip(in, used), data);
            if (body->left == 0)
                body->state = DATA_CR;
            break;
        }
        int error = step(body, in.data[used]);
        if (error < 0)
            return error;
        used++;
    }
    return (ssize_t)used;
}

ssize_t http_body_feed(struct http_body *body, struct span in, struct span *data)
{
    *data = span_of(in.data, 0);
    if (body->is_done || in.len == 0)
        return 0;
    switch (body->framing) {
    case HTTP_BODY_NONE:
    case HTTP_BODY_PIPE:
        return 0;
    case HTTP_BODY_LENGTH:
        take_content(body, in, data);
        body->is_done = body->left == 0;
        return (ssize_t)data->len;
    case HTTP_BODY_CHUNKED:
        return feed_chunked(body, in, data);
    case HTTP_BODY_UNTIL_CLOSE:
        *data = in;
        return (ssize_t)in.len;
    }
    return -EINVAL;
}

int http_body_feed_end(struct http_body *body)
{
    if (body->framing == HTTP_BODY_UNTIL_CLOSE)
        body->is_done = true;
    return body->is_done ? 0 : -ECONNRESET;
}

static bool may_be_trailer(const struct http_body *body, struct span name)
{
    const struct http_field hop = {SPAN_LITERAL("Connection"), buf_bytes(&body->hop)};
    return !http_field_is_barred_from_trailers(name) &&
           !http_field_is_hop_by_hop(name, (struct http_fields){&hop, 1});
}

struct http_fields http_body_trailers(const struct http_body *body, struct http_field *fields)
{
    size_t count = 0;
    size_t kept = 0;
    if (body->trailers.len > 0)
        http_parse_fields(buf_bytes(&body->trailers), fields, &count);
    for (size_t i = 0; i < count; i++) {
        if (may_be_trailer(body, fields[i].name))
            fields[kept++] = fields[i];
    }
    return (struct http_fields){fields, kept};
}
