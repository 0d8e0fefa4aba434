/*
 * A response head: whatever parses can be written again, and has one framing.
 */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/body.h"
#include "http/parse.h"
#include "http/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct http_field fields[HTTP_FIELDS_MAX];
static struct http_field again[HTTP_FIELDS_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_response response;
    ssize_t used = http_parse_response(span_of(data, size), &response, fields);
    assert(used <= (ssize_t)size);
    if (used <= 0)
        return 0;
    assert(response.status >= 100 && response.status <= 999);
    enum http1_framing framing;
    uint64_t length;
    if (http_response_mend_length(&response, fields))
        assert(http_fields_count(response.fields, "Content-Length") == 0);
    http_response_framing(&response, SPAN_LITERAL("GET"), &framing, &length);
    int error = http_response_framing(&response, SPAN_LITERAL("HEAD"), &framing, &length);
    assert(framing == HTTP1_BODY_NONE && (error == 0 || error == -EINVAL));

    struct buf out;
    buf_init(&out, 4 * HTTP_HEAD_MAX);
    error = http_write_status_line(&out, response.status, response.reason);
    assert(error == 0);
    for (size_t i = 0; i < response.fields.count; i++) {
        error = http_write_field(&out, response.fields.at[i].name, response.fields.at[i].value);
        assert(error == 0);
    }
    buf_deinit(&out);
    struct http_response shorter;
    assert(http_parse_response(span_of(data, (size_t)used - 1), &shorter, again) == 0);
    return 0;
}
