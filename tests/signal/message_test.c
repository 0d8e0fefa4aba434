/*
 * The codec of signalling messages: whole, every prefix, and flush against a
 * guard page.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "signal/message.h"

static int decode(const char *json, struct signal_message *out)
{
    struct guard g = guard_new(json, strlen(json));
    int error = signal_message_decode(g.bytes, out);
    guard_free(&g);
    return error;
}

static void check_string(const char *actual, const char *expected)
{
    if (!expected)
        assert_null(actual);
    else
        assert_string_equal(actual, expected);
}

static void check(const char *json, const struct signal_message *expected)
{
    struct signal_message m;
    assert_int_equal(decode(json, &m), 0);
    assert_int_equal(m.type, expected->type);
    check_string(m.room, expected->room);
    check_string(m.peer_id, expected->peer_id);
    check_string(m.sdp, expected->sdp);
    check_string(m.candidate, expected->candidate);
    check_string(m.text, expected->text);
    check_string(m.key, expected->key);
    assert_int_equal(m.code, expected->code);
    assert_int_equal(m.peer_count, expected->peer_count);
    for (size_t i = 0; i < m.peer_count; i++)
        assert_string_equal(m.peers[i], expected->peers[i]);
    assert_int_equal(m.is_resumed, expected->is_resumed);
    assert_int_equal(m.is_shared, expected->is_shared);
    assert_int_equal(m.was_first, expected->was_first);
    assert_int_equal(m.takes_relay, expected->takes_relay);
    assert_int_equal(m.relay_rate, expected->relay_rate);
    assert_int_equal(m.job, expected->job);
    check_string(m.to, expected->to);
    signal_message_deinit(&m);
    assert_null(m.room);
    signal_message_deinit(&m); /* twice is harmless */
}

#define M(...) (&(struct signal_message){__VA_ARGS__})

static void test_decode(void **state)
{
    (void)state;
    check("{\"type\":\"join\",\"room\":\"blue\"}", M(.type = SIGNAL_JOIN, .room = "blue"));
    check(" {\"room\" : \"\\u00e9\\ud83d\\ude00\", \"x\": [1,{}], \"type\":\"join\"} \n",
          M(.type = SIGNAL_JOIN, .room = "\xc3\xa9\xf0\x9f\x98\x80"));
    check("{\"type\":\"join\",\"room\":\"blue\",\"key\":\"k\"}",
          M(.type = SIGNAL_JOIN, .room = "blue", .key = "k"));
    static const char *const no_keys[] = {"7", "null", "\"\"", "\"a\\u0000b\"",
                                          "\"12345678901234567890123456789012"
                                          "345678901234567890123456789012345\""};
    for (size_t i = 0; i < sizeof no_keys / sizeof *no_keys; i++) {
        char json[160];
        snprintf(json, sizeof json, "{\"type\":\"join\",\"room\":\"r\",\"key\":%s}", no_keys[i]);
        check(json, M(.type = SIGNAL_JOIN, .room = "r"));
    }
    check("{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n\"}", M(.type = SIGNAL_OFFER, .sdp = "v=0\r\n"));
    check("{\"type\":\"offer\",\"sdp\":\"\",\"peerId\":\"p\"}",
          M(.type = SIGNAL_OFFER, .sdp = "", .peer_id = "p"));
    check("{\"type\":\"answer\",\"sdp\":\"s\"}", M(.type = SIGNAL_ANSWER, .sdp = "s"));
    check("{\"type\":\"candidate\",\"candidate\":\"null\"}",
          M(.type = SIGNAL_CANDIDATE, .candidate = "null"));
    check("{\"type\":\"bye\"}", M(.type = SIGNAL_BYE));
    check("{\"type\":\"bye\",\"room\":7,\"sdp\":null}", M(.type = SIGNAL_BYE));
    /* The last of two members of one name counts. */
    check("{\"type\":\"offer\",\"type\":\"bye\"}", M(.type = SIGNAL_BYE));
    /* U+0000 where nobody looks. */
    check("{\"type\":\"bye\",\"other\":\"a\\u0000b\"}", M(.type = SIGNAL_BYE));
}

