/*
 * What signalling wraps around an ICE candidate's line: the JSON of an
 * RTCIceCandidateInit. The line itself is ice/candidate.h's.
 */
#ifndef RTC_CANDIDATE_H
#define RTC_CANDIDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum {
    CANDIDATE_LEN_MAX = 512,      /* a line: browsers write at most about 200 */
    CANDIDATE_JSON_LEN_MAX = 4096 /* caps what jansson is made to build */
};

/* *candidate and *ufrag are to be freed by the caller. *candidate is NULL for
 * an end of candidates: null, an empty object, or an empty candidate; *ufrag
 * is NULL where absent. 0 or -EINVAL. */
int candidate_json_decode(struct span json, char **candidate, char **ufrag);

/* To be freed by the caller. candidate may be "": end of candidates. An empty
 * mid is left out: the index then names the section. */
char *candidate_json_encode(const char *candidate, const char *mid, unsigned index,
                            const char *ufrag);

#endif
