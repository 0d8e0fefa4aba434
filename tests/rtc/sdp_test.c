#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "rtc/candidate.h"
#include "rtc/peer.h"
#include "rtc/sdp.h"

#define FINGERPRINT                                                                     \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:" \
    "BB:CC:DD:EE:FF"

/* In the forms of the browsers; values are made up. */
static const char chromium[] = "v=0\r\n"
                               "o=- 4611731400430051336 2 IN IP4 127.0.0.1\r\n"
                               "s=-\r\n"
                               "t=0 0\r\n"
                               "a=group:BUNDLE 0\r\n"
                               "a=extmap-allow-mixed\r\n"
                               "a=msid-semantic: WMS\r\n"
                               "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                               "c=IN IP4 0.0.0.0\r\n"
                               "a=candidate:1 1 udp 2113937151 192.168.1.5 40112 typ host\r\n"
                               "a=ice-ufrag:EEtu\r\n"
                               "a=ice-pwd:aJc2mEXAMPLEEXAMPLEEXAMP\r\n"
                               "a=ice-options:trickle\r\n"
                               "a=fingerprint:sha-256 " FINGERPRINT "\r\n"
                               "a=setup:actpass\r\n"
                               "a=mid:0\r\n"
                               "a=sctp-port:5000\r\n"
                               "a=max-message-size:262144\r\n";

static const char firefox[] = "v=0\r\n"
                              "o=mozilla...THIS_IS_SDPARTA-99.0 7236 0 IN IP4 0.0.0.0\r\n"
                              "s=-\r\n"
                              "t=0 0\r\n"
                              "a=sendrecv\r\n"
                              "a=fingerprint:sha-256 " FINGERPRINT "\r\n"
                              "a=group:BUNDLE 0\r\n"
                              "a=ice-options:trickle\r\n"
                              "a=msid-semantic:WMS *\r\n"
                              "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                              "c=IN IP4 0.0.0.0\r\n"
                              "a=sendrecv\r\n"
                              "a=ice-pwd:bf9EXAMPLEEXAMPLEEXAMPLE00000000\r\n"
                              "a=ice-ufrag:28EXAMPL\r\n"
                              "a=mid:0\r\n"
                              "a=setup:actpass\r\n"
                              "a=sctp-port:5000\r\n"
                              "a=max-message-size:1073741823\r\n"
                              "a=end-of-candidates\r\n";

static const char legacy[] = "v=0\n"
                             "o=- 1 2 IN IP4 127.0.0.1\n"
                             "s=-\n"
                             "t=0 0\n"
                             "a=ice-ufrag:abcd\n"
                             "a=ice-pwd:0123456789012345678901\n"
                             "a=setup:passive\n"
                             "a=fingerprint:SHA-256 " FINGERPRINT "\n"
                             "m=application 9 DTLS/SCTP 5001\n"
                             "c=IN IP4 0.0.0.0\n"
                             "a=mid:data\n"
                             "a=sctpmap:5001 webrtc-datachannel 1024";

static const char with_media[] = "v=0\r\n"
                                 "o=- 1 2 IN IP4 127.0.0.1\r\n"
                                 "s=-\r\n"
                                 "t=0 0\r\n"
                                 "a=tool:something\r\n"
                                 "a=group:BUNDLE 0 1 2\r\n"
                                 "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n"
                                 "a=mid:0\r\n"
                                 "a=ice-ufrag:WRONG\r\n"
                                 "a=candidate:9 1 udp 1 192.168.1.9 1 typ host\r\n"
                                 "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                                 "a=mid:1\r\n"
                                 "a=ice-ufrag:RIGHT\r\n"
                                 "a=ice-pwd:0123456789012345678901\r\n"
                                 "a=setup:active\r\n"
                                 "a=fingerprint:sha-256 " FINGERPRINT "\r\n"
                                 "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
                                 "a=mid:2\r\n"
                                 "a=ice-ufrag:WRONG\r\n";

