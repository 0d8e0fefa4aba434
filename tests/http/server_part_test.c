/*
 * Requests that come in parts, of which a client sends the next one when the
 * one before has been acknowledged.
 */
#include "testing.h"

#include "service.h"

/* On a connection that is used again kernels delay that. */
static void test_acknowledges_a_part(void **state)
{
    (void)state;
    static const char *const parts[] = {"POST /x HTTP/1.1\r\n" HOST, "Content-Length: 5\r\n\r\n",
                                        "he"};
    service_start();
    for (int i = 0; i < 3; i++) {
        peer_send(&t.client, "GET /now HTTP/1.1\r\n" HOST "\r\n");
        RIG_WAIT(peer_has(&t.client, "\r\n\r\nnow"));
        peer_clear(&t.client);
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        peer_send(&t.client, parts[i]);
        rig_turns(3);
        assert_int_equal(t.requests, i > 0 ? 4 : 3);
        assert_true(peer_is_acknowledged(&t.client));
    }
    peer_send(&t.client, "llo");
    RIG_WAIT(t.body_ends == 1);
    assert_true(span_is_string(buf_bytes(&t.body), "hello"));
    service_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acknowledges_a_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
