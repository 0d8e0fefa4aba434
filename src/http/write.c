/*
 * Every part is checked before the first byte is appended: what these refuse
 * is what would let a value end its line and begin another (response
 * splitting, request smuggling).
 */
#include "http/write.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

/* Appends the parts as one, or nothing. */
static inline int append_parts(struct buf *out, const struct span *parts, size_t count)
{
    size_t total = span_total(parts, count);
    uint8_t *at = buf_reserve(out, total);
    if (!at)
        return -ENOBUFS;
    span_join(at, parts, count);
    buf_commit(out, total);
    return 0;
}

int http_write_request_line(struct buf *out, struct span method, struct span target)
{
    if (!http_is_token(method) || !http_is_target(target))
        return -EINVAL;
    const struct span parts[] = {method, SPAN_LITERAL(" "), target, SPAN_LITERAL(" HTTP/1.1\r\n")};
    return append_parts(out, parts, sizeof parts / sizeof *parts);
}

int http_write_status_line(struct buf *out, int status, struct span reason)
{
    if (status < 100 || status > 999 || !http_is_field_value(reason))
        return -EINVAL;
    const char digits[] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10),
                           (char)('0' + status % 10), ' '};
    const struct span parts[] = {SPAN_LITERAL("HTTP/1.1 "), span_of(digits, sizeof digits), reason,
                                 SPAN_LITERAL("\r\n")};
    return append_parts(out, parts, sizeof parts / sizeof *parts);
}

int http_write_field(struct buf *out, struct span name, struct span value)
{
    if (!http_is_token(name) || !http_is_field_value(value))
        return -EINVAL;
    const struct span parts[] = {name, SPAN_LITERAL(": "), value, SPAN_LITERAL("\r\n")};
    return append_parts(out, parts, sizeof parts / sizeof *parts);
}

int http_write_end_of_head(struct buf *out)
{
    return buf_append(out, SPAN_LITERAL("\r\n"));
}

size_t http_write_chunk_head(char out[HTTP_CHUNK_HEAD_MAX + 1], size_t len)
{
    assert(len > 0); /* an empty chunk would end the body */
    return (size_t)snprintf(out, HTTP_CHUNK_HEAD_MAX + 1, "%zx\r\n", len);
}
