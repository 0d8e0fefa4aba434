#include "testing.h"

#include <errno.h>
#include <stdlib.h>

#include "rtc/candidate.h"

static const char chromium_json[] =
    "{\"candidate\":\"candidate:842163049 1 udp 1677729535 203.0.113.9 51820 typ srflx\","
    "\"sdpMid\":\"0\",\"sdpMLineIndex\":0,\"usernameFragment\":\"EEtu\"}";

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
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_truncated_at_each_byte),
        cmocka_unit_test(test_json_end_of_candidates),
        cmocka_unit_test(test_json_malformed),
        cmocka_unit_test(test_json_encodes_what_it_decodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
