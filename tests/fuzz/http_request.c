/*
 * A request head: whatever parses is made only of what may stand in a head,
 * parses the same when written again, and is incomplete in every prefix tried.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/body.h"
#include "http/parse.h"
#include "http/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct http_field fields[HTTP_FIELDS_MAX];
static struct http_field again[HTTP_FIELDS_MAX];

static void check_written(const struct http_request *request)
{
    struct buf out;
    buf_init(&out, 4 * HTTP_HEAD_MAX);
    int error = http_write_request_line(&out, request->method, request->target);
    assert(error == 0);
    for (size_t i = 0; i < request->fields.count; i++) {
        error = http_write_field(&out, request->fields.at[i].name, request->fields.at[i].value);
        assert(error == 0);
    }
    error = http_write_end_of_head(&out);
    assert(error == 0);
    if (out.len <= HTTP_HEAD_MAX && request->minor_version == 1) {
        struct http_request other;
        ssize_t used = http_parse_request(buf_bytes(&out), &other, again);
        assert(used == (ssize_t)out.len);
        assert(other.fields.count == request->fields.count);
        for (size_t i = 0; i < other.fields.count; i++)
            assert(span_is_equal(other.fields.at[i].value, request->fields.at[i].value));
    }
    buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_request request;
    ssize_t used = http_parse_request(span_of(data, size), &request, fields);
    assert(used <= (ssize_t)size);
    if (used <= 0)
        return 0;
    enum http1_framing framing;
    uint64_t length;
    if (http_request_framing(&request, &framing, &length) == 0)
        assert(framing != HTTP1_BODY_UNTIL_CLOSE);
    for (size_t i = 0; i < request.fields.count; i++)
        http_field_is_hop_by_hop(request.fields.at[i].name, request.fields);
    check_written(&request);
    struct http_request shorter;
    assert(http_parse_request(span_of(data, (size_t)used - 1), &shorter, again) == 0);
    assert(http_head_may_end(span_of(data, (size_t)used), (size_t)used - 1, (size_t)used - 1));
    return 0;
}
