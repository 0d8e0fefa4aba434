/*
 * A candidate line: what is read can be written, and reads as the same again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "ice/candidate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ice_candidate c;
    struct ice_candidate again;
    char line[ICE_CANDIDATE_LINE_MAX];
    if (ice_candidate_parse(span_of(data, size), &c) < 0)
        return 0;
    ice_candidate_format(&c, line);
    if (ice_candidate_parse(span_from_string(line), &again) < 0)
        abort();
    if (again.type != c.type || again.priority != c.priority || again.is_tcp != c.is_tcp ||
        again.component != c.component || !ice_address_is_equal(&again.address, &c.address) ||
        strcmp(again.foundation, c.foundation) != 0 || strcmp(again.hostname, c.hostname) != 0)
        abort();
    return 0;
}
