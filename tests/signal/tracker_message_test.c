/*
 * What is said to a tracker, to the letter, and what is understood of it.
 */
#include "signal/tracker_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "testing.h"

/* All of one byte, but for the last. */
static const uint8_t *id_of(uint8_t byte, uint8_t last, uint8_t out[TRACKER_ID_LEN])
{
    memset(out, byte, TRACKER_ID_LEN);
    out[TRACKER_ID_LEN - 1] = last;
    return out;
}

#define NINETEEN_A "aaaaaaaaaaaaaaaaaaa"
#define NINETEEN_B "bbbbbbbbbbbbbbbbbbb"
#define NINETEEN_C "ccccccccccccccccccc"

static void test_announce(void **state)
{
    (void)state;
    uint8_t hash[TRACKER_ID_LEN], peer[TRACKER_ID_LEN];
    struct tracker_announce announce = {.info_hash = id_of('a', 0xff, hash),
                                        .peer_id = id_of('b', 0, peer),
                                        .event = TRACKER_STARTED,
                                        .is_provider = true};
    char *text = tracker_announce_encode(&announce);
    assert_string_equal(text, "{\"action\":\"announce\",\"info_hash\":\"" NINETEEN_A
                              "\xc3\xbf\",\"peer_id\":\"" NINETEEN_B
                              "\\u0000\",\"uploaded\":0,\"downloaded\":0,\"left\":0,"
                              "\"event\":\"started\",\"numwant\":0,\"offers\":[]}");
    free(text);
    announce = (struct tracker_announce){.info_hash = hash, .peer_id = hash};
    text = tracker_announce_encode(&announce);
    assert_null(strstr(text, "event"));
    assert_non_null(strstr(text, "\"left\":1,"));
    free(text);
}

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;
    for (; (text = strstr(text, what)) != NULL; text++)
        count++;
    return count;
}

/* As many as trackers pass on, and as fit; and one in any case. */
static void test_offers(void **state)
{
    (void)state;
    static const struct {
        size_t len, offers;
    } cases[] = {{10, 10}, {1370, 10}, {1500, 9}, {5000, 2}, {15000, 1}, {80000, 1}};
    uint8_t id[TRACKER_ID_LEN];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *sdp = calloc(1, cases[i].len + 1);
        memset(sdp, 'x', cases[i].len);
        struct tracker_announce announce = {.info_hash = id_of(0xfe, 0xff, id),
                                            .peer_id = id,
                                            .sdp = sdp};
        char *text = tracker_announce_encode(&announce);
        assert_int_equal(count_of(text, "offer_id"), cases[i].offers);
        if (cases[i].len < 16000)
            assert_true(strlen(text) <= 16384);
        free(text);
        free(sdp);
    }
}

static void test_answer(void **state)
{
    (void)state;
    uint8_t a[TRACKER_ID_LEN], b[TRACKER_ID_LEN], c[TRACKER_ID_LEN], d[TRACKER_ID_LEN];
    const struct tracker_answer answer = {
        .info_hash = id_of('a', 'a', a),
        .peer_id = id_of('b', 'b', b),
        .to_peer_id = id_of('c', 'c', c),
        .offer_id = id_of('d', 'd', d),
        .sdp = "s",
    };
    char *text = tracker_answer_encode(&answer);
    assert_string_equal(
        text, "{\"action\":\"announce\",\"info_hash\":\"" NINETEEN_A "a\",\"peer_id\":\"" NINETEEN_B
              "b\",\"uploaded\":0,\"downloaded\":0,\"left\":1,\"to_peer_id\":\"" NINETEEN_C
              "c\",\"offer_id\":\"dddddddddddddddddddd\","
              "\"answer\":{\"type\":\"answer\",\"sdp\":\"s\"}}");
    free(text);
}

#define HASH "\"info_hash\":\"" NINETEEN_A "a\""
#define IDS  "\"peer_id\":\"" NINETEEN_B "\xc2\x80\",\"offer_id\":\"" NINETEEN_C "\\u0000\""

static int decode(const char *json, struct tracker_message *out)
{
    uint8_t hash[TRACKER_ID_LEN];
    return tracker_message_decode(span_from_string(json), id_of('a', 'a', hash), out);
}

static void test_understood(void **state)
{
    (void)state;
    struct tracker_message m;
    assert_int_equal(decode("{\"action\":\"announce\"," HASH ",\"complete\":2,\"incomplete\":7,"
                            "\"interval\":120}",
                            &m),
                     0);
    assert_int_equal(m.type, TRACKER_RESPONSE);
    assert_int_equal(m.interval_s, 120);
    assert_int_equal(m.providers, 2);
    assert_int_equal(decode("{\"action\":\"announce\"," HASH "," IDS
                            ",\"offer\":{\"type\":\"offer\",\"sdp\":\"x1.a\"}}",
                            &m),
                     0);
    assert_int_equal(m.type, TRACKER_OFFER);
    assert_string_equal(m.sdp, "x1.a");
    assert_int_equal(m.peer_id[TRACKER_ID_LEN - 1], 0x80);
    assert_int_equal(m.offer_id[TRACKER_ID_LEN - 1], 0);
    tracker_message_deinit(&m);
    assert_int_equal(decode("{\"action\":\"announce\"," HASH "," IDS ",\"answer\":{\"sdp\":\"\"}}",
                            &m),
                     0);
    assert_int_equal(m.type, TRACKER_ANSWER);
    tracker_message_deinit(&m);
    assert_int_equal(decode("{\"failure reason\":\"no\"}", &m), 0);
    assert_int_equal(m.type, TRACKER_FAILURE);
    assert_string_equal(m.text, "no");
    tracker_message_deinit(&m);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        int error;
    } cases[] = {
        {"", -EBADMSG},
        {"[]", -EBADMSG},
        {"{\"action\":\"announce\"", -EBADMSG},
        {"{}", -EPROTO},
        {"{\"action\":\"announce\",\"complete\":1}", -EPROTO},
        {"{\"action\":\"scrape\"," HASH "}", -EPROTO},
        {"{\"action\":\"announce\",\"info_hash\":\"" NINETEEN_A "\",\"complete\":1}", -EPROTO},
        {"{\"action\":\"announce\",\"info_hash\":\"" NINETEEN_A "b\",\"complete\":1}", -EPROTO},
        {"{\"action\":\"announce\"," HASH "}", -EPROTO},
        {"{\"action\":\"announce\"," HASH "," IDS ",\"offer\":{}}", -EINVAL},
        {"{\"action\":\"announce\"," HASH "," IDS ",\"offer\":{\"sdp\":\"a\\u0000\"}}", -EINVAL},
        {"{\"action\":\"announce\"," HASH ",\"offer\":{\"sdp\":\"a\"}}", -EINVAL},
        {"{\"action\":\"announce\"," HASH ",\"peer_id\":\"" NINETEEN_A
         "\xc4\x80\",\"offer_id\":\"" NINETEEN_A "a\",\"offer\":{\"sdp\":\"a\"}}",
         -EINVAL},
        {"{\"action\":\"announce\"," HASH ",\"peer_id\":\"" NINETEEN_A
         "aa\",\"offer_id\":\"" NINETEEN_A "a\",\"offer\":{\"sdp\":\"a\"}}",
         -EINVAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tracker_message m;
        if (decode(cases[i].json, &m) != cases[i].error)
            fail_msg("%s", cases[i].json);
        assert_null(m.sdp);
        assert_null(m.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_announce), cmocka_unit_test(test_offers),
        cmocka_unit_test(test_answer),   cmocka_unit_test(test_understood),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
