/*
 * Descriptions as browsers write them, whole and cut at each byte, and as we
 * write them.
 */
#include "sdp_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "rtc/peer.h"

/* As others write them, or have written them; the values are made up. */
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

/* Of one who has no groups and no mids, and has ended a section. */
static const char plain[] = "v=0\r\n"
                            "o=- 1 2 IN IP4 127.0.0.1\r\n"
                            "s=-\r\n"
                            "t=0 0\r\n"
                            "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n"
                            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                            "a=ice-ufrag:abcd\r\n"
                            "a=ice-pwd:0123456789012345678901\r\n"
                            "a=setup:active\r\n"
                            "a=fingerprint:sha-256 " FINGERPRINT "\r\n";

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

static void test_answer_adds_no_group_and_no_mid(void **state)
{
    (void)state;
    struct sdp sdp = parse(plain);
    struct sdp answer;
    sdp_init_answer(&answer, &sdp);
    char *text = sdp_format(&answer);
    const char *audio = strstr(text, "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n");
    const char *ours = strstr(text, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n");
    assert_true(audio && ours && audio < ours);
    assert_null(strstr(text, "a=group"));
    assert_null(strstr(text, "a=mid"));
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
        cmocka_unit_test(test_answer_adds_no_group_and_no_mid),
        cmocka_unit_test(test_truncated_at_each_byte),
        cmocka_unit_test(test_formats_what_it_parses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
