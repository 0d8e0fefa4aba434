/*
 * The client's side of what goes beyond a request and a response: interim
 * responses, trailers, and connections that become pipes.
 */
#include "testing.h"

#include <errno.h>

#include "caller.h"

static void test_interim(void **state)
{
    (void)state;
    caller_start();
    caller_get(&caller.a);
    caller_serve(0, GET_HEAD, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n");
    RIG_WAIT(strcmp(caller.a.interims, "100 103 ") == 0);
    assert_int_equal(caller.a.responses, 0);
    peer_send(&caller.servers[0], "HTTP/1.1 199 -\r\n\r\n" OK_HELLO);
    RIG_WAIT(caller.a.ends == 1);
    assert_string_equal(caller.a.interims, "100 103 199 ");
    assert_true(caller_got(&caller.a, "hello"));
    assert_int_equal(caller.a.framing, HTTP_BODY_LENGTH);
    caller_stop();
}

/* The head goes out by itself, and the content when it is given. */
static void test_expect(void **state)
{
    (void)state;
    static const struct http_field fields[] = {FIELD("Host", "h"), FIELD("Expect", "100-continue"),
                                               FIELD("Content-Length", "2")};
    const struct http_request request = {.method = SPAN_LITERAL("POST"),
                                         .target = SPAN_LITERAL("/x"),
                                         .minor_version = 1,
                                         .fields = {fields, 3},
                                         .framing = HTTP_BODY_LENGTH};
    caller_start();
    assert_int_equal(caller_call(&caller.a, &request), 0);
    caller_serve(0,
                 "POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                 "Content-Length: 2\r\n\r\n",
                 "HTTP/1.1 100 Continue\r\n\r\n");
    RIG_WAIT(strcmp(caller.a.interims, "100 ") == 0);
    http_call_write(caller.a.call, SPAN_LITERAL("hi"));
    http_call_end(caller.a.call, no_fields);
    caller_serve(0, "hi", OK_HELLO);
    RIG_WAIT(caller.a.ends == 1);
    caller_stop();
}

static void test_trailers(void **state)
{
    (void)state;
    static const struct http_field trailers[] = {FIELD("X-Sum", "9"), FIELD("Host", "evil")};
    caller_start();
    assert_int_equal(caller_begin(&caller.a, "POST", HTTP_BODY_UNKNOWN, NULL), 0);
    http_call_write(caller.a.call, SPAN_LITERAL("hi"));
    http_call_end(caller.a.call, (struct http_fields){trailers, 2});
    caller_serve(0, POST_HEAD "2\r\nhi\r\n0\r\nX-Sum: 9\r\n\r\n",
                 "HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
                 "grpc-status: 0\r\nContent-Type: evil\r\nA:\r\n\r\n");
    RIG_WAIT(caller.a.ends == 1);
    assert_true(caller_got(&caller.a, "hello"));
    assert_string_equal(caller.a.trailers, "grpc-status=0;A=;");
    assert_string_equal(caller.a.reason, "Fine");
    assert_int_equal(caller.a.framing, HTTP_BODY_UNKNOWN);

    assert_int_equal(caller_begin(&caller.a, "POST", HTTP_BODY_UNKNOWN, NULL), 0);
    http_call_end(caller.a.call, no_fields);
    caller_serve(0, POST_HEAD "0\r\n\r\n",
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA b: c\r\n\r\n");
    RIG_WAIT(caller.a.errors == 1);
    assert_int_equal(caller.a.error, HTTP_CALL_MALFORMED);
    caller_stop();
}

static int call_upgrade(const char *method, const char *upgrade, const char *te)
{
    struct http_field fields[4] = {FIELD("Host", "h"), FIELD("Connection", "Upgrade, TE, X-Hop")};
    size_t count = 2;
    if (upgrade)
        fields[count++] = (struct http_field){SPAN_LITERAL("Upgrade"), span_from_string(upgrade)};
    if (te)
        fields[count++] = (struct http_field){SPAN_LITERAL("TE"), span_from_string(te)};
    bool is_connect = strcmp(method, "CONNECT") == 0;
    const struct http_request request = {.method = span_from_string(method),
                                         .target =
                                             is_connect ? SPAN_LITERAL("a:1") : SPAN_LITERAL("/x"),
                                         .minor_version = 1,
                                         .fields = {fields, count},
                                         .framing = HTTP_BODY_PIPE};
    return caller_call(&caller.a, &request);
}

#define UPGRADE_HEAD                                        \
    "GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n" \
    "Upgrade: tests\r\n\r\n"
#define SWITCHING "HTTP/1.1 101 Switching\r\nUpgrade: tests\r\n\r\n"

/* Bytes both ways, early ones first; then one direction ends and then the
 * other. */
static void test_upgrade(void **state)
{
    (void)state;
    for (int server_first = 0; server_first < 2; server_first++) {
        caller_start();
        assert_int_equal(call_upgrade("GET", "tests", NULL), 0);
        http_call_write(caller.a.call, SPAN_LITERAL("early"));
        assert_true(http_call_queued(caller.a.call) >= 5);
        caller_serve(0, UPGRADE_HEAD, SWITCHING "bird");
        RIG_WAIT(caller.a.body.len == 4);
        assert_int_equal(caller.a.status, 101);
        assert_int_equal(caller.a.framing, HTTP_BODY_PIPE);
        http_call_write(caller.a.call, SPAN_LITERAL(" late"));
        caller_serve(0, "early late", "!");
        RIG_WAIT(caller.a.body.len == 5);
        if (server_first) {
            conn_end(caller.servers[0].conn);
            RIG_WAIT(caller.a.ends == 1);
            http_call_write(caller.a.call, SPAN_LITERAL("more"));
            http_call_end(caller.a.call, no_fields);
            RIG_WAIT(caller.servers[0].has_ended);
            assert_true(peer_has(&caller.servers[0], "more"));
        } else {
            http_call_end(caller.a.call, no_fields);
            RIG_WAIT(caller.servers[0].has_ended);
            peer_send(&caller.servers[0], "more");
            conn_end(caller.servers[0].conn);
            RIG_WAIT(caller.a.ends == 1);
            assert_true(span_is_string(buf_bytes(&caller.a.body), "bird!more"));
        }
        assert_int_equal(caller.a.errors, 0);
        caller_stop();
    }
}

static void test_early_end(void **state)
{
    (void)state;
    caller_start();
    assert_int_equal(call_upgrade("GET", "tests", "trailers"), 0);
    http_call_write(caller.a.call, SPAN_LITERAL("all"));
    http_call_end(caller.a.call, no_fields);
    caller_serve(0,
                 "GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, TE\r\nUpgrade: tests\r\n"
                 "TE: trailers\r\n\r\n",
                 SWITCHING);
    RIG_WAIT(caller.servers[0].has_ended);
    assert_true(peer_has(&caller.servers[0], "all"));
    conn_end(caller.servers[0].conn);
    RIG_WAIT(caller.a.ends == 1);
    caller_stop();
}

/* Upgrade is a list, and may have several lines. */
static void test_several_protocols(void **state)
{
    (void)state;
    struct http_field fields[] = {FIELD("Host", "h"), FIELD("Upgrade", ""), FIELD("Upgrade", "a"),
                                  FIELD("upgrade", "b, c")};
    const struct http_request request = {.method = SPAN_LITERAL("GET"),
                                         .target = SPAN_LITERAL("/x"),
                                         .minor_version = 1,
                                         .fields = {fields, 4},
                                         .framing = HTTP_BODY_PIPE};
    caller_start();
    assert_int_equal(caller_call(&caller.a, &request), 0);
    caller_serve(0,
                 "GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: \r\n"
                 "Upgrade: a\r\nupgrade: b, c\r\n\r\n",
                 SWITCHING);
    RIG_WAIT(caller.a.status == 101);
    caller_stop();
}

static void test_connect(void **state)
{
    (void)state;
    caller_start();
    assert_int_equal(call_upgrade("CONNECT", NULL, NULL), 0);
    /* What says how long it is says so in vain. */
    caller_serve(0, "CONNECT a:1 HTTP/1.1\r\nHost: h\r\n\r\n",
                 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello");
    RIG_WAIT(caller.a.body.len == 5);
    assert_int_equal(caller.a.framing, HTTP_BODY_PIPE);
    http_call_cancel(caller.a.call);
    RIG_WAIT(caller.servers[0].is_closed);
    assert_int_equal(caller.servers[0].error, -ECONNRESET);
    caller_stop();
}

/* An ordinary answer: what was written for the pipe is dropped, and the
 * connection serves the next call. */
static void test_refused(void **state)
{
    (void)state;
    caller_start();
    assert_int_equal(call_upgrade("GET", "tests", NULL), 0);
    http_call_write(caller.a.call, SPAN_LITERAL("dropped"));
    caller_serve(0, UPGRADE_HEAD, "HTTP/1.1 426 No\r\nContent-Length: 5\r\n\r\nhel");
    RIG_WAIT(caller.a.body.len == 3);
    assert_int_equal(caller.a.framing, HTTP_BODY_LENGTH);
    http_call_write(caller.a.call, SPAN_LITERAL("dropped"));
    http_call_end(caller.a.call, no_fields);
    peer_send(&caller.servers[0], "lo");
    RIG_WAIT(caller.a.ends == 1);
    assert_true(caller_got(&caller.a, "hello"));
    caller_get(&caller.b);
    caller_serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.b.ends == 1);
    caller_stop();
}

static void test_broken_pipe(void **state)
{
    (void)state;
    caller_start();
    assert_int_equal(call_upgrade("GET", "tests", NULL), 0);
    caller_serve(0, UPGRADE_HEAD, SWITCHING);
    RIG_WAIT(caller.a.responses == 1);
    peer_reset(&caller.servers[0]);
    RIG_WAIT(caller.a.errors == 1);
    assert_int_equal(caller.a.error, HTTP_CALL_BROKEN);
    assert_int_equal(caller.a.ends, 0);
    caller_stop();
}

static void test_drain_at_switch(void **state)
{
    (void)state;
    static char bytes[CONN_DRAIN_MARK + 1];
    caller_start();
    assert_int_equal(call_upgrade("GET", "tests", NULL), 0);
    http_call_write(caller.a.call, span_of(bytes, sizeof bytes));
    caller_serve(0, UPGRADE_HEAD, SWITCHING);
    RIG_WAIT(caller.a.drains == 1);
    RIG_WAIT(caller.servers[0].in.len == sizeof bytes);
    caller_stop();
}

static void test_unasked(void **state)
{
    (void)state;
    caller_start();
    assert_int_equal(call_upgrade("GET", NULL, NULL), -EINVAL);
    caller_get(&caller.a);
    caller_serve(0, GET_HEAD, SWITCHING);
    RIG_WAIT(caller.a.errors == 1);
    assert_int_equal(caller.a.error, HTTP_CALL_MALFORMED);
    caller_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interim),     cmocka_unit_test(test_expect),
        cmocka_unit_test(test_trailers),    cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_early_end),   cmocka_unit_test(test_several_protocols),
        cmocka_unit_test(test_connect),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_broken_pipe), cmocka_unit_test(test_drain_at_switch),
        cmocka_unit_test(test_unasked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
