/*
 * The client over real sockets, against a server that sends exactly the bytes
 * that a test wants: bodies of every kind in both directions, and which
 * requests and responses are no such.
 */
#include "testing.h"

#include <errno.h>

#include "caller.h"

static void test_kinds_of_body(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        const char *body;
        bool is_kept, is_closed;
    } cases[] = {
        {OK_HELLO, "hello", true, false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\nT: "
         "1\r\n\r\n",
         "hello", true, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true, false},
        {"HTTP/1.1 204 No Content\r\n\r\n", "", true, false},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" OK_HELLO, "hello",
         true, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello", "hello",
         true, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", "hello", false,
         false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", false, false},
        {"HTTP/1.1 200 OK\r\n\r\nhello", "hello", false, true},
        {OK_HELLO "HTTP/1.1 200 unasked", "hello", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        caller_start();
        caller_get(&caller.a);
        caller_serve(0, GET_HEAD, cases[i].answer);
        if (cases[i].is_closed)
            conn_end(caller.servers[0].conn);
        RIG_WAIT(caller.a.ends == 1);
        assert_true(caller_got(&caller.a, cases[i].body));
        caller_get(&caller.b);
        if (cases[i].is_kept)
            caller_serve(0, GET_HEAD, OK_HELLO);
        else
            caller_serve(1, GET_HEAD, OK_HELLO);
        RIG_WAIT(caller.b.ends == 1);
        caller_stop();
    }
}

