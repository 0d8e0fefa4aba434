#include "testing.h"

#include <errno.h>
#include <stdlib.h>

#include "rtc/candidate.h"

static const char chromium[] = "candidate:842163049 1 udp 1677729535 203.0.113.9 51820 typ srflx "
                               "raddr 192.168.1.5 rport 40112 "
                               "generation 0 ufrag EEtu network-id 1 network-cost 10";
static const char chromium_json[] =
    "{\"candidate\":\"candidate:842163049 1 udp 1677729535 203.0.113.9 51820 typ srflx\","
    "\"sdpMid\":\"0\",\"sdpMLineIndex\":0,\"usernameFragment\":\"EEtu\"}";

static void test_parses_a_browsers(void **state)
{
    (void)state;
    struct candidate c;
    struct guard g = guard_new(chromium, strlen(chromium));
    assert_int_equal(candidate_parse(g.bytes, &c), 0);
    assert_true(span_is_string(c.foundation, "842163049"));
    assert_int_equal(c.component, 1);
    assert_true(span_is_string(c.transport, "udp"));
    assert_int_equal(c.priority, 1677729535);
    assert_true(span_is_string(c.address, "203.0.113.9"));
    assert_int_equal(c.port, 51820);
    assert_int_equal(c.type, CANDIDATE_SRFLX);
    assert_string_equal(candidate_type_name(c.type), "srflx");
    assert_true(candidate_is_usable(&c));
    guard_free(&g);
}

static void test_truncated_at_each_byte(void **state)
{
    (void)state;
    size_t whole = (size_t)(strstr(chromium, "srflx") - chromium) + 5;
    for (size_t len = 0; len < strlen(chromium); len++) {
        struct candidate c;
        struct guard g = guard_new(chromium, len);
        assert_int_equal(candidate_parse(g.bytes, &c), len >= whole ? 0 : -EINVAL);
        guard_free(&g);
    }
}

static void test_usable(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_candidate;
        bool is_usable;
    } cases[] = {
        {"a=candidate:1 1 UDP 1 192.168.1.5 1 typ host", true, true},
        {"candidate:1 1 udp 1 2001:db8::1 65535 typ host", true, true},
        {"candidate:1 1 udp 1 10.0.0.1 5 typ relay raddr 0.0.0.0 rport 0", true, true},
        {"candidate:1 1 udp 1 127.0.0.1 5 typ host", true, true},
        {"candidate:1 1 udp 1 0b1c-22.local 5 typ host", true, false},
        {"candidate:1 1 udp 1 0.0.0.0 5 typ host", true, false},
        {"candidate:1 1 udp 1 :: 5 typ host", true, false},
        {"candidate:1 1 udp 1 fe80::1 5 typ host", true, false},
        {"candidate:1 1 udp 1 fe80::1%eth0 5 typ host", true, false},
        {"candidate:1 1 udp 1 192.168.1.5 0 typ host", true, false},
        {"candidate:1 2 udp 1 192.168.1.5 5 typ host", true, false},
        {"candidate:1 1 tcp 1 192.168.1.5 9 typ host tcptype active", true, false},
        {"candidate:1 1 udp 1 192.168.1.5 65536 typ host", false, false},
        {"candidate:1 1 udp 4294967296 192.168.1.5 5 typ host", false, false},
        {"candidate:1 1 udp -1 192.168.1.5 5 typ host", false, false},
        {"candidate:1 1 udp 1 192.168.1.5 5 type host", false, false},
        {"candidate:1 1 udp 1 192.168.1.5 5 typ guest", false, false},
        {"candidate: 1 udp 1 192.168.1.5 5 typ host", false, false},
        {"candidate:", false, false},
        {"end-of-candidates", false, false},
        {"", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct candidate c;
        int error = candidate_parse(span_from_string(cases[i].text), &c);
        if ((error == 0) != cases[i].is_candidate)
            fail_msg("%s", cases[i].text);
        if (error == 0 && candidate_is_usable(&c) != cases[i].is_usable)
            fail_msg("%s", cases[i].text);
    }
}

