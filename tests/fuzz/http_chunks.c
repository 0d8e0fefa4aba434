/*
 * A chunked body: the same content and the same verdict whole and byte by
 * byte, and no more content than there was input; of a request and of a
 * response.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Feeds in pieces; returns the bytes used or the error. */
static ssize_t feed(struct span in, enum http_line_end line_end, size_t step, struct buf *out,
                    bool *is_done)
{
    struct http_body body;
    if (line_end == HTTP_CRLF)
        http_body_init(&body, HTTP1_BODY_CHUNKED, 0);
    else
        http_body_init_response(&body, HTTP1_BODY_CHUNKED, 0);
    size_t used = 0;
    while (used < in.len && !body.is_done) {
        struct span piece = span_skip(in, used);
        if (piece.len > step)
            piece.len = step;
        struct span content;
        ssize_t took = http_body_feed(&body, piece, &content);
        if (took < 0) {
            http_body_deinit(&body);
            return took;
        }
        assert(took > 0 && content.len <= (size_t)took);
        int error = buf_append(out, content);
        assert(error == 0);
        used += (size_t)took;
    }
    *is_done = body.is_done;
    if (*is_done) {
        struct http_field fields[HTTP_FIELDS_MAX];
        struct http_fields trailers = http_body_trailers(&body, fields);
        for (size_t i = 0; i < trailers.count; i++) {
            assert(http_is_token(trailers.at[i].name));
            assert(http_is_field_value(trailers.at[i].value));
        }
    }
    assert((http_body_feed_end(&body) == 0) == *is_done);
    http_body_deinit(&body);
    return (ssize_t)used;
}

/* Returns the bytes used, 0 when they are no whole body. */
static size_t check(const uint8_t *data, size_t size, enum http_line_end line_end)
{
    struct buf whole, single;
    bool whole_done = false;
    bool single_done = false;
    buf_init(&whole, size);
    buf_init(&single, size);
    ssize_t a = feed(span_of(data, size), line_end, SIZE_MAX, &whole, &whole_done);
    ssize_t b = feed(span_of(data, size), line_end, 1, &single, &single_done);
    assert(a == b && whole_done == single_done);
    assert(whole.len == single.len);
    if (whole.len > 0)
        assert(span_is_equal(buf_bytes(&whole), buf_bytes(&single)));
    buf_deinit(&whole);
    buf_deinit(&single);
    return whole_done ? (size_t)a : 0;
}

/* What a request's body is, a response's is, too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t strict = check(data, size, HTTP_CRLF);
    size_t lenient = check(data, size, HTTP_CRLF_OR_LF);
    assert(strict == 0 || strict == lenient);
    return 0;
}
