/*
 * Which connection a call of the client goes on: one made beforehand, one that
 * another call has left, or a new one.
 */
#include "testing.h"

#include <stdio.h>

#include "base/clock.h"
#include "caller.h"
#include "http/pool.h"

static void test_reuses_connection(void **state)
{
    (void)state;
    caller_start();
    for (int i = 0; i < 3; i++) {
        caller_get(&caller.a);
        caller_serve(0, GET_HEAD, OK_HELLO);
        RIG_WAIT(caller.a.ends == 1);
        assert_true(caller_got(&caller.a, "hello"));
        assert_int_equal(caller.a.status, 200);
    }
    assert_int_equal(caller.accepted, 1);
    caller_stop();
}

/* On a connection that is used again kernels delay acknowledgements. A server
 * that sends head and body one after the other may wait for that. */
static void test_acknowledges_a_part(void **state)
{
    (void)state;
    static const char *const parts[] = {"HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n\r\n", "he"};
    caller_start();
    for (int i = 0; i < 3; i++) {
        caller_get(&caller.a);
        caller_serve(0, GET_HEAD, OK_HELLO);
        RIG_WAIT(caller.a.ends == 1);
    }
    caller_get(&caller.a);
    RIG_WAIT(peer_has(&caller.servers[0], GET_HEAD));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        peer_send(&caller.servers[0], parts[i]);
        rig_turns(3);
        assert_int_equal(caller.a.responses, i > 0);
        assert_true(peer_is_acknowledged(&caller.servers[0]));
    }
    peer_send(&caller.servers[0], "llo");
    RIG_WAIT(caller.a.ends == 1);
    assert_int_equal(caller.accepted, 1);
    caller_stop();
}

/* A call that has waited for its turn finds one that takes all at once: who
 * writes is told that it may go on. */
static void test_body_before_reused_connection(void **state)
{
    (void)state;
    const struct http_field fields[] = {FIELD("Host", "h"), FIELD("Content-Length", "100000")};
    const struct http_request request = {.method = SPAN_LITERAL("PUT"),
                                         .target = SPAN_LITERAL("/x"),
                                         .minor_version = 1,
                                         .fields = {fields, 2},
                                         .framing = HTTP_BODY_LENGTH};
    static const uint8_t content[80000];
    caller_start();
    caller_get(&caller.a);
    caller_serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.a.ends == 1);
    struct seen *b = &caller.b;
    assert_int_equal(http_client_prepare(caller.client, &request, &caller_handlers, b, &b->call),
                     0);
    http_call_write(b->call, span_of(content, sizeof content));
    http_call_start(b->call);
    assert_int_equal(b->drains, 0); /* not from within a call of ours */
    RIG_WAIT(b->drains == 1);
    assert_true(http_call_queued(b->call) <= CONN_DRAIN_MARK);
    http_call_write(b->call, span_of(content, 20000));
    http_call_end(b->call, no_fields);
    RIG_WAIT(caller.servers[0].in.len > 100000);
    peer_send(&caller.servers[0], OK_HELLO);
    RIG_WAIT(b->ends == 1);
    assert_int_equal(caller.accepted, 1);
    caller_stop();
}

/* What was connected to beforehand is used by the first call, also by one that
 * does not wait for that, and by one whose request may not be sent twice. */
static void test_warm_connection(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        bool is_open = i > 0;
        caller_start();
        for (int again = 0; again < 2; again++)
            http_client_warm(caller.client);
        if (is_open) {
            RIG_WAIT(caller.accepted == 1);
            rig_turns(3);
            http_client_warm(caller.client);
        }
        if (i < 2) {
            caller_get(&caller.a);
            caller_serve(0, GET_HEAD, OK_HELLO);
        } else {
            caller_begin(&caller.a, "POST", HTTP_BODY_UNKNOWN, NULL);
            http_call_end(caller.a.call, no_fields);
            caller_serve(0, POST_HEAD "0\r\n\r\n", OK_HELLO);
        }
        RIG_WAIT(caller.a.ends == 1);
        http_client_warm(caller.client); /* one is there */
        rig_turns(3);
        assert_int_equal(caller.accepted, 1);
        caller_stop();
    }
}