static void test_too_long(void **state)
{
    (void)state;
    char text[CANDIDATE_LEN_MAX + 2];
    struct candidate c;
    memset(text, 'x', sizeof text);
    memcpy(text, "candidate:1 1 udp 1 192.168.1.5 5 typ host ", 43);
    assert_int_equal(candidate_parse(span_of(text, CANDIDATE_LEN_MAX), &c), 0);
    assert_int_equal(candidate_parse(span_of(text, CANDIDATE_LEN_MAX + 1), &c), -EINVAL);
}

static void test_json(void **state)
{
    (void)state;
    char *candidate;
    char *ufrag;
    struct guard g = guard_new(chromium_json, strlen(chromium_json));
    assert_int_equal(candidate_json_decode(g.bytes, &candidate, &ufrag), 0);
    assert_string_equal(candidate,
                        "candidate:842163049 1 udp 1677729535 203.0.113.9 51820 typ srflx");
    assert_string_equal(ufrag, "EEtu");
    free(candidate);
    free(ufrag);
    guard_free(&g);
}

static void test_json_truncated_at_each_byte(void **state)
{
    (void)state;
    for (size_t len = 0; len < strlen(chromium_json); len++) {
        char *candidate;
        char *ufrag;
        struct guard g = guard_new(chromium_json, len);
        assert_int_equal(candidate_json_decode(g.bytes, &candidate, &ufrag), -EINVAL);
        assert_null(candidate);
        assert_null(ufrag);
        guard_free(&g);
    }
}

static void test_json_end_of_candidates(void **state)
{
    (void)state;
    static const char *const ends[] = {
        "null",
        "{}",
        "{\"candidate\":null}",
        "{\"candidate\":\"\"}",
        "{\"candidate\":\"\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0,\"usernameFragment\":null}",
        " {\"candidate\":\"\",\"later\":[1,2,{}]} ",
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char *candidate;
        char *ufrag;
        assert_int_equal(candidate_json_decode(span_from_string(ends[i]), &candidate, &ufrag), 0);
        assert_null(candidate);
        assert_null(ufrag);
    }
}

static void test_json_malformed(void **state)
{
    (void)state;
    static const char *const malformed[] = {"[]",
                                            "7",
                                            "\"candidate:…\"",
                                            "{\"candidate\":7}",
                                            "{\"candidate\":[]}",
                                            "{\"candidate\":\"\\u0000\"}",
                                            "{",
                                            "",
                                            "{} {}"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        char *candidate;
        char *ufrag;
        if (candidate_json_decode(span_from_string(malformed[i]), &candidate, &ufrag) != -EINVAL)
            fail_msg("%s", malformed[i]);
    }
}

static void test_json_encodes_what_it_decodes(void **state)
{
    (void)state;
    char *json =
        candidate_json_encode("candidate:1 1 udp 1 192.168.1.5 5 typ host", "data", 2, "uf");
    assert_string_equal(json,
                        "{\"candidate\":\"candidate:1 1 udp 1 192.168.1.5 5 typ host\","
                        "\"sdpMid\":\"data\",\"sdpMLineIndex\":2,\"usernameFragment\":\"uf\"}");
    char *candidate;
    char *ufrag;
    assert_int_equal(candidate_json_decode(span_from_string(json), &candidate, &ufrag), 0);
    assert_string_equal(candidate, "candidate:1 1 udp 1 192.168.1.5 5 typ host");
    assert_string_equal(ufrag, "uf");
    free(json);
    free(candidate);
    free(ufrag);
    json = candidate_json_encode("", "", 0, "uf");
    assert_string_equal(
        json,
        "{\"candidate\":\"\",\"sdpMid\":null,\"sdpMLineIndex\":0,\"usernameFragment\":\"uf\"}");
    free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parses_a_browsers),
        cmocka_unit_test(test_truncated_at_each_byte),
        cmocka_unit_test(test_usable),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_truncated_at_each_byte),
        cmocka_unit_test(test_json_end_of_candidates),
        cmocka_unit_test(test_json_malformed),
        cmocka_unit_test(test_json_encodes_what_it_decodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
