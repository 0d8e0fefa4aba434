#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rtc/candidate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct candidate parsed;
    char *candidate;
    char *ufrag;
    if (candidate_parse(span_of(data, size), &parsed) == 0)
        candidate_is_usable(&parsed);
    if (candidate_json_decode(span_of(data, size), &candidate, &ufrag) < 0) {
        assert(!candidate && !ufrag);
        return 0;
    }
    if (candidate && candidate_parse(span_from_string(candidate), &parsed) == 0)
        candidate_is_usable(&parsed);
    free(candidate);
    free(ufrag);
    return 0;
}