/* Where it fails, or is of no use any more, the call has another, and is told
 * what becomes of that one. */
static void test_warm_connection_fails(void **state)
{
    (void)state;
    caller_start();
    http_client_warm(caller.client);
    RIG_WAIT(caller.accepted == 1);
    peer_close(&caller.servers[0]);
    rig_turns(3);
    caller_get(&caller.a);
    caller_serve(1, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.a.ends == 1);
    caller_stop();

    caller_start();
    listener_close(caller.listener);
    caller.listener = NULL;
    http_client_warm(caller.client);
    rig_turns(3);
    caller_get(&caller.a);
    RIG_WAIT(caller.a.errors == 1);
    assert_int_equal(caller.a.error, HTTP_CALL_REFUSED);
    http_client_warm(caller.client); /* under way at the end */
    caller_stop();
}

static void test_parallel_calls(void **state)
{
    (void)state;
    caller_start();
    caller_get(&caller.a);
    caller_get(&caller.b);
    RIG_WAIT(caller.accepted == 2);
    caller_serve(1, GET_HEAD, OK_HELLO);
    caller_serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.a.ends == 1 && caller.b.ends == 1);
    caller_stop();
}

static void test_pool_notices_close(void **state)
{
    (void)state;
    caller_start();
    caller_get(&caller.a);
    caller_serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.a.ends == 1);
    conn_end(caller.servers[0].conn);
    RIG_WAIT(caller.servers[0].has_ended);
    caller_get(&caller.a);
    caller_serve(1, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.a.ends == 1);
    /* Bytes that nobody asked for: not a response to the next call. */
    peer_send(&caller.servers[1], OK_HELLO);
    RIG_WAIT(caller.servers[1].is_closed);
    caller_get(&caller.a);
    caller_serve(2, GET_HEAD, "HTTP/1.1 204 -\r\n\r\n");
    RIG_WAIT(caller.a.ends == 1);
    assert_int_equal(caller.a.status, 204);
    caller_stop();
}

/* Closed, or spoken to unasked, in the turn in which it is taken: a POST could
 * not be sent again. */
static void test_pool_looks_before_use(void **state)
{
    (void)state;
    for (int says = 0; says < 2; says++) {
        caller_start();
        caller_get(&caller.a);
        caller_serve(0, GET_HEAD, OK_HELLO);
        RIG_WAIT(caller.a.ends == 1);
        if (says)
            peer_send(&caller.servers[0], "HTTP/1.1 408 Request Timeout\r\n\r\n");
        else
            conn_end(caller.servers[0].conn);
        assert_int_equal(caller_begin(&caller.b, "POST", HTTP_BODY_LENGTH, "2"), 0);
        http_call_write(caller.b.call, SPAN_LITERAL("hi"));
        http_call_end(caller.b.call, no_fields);
        caller_serve(1, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi", OK_HELLO);
        RIG_WAIT(caller.b.ends == 1);
        assert_true(caller_got(&caller.b, "hello"));
        caller_stop();
    }
}

static void test_pool_limits(void **state)
{
    (void)state;
    caller_start_with(1, 60 * US_PER_S);
    caller_get(&caller.a);
    caller_get(&caller.b);
    caller_serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.a.ends == 1);
    caller_serve(1, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.b.ends == 1);
    RIG_WAIT(caller.servers[0].has_ended); /* the older one had to go */
    assert_false(caller.servers[1].has_ended);
    caller_stop();

    caller_start_with(4, 30 * US_PER_MS);
    caller_get(&caller.a);
    caller_serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.a.ends == 1);
    RIG_WAIT(caller.servers[0].has_ended);
    caller_stop();

    caller_start_with(0, 0);
    caller_get(&caller.a);
    caller_serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.a.ends == 1 && caller.servers[0].has_ended);
    caller_stop();
}

