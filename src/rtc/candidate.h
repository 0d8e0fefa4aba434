/*
 * One ICE candidate as text (RFC 8839 section 5.1):
 *
 *   candidate:1 1 UDP 2122252543 192.168.1.5 40112 typ host …
 *             |  |  |      |          |        |       |
 *     foundation |  |   priority   address    port    type
 *         component transport
 *
 * and what signalling wraps around it, the JSON of an RTCIceCandidateInit.
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

enum candidate_type { CANDIDATE_HOST, CANDIDATE_SRFLX, CANDIDATE_PRFLX, CANDIDATE_RELAY };
const char *candidate_type_name(enum candidate_type type);

/* Spans point into the text. */
struct candidate {
    struct span foundation;
    uint32_t component;
    struct span transport;
    uint32_t priority;
    struct span address; /* of any kind, also a name */
    uint16_t port;
    enum candidate_type type;
};

/* Takes "candidate:…" with or without "a=" before it; extensions behind the
 * type are skipped. 0, or -EINVAL when it is none. */
int candidate_parse(struct span text, struct candidate *out);

/* Whether a UDP packet can be sent there: component 1, transport UDP, a
 * literal address (browsers hide theirs behind .local names) that is not
 * link-local (it means nothing without a scope), and a port. */
bool candidate_is_usable(const struct candidate *candidate);

/* *candidate and *ufrag are to be freed by the caller. *candidate is NULL for
 * an end of candidates: null, an empty object, or an empty candidate; *ufrag
 * is NULL where absent. 0 or -EINVAL. */
int candidate_json_decode(struct span json, char **candidate, char **ufrag);

/* To be freed by the caller. candidate may be "": end of candidates. An empty
 * mid is left out: the index then names the section. */
char *candidate_json_encode(const char *candidate, const char *mid, unsigned index,
                            const char *ufrag);

#endif
