/*
 * The chunked coding as a machine of one byte a step, except for content,
 * which is handed out by the run. Extensions are skipped; trailers are kept
 * as they come, and parsed like the fields of a head once they are all there.
 * Both are under a cap.
 *
 *   chunked = *( SIZE [ext] CRLF data CRLF )
 *             1*"0" [ext] CRLF *( trailer CRLF ) CRLF
 *
 *   SIZE_FIRST -> SIZE -> (BWS | EXT) -> SIZE_LF -> DATA -> DATA_CR
 *       ^                                   |                  |
 *       |                                   |               DATA_LF
 *       |                                   |                  |
 *       +-----------------------------------|------------------+
 *                                           +-> TRAILER_START <-> TRAILER
 */
#include "http/body.h"

#include <assert.h>
#include <errno.h>

#include "base/armor.h"
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

void http_body_init(struct http_body *body, enum http1_framing framing, uint64_t length)
{
    *body = (struct http_body){.framing = framing, .state = SIZE_FIRST};
    if (framing == HTTP1_BODY_LENGTH)
        body->left = length;
    body->is_done = framing == HTTP1_BODY_NONE || framing == HTTP1_BODY_PIPE ||
                    (framing == HTTP1_BODY_LENGTH && length == 0);
    buf_init(&body->trailers, HTTP_TRAILERS_MAX);
    buf_init(&body->hop, HTTP_HEAD_MAX);
}

void http_body_init_response(struct http_body *body, enum http1_framing framing, uint64_t length)
{
    http_body_init(body, framing, length);
    body->line_end = HTTP_CRLF_OR_LF;
}

void http_body_deinit(struct http_body *body)
{
    buf_deinit(&body->trailers);
    buf_deinit(&body->hop);
}

void http_body_keep_connection(struct http_body *body, struct http_fields head)
{
    for (size_t i = 0; i < head.count && body->framing == HTTP1_BODY_CHUNKED; i++) {
        if (!span_is_string_nocase(head.at[i].name, "Connection"))
            continue;
        int error = buf_append(&body->hop, head.at[i].value);
        if (error == 0)
            error = buf_append(&body->hop, SPAN_LITERAL(","));
        assert(error == 0); /* it was all in a head, with more around it */
        (void)error;
    }
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
    int digit = armor_hex_value(c);
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

static int step_exactly(struct http_body *body, uint8_t c)
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

/* A bare LF, where it ends a line, is read as CRLF. */
static int step(struct http_body *body, uint8_t c)
{
    bool is_awaited = body->state == SIZE_LF || body->state == DATA_LF ||
                      body->state == TRAILER_LF || body->state == END_LF;
    if (c == '\n' && !is_awaited && body->line_end == HTTP_CRLF_OR_LF) {
        int error = step_exactly(body, '\r');
        if (error < 0)
            return error;
    }
    return step_exactly(body, c);
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
    case HTTP1_BODY_NONE:
    case HTTP1_BODY_PIPE:
        return 0;
    case HTTP1_BODY_LENGTH:
        take_content(body, in, data);
        body->is_done = body->left == 0;
        return (ssize_t)data->len;
    case HTTP1_BODY_CHUNKED:
        return feed_chunked(body, in, data);
    case HTTP1_BODY_UNTIL_CLOSE:
        *data = in;
        return (ssize_t)in.len;
    }
    return -EINVAL;
}

int http_body_feed_end(struct http_body *body)
{
    if (body->framing == HTTP1_BODY_UNTIL_CLOSE)
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
