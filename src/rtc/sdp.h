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
#include "rtc/snap.h"

enum {
    SDP_UFRAG_MIN = 4, /* RFC 8839 section 5.4: 4 to 256 ice-chars */
    SDP_UFRAG_MAX = 256,
    SDP_PWD_MIN = 22, /* 22 to 256 */
    SDP_PWD_MAX = 256,
    SDP_MID_MAX = 64,
    SDP_TOOL_MAX = 64,
    SDP_PROMISE_MAX = 256,
    SDP_RELAY_TAG_LEN = 8,
    SDP_SCTP_INIT_MAX = SNAP_TEXT_MAX,
    SDP_CANDIDATES_MAX = 256, /* more are ignored; the ICE agent chooses among them */
    SDP_SECTIONS_MAX = 32,    /* of m= lines: each one costs lines in our answer */
    SDP_SECTION_LINE_MAX = 128,
    SDP_PACING_MS = 5,                /* ours: the least that RFC 8445 section 14.2 allows */
    SDP_SCTP_PORT = 5000,             /* ours, and theirs where absent */
    SDP_MESSAGE_SIZE_DEFAULT = 65536, /* RFC 8841 section 6.1 */
};

enum sdp_type { SDP_OFFER, SDP_ANSWER };

/* For tests. */
const char *sdp_type_name(enum sdp_type type); /* "offer" */

enum sdp_setup { SDP_ACTPASS, SDP_ACTIVE, SDP_PASSIVE };

/* An m= section that is not the data channel's: an answer rejects it. */
struct sdp_section {
    char line[SDP_SECTION_LINE_MAX]; /* "audio 0 UDP/TLS/RTP/SAVPF 111" */
    char mid[SDP_MID_MAX + 1];
};

struct sdp {
    uint64_t session_id;      /* of the o= line; below 2^63 */
    bool cannot_restart;      /* an o= line of libdatachannel, which fails at ICE restarts */
    uint32_t session_version; /* of ours: one more with each description (RFC 3264 section 8) */
    char ufrag[SDP_UFRAG_MAX + 1];
    char pwd[SDP_PWD_MAX + 1];
    bool has_sped;      /* among a=ice-options: see rtc/sped.h */
    unsigned pacing_ms; /* a=ice-pacing (RFC 8839 section 5.5); 0 where absent */
    uint8_t fingerprint[CERT_FINGERPRINT_LEN]; /* SHA-256 */
    enum sdp_setup setup;                      /* SDP_ACTPASS where absent */
    char mid[SDP_MID_MAX + 1];                 /* empty where absent */
    uint16_t sctp_port;
    char sctp_init[SDP_SCTP_INIT_MAX + 1]; /* a=sctp-init (rtc/snap.h), or empty */
    uint32_t max_message_size;         /* 65536 where absent; 0 means any (RFC 8841 section 6) */
    char tool[SDP_TOOL_MAX + 1];       /* empty where absent */
    char promise[SDP_PROMISE_MAX + 1]; /* a=tunnel-agree: visible characters, or empty */
    bool has_relay_tag; /* a=tunnel-relay: it takes datagrams by the signal server, with that */
    uint8_t relay_tag[SDP_RELAY_TAG_LEN];
    bool is_legacy; /* the old "DTLS/SCTP 5000" m-line: an answer uses the same */
    bool is_bundle; /* has a BUNDLE group */
    bool end_of_candidates;
    size_t candidate_count;
    char **candidates;    /* "candidate:…" */
    size_t section_index; /* of the data channel's among all, as in sdpMLineIndex */
    size_t section_count; /* of the others */
    struct sdp_section *sections;
};

/* 0 with *out to be freed by sdp_deinit(), or -EINVAL with *why (static). */
int sdp_parse(const char *text, struct sdp *out, const char **why);
void sdp_deinit(struct sdp *sdp);

/* Copies a candidate in; false over SDP_CANDIDATES_MAX. */
bool sdp_add_candidate(struct sdp *sdp, const char *candidate);
void sdp_clear_candidates(struct sdp *sdp);

/* An empty description for an offer: one section, mid "0". */
void sdp_init_offer(struct sdp *out);

/* An empty description that has the sections, the form and the mid of the
 * offer, as an answer must (RFC 3264 section 6). */
void sdp_init_answer(struct sdp *out, const struct sdp *offer);

/* The text of a description, to be freed by the caller. candidates may be
 * none: they trickle. */
char *sdp_format(const struct sdp *sdp);

#endif
