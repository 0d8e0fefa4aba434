#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "rtc/dcep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dcep_open open;
    static uint8_t again[DCEP_OPEN_HEADER_LEN + 2 * UINT16_MAX];
    ssize_t len = dcep_open_decode(span_of(data, size), &open);
    dcep_is_ack(span_of(data, size));
    if (len <= 0)
        return 0;
    assert((size_t)len <= size);
    assert(dcep_open_encode(&open, again, sizeof again) == len);
    assert(memcmp(again, data, (size_t)len) == 0);
    return 0;
}
