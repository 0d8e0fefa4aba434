#include "signal/ice_credentials.h"

#include <stdio.h>
#include <stdlib.h>

#include "testing.h"

/* The password as `openssl dgst -sha1 -hmac` has it, in base64. */
static void test_make(void **state)
{
    (void)state;
    char secret[] = "north";
    const struct ice_credentials config = {.urls = {"stun:a", "turn:b?transport=udp"},
                                           .url_count = 2,
                                           .secret = secret,
                                           .lifetime_s = 86400};
    struct signal_message joined = {.type = SIGNAL_JOINED};
    ice_credentials_make(&config, "peer", 1000000, &joined);
    assert_int_equal(joined.ice_server_count, 2);
    assert_string_equal(joined.ice_servers[0].url, "stun:a");
    assert_null(joined.ice_servers[0].user);
    assert_string_equal(joined.ice_servers[1].url, "turn:b?transport=udp");
    assert_string_equal(joined.ice_servers[1].user, "1086400:peer");
    assert_string_equal(joined.ice_servers[1].password, "koDnlBWpOqpvIRCwM1D/mxJQfP8=");
    ice_credentials_clear(&joined);
    assert_int_equal(joined.ice_server_count, 0);
}

static void decode(const char *servers, struct signal_message *out)
{
    char json[1024];
    snprintf(json, sizeof json,
             "{\"type\":\"joined\",\"peerId\":\"p\",\"peers\":[],\"iceServers\":%s}", servers);
    assert_int_equal(signal_message_decode(span_from_string(json), out), 0);
}

/* What a page may have in an RTCIceServer, and what is none. */
static void test_decode(void **state)
{
    (void)state;
    struct signal_message m;
    decode("[{\"urls\":\"stun:a\"},{\"urls\":[\"turn:b\",\"turns:c\"],\"username\":\"u\","
           "\"credential\":\"p\"}]",
           &m);
    assert_int_equal(m.ice_server_count, 3);
    assert_string_equal(m.ice_servers[0].url, "stun:a");
    assert_null(m.ice_servers[0].user);
    assert_string_equal(m.ice_servers[2].url, "turns:c");
    assert_string_equal(m.ice_servers[2].user, "u");
    assert_string_equal(m.ice_servers[2].password, "p");
    signal_message_deinit(&m);
    decode("[1,{},{\"urls\":7},{\"urls\":[7,\"stun:a\"]}]", &m);
    assert_int_equal(m.ice_server_count, 1);
    signal_message_deinit(&m);
    decode("\"x\"", &m);
    assert_int_equal(m.ice_server_count, 0);
    signal_message_deinit(&m);
    decode("[{\"urls\":[\"stun:1\",\"stun:2\",\"stun:3\",\"stun:4\",\"stun:5\"]}]", &m);
    assert_int_equal(m.ice_server_count, SIGNAL_ICE_SERVERS_MAX);
    signal_message_deinit(&m);
}

/* What is encoded is what is decoded. */
static void test_both_ways(void **state)
{
    (void)state;
    char secret[] = "north";
    const struct ice_credentials config = {.urls = {"turn:b", "stun:a"},
                                           .url_count = 2,
                                           .secret = secret,
                                           .lifetime_s = 3600};
    char id[] = "peer";
    struct signal_message joined = {.type = SIGNAL_JOINED, .peer_id = id};
    struct signal_message got;
    ice_credentials_make(&config, id, 0, &joined);
    char *text = signal_message_encode(&joined);
    assert_int_equal(signal_message_decode(span_from_string(text), &got), 0);
    assert_int_equal(got.ice_server_count, 2);
    assert_string_equal(got.ice_servers[0].password, joined.ice_servers[0].password);
    assert_null(got.ice_servers[1].password);
    assert_int_equal(got.ice_lifetime_s, 3600);
    signal_message_deinit(&got);
    ice_credentials_clear(&joined);
    free(text);
}

/* To who asks for others, in a message of its own. */
static void test_asked_for(void **state)
{
    (void)state;
    char secret[] = "north";
    const struct ice_credentials config = {.urls = {"turn:b"},
                                           .url_count = 1,
                                           .secret = secret,
                                           .lifetime_s = 3600};
    struct signal_message asked;
    struct signal_message answer = {.type = SIGNAL_ICE_SERVERS};
    struct signal_message got;
    assert_int_equal(signal_message_decode(SPAN_LITERAL("{\"type\":\"ice-servers\"}"), &asked), 0);
    assert_int_equal(asked.type, SIGNAL_ICE_SERVERS);
    signal_message_deinit(&asked);
    ice_credentials_make(&config, "peer", 0, &answer);
    char *text = signal_message_encode(&answer);
    assert_int_equal(signal_message_decode(span_from_string(text), &got), 0);
    assert_int_equal(got.type, SIGNAL_ICE_SERVERS);
    assert_int_equal(got.ice_server_count, 1);
    assert_string_equal(got.ice_servers[0].user, "3600:peer");
    assert_int_equal(got.ice_lifetime_s, 3600);
    signal_message_deinit(&got);
    ice_credentials_clear(&answer);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
