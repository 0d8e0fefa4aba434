/*
 * Every part is checked before the first byte is appended: what these refuse
 * is what would let a value end its line and begin another (response
 * splitting, request smuggling).
 */
#include "http/write.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

static uint8_t *put(uint8_t *at, struct span bytes)
{
    if (bytes.len > 0)
        memcpy(at, bytes.data, bytes.len);
    return at + bytes.len;
}

int http_write_request_line(struct buf *out, struct span method, struct span target)
{
    const struct span space = SPAN_LITERAL(" "), end = SPAN_LITERAL(" HTTP/1.1\r\n");
    if (!http_is_token(method) || !http_is_target(target))
        return -EINVAL;
    size_t len = method.len + space.len + target.len + end.len;
    uint8_t *at = buf_reserve(out, len);
    if (!at)
        return -ENOBUFS;
    put(put(put(put(at, method), space), target), end);
    buf_commit(out, len);
    return 0;
}

int http_write_status_line(struct buf *out, int status, struct span reason)
{
    const struct span version = SPAN_LITERAL("HTTP/1.1 "), end = SPAN_LITERAL("\r\n");
    if (status < 100 || status > 999 || !http_is_field_value(reason))
        return -EINVAL;
    const char digits[] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10),
                           (char)('0' + status % 10), ' '};
    size_t len = version.len + sizeof digits + reason.len + end.len;
    uint8_t *at = buf_reserve(out, len);
    if (!at)
        return -ENOBUFS;
    put(put(put(put(at, version), span_of(digits, sizeof digits)), reason), end);
    buf_commit(out, len);
    return 0;
}

int http_write_field(struct buf *out, struct span name, struct span value)
{
    const struct span colon = SPAN_LITERAL(": "), end = SPAN_LITERAL("\r\n");
    if (!http_is_token(name) || !http_is_field_value(value))
        return -EINVAL;
    size_t len = name.len + colon.len + value.len + end.len;
    uint8_t *at = buf_reserve(out, len);
    if (!at)
        return -ENOBUFS;
    put(put(put(put(at, name), colon), value), end);
    buf_commit(out, len);
    return 0;
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