static struct sdp parse(const char *text)
{
    struct sdp sdp;
    const char *why = NULL;
    struct guard g = guard_new(text, strlen(text) + 1);
    if (sdp_parse((const char *)g.bytes.data, &sdp, &why) < 0)
        fail_msg("refused: %s\n%s", why, text);
    guard_free(&g);
    return sdp;
}

/* Parses with one line put in the place of another; NULL takes it away. */
static int parse_with(const char *text, const char *line, const char *instead, struct sdp *out,
                      const char **why)
{
    const char *at = strstr(text, line);
    assert_non_null(at);
    const char *end = strchr(at, '\n') + 1;
    char *changed = xasprintf("%.*s%s%s%s", (int)(at - text), text, instead ? instead : "",
                              instead ? "\r\n" : "", end);
    int error = sdp_parse(changed, out, why);
    free(changed);
    return error;
}

static void assert_fingerprint(const struct sdp *sdp)
{
    for (size_t i = 0; i < CERT_FINGERPRINT_LEN; i++)
        assert_int_equal(sdp->fingerprint[i], (i % 16) * 0x11);
}

static void test_chromium(void **state)
{
    (void)state;
    struct sdp sdp = parse(chromium);
    assert_string_equal(sdp.ufrag, "EEtu");
    assert_string_equal(sdp.pwd, "aJc2mEXAMPLEEXAMPLEEXAMP");
    assert_fingerprint(&sdp);
    assert_int_equal(sdp.setup, SDP_ACTPASS);
    assert_string_equal(sdp.mid, "0");
    assert_int_equal(sdp.sctp_port, 5000);
    assert_int_equal(sdp.max_message_size, 262144);
    assert_string_equal(sdp.tool, "");
    assert_false(sdp.is_legacy);
    assert_true(sdp.is_bundle);
    assert_false(sdp.end_of_candidates);
    assert_int_equal(sdp.candidate_count, 1);
    assert_string_equal(sdp.candidates[0],
                        "candidate:1 1 udp 2113937151 192.168.1.5 40112 typ host");
    assert_int_equal(sdp.section_count, 0);
    assert_true(sdp.session_id == UINT64_C(4611731400430051336));
    sdp_deinit(&sdp);
}

static void test_firefox(void **state)
{
    (void)state;
    struct sdp sdp = parse(firefox);
    assert_string_equal(sdp.ufrag, "28EXAMPL");
    assert_fingerprint(&sdp);
    assert_true(sdp.end_of_candidates);
    assert_int_equal(sdp.max_message_size, 1073741823);
    assert_int_equal(sdp.candidate_count, 0);
    sdp_deinit(&sdp);
}

static void test_legacy(void **state)
{
    (void)state;
    struct sdp sdp = parse(legacy);
    assert_true(sdp.is_legacy);
    assert_int_equal(sdp.sctp_port, 5001);
    assert_int_equal(sdp.max_message_size, 65536);
    assert_int_equal(sdp.setup, SDP_PASSIVE);
    assert_string_equal(sdp.ufrag, "abcd");
    assert_string_equal(sdp.mid, "data");
    assert_fingerprint(&sdp);
    struct sdp answer;
    sdp_init_answer(&answer, &sdp);
    char *text = sdp_format(&answer);
    assert_non_null(strstr(text, "m=application 9 DTLS/SCTP 5000\r\n"));
    assert_non_null(strstr(text, "a=sctpmap:5000 webrtc-datachannel 1024\r\n"));
    assert_null(strstr(text, "a=sctp-port"));
    assert_null(strstr(text, "BUNDLE"));
    assert_non_null(strstr(text, "a=mid:data\r\n"));
    free(text);
    sdp_deinit(&answer);
    sdp_deinit(&sdp);
}

