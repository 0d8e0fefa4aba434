/*
 * Line by line: session lines first, then one run of lines for each m=. The
 * first m=application that carries a data channel is ours; of the others
 * only what an answer needs to reject them is kept.
 *
 * ufrag, pwd, fingerprint and setup may stand at session level and then hold
 * for each section that has none of its own, so both levels are collected
 * and merged at the end.
 */
#include "rtc/sdp.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/armor.h"
#include "base/span.h"
#include "base/wipe.h"
#include "rtc/candidate.h"

/* What may stand at session or at media level. */
struct transport {
    struct span ufrag;
    struct span pwd;
    struct span setup;
    bool has_fingerprint; /* of whatever hash */
    bool has_sha256;
    uint8_t fingerprint[CERT_FINGERPRINT_LEN];
};

struct parser {
    struct sdp *out;
    const char *why; /* set: malformed */
    bool in_session; /* above the first m= */
    bool in_ours;
    bool has_ours;
    bool has_rejected; /* a data channel section with port 0 */
    size_t section_seen;
    struct transport session;
    struct transport media;
};

/* ---- small pieces ---- */

static bool is_visible(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f)
            return false;
    }
    return text.len > 0;
}

static bool strip_prefix(struct span *text, const char *prefix)
{
    if (!span_starts_with(*text, prefix))
        return false;
    *text = span_skip(*text, strlen(prefix));
    return true;
}

static struct span next_word(struct span *rest)
{
    size_t start = 0;
    while (start < rest->len && rest->data[start] == ' ')
        start++;
    size_t end = start;
    while (end < rest->len && rest->data[end] != ' ')
        end++;
    struct span word = {rest->data + start, end - start};
    *rest = span_skip(*rest, end);
    return word;
}

/* False when it is no number; one over most is taken as most. */
static bool parse_number(struct span text, uint64_t most, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text.data[i] - '0');
        if (value > most)
            value = most;
    }
    *out = value;
    return text.len > 0;
}

/* Copies what fits; the room holds a NUL too. */
static void copy_string(char *out, size_t room, struct span text)
{
    size_t len = text.len < room - 1 ? text.len : room - 1;
    if (len > 0)
        memcpy(out, text.data, len);
    out[len] = '\0';
}