static void post(struct seen *seen)
{
    assert_int_equal(caller_begin(seen, "POST", HTTP_BODY_LENGTH, "2"), 0);
    http_call_write(seen->call, SPAN_LITERAL("hi"));
    http_call_end(seen->call, no_fields);
}

#define POST_HI "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"

static void on_time(void *arg)
{
    *(bool *)arg = true;
    rig_poke();
}

static void let_pass(uint64_t us)
{
    bool is_over = false;
    struct timer *timer = timer_new(rig.loop, on_time, &is_over);
    timer_start_in(timer, us);
    RIG_WAIT(is_over);
    timer_free(timer);
}

/* A server that serves one connection at a time sees the old one end, before
 * the new one that a POST needs comes. */
static void test_stale_makes_way(void **state)
{
    (void)state;
    caller_start();
    caller_get(&caller.a);
    caller_get(&caller.b);
    caller_serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.a.ends == 1);
    caller_serve(1, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.b.ends == 1);
    let_pass(HTTP_POOL_FRESH_US);
    assert_false(conn_has_unread(caller.servers[0].conn));
    post(&caller.a);
    assert_true(conn_has_unread(caller.servers[0].conn)); /* its end */
    caller_serve(2, POST_HI, OK_HELLO);
    RIG_WAIT(caller.a.ends == 1);
    caller_stop();
}

/* The other way round: the request waits already when a connection gets
 * free. */
static void test_stale_makes_way_for_who_waits(void **state)
{
    (void)state;
    caller_start();
    caller_get(&caller.a);
    caller_get(&caller.b);
    caller_serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.a.ends == 1);
    RIG_WAIT(caller.servers[0].has_ended);
    caller_serve(1, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.b.ends == 1);
    caller_stop();
}

/* For how long the server keeps a connection, as it says. */
static void test_keep_alive_is_obeyed(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool is_pooled;
    } rows[] = {
        {"timeout=1", false},
        {"timeout=0", false},
        {"max=9, Timeout=1", false},
        {"timeout=5, max=100", true},
        {"timeout=", true},
        {"timeout=soon", true},
        {"timeout=99999999999999999999", true},
        {"max=1", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char answer[128];
        snprintf(answer, sizeof answer,
                 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nKeep-Alive: %s\r\n\r\nhello",
                 rows[i].value);
        caller_start();
        caller_get(&caller.a);
        caller_serve(0, GET_HEAD, answer);
        RIG_WAIT(caller.a.ends == 1);
        caller_get(&caller.a);
        caller_serve(rows[i].is_pooled ? 0 : 1, GET_HEAD, OK_HELLO);
        RIG_WAIT(caller.a.ends == 1);
        caller_stop();
    }

    caller_start(); /* a second before the server's two are over */
    caller_get(&caller.a);
    caller_serve(0, GET_HEAD,
                 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nKeep-Alive: timeout=2\r\n\r\n"
                 "hello");
    RIG_WAIT(caller.a.ends == 1);
    uint64_t ended_us = clock_now_us();
    RIG_WAIT(caller.servers[0].has_ended);
    assert_true(clock_now_us() - ended_us >= 900 * US_PER_MS);
    caller_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reuses_connection),
        cmocka_unit_test(test_acknowledges_a_part),
        cmocka_unit_test(test_body_before_reused_connection),
        cmocka_unit_test(test_warm_connection),
        cmocka_unit_test(test_warm_connection_fails),
        cmocka_unit_test(test_parallel_calls),
        cmocka_unit_test(test_pool_notices_close),
        cmocka_unit_test(test_pool_looks_before_use),
        cmocka_unit_test(test_pool_limits),
        cmocka_unit_test(test_stale_makes_way),
        cmocka_unit_test(test_stale_makes_way_for_who_waits),
        cmocka_unit_test(test_keep_alive_is_obeyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
