/*
 * However an answer is cut, its figures are the same. The first byte says what
 * it is, the second where it is cut.
 */
#include <stdint.h>
#include <stdlib.h>

#include "tunnel/token_meter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const types[] = {"text/event-stream", "application/x-ndjson",
                                    "application/json"};

static void start(struct token_meter *meter, uint8_t kind)
{
    const struct http_field type = {SPAN_LITERAL("Content-Type"),
                                    span_from_string(types[kind % 3])};
    token_meter_init(meter, (struct http_fields){&type, 1});
}

static void compare(const struct token_meter *a, const struct token_meter *b)
{
    if (a->events != b->events || a->prompt != b->prompt || a->completion != b->completion)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct token_meter whole, cut, bytes;
    if (size < 2)
        return 0;
    uint8_t kind = data[0];
    const uint8_t *text = data + 2;
    size_t len = size - 2, at = data[1] < len ? data[1] : len;
    start(&whole, kind);
    start(&cut, kind);
    start(&bytes, kind);
    token_meter_scan(&whole, span_of(text, len));
    token_meter_scan(&cut, span_of(text, at));
    token_meter_scan(&cut, span_of(text + at, len - at));
    for (size_t i = 0; i < len; i++)
        token_meter_scan(&bytes, span_of(text + i, 1));
    compare(&whole, &cut);
    compare(&whole, &bytes);
    return 0;
}