/* "AB:CD:…" of exactly CERT_FINGERPRINT_LEN bytes. */
static bool parse_fingerprint(struct span text, uint8_t out[CERT_FINGERPRINT_LEN])
{
    if (text.len != CERT_FINGERPRINT_LEN * 3 - 1)
        return false;
    for (size_t i = 0; i < CERT_FINGERPRINT_LEN; i++) {
        int high = armor_hex_value(text.data[i * 3]);
        int low = armor_hex_value(text.data[i * 3 + 1]);
        if (high < 0 || low < 0)
            return false;
        if (i + 1 < CERT_FINGERPRINT_LEN && text.data[i * 3 + 2] != ':')
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* ---- attributes ---- */

static void on_fingerprint(struct parser *p, struct transport *t, struct span value)
{
    struct span algorithm = next_word(&value);
    t->has_fingerprint = true;
    if (!span_is_string_nocase(algorithm, "sha-256") || t->has_sha256)
        return;
    if (parse_fingerprint(next_word(&value), t->fingerprint))
        t->has_sha256 = true;
    else
        p->why = "its sha-256 fingerprint is malformed";
}

static void parse_options(struct parser *p, struct span value)
{
    for (struct span word = next_word(&value); word.len > 0; word = next_word(&value))
        p->out->has_sped |= span_is_string(word, "sped");
}

/* True when the line was one of those that either level may have. */
static bool parse_transport(struct parser *p, struct span value)
{
    struct transport *t = p->in_session ? &p->session : &p->media;
    if (strip_prefix(&value, "ice-ufrag:"))
        t->ufrag = value;
    else if (strip_prefix(&value, "ice-pwd:"))
        t->pwd = value;
    else if (strip_prefix(&value, "setup:"))
        t->setup = value;
    else if (strip_prefix(&value, "ice-options:"))
        parse_options(p, value);
    else if (strip_prefix(&value, "fingerprint:"))
        on_fingerprint(p, t, value);
    else if (span_is_string(value, "end-of-candidates"))
        p->out->end_of_candidates = true;
    else
        return false;
    return true;
}

/* One that is no number counts as absent. */
static void parse_pacing(struct parser *p, struct span text)
{
    uint64_t pacing_ms = 0;
    if (parse_number(text, UINT16_MAX, &pacing_ms))
        p->out->pacing_ms = (unsigned)pacing_ms;
}

/* One that is too long, or holds blanks, counts as absent. */
static void parse_promise(struct parser *p, struct span value)
{
    if (value.len <= SDP_PROMISE_MAX && is_visible(value))
        copy_string(p->out->promise, sizeof p->out->promise, value);
}

/* What is none is like none. */
static void parse_relay_tag(struct parser *p, struct span value)
{
    enum { TEXT_LEN = ARMOR_LEN(ARMOR_HEX, SDP_RELAY_TAG_LEN) };
    uint8_t tag[SDP_RELAY_TAG_LEN];
    if (value.len != TEXT_LEN || armor_decode(ARMOR_HEX, value, tag) < 0)
        return;
    memcpy(p->out->relay_tag, tag, sizeof tag);
    p->out->has_relay_tag = true;
}

static void parse_session_attribute(struct parser *p, struct span value)
{
    if (strip_prefix(&value, "tool:"))
        copy_string(p->out->tool, sizeof p->out->tool, value);
    else if (strip_prefix(&value, "tunnel-agree:"))
        parse_promise(p, value);
    else if (strip_prefix(&value, "tunnel-relay:"))
        parse_relay_tag(p, value);
    else if (strip_prefix(&value, "ice-pacing:"))
        parse_pacing(p, value);
    else if (strip_prefix(&value, "group:BUNDLE"))
        p->out->is_bundle = true;
}

static void parse_sctp_port(struct parser *p, struct span text)
{
    uint64_t port = 0;
    if (parse_number(text, UINT16_MAX + 1, &port) && port > 0 && port <= UINT16_MAX)
        p->out->sctp_port = (uint16_t)port;
    else
        p->why = "its SCTP port is no port number";
}

static void parse_our_attribute(struct parser *p, struct span value)
{
    struct sdp *out = p->out;
    uint64_t number = 0;
    if (span_starts_with(value, "candidate:")) {
        char line[CANDIDATE_LEN_MAX + 1];
        if (value.len <= CANDIDATE_LEN_MAX) {
            copy_string(line, sizeof line, value);
            sdp_add_candidate(out, line);
        }
    } else if (strip_prefix(&value, "sctp-port:")) {
        parse_sctp_port(p, value);
    } else if (strip_prefix(&value, "sctp-init:")) {
        copy_string(out->sctp_init, sizeof out->sctp_init, value);
    } else if (strip_prefix(&value, "sctpmap:")) {
        parse_sctp_port(p, next_word(&value));
    } else if (strip_prefix(&value, "max-message-size:")) {
        if (parse_number(value, UINT32_MAX, &number))
            out->max_message_size = (uint32_t)number;
    } else if (strip_prefix(&value, "mid:")) {
        if (value.len > SDP_MID_MAX || !is_visible(value))
            p->why = "its a=mid is malformed";
        else
            copy_string(out->mid, sizeof out->mid, value);
    }
}

static void parse_other_attribute(struct parser *p, struct span value)
{
    struct sdp_section *section = &p->out->sections[p->out->section_count - 1];
    if (strip_prefix(&value, "mid:") && value.len <= SDP_MID_MAX && is_visible(value))
        copy_string(section->mid, sizeof section->mid, value);
}

static void parse_attribute(struct parser *p, struct span value)
{
    /* Transports of other sections are none of ours. */
    if ((p->in_session || p->in_ours) && parse_transport(p, value))
        return;
    if (p->in_session)
        parse_session_attribute(p, value);
    else if (p->in_ours)
        parse_our_attribute(p, value);
    else
        parse_other_attribute(p, value);
}

/* ---- m= lines ---- */

static void add_rejected(struct parser *p, struct span media, struct span proto, struct span format)
{
    struct sdp *out = p->out;
    if (out->section_count == SDP_SECTIONS_MAX) {
        p->why = "it has too many m= sections";
        return;
    }
    if (!is_visible(media) || !is_visible(proto) || !is_visible(format) ||
        media.len + proto.len + format.len + sizeof " 0  " > SDP_SECTION_LINE_MAX) {
        p->why = "an m= line is malformed";
        return;
    }
    out->sections = xreallocarray(out->sections, out->section_count + 1, sizeof *out->sections);
    struct sdp_section *section = &out->sections[out->section_count++];
    *section = (struct sdp_section){0};
    char *at = section->line;
    struct span parts[] = {media, SPAN_LITERAL(" 0 "), proto, SPAN_LITERAL(" "), format};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        memcpy(at, parts[i].data, parts[i].len);
        at += parts[i].len;
    }
    *at = '\0';
}

static void parse_media(struct parser *p, struct span value)
{
    struct span media = next_word(&value);
    struct span port = next_word(&value);
    struct span proto = next_word(&value);
    struct span format = next_word(&value);
    bool is_new = span_is_string_nocase(proto, "UDP/DTLS/SCTP") &&
                  span_is_string_nocase(format, "webrtc-datachannel");
    uint64_t number = 0;
    bool is_legacy =
        span_is_string_nocase(proto, "DTLS/SCTP") && parse_number(format, UINT32_MAX, &number);
    bool is_channel = span_is_string_nocase(media, "application") && (is_new || is_legacy);
    size_t index = p->section_seen++;
    p->in_session = false;
    p->in_ours = is_channel && !p->has_ours && !span_is_string(port, "0");
    if (!p->in_ours) {
        p->has_rejected = p->has_rejected || (is_channel && span_is_string(port, "0"));
        add_rejected(p, media, proto, format);
        return;
    }
    p->has_ours = true;
    p->out->section_index = index;
    p->out->is_legacy = is_legacy;
    if (is_legacy)
        parse_sctp_port(p, format);
}

/* ---- the whole ---- */

static void parse_line(struct parser *p, struct span line)
{
    if (strip_prefix(&line, "m="))
        parse_media(p, line);
    else if (strip_prefix(&line, "a="))
        parse_attribute(p, line);
    else if (p->in_session && strip_prefix(&line, "o=")) {
        p->out->cannot_restart = span_is_string(next_word(&line), "rtc");
        uint64_t id = 0;
        if (parse_number(next_word(&line), INT64_MAX, &id))
            p->out->session_id = id;
    }
}

static bool take_setup(struct span text, enum sdp_setup *out)
{
    if (span_is_string_nocase(text, "active"))
        *out = SDP_ACTIVE;
    else if (span_is_string_nocase(text, "passive"))
        *out = SDP_PASSIVE;
    else if (text.len == 0 || span_is_string_nocase(text, "actpass"))
        *out = SDP_ACTPASS;
    else
        return false;
    return true;
}

/* Merges the two levels into *out and says what is missing. */
static const char *finish(struct parser *p)
{
    struct sdp *out = p->out;
    if (!p->has_ours)
        return p->has_rejected ? "it rejects the data channel (port 0)"
                               : "it has no data channel (m=application … webrtc-datachannel)";
    struct transport *ice = p->media.ufrag.len > 0 ? &p->media : &p->session;
    if (ice->ufrag.len < SDP_UFRAG_MIN || ice->ufrag.len > SDP_UFRAG_MAX || !is_visible(ice->ufrag))
        return "its a=ice-ufrag is missing or not of 4 to 256 characters";
    if (ice->pwd.len < SDP_PWD_MIN || ice->pwd.len > SDP_PWD_MAX || !is_visible(ice->pwd))
        return "its a=ice-pwd is missing or not of 22 to 256 characters";
    struct transport *dtls = p->media.has_fingerprint ? &p->media : &p->session;
    if (!dtls->has_fingerprint)
        return "it has no a=fingerprint";
    if (!dtls->has_sha256)
        return "it has no sha-256 fingerprint, only ones of other hashes";
    if (!take_setup(p->media.setup.len > 0 ? p->media.setup : p->session.setup, &out->setup))
        return "its a=setup is neither active, passive nor actpass";
    copy_string(out->ufrag, sizeof out->ufrag, ice->ufrag);
    copy_string(out->pwd, sizeof out->pwd, ice->pwd);
    memcpy(out->fingerprint, dtls->fingerprint, sizeof out->fingerprint);
    return NULL;
}

int sdp_parse(const char *text, struct sdp *out, const char **why)
{
    struct parser p = {.out = out, .in_session = true};
    *out = (struct sdp){
        .sctp_port = SDP_SCTP_PORT,
        .max_message_size = SDP_MESSAGE_SIZE_DEFAULT,
    };
    struct span rest = span_from_string(text);
    if (!span_starts_with(rest, "v=0"))
        p.why = "it is no session description (no v=0)";
    while (rest.len > 0 && !p.why) {
        const uint8_t *end = memchr(rest.data, '\n', rest.len);
        size_t len = end ? (size_t)(end - rest.data) : rest.len;
        struct span line = {rest.data, len};
        rest = span_skip(rest, end ? len + 1 : len);
        while (line.len > 0 && (line.data[line.len - 1] == '\r' || line.data[line.len - 1] == ' '))
            line.len--;
        parse_line(&p, line);
    }
    if (!p.why)
        p.why = finish(&p);
    if (!p.why)
        return 0;
    sdp_deinit(out);
    *why = p.why;
    return -EINVAL;
}

void sdp_clear_candidates(struct sdp *sdp)
{
    for (size_t i = 0; i < sdp->candidate_count; i++)
        free(sdp->candidates[i]);
    sdp->candidate_count = 0;
}

void sdp_deinit(struct sdp *sdp)
{
    sdp_clear_candidates(sdp);
    free(sdp->candidates);
    free(sdp->sections);
    wipe(sdp, sizeof *sdp);
}

enum { CANDIDATES_STEP = 8 }; /* there are a few, or very many */

bool sdp_add_candidate(struct sdp *sdp, const char *candidate)
{
    if (sdp->candidate_count == SDP_CANDIDATES_MAX)
        return false;
    if (sdp->candidate_count % CANDIDATES_STEP == 0)
        sdp->candidates = xreallocarray(sdp->candidates, sdp->candidate_count + CANDIDATES_STEP,
                                        sizeof *sdp->candidates);
    sdp->candidates[sdp->candidate_count++] = xstrdup(candidate);
    return true;
}
