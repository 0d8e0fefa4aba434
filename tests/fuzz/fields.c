/*
 * Heads and trailers of the extension `fields`: what is taken must be fit for
 * HTTP, and be the same when it is encoded and taken again. The first byte
 * picks what the rest is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/field_section.h"
#include "tunnel/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int (*decoder)(struct span payload, struct head *out);
typedef int (*encoder)(const struct head *head, struct buf *out);

static void check_fields(struct http_fields a, struct http_fields b)
{
    if (a.count != b.count)
        abort();
    for (size_t i = 0; i < a.count; i++) {
        if (!span_is_equal(a.at[i].name, b.at[i].name) ||
            !span_is_equal(a.at[i].value, b.at[i].value))
            abort();
        if (!http_is_token(a.at[i].name) || !http_is_field_value(a.at[i].value))
            abort();
    }
}

static void check_head(struct span payload, decoder decode, encoder encode)
{
    struct head head;
    struct head again;
    struct buf buf;
    head_init(&head);
    if (decode(payload, &head) < 0)
        return;
    buf_init(&buf, FRAME_PAYLOAD_MAX);
    if (payload.len <= FRAME_PAYLOAD_MAX && encode(&head, &buf) < 0)
        abort();
    head_init(&again);
    if (decode(buf_bytes(&buf), &again) < 0)
        abort();
    if (!span_is_equal(head.method, again.method) || !span_is_equal(head.target, again.target) ||
        !span_is_equal(head.reason, again.reason) || head.status != again.status ||
        head.framing != again.framing)
        abort();
    check_fields(head_fields(&head), head_fields(&again));
    buf_deinit(&buf);
}

static void check_trailers(struct span payload)
{
    struct http_field at[HTTP_FIELDS_MAX];
    struct http_field again[HTTP_FIELDS_MAX];
    size_t count;
    size_t count_again;
    struct buf buf;
    if (trailers_decode(payload, at, &count) < 0)
        return;
    buf_init(&buf, FRAME_PAYLOAD_MAX);
    struct http_fields fields = {at, count};
    if (trailers_encode(fields, &buf) < 0 ||
        trailers_decode(buf_bytes(&buf), again, &count_again) < 0)
        abort();
    check_fields(fields, (struct http_fields){again, count_again});
    buf_deinit(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > FRAME_PAYLOAD_MAX)
        return 0;
    struct span payload = span_of(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        check_head(payload, request_fields_decode, request_fields_encode);
        break;
    case 1:
        check_head(payload, response_fields_decode, response_fields_encode);
        break;
    default:
        check_trailers(payload);
    }
    return 0;
}
