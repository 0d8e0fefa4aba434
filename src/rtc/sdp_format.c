/*
 * Writes what Chromium, Firefox and the libraries after them write for a
 * peer connection with one data channel, no line more. The addresses in o=
 * and c= say nothing: candidates do (RFC 8839 section 4.3.1.1).
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/armor.h"
#include "base/buf.h"
#include "base/random.h"
#include "rtc/peer.h"
#include "rtc/sdp.h"

enum {
    /* Above all that the caps of struct sdp allow. */
    SDP_TEXT_MAX = 256 << 10,
    /* Of the old a=sctpmap: how many streams; a browser's number. */
    SDP_LEGACY_STREAMS = 1024
};

static const char *const setup_names[] = {"actpass", "active", "passive"};

const char *sdp_type_name(enum sdp_type type)
{
    return type == SDP_OFFER ? "offer" : "answer";
}

static void init_common(struct sdp *out)
{
    *out = (struct sdp){
        .session_id = ((uint64_t)random_u32() << 31) ^ random_u32(),
        .session_version = 2, /* as browsers begin */
        .pacing_ms = SDP_PACING_MS,
        .sctp_port = SDP_SCTP_PORT,
        .max_message_size = PEER_MESSAGE_MAX,
    };
}

void sdp_init_offer(struct sdp *out)
{
    init_common(out);
    out->is_bundle = true;
    out->mid[0] = '0';
}

void sdp_init_answer(struct sdp *out, const struct sdp *offer)
{
    init_common(out);
    out->is_legacy = offer->is_legacy;
    out->is_bundle = offer->is_bundle;
    memcpy(out->mid, offer->mid, sizeof out->mid);
    out->section_index = offer->section_index;
    out->section_count = offer->section_count;
    if (offer->section_count > 0) {
        out->sections = xcalloc(offer->section_count, sizeof *out->sections);
        memcpy(out->sections, offer->sections, offer->section_count * sizeof *out->sections);
    }
}

static void format_relay_tag(struct buf *out, const uint8_t tag[SDP_RELAY_TAG_LEN])
{
    char text[ARMOR_LEN(ARMOR_HEX, SDP_RELAY_TAG_LEN) + 1];
    armor_encode(ARMOR_HEX, span_of(tag, SDP_RELAY_TAG_LEN), text);
    buf_append_format(out, "a=tunnel-relay:%s\r\n", text);
}

static void format_session(struct buf *out, const struct sdp *sdp)
{
    buf_append_format(out,
                      "v=0\r\no=- %" PRIu64 " %" PRIu32 " IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n",
                      sdp->session_id, sdp->session_version);
    if (sdp->tool[0])
        buf_append_format(out, "a=tool:%s\r\n", sdp->tool);
    if (sdp->promise[0])
        buf_append_format(out, "a=tunnel-agree:%s\r\n", sdp->promise);
    if (sdp->has_relay_tag)
        format_relay_tag(out, sdp->relay_tag);
    if (sdp->is_bundle && sdp->mid[0])
        buf_append_format(out, "a=group:BUNDLE %s\r\n", sdp->mid);
    if (sdp->pacing_ms > 0)
        buf_append_format(out, "a=ice-pacing:%u\r\n", sdp->pacing_ms);
    buf_append_string(out, "a=msid-semantic:WMS *\r\n");
}

static void format_rejected(struct buf *out, const struct sdp_section *section)
{
    buf_append_format(out, "m=%s\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\n", section->line);
    if (section->mid[0])
        buf_append_format(out, "a=mid:%s\r\n", section->mid);
}

static void format_fingerprint(struct buf *out, const uint8_t *fingerprint)
{
    buf_append_string(out, "a=fingerprint:sha-256 ");
    for (size_t i = 0; i < CERT_FINGERPRINT_LEN; i++)
        buf_append_format(out, "%s%02X", i ? ":" : "", fingerprint[i]);
    buf_append_string(out, "\r\n");
}

static void format_channel(struct buf *out, const struct sdp *sdp)
{
    if (sdp->is_legacy)
        buf_append_format(out, "m=application 9 DTLS/SCTP %u\r\n", sdp->sctp_port);
    else
        buf_append_string(out, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n");
    buf_append_string(out, "c=IN IP4 0.0.0.0\r\n");
    for (size_t i = 0; i < sdp->candidate_count; i++)
        buf_append_format(out, "a=%s\r\n", sdp->candidates[i]);
    if (sdp->end_of_candidates)
        buf_append_string(out, "a=end-of-candidates\r\n");
    buf_append_format(out, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=ice-options:trickle%s\r\n",
                      sdp->ufrag, sdp->pwd, sdp->has_sped ? " sped" : "");
    format_fingerprint(out, sdp->fingerprint);
    buf_append_format(out, "a=setup:%s\r\n", setup_names[sdp->setup]);
    if (sdp->mid[0])
        buf_append_format(out, "a=mid:%s\r\n", sdp->mid);
    if (sdp->is_legacy)
        buf_append_format(out, "a=sctpmap:%u webrtc-datachannel %d\r\n", sdp->sctp_port,
                          SDP_LEGACY_STREAMS);
    else
        buf_append_format(out, "a=sctp-port:%u\r\n", sdp->sctp_port);
    buf_append_format(out, "a=max-message-size:%" PRIu32 "\r\n", sdp->max_message_size);
    if (sdp->sctp_init[0])
        buf_append_format(out, "a=sctp-init:%s\r\n", sdp->sctp_init);
}

char *sdp_format(const struct sdp *sdp)
{
    struct buf out;
    buf_init(&out, SDP_TEXT_MAX);
    format_session(&out, sdp);
    size_t sections = sdp->section_count + 1;
    const struct sdp_section *rejected = sdp->sections;
    for (size_t i = 0; i < sections; i++) {
        if (i == sdp->section_index)
            format_channel(&out, sdp);
        else
            format_rejected(&out, rejected++);
    }
    assert(buf_room(&out) > 0);
    char *text = xstrndup(buf_bytes(&out));
    buf_deinit(&out);
    return text;
}
