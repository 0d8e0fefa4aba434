/*
 * The single lines of a description: missing, malformed, too long, too many,
 * and what they default to.
 */
#include "sdp_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_missing_is_said),
        cmocka_unit_test(test_limits_of_credentials),
        cmocka_unit_test(test_max_message_size),
        cmocka_unit_test(test_pacing),
        cmocka_unit_test(test_lower_case_fingerprint),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