static void test_decode_of_server(void **state)
{
    (void)state;
    check("{\"type\":\"joined\",\"peerId\":\"a\",\"peers\":[],\"resumed\":true}",
          M(.type = SIGNAL_JOINED, .peer_id = "a", .is_resumed = true));
    check("{\"type\":\"joined\",\"peerId\":\"a\",\"peers\":[],\"resumed\":1}",
          M(.type = SIGNAL_JOINED, .peer_id = "a"));
    check("{\"type\":\"joined\",\"peerId\":\"a\",\"peers\":[]}",
          M(.type = SIGNAL_JOINED, .peer_id = "a"));
    check("{\"type\":\"joined\",\"peerId\":\"a\",\"peers\":[\"b\",7]}",
          M(.type = SIGNAL_JOINED, .peer_id = "a", .peers = (char *[]){"b", ""}, .peer_count = 2));
    check("{\"type\":\"peer-joined\",\"peerId\":\"b\"}",
          M(.type = SIGNAL_PEER_JOINED, .peer_id = "b"));
    check("{\"type\":\"peer-left\",\"peerId\":\"b\"}", M(.type = SIGNAL_PEER_LEFT, .peer_id = "b"));
    check("{\"type\":\"error\",\"message\":\"no\"}", M(.type = SIGNAL_ERROR, .text = "no"));
    check("{\"type\":\"error\",\"message\":\"no\",\"code\":\"not-joined\"}",
          M(.type = SIGNAL_ERROR, .text = "no", .code = SIGNAL_CODE_NOT_JOINED));
    /* Of an old server, and of one that knows better than its words. */
    check("{\"type\":\"error\",\"message\":\"Room full\"}",
          M(.type = SIGNAL_ERROR, .text = "Room full", .code = SIGNAL_CODE_ROOM_FULL));
    check("{\"type\":\"error\",\"message\":\"full\",\"code\":\"something new\"}",
          M(.type = SIGNAL_ERROR, .text = "full"));
    check("{\"type\":\"error\",\"message\":\"full\",\"code\":7}",
          M(.type = SIGNAL_ERROR, .text = "full"));
}

static void check_error(const char *json, int error)
{
    struct signal_message m;
    int actual = decode(json, &m);
    if (actual != error)
        fail_msg("%s: %d, not %d", json, actual, error);
    assert_null(m.room);
    assert_null(m.sdp);
}

static void test_decode_no_object(void **state)
{
    (void)state;
    const char *no_object[] = {"",
                               " ",
                               "{",
                               "[]",
                               "[{\"type\":\"bye\"}]",
                               "null",
                               "\"bye\"",
                               "7",
                               "{}x",
                               "{\"type\":\"bye\"}{}",
                               "{'type':'bye'}",
                               "{\"type\":\"bye\",}",
                               "\xef\xbb\xbf{}",
                               "{\"type\":\"b\xff\"}",
                               "{\"type\":\"\\ud800\"}",
                               "{\"a\":01}"};
    for (size_t i = 0; i < sizeof no_object / sizeof *no_object; i++)
        check_error(no_object[i], -EBADMSG);
}

