/*
 * Session descriptions of a data channel (RFC 8866, 8839, 8841, 8842), as far
 * as one m=application section goes. Written from a whitelist, never by
 * echoing what the other side sent.
 */
#ifndef RTC_SDP_H
#define RTC_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtc/cert.h"

enum {
    SDP_UFRAG_MAX = 256, /* RFC 8839 section 5.4: 4 to 256 ice-chars */
    SDP_PWD_MAX = 256,   /* 22 to 256 */
    SDP_MID_MAX = 64,
    SDP_TOOL_MAX = 64,
    SDP_CANDIDATES_MAX = 64, /* more are ignored: bounds the pairs an SDP can make us check */
    SDP_CANDIDATE_LEN_MAX = 512
};

enum sdp_setup { SDP_ACTPASS, SDP_ACTIVE, SDP_PASSIVE };

struct sdp {
    char ufrag[SDP_UFRAG_MAX + 1];
    char pwd[SDP_PWD_MAX + 1];
    uint8_t fingerprint[CERT_FINGERPRINT_LEN]; /* SHA-256 */
    enum sdp_setup setup;
    char mid[SDP_MID_MAX + 1];
    uint16_t sctp_port;
    uint32_t max_message_size;   /* 65536 where absent; 0 means any (RFC 8841 section 6) */
    char tool[SDP_TOOL_MAX + 1]; /* empty where absent */
    bool is_legacy;              /* the old "DTLS/SCTP 5000" m-line: an answer uses the same */
    bool end_of_candidates;
    size_t candidate_count;
    char **candidates; /* "candidate:…" */
};

/* 0 with *out to be freed by sdp_deinit(), or -EINVAL with *why (static). */
int sdp_parse(const char *text, struct sdp *out, const char **why);
void sdp_deinit(struct sdp *sdp);

/* The text of a description, to be freed by the caller. candidates may be
 * none: they trickle. */
char *sdp_format(const struct sdp *sdp);

/* "candidate", "sdpMid", "sdpMLineIndex", "usernameFragment" of an
 * RTCIceCandidateInit, as JSON. *candidate (to be freed) is NULL for an end of
 * candidates: null, an empty object or an empty candidate. 0 or -EINVAL. */
int sdp_candidate_decode(const char *json, char **candidate);
char *sdp_candidate_encode(const char *candidate, const char *mid, const char *ufrag);

#endif