static void test_head_has_no_body(void **state)
{
    (void)state;
    caller_start();
    assert_int_equal(caller_begin(&caller.a, "HEAD", HTTP_BODY_NONE, NULL), 0);
    caller_serve(0, "HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n",
                 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    RIG_WAIT(caller.a.ends == 1);
    assert_true(caller_got(&caller.a, ""));
    caller_stop();
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    static const char answer[] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    caller_start();
    caller_get(&caller.a);
    caller_serve(0, GET_HEAD, "");
    for (size_t i = 0; i < sizeof answer - 1; i++) {
        peer_send_span(&caller.servers[0], span_of(answer + i, 1));
        rig_turns(2);
    }
    RIG_WAIT(caller.a.ends == 1);
    assert_true(caller_got(&caller.a, "hello"));
    caller_stop();
}

/* Each piece is with the other side before the next is made. */
static void test_streams_both_ways(void **state)
{
    (void)state;
    caller_start();
    assert_int_equal(caller_begin(&caller.a, "POST", HTTP_BODY_UNKNOWN, NULL), 0);
    caller_serve(0, POST_HEAD, "");
    struct peer *server = &caller.servers[0];
    http_call_write(caller.a.call, SPAN_LITERAL("one"));
    caller_serve(0, "3\r\none\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    /* The response begins before the request has ended. */
    RIG_WAIT(caller.a.responses == 1);
    http_call_write(caller.a.call, SPAN_LITERAL("two"));
    caller_serve(0, "3\r\ntwo\r\n", "3\r\nTWO\r\n");
    RIG_WAIT(caller.a.body.len == 3);
    http_call_end(caller.a.call, no_fields);
    caller_serve(0, "0\r\n\r\n", "0\r\n\r\n");
    RIG_WAIT(caller.a.ends == 1);
    assert_true(caller_got(&caller.a, "TWO"));
    caller_get(&caller.a);
    caller_serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.a.ends == 1);
    assert_false(server->has_ended);
    caller_stop();
}

static void test_body_before_open(void **state)
{
    (void)state;
    caller_start();
    assert_int_equal(caller_begin(&caller.a, "POST", HTTP_BODY_LENGTH, "200000"), 0);
    char content[1000];
    memset(content, 'c', sizeof content);
    for (int i = 0; i < 200; i++)
        http_call_write(caller.a.call, span_of(content, sizeof content));
    http_call_end(caller.a.call, no_fields);
    assert_true(http_call_queued(caller.a.call) > 200000);
    RIG_WAIT(caller.a.drains == 1);
    RIG_WAIT(caller.accepted == 1 && caller.servers[0].in.len > 200000);
    peer_send(&caller.servers[0], OK_HELLO);
    RIG_WAIT(caller.a.ends == 1);
    caller_stop();
}

static void test_response_waits_in_the_kernel(void **state)
{
    (void)state;
    caller_start();
    caller.a.pauses = true;
    caller_get(&caller.a);
    caller_serve(0, GET_HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\n");
    RIG_WAIT(caller.a.responses == 1);
    static char content[1 << 20];
    for (int i = 0; i < 16; i++)
        peer_send_span(&caller.servers[0], span_of(content, sizeof content));
    rig_turns(100);
    assert_true(caller.a.body.len <= CONN_READ_MAX);
    assert_true(conn_queued(caller.servers[0].conn) > 0);
    http_call_set_reading(caller.a.call, true);
    RIG_WAIT(caller.a.ends == 1);
    assert_int_equal(caller.a.body.len, 16 << 20);
    caller_stop();
}

static void test_malformed_responses(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\n X: 1\n\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 5, 6\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnope\r\n",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        caller_start();
        caller_get(&caller.a);
        caller_serve(0, GET_HEAD, answers[i]);
        RIG_WAIT(caller.a.errors == 1);
        assert_int_equal(caller.a.error, HTTP_CALL_MALFORMED);
        RIG_WAIT(caller.servers[0].is_closed);
        caller_stop();
    }
}

/* What other proxies take as well; but a connection whose response had two
 * framings is not used again. */
static void test_lenient_responses(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        int status;
        bool is_kept;
    } rows[] = {
        {"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", 200, true},
        {"HTTP/1.1 999 No\r\nContent-Length: 5\r\n\r\nhello", 999, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 200, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", 200, true},
        {"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n", 200, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"
         "5\r\nhello\r\n0\r\n\r\n",
         200, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        caller_start();
        caller_get(&caller.a);
        caller_serve(0, GET_HEAD, rows[i].answer);
        RIG_WAIT(caller.a.ends == 1);
        assert_true(caller_got(&caller.a, "hello"));
        assert_int_equal(caller.a.status, rows[i].status);
        caller_get(&caller.b);
        caller_serve(rows[i].is_kept ? 0 : 1, GET_HEAD, OK_HELLO);
        RIG_WAIT(caller.b.ends == 1);
        caller_stop();
    }
}

static void test_wrong_length(void **state)
{
    (void)state;
    caller_start();
    assert_int_equal(caller_begin(&caller.a, "POST", HTTP_BODY_LENGTH, "5"), 0);
    RIG_WAIT(caller.accepted == 1);
    http_call_write(caller.a.call, SPAN_LITERAL("fou"));
    http_call_write(caller.a.call, SPAN_LITERAL("rGET / HTTP/1.1\r\n\r\n"));
    http_call_write(caller.a.call, SPAN_LITERAL("ignored"));
    http_call_end(caller.a.call, no_fields);
    assert_int_equal(caller.a.errors, 0); /* not under our own call */
    RIG_WAIT(caller.a.errors == 1 && caller.servers[0].is_closed);
    assert_int_equal(caller.a.error, HTTP_CALL_REQUEST);
    assert_false(peer_has(&caller.servers[0], "GET /"));

    assert_int_equal(caller_begin(&caller.a, "POST", HTTP_BODY_LENGTH, "5"), 0);
    RIG_WAIT(caller.accepted == 2);
    http_call_write(caller.a.call, SPAN_LITERAL("four"));
    http_call_end(caller.a.call, no_fields);
    RIG_WAIT(caller.a.errors == 1 && caller.servers[1].is_closed);

    /* Cancelled before its error is told. */
    assert_int_equal(caller_begin(&caller.a, "POST", HTTP_BODY_LENGTH, "5"), 0);
    http_call_write(caller.a.call, SPAN_LITERAL("sixsix"));
    http_call_cancel(caller.a.call);
    rig_turns(5);
    assert_int_equal(caller.a.errors, 0);
    caller_stop();
}

static void test_refuses_requests(void **state)
{
    (void)state;
    caller_start();
    assert_int_equal(caller_begin(&caller.a, "GE T", HTTP_BODY_NONE, NULL), -EINVAL);
    assert_int_equal(caller_begin(&caller.a, "POST", HTTP_BODY_LENGTH, NULL), -EINVAL);
    assert_int_equal(caller_begin(&caller.a, "POST", HTTP_BODY_LENGTH, "+5"), -EINVAL);
    assert_int_equal(caller_begin(&caller.a, "POST", HTTP_BODY_LENGTH, "5\r\nX: y"), -EINVAL);
    assert_int_equal(caller_begin(&caller.a, "POST", HTTP_BODY_UNKNOWN, "5"), -EINVAL);
    assert_int_equal(caller_begin(&caller.a, "POST", HTTP_BODY_NONE, "5"), -EINVAL);
    static const struct http_field hosts[] = {FIELD("Host", "a"), FIELD("host", "b")};
    struct http_request request = {.method = SPAN_LITERAL("GET"),
                                   .target = SPAN_LITERAL("/"),
                                   .fields = {hosts, 2}};
    struct http_call *call;
    assert_int_equal(http_client_call(caller.client, &request, &caller_handlers, &caller.a, &call),
                     -EINVAL);
    request.fields.count = 0;
    assert_int_equal(http_client_call(caller.client, &request, &caller_handlers, &caller.a, &call),
                     -EINVAL);
    rig_turns(3);
    assert_int_equal(caller.accepted, 0);
    caller_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_of_body),
        cmocka_unit_test(test_head_has_no_body),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_streams_both_ways),
        cmocka_unit_test(test_body_before_open),
        cmocka_unit_test(test_response_waits_in_the_kernel),
        cmocka_unit_test(test_malformed_responses),
        cmocka_unit_test(test_lenient_responses),
        cmocka_unit_test(test_wrong_length),
        cmocka_unit_test(test_refuses_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