static void test_decode_errors(void **state)
{
    (void)state;
    check_error("{}", -EPROTO);
    check_error("{\"type\":\"dance\"}", -EPROTO);
    check_error("{\"type\":\"Join\",\"room\":\"r\"}", -EPROTO);
    check_error("{\"type\":7}", -EPROTO);
    check_error("{\"type\":\"join\\u0000x\",\"room\":\"r\"}", -EPROTO);
    check_error("{\"type\":null}", -EPROTO);
    check_error("{\"type\":\"join\"}", -EINVAL);
    check_error("{\"type\":\"join\",\"room\":7}", -EINVAL);
    check_error("{\"type\":\"join\",\"room\":\"\"}", -EINVAL);
    check_error("{\"type\":\"join\",\"room\":\"a\\u0000b\"}", -EINVAL);
    check_error("{\"type\":\"joined\",\"peers\":[]}", -EINVAL);
    check_error("{\"type\":\"joined\",\"peerId\":\"a\"}", -EINVAL);
    check_error("{\"type\":\"joined\",\"peerId\":\"a\",\"peers\":{}}", -EINVAL);
    check_error("{\"type\":\"peer-joined\"}", -EINVAL);
    check_error("{\"type\":\"offer\"}", -EINVAL);
    check_error("{\"type\":\"offer\",\"sdp\":{}}", -EINVAL);
    check_error("{\"type\":\"offer\",\"sdp\":\"s\",\"peerId\":1}", -EINVAL);
    check_error("{\"type\":\"answer\",\"sdp\":\"\\u0000\"}", -EINVAL);
    check_error("{\"type\":\"candidate\",\"candidate\":{\"candidate\":\"\"}}", -EINVAL);
    check_error("{\"type\":\"peer-left\",\"peerId\":\"\\u0000\"}", -EINVAL);
    check_error("{\"type\":\"error\"}", -EINVAL);
    struct signal_message m;
    assert_int_equal(decode("{\"type\":\"candidate\"}", &m), -EINVAL);
    assert_int_equal(m.type, SIGNAL_CANDIDATE); /* for the words of the refusal */
}

static void check_room_len(size_t len, int error)
{
    char json[SIGNAL_ROOM_MAX + 100];
    char room[SIGNAL_ROOM_MAX + 10] = {0};
    memset(room, 'r', len);
    snprintf(json, sizeof json, "{\"type\":\"join\",\"room\":\"%s\"}", room);
    struct signal_message m;
    assert_int_equal(decode(json, &m), error);
    signal_message_deinit(&m);
}

static void test_room_name_length(void **state)
{
    (void)state;
    check_room_len(1, 0);
    check_room_len(SIGNAL_ROOM_MAX, 0);
    check_room_len(SIGNAL_ROOM_MAX + 1, -EINVAL);
}

static void test_peer_id_length(void **state)
{
    (void)state;
    for (size_t len = SIGNAL_PEER_ID_MAX; len <= SIGNAL_PEER_ID_MAX + 1; len++) {
        char json[SIGNAL_PEER_ID_MAX + 100];
        char id[SIGNAL_PEER_ID_MAX + 10] = {0};
        memset(id, 'i', len);
        snprintf(json, sizeof json, "{\"type\":\"peer-left\",\"peerId\":\"%s\"}", id);
        struct signal_message m;
        assert_int_equal(decode(json, &m), len > SIGNAL_PEER_ID_MAX ? -EINVAL : 0);
        signal_message_deinit(&m);
    }
}

/* No prefix is a message, and none is read beyond its end. */
static void test_prefixes(void **state)
{
    (void)state;
    const char *json =
        "{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n\\u20ac\",\"peerId\":\"p\",\"x\":[1]}";
    for (size_t len = 0; len < strlen(json); len++) {
        struct guard g = guard_new(json, len);
        struct signal_message m;
        assert_int_equal(signal_message_decode(g.bytes, &m), -EBADMSG);
        guard_free(&g);
    }
}

static void test_deep_nesting(void **state)
{
    (void)state;
    static char json[SIGNAL_MESSAGE_MAX + 1];
    memset(json, '[', SIGNAL_MESSAGE_MAX);
    check_error(json, -EBADMSG);
    for (size_t i = 0; i + 5 <= SIGNAL_MESSAGE_MAX; i += 5)
        memcpy(json + i, "{\"a\":", 5);
    check_error(json, -EBADMSG);
}