static void test_other_sections_are_rejected(void **state)
{
    (void)state;
    struct sdp sdp = parse(with_media);
    assert_int_equal(sdp.section_index, 1);
    assert_int_equal(sdp.section_count, 2);
    assert_string_equal(sdp.ufrag, "RIGHT");
    assert_string_equal(sdp.tool, "something");
    assert_int_equal(sdp.candidate_count, 0);
    struct sdp answer;
    sdp_init_answer(&answer, &sdp);
    char *text = sdp_format(&answer);
    const char *audio = strstr(text, "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n");
    const char *ours = strstr(text, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n");
    const char *video = strstr(text, "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n");
    assert_true(audio && ours && video && audio < ours && ours < video);
    assert_non_null(strstr(text, "a=group:BUNDLE 1\r\n"));
    assert_non_null(strstr(audio, "a=mid:0\r\n"));
    assert_non_null(strstr(video, "a=mid:2\r\n"));
    free(text);
    sdp_deinit(&answer);
    sdp_deinit(&sdp);
}

static void test_truncated_at_each_byte(void **state)
{
    (void)state;
    static const char *const texts[] = {chromium, firefox, legacy, with_media};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (size_t len = 0; len < strlen(texts[i]); len++) {
            struct sdp sdp;
            const char *why = NULL;
            char *cut = xstrndup(span_of(texts[i], len));
            struct guard g = guard_new(cut, len + 1);
            int error = sdp_parse((const char *)g.bytes.data, &sdp, &why);
            if (error == 0)
                sdp_deinit(&sdp);
            else
                assert_non_null(why);
            guard_free(&g);
            free(cut);
        }
    }
}

static void test_what_is_missing_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *instead;
        const char *word; /* NULL: accepted */
    } cases[] = {
        {"v=0", "v=1", "v=0"},
        {"v=0", NULL, "v=0"},
        {"m=application", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "no data channel"},
        {"m=application", "m=application 0 UDP/DTLS/SCTP webrtc-datachannel", "rejects"},
        {"m=application", "m=application 9 UDP/DTLS/SCTP something", "no data channel"},
        {"m=application", "m=application", "malformed"},
        {"a=ice-ufrag", NULL, "ice-ufrag"},
        {"a=ice-ufrag", "a=ice-ufrag:abc", "ice-ufrag"},
        {"a=ice-ufrag", "a=ice-ufrag:ab cd", "ice-ufrag"},
        {"a=ice-pwd", NULL, "ice-pwd"},
        {"a=ice-pwd", "a=ice-pwd:012345678901234567890", "ice-pwd"},
        {"a=fingerprint", NULL, "fingerprint"},
        {"a=fingerprint", "a=fingerprint:sha-1 00:11", "sha-256"},
        {"a=fingerprint", "a=fingerprint:sha-256 00:11", "malformed"},
        {"a=fingerprint", "a=fingerprint:sha-256 " FINGERPRINT ":00", "malformed"},
        {"a=fingerprint",
         "a=fingerprint:sha-1 00:11\r\na=fingerprint:sha-256 " FINGERPRINT
         "\r\na=fingerprint:sha-512 22",
         NULL},
        {"a=setup", "a=setup:holdconn", "setup"},
        {"a=setup", NULL, NULL},
        {"a=sctp-port", "a=sctp-port:0", "port"},
        {"a=sctp-port", "a=sctp-port:65536", "port"},
        {"a=sctp-port", NULL, NULL},
        {"a=mid", NULL, NULL},
        {"a=mid", "a=mid:a b", "mid"},
        {"a=group", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sdp sdp;
        const char *why = NULL;
        int error = parse_with(chromium, cases[i].line, cases[i].instead, &sdp, &why);
        if (cases[i].word) {
            assert_int_equal(error, -EINVAL);
            if (!strstr(why, cases[i].word))
                fail_msg("\"%s\" does not say \"%s\"", why, cases[i].word);
        } else {
            assert_int_equal(error, 0);
            sdp_deinit(&sdp);
        }
    }
}

