#include "testing.h"

#include <errno.h>

#include "base/clock.h"
#include "net/loop.h"
#include "rtc/ice_servers.h"

static void test_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool is_valid;
    } cases[] = {
        {"stun:stun.l.google.com:19302", true},
        {"stun:192.0.2.1", true},
        {"STUN:[2001:db8::1]:3478", true},
        {"turn:turn.example.org?transport=udp", true},
        {"turn:turn.example.org:443?transport=tcp", true},
        {"turns:turn.example.org", true},
        {"turns:turn.example.org?transport=tcp", true},
        {"turns:turn.example.org?transport=udp", false},
        {"turn:turn.example.org?transport=sctp", false},
        {"stun:host?transport=udp", false},
        {"stuns:host", false},
        {"http://host", false},
        {"stun://host", false},
        {"stun:", false},
        {"stun:host:", false},
        {"stun:host:0", false},
        {"stun:host:65536", false},
        {"stun:host:99999999999999999999", false},
        {"stun:host:12x", false},
        {"stun:[::1", false},
        {"stun:[]", false},
        {"stun:a b", false},
        {"stun:user@host", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ice_server_url url;
        const char *why = ice_server_url_parse(cases[i].url, &url);
        if ((why == NULL) != cases[i].is_valid)
            fail_msg("%s", cases[i].url);
    }
}

static void test_literals_are_there_at_once(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct ice_servers *servers = ice_servers_new(loop);
    struct ice_server out[ICE_ADDRESSES_MAX];
    char text[ADDRESS_TEXT_LEN];
    const char *why;
    assert_int_equal(ice_servers_add(servers, "stun:192.0.2.1", NULL, NULL, &why), 0);
    assert_int_equal(ice_servers_add(servers, "turns:[2001:db8::1]:443?transport=tcp", "u", "p",
                                     &why),
                     0);
    assert_int_equal(ice_servers_add(servers, "turn:192.0.2.2?transport=tcp", "u", "p", &why), 0);
    assert_int_equal(ice_servers_get(servers, out, ICE_ADDRESSES_MAX), 3);
    assert_int_equal(out[0].type, ICE_SERVER_STUN);
    assert_string_equal(address_format(&out[0].address, text), "192.0.2.1:3478");
    assert_null(out[0].user);
    assert_int_equal(out[1].type, ICE_SERVER_TURN);
    assert_int_equal(out[1].transport, TURN_TLS);
    assert_string_equal(address_format(&out[1].address, text), "[2001:db8::1]:443");
    assert_string_equal(out[1].user, "u");
    assert_string_equal(out[1].pass, "p");
    assert_int_equal(out[2].transport, TURN_TCP);
    assert_int_equal(ice_servers_get(servers, out, 1), 1);
    assert_string_equal(out[1].host, "2001:db8::1");
    assert_int_not_equal(out[2].index, out[0].index);
    assert_in_range(out[2].index, 0, ICE_ADDRESSES_MAX - 1);
    assert_false(ice_servers_is_pending(servers));
    ice_servers_free(servers);
    loop_free(loop);
}

static void test_names_come_later(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct ice_servers *servers = ice_servers_new(loop);
    struct ice_server out[ICE_ADDRESSES_MAX];
    const char *why;
    assert_int_equal(ice_servers_add(servers, "stun:localhost:19302", NULL, NULL, &why), 0);
    assert_int_equal(ice_servers_get(servers, out, ICE_ADDRESSES_MAX), 0);
    assert_true(ice_servers_is_pending(servers));
    struct ice_servers_watch watch = {.on_change = (void (*)(void *))loop_stop, .arg = loop};
    ice_servers_watch(servers, &watch);
    loop_run(loop);
    ice_servers_unwatch(&watch);
    assert_false(ice_servers_is_pending(servers));
    /* Debian's /etc/hosts has it for both families, others for one. */
    int count = ice_servers_get(servers, out, ICE_ADDRESSES_MAX);
    assert_in_range(count, 1, 2);
    for (int i = 0; i < count; i++)
        assert_int_equal(address_port(&out[i].address), 19302);
    ice_servers_free(servers);
    loop_free(loop);
}

static void test_limits(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct ice_servers *servers = ice_servers_new(loop);
    const char *why = NULL;
    assert_int_equal(ice_servers_add(servers, "rubbish", NULL, NULL, &why), -EINVAL);
    assert_non_null(why);
    for (int i = 0; i < ICE_SERVERS_MAX; i++)
        assert_int_equal(ice_servers_add(servers, "stun:stun.invalid", NULL, NULL, &why), 0);
    assert_int_equal(ice_servers_add(servers, "stun:192.0.2.1", NULL, NULL, &why), -ENOSPC);
    ice_servers_free(servers); /* under way */
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_literals_are_there_at_once),
        cmocka_unit_test(test_names_come_later),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