static void check_encode(const struct signal_message *message, const char *expected)
{
    char *json = signal_message_encode(message);
    assert_string_equal(json, expected);
    struct signal_message back;
    assert_int_equal(decode(json, &back), 0);
    assert_int_equal(back.type, message->type);
    char *again = signal_message_encode(&back);
    assert_string_equal(again, json);
    signal_message_deinit(&back);
    free(again);
    free(json);
}

static void test_encode(void **state)
{
    (void)state;
    char *peers[] = {"a", "b"};
    check_encode(M(.type = SIGNAL_JOIN, .room = "b\"l\\ue \xe2\x82\xac"),
                 "{\"type\":\"join\",\"room\":\"b\\\"l\\\\ue \xe2\x82\xac\"}");
    check_encode(M(.type = SIGNAL_JOINED, .peer_id = "c", .peers = peers, .peer_count = 2),
                 "{\"type\":\"joined\",\"peerId\":\"c\",\"peers\":[\"a\",\"b\"]}");
    check_encode(M(.type = SIGNAL_JOIN, .room = "r", .key = "k"),
                 "{\"type\":\"join\",\"key\":\"k\",\"room\":\"r\"}");
    check_encode(M(.type = SIGNAL_JOINED, .peer_id = "c", .is_resumed = true),
                 "{\"type\":\"joined\",\"peerId\":\"c\",\"peers\":[],\"resumed\":true}");
    check_encode(M(.type = SIGNAL_JOINED, .peer_id = "c"),
                 "{\"type\":\"joined\",\"peerId\":\"c\",\"peers\":[]}");
    check_encode(M(.type = SIGNAL_PEER_JOINED, .peer_id = "c"),
                 "{\"type\":\"peer-joined\",\"peerId\":\"c\"}");
    check_encode(M(.type = SIGNAL_OFFER, .sdp = "v=0\r\n"),
                 "{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n\"}");
    check_encode(M(.type = SIGNAL_OFFER, .sdp = "v=0\r\n", .peer_id = "p"),
                 "{\"type\":\"offer\",\"peerId\":\"p\",\"sdp\":\"v=0\\r\\n\"}");
    check_encode(M(.type = SIGNAL_ANSWER, .sdp = ""), "{\"type\":\"answer\",\"sdp\":\"\"}");
    check_encode(M(.type = SIGNAL_CANDIDATE, .candidate = "{\"candidate\":\"\"}"),
                 "{\"type\":\"candidate\",\"candidate\":\"{\\\"candidate\\\":\\\"\\\"}\"}");
    check_encode(M(.type = SIGNAL_BYE), "{\"type\":\"bye\"}");
    check_encode(M(.type = SIGNAL_PEER_LEFT, .peer_id = "c"),
                 "{\"type\":\"peer-left\",\"peerId\":\"c\"}");
    check_encode(M(.type = SIGNAL_ERROR, .text = "no"), "{\"type\":\"error\",\"message\":\"no\"}");
    check_encode(M(.type = SIGNAL_ERROR, .text = "no", .code = SIGNAL_CODE_ROOM_FULL),
                 "{\"type\":\"error\",\"code\":\"room-full\",\"message\":\"no\"}");
}