static void test_limits_of_credentials(void **state)
{
    (void)state;
    struct sdp sdp;
    const char *why;
    for (int len = 255; len < 258; len++) {
        char *line = xasprintf("a=ice-ufrag:%0*d", len, 7);
        assert_int_equal(parse_with(chromium, "a=ice-ufrag", line, &sdp, &why),
                         len <= SDP_UFRAG_MAX ? 0 : -EINVAL);
        if (len <= SDP_UFRAG_MAX) {
            assert_int_equal(strlen(sdp.ufrag), len);
            sdp_deinit(&sdp);
        }
        free(line);
    }
}

static void test_max_message_size(void **state)
{
    (void)state;
    struct sdp sdp;
    const char *why;
    assert_int_equal(parse_with(chromium, "a=max-message-size", NULL, &sdp, &why), 0);
    assert_int_equal(sdp.max_message_size, 65536);
    sdp_deinit(&sdp);
    assert_int_equal(parse_with(chromium, "a=max-message-size", "a=max-message-size:0", &sdp, &why),
                     0);
    assert_int_equal(sdp.max_message_size, 0);
    sdp_deinit(&sdp);
    assert_int_equal(parse_with(chromium, "a=max-message-size",
                                "a=max-message-size:18446744073709551616", &sdp, &why),
                     0);
    assert_true(sdp.max_message_size == UINT32_MAX);
    sdp_deinit(&sdp);
}

static void test_pacing(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        unsigned ms;
    } cases[] = {{"a=ice-pacing:5", 5},
                 {"a=ice-pacing:0050", 50},
                 {"a=ice-pacing:", 0},
                 {"a=ice-pacing:fast", 0},
                 {"a=ice-pacing:-5", 0},
                 {"a=ice-pacing", 0},
                 {"a=ice-pacing:9999999999", UINT16_MAX}};
    struct sdp sdp = parse(chromium);
    const char *why;
    assert_int_equal(sdp.pacing_ms, 0);
    sdp_deinit(&sdp);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parse_with(chromium, "a=msid-semantic", cases[i].line, &sdp, &why), 0);
        assert_int_equal(sdp.pacing_ms, cases[i].ms);
        sdp_deinit(&sdp);
    }
    /* It stands at session level only (RFC 8839 section 5.5). */
    assert_int_equal(parse_with(chromium, "a=mid:0", "a=mid:0\r\na=ice-pacing:5", &sdp, &why), 0);
    assert_int_equal(sdp.pacing_ms, 0);
    sdp_deinit(&sdp);
}

static void test_lower_case_fingerprint(void **state)
{
    (void)state;
    struct sdp sdp;
    const char *why;
    char line[sizeof "a=fingerprint:Sha-256 " FINGERPRINT];
    snprintf(line, sizeof line, "a=fingerprint:Sha-256 %s", FINGERPRINT);
    for (char *c = line + 22; *c; c++)
        *c = *c >= 'A' && *c <= 'F' ? (char)(*c + 32) : *c;
    assert_int_equal(parse_with(chromium, "a=fingerprint", line, &sdp, &why), 0);
    assert_fingerprint(&sdp);
    sdp_deinit(&sdp);
}

static void test_caps(void **state)
{
    (void)state;
    char *text = xstrdup(chromium);
    for (int i = 0; i < SDP_CANDIDATES_MAX + 5; i++) {
        char *longer = xasprintf("%sa=candidate:%d 1 udp 1 192.168.1.5 1 typ host\r\n", text, i);
        free(text);
        text = longer;
    }
    struct sdp sdp = parse(text);
    assert_int_equal(sdp.candidate_count, SDP_CANDIDATES_MAX);
    sdp_deinit(&sdp);
    for (int i = 0; i < SDP_SECTIONS_MAX + 1; i++) {
        char *longer = xasprintf("%sm=video 9 RTP/AVP 1\r\n", text);
        free(text);
        text = longer;
    }
    const char *why;
    assert_int_equal(sdp_parse(text, &sdp, &why), -EINVAL);
    assert_non_null(strstr(why, "too many"));
    free(text);
    /* A line that is too long for a candidate is no candidate. */
    char *line = xasprintf("a=candidate:%0600d", 7);
    assert_int_equal(parse_with(chromium, "a=candidate", line, &sdp, &why), 0);
    assert_int_equal(sdp.candidate_count, 0);
    sdp_deinit(&sdp);
    free(line);
}

