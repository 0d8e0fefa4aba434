/*
 * The decoders alone, on a copy of exactly the input's size.
 */
#include <stdlib.h>
#include <string.h>

#include "sctp/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = {data, size};
    struct chunk c;
    while (chunk_next(&rest, &c) > 0) {
        struct chunk_data d;
        struct chunk_init i;
        struct chunk_sack s;
        uint8_t sum = 0;
        if (chunk_data_decode(&c, &d) == 0) {
            for (size_t n = 0; n < d.payload.len; n++)
                sum = (uint8_t)(sum + d.payload.data[n]);
        }
        if (chunk_init_decode(&c, &i) == 0) {
            struct param p;
            while (param_next(&i.params, &p) > 0)
                sum = (uint8_t)(sum + p.value.len);
        }
        if (chunk_sack_decode(&c, &s) == 0) {
            for (size_t n = 0; n < 4u * s.gaps; n++)
                sum = (uint8_t)(sum + s.gap_bytes[n]);
            for (size_t n = 0; n < 4u * s.duplicates; n++)
                sum = (uint8_t)(sum + s.duplicate_bytes[n]);
        }
        volatile uint8_t sink = sum;
        (void)sink;
    }
    return 0;
}