static void test_shared(void **state)
{
    (void)state;
    check_encode(M(.type = SIGNAL_JOIN, .room = "r", .job = SIGNAL_JOB_PROVIDER),
                 "{\"type\":\"join\",\"job\":\"provider\",\"room\":\"r\"}");
    check("{\"type\":\"join\",\"room\":\"r\",\"job\":\"consumer\"}",
          M(.type = SIGNAL_JOIN, .room = "r", .job = SIGNAL_JOB_CONSUMER));
    check("{\"type\":\"join\",\"room\":\"r\",\"job\":\"cook\"}",
          M(.type = SIGNAL_JOIN, .room = "r"));
    check("{\"type\":\"join\",\"room\":\"r\",\"job\":1}", M(.type = SIGNAL_JOIN, .room = "r"));
    check_encode(M(.type = SIGNAL_JOINED, .peer_id = "c", .is_shared = true),
                 "{\"type\":\"joined\",\"peerId\":\"c\",\"peers\":[],\"shared\":true}");
    check("{\"type\":\"joined\",\"peerId\":\"a\",\"peers\":[],\"shared\":true}",
          M(.type = SIGNAL_JOINED, .peer_id = "a", .is_shared = true));
    check_encode(M(.type = SIGNAL_PEER_JOINED, .peer_id = "c", .was_first = true),
                 "{\"type\":\"peer-joined\",\"peerId\":\"c\",\"first\":true}");
    check("{\"type\":\"peer-joined\",\"peerId\":\"c\",\"first\":true}",
          M(.type = SIGNAL_PEER_JOINED, .peer_id = "c", .was_first = true));
    check_encode(M(.type = SIGNAL_OFFER, .to = "c", .sdp = "s"),
                 "{\"type\":\"offer\",\"to\":\"c\",\"sdp\":\"s\"}");
    check("{\"type\":\"candidate\",\"to\":\"c\",\"candidate\":\"s\"}",
          M(.type = SIGNAL_CANDIDATE, .to = "c", .candidate = "s"));
    check("{\"type\":\"answer\",\"to\":7,\"sdp\":\"s\"}", M(.type = SIGNAL_ANSWER, .sdp = "s"));
    check("{\"type\":\"misfit\",\"to\":\"c\"}", M(.type = SIGNAL_MISFIT, .to = "c"));
    check_encode(M(.type = SIGNAL_MISFIT, .to = "c"), "{\"type\":\"misfit\",\"to\":\"c\"}");
}

static void test_type_names(void **state)
{
    (void)state;
    assert_string_equal(signal_type_name(SIGNAL_JOIN), "join");
    assert_string_equal(signal_type_name(SIGNAL_PEER_LEFT), "peer-left");
}

static void test_relay(void **state)
{
    (void)state;
    check_encode(M(.type = SIGNAL_JOIN, .room = "r", .takes_relay = true),
                 "{\"type\":\"join\",\"relay\":true,\"room\":\"r\"}");
    check("{\"type\":\"join\",\"room\":\"r\",\"relay\":true}",
          M(.type = SIGNAL_JOIN, .room = "r", .takes_relay = true));
    check("{\"type\":\"join\",\"room\":\"r\",\"relay\":1}", M(.type = SIGNAL_JOIN, .room = "r"));
    check_encode(M(.type = SIGNAL_JOINED, .peer_id = "c", .relay_rate = 20000000),
                 "{\"type\":\"joined\",\"peerId\":\"c\",\"peers\":[],\"relay\":20000000}");
    check("{\"type\":\"joined\",\"peerId\":\"a\",\"peers\":[],\"relay\":20000000}",
          M(.type = SIGNAL_JOINED, .peer_id = "a", .relay_rate = 20000000));
    static const char *const none[] = {"true", "0", "-1", "\"20000000\"", "1.5"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        char json[128];
        snprintf(json, sizeof json,
                 "{\"type\":\"joined\",\"peerId\":\"a\",\"peers\":[],\"relay\":%s}", none[i]);
        check(json, M(.type = SIGNAL_JOINED, .peer_id = "a"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),           cmocka_unit_test(test_decode_of_server),
        cmocka_unit_test(test_decode_no_object), cmocka_unit_test(test_decode_errors),
        cmocka_unit_test(test_room_name_length), cmocka_unit_test(test_peer_id_length),
        cmocka_unit_test(test_shared),           cmocka_unit_test(test_relay),
        cmocka_unit_test(test_prefixes),         cmocka_unit_test(test_deep_nesting),
        cmocka_unit_test(test_encode),           cmocka_unit_test(test_type_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