/* One that cannot be whole is none. */
static void test_promise(void **state)
{
    (void)state;
    const char *why = NULL;
    struct sdp sdp;
    char *longest = xasprintf("a=tunnel-agree:%0*d", SDP_PROMISE_MAX, 7);
    char *too_long = xasprintf("a=tunnel-agree:%0*d", SDP_PROMISE_MAX + 1, 7);
    const struct {
        const char *line;
        const char *expected;
    } cases[] = {
        {"a=tunnel-agree:{\"version\":1}", "{\"version\":1}"},
        {"a=tunnel-agree:", ""},
        {"a=tunnel-agree:{\"version\": 1}", ""},
        {longest, strchr(longest, ':') + 1},
        {too_long, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parse_with(chromium, "a=group", cases[i].line, &sdp, &why), 0);
        assert_string_equal(sdp.promise, cases[i].expected);
        sdp_deinit(&sdp);
    }
    free(longest);
    free(too_long);
}

static void test_formats_what_it_parses(void **state)
{
    (void)state;
    struct sdp offer;
    sdp_init_offer(&offer);
    snprintf(offer.ufrag, sizeof offer.ufrag, "abcd");
    snprintf(offer.pwd, sizeof offer.pwd, "0123456789012345678901");
    snprintf(offer.tool, sizeof offer.tool, "tunnel-provider");
    snprintf(offer.promise, sizeof offer.promise, "{\"version\":1}");
    for (size_t i = 0; i < CERT_FINGERPRINT_LEN; i++)
        offer.fingerprint[i] = (uint8_t)(i % 16 * 0x11);
    assert_true(sdp_add_candidate(&offer, "candidate:1 1 udp 1 192.168.1.5 1 typ host"));
    offer.end_of_candidates = true;
    char *text = sdp_format(&offer);
    assert_non_null(strstr(text, "a=fingerprint:sha-256 " FINGERPRINT "\r\n"));
    assert_non_null(strstr(text, "a=group:BUNDLE 0\r\n"));
    struct sdp back = parse(text);
    assert_true(back.session_id == offer.session_id);
    assert_string_equal(back.ufrag, offer.ufrag);
    assert_string_equal(back.pwd, offer.pwd);
    assert_string_equal(back.tool, offer.tool);
    assert_string_equal(back.promise, offer.promise);
    assert_string_equal(back.mid, "0");
    assert_fingerprint(&back);
    assert_int_equal(back.setup, SDP_ACTPASS);
    assert_int_equal(back.sctp_port, SDP_SCTP_PORT);
    assert_int_equal(back.max_message_size, PEER_MESSAGE_MAX);
    assert_true(back.is_bundle);
    assert_true(back.end_of_candidates);
    assert_int_equal(back.candidate_count, 1);
    free(text);
    sdp_deinit(&back);
    sdp_deinit(&offer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chromium),
        cmocka_unit_test(test_firefox),
        cmocka_unit_test(test_legacy),
        cmocka_unit_test(test_other_sections_are_rejected),
        cmocka_unit_test(test_truncated_at_each_byte),
        cmocka_unit_test(test_what_is_missing_is_said),
        cmocka_unit_test(test_limits_of_credentials),
        cmocka_unit_test(test_max_message_size),
        cmocka_unit_test(test_pacing),
        cmocka_unit_test(test_lower_case_fingerprint),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_promise),
        cmocka_unit_test(test_formats_what_it_parses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
