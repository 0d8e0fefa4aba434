/*
 * What of a response waits for a client that reads late: the connection stays
 * with it, but not for ever.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "service.h"

enum { TAIL = 4 << 20 }; /* more than the kernel takes of a response that nobody reads */

static void reply_long(void)
{
    static char body[TAIL];
    http_exchange_reply(t.x, 200, "text/plain", no_fields, span_of(body, sizeof body));
}

/* One connection is allowed, and it is not over. */
static void check_is_kept(void)
{
    struct peer other;
    peer_connect(&other, t.port);
    RIG_WAIT(other.has_ended);
    assert_true(peer_has(&other, "HTTP/1.1 503 "));
    peer_close(&other);
}

/* One connection alone is served, whose client reads nothing yet. */
static void start_unread(void)
{
    service_start_with(
        (struct http_server_config){.connections_max = 1, .idle_timeout_us = 60 * US_PER_S});
    conn_set_reading(t.client.conn, false);
}

/* The last answer of a connection waits for its client, who then has all. */
static void check_tail_comes(void)
{
    reply_long();
    check_is_kept();
    conn_set_reading(t.client.conn, true);
    RIG_WAIT(t.client.has_ended);
    assert_true(t.client.in.len > TAIL);
    service_stop();
}

/* A response that is complete goes on waiting for its client, with the
 * connection that ends behind it. */
static void test_tail_waits_for_the_client(void **state)
{
    (void)state;
    start_unread();
    peer_send(&t.client, "GET /x HTTP/1.0\r\n\r\n");
    RIG_WAIT(t.body_ends == 1);
    check_tail_comes();
}

/* Also where requests came pipelined and with their end behind them. */
static void test_tail_waits_behind_pipelined(void **state)
{
    (void)state;
    start_unread();
    peer_send(&t.client,
              "GET /now HTTP/1.1\r\n" HOST "\r\nGET /x HTTP/1.1\r\n" HOST "\r\nGET /cut");
    conn_end(t.client.conn);
    RIG_WAIT(t.body_ends == 1);
    check_tail_comes();
}

/* A response that breaks off reaches its client as far as it goes, and then
 * looks broken. */
static void test_break_delivers_first(void **state)
{
    (void)state;
    static const struct http_field length[] = {FIELD("Content-Length", "9999999")};
    static char body[TAIL];
    for (size_t i = 0; i < 2; i++) { /* chunked, with a length */
        service_start();
        conn_set_reading(t.client.conn, false);
        conn_read_fully(t.client.conn);
        peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
        RIG_WAIT(t.body_ends == 1);
        assert_int_equal(service_respond(200, length, i), 0);
        http_exchange_write(t.x, span_of(body, sizeof body));
        if (i == 0)
            http_exchange_break(t.x);
        else
            http_exchange_end(t.x, no_fields); /* too early */
        conn_set_reading(t.client.conn, true);
        RIG_WAIT(t.client.is_closed);
        assert_true(t.client.in.len > TAIL);
        assert_false(peer_has(&t.client, "\r\n0\r\n"));
        assert_int_equal(t.client.error, -ECONNRESET);
        assert_int_equal(t.aborts, 0);
        service_stop();
    }
}

/* Who takes nothing at all is cut off, and sees that something is missing. */
static void test_tail_waits_not_for_ever(void **state)
{
    (void)state;
    static const char *const versions[] = {"0", "1"};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        char request[64];
        service_start_with((struct http_server_config){.idle_timeout_us = 30 * US_PER_MS});
        conn_set_reading(t.client.conn, false);
        snprintf(request, sizeof request, "GET /x HTTP/1.%s\r\n" HOST "\r\n", versions[i]);
        peer_send(&t.client, request);
        RIG_WAIT(t.body_ends == 1);
        reply_long();
        RIG_WAIT(t.client.is_closed);
        assert_int_equal(t.client.error, -ECONNRESET);
        assert_false(t.client.has_ended);
        service_stop();
    }
}

/* Who is still to take a part of its response is not silent. */
static void test_rest_of_a_response_stays(void **state)
{
    (void)state;
    static char piece[8 << 10];
    start_unread();
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    assert_int_equal(service_respond(200, NULL, 0), 0);
    size_t written = 0;
    while (http_exchange_queued(t.x) < 2 * sizeof piece) {
        http_exchange_write(t.x, span_of(piece, sizeof piece));
        written += sizeof piece;
        rig_turns(10);
    }
    assert_in_range(http_exchange_queued(t.x), 1, CONN_DRAIN_MARK / 2);
    http_exchange_end(t.x, no_fields);
    check_is_kept();
    conn_set_reading(t.client.conn, true);
    RIG_WAIT(peer_has(&t.client, "\r\n0\r\n\r\n"));
    assert_true(t.client.in.len > written);
    struct peer other;
    peer_connect(&other, t.port);
    RIG_WAIT(t.client.has_ended);
    peer_close(&other);
    service_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tail_waits_for_the_client),
        cmocka_unit_test(test_tail_waits_behind_pipelined),
        cmocka_unit_test(test_break_delivers_first),
        cmocka_unit_test(test_tail_waits_not_for_ever),
        cmocka_unit_test(test_rest_of_a_response_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
