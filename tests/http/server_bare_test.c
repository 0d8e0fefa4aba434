/*
 * Pipes without heads: clients that speak HTTP/2, or no HTTP at all.
 */
#include "testing.h"

#include "service.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

/* A client that speaks HTTP/2 hears no head, and none of its bytes is lost. */
static void test_bare_http2(void **state)
{
    (void)state;
    service_start_with((struct http_server_config){.pipes_http2 = true});
    for (size_t i = 0; i + 1 < sizeof PREFACE; i++) {
        char byte[] = {PREFACE[i], '\0'};
        peer_send(&t.client, byte);
        rig_turns(3);
    }
    RIG_WAIT(t.requests == 1);
    assert_string_equal(t.target, "*");
    assert_int_equal(t.framing, HTTP_BODY_PIPE);
    assert_int_equal(service_respond(200, NULL, 0), 0);
    RIG_WAIT(t.body.len == sizeof PREFACE - 1);
    assert_true(span_is_string(buf_bytes(&t.body), PREFACE));
    http_exchange_write(t.x, SPAN_LITERAL("\0\0"));
    RIG_WAIT(t.client.in.len == 2);
    http_exchange_end(t.x, no_fields);
    conn_end(t.client.conn);
    RIG_WAIT(t.body_ends == 1 && t.client.has_ended);
    service_stop();
}

/* A server that speaks first need not wait for its client. */
static void test_bare_from_the_first_moment(void **state)
{
    (void)state;
    service_start_with((struct http_server_config){.pipes_all = true});
    RIG_WAIT(t.requests == 1);
    assert_int_equal(service_respond(200, NULL, 0), 0);
    http_exchange_write(t.x, SPAN_LITERAL("hello"));
    RIG_WAIT(peer_has(&t.client, "hello"));
    assert_string_equal(service_received(&t.client), "hello");
    http_exchange_end(t.x, no_fields);
    conn_end(t.client.conn);
    RIG_WAIT(t.body_ends == 1 && t.client.has_ended);
    service_stop();
}

/* A no in words of HTTP would be taken for something else. */
static void test_refused_bare(void **state)
{
    (void)state;
    service_start_with((struct http_server_config){.pipes_http2 = true});
    peer_send(&t.client, PREFACE);
    RIG_WAIT(t.requests == 1);
    service_reply("no");
    RIG_WAIT(t.client.is_closed);
    assert_int_equal(t.client.in.len, 0);
    assert_int_equal(t.aborts, 0);
    service_stop();
}

/* Where it is not asked for, it is a version that nobody speaks. */
static void test_http2_without_pipes(void **state)
{
    (void)state;
    service_start();
    peer_send(&t.client, PREFACE);
    RIG_WAIT(t.client.has_ended);
    assert_true(peer_has(&t.client, "HTTP/1.1 505 "));
    service_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bare_http2),
        cmocka_unit_test(test_bare_from_the_first_moment),
        cmocka_unit_test(test_refused_bare),
        cmocka_unit_test(test_http2_without_pipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
