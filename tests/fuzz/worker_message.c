/*
 * What workers of a signal server say to each other: what decodes is made again
 * from what it was decoded to.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "signal/workers/worker_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[WORKER_MESSAGE_MAX];
    struct worker_message message, back;
    if (worker_message_decode(span_of(data, size), &message) < 0)
        return 0;
    size_t len = worker_message_encode(&message, again);
    if (len != size || worker_message_decode(span_of(again, len), &back) < 0 ||
        !span_is_equal(message.join, back.join) || !span_is_equal(message.rest, back.rest) ||
        message.number != back.number)
        abort();
    return 0;
}
