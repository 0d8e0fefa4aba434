#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rtc/candidate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *candidate;
    char *ufrag;
    if (candidate_json_decode(span_of(data, size), &candidate, &ufrag) < 0) {
        assert(!candidate && !ufrag);
        return 0;
    }
    free(candidate);
    free(ufrag);
    return 0;
}
