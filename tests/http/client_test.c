/*
 * The client over real sockets, against a server that sends exactly the bytes
 * that a test wants.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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

static void test_connect_errors(void **state)
{
    (void)state;
    caller_start();
    listener_close(caller.listener);
    caller.listener = NULL;
    caller_get(&caller.a);
    RIG_WAIT(caller.a.errors == 1);
    assert_int_equal(caller.a.error, HTTP_CALL_REFUSED);
    assert_string_equal(caller.a.error_text, "connection refused");
    caller_stop();
}

/* Says why in a way that a program can read, too. */
static void test_errors_of_connecting(void **state)
{
    (void)state;
    struct tls_client *tls;
    assert_int_equal(tls_client_new(NULL, true, &tls), 0);
    static char name[300]; /* refused without asking a name server */
    memset(name, 'a', sizeof name - 1);
    const struct {
        const char *host;
        bool is_tls;
        const char *answer; /* of the server */
        enum http_call_error error;
    } cases[] = {
        {name, false, NULL, HTTP_CALL_DNS},
        {"/nonexistent/socket", false, NULL, HTTP_CALL_REFUSED},
        {"127.0.0.1", true, "HTTP/1.1 400 Bad Request\r\n\r\n", HTTP_CALL_TLS},
        {"127.0.0.1", true, NULL, HTTP_CALL_TIMEOUT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        caller_start();
        http_client_free(caller.client);
        const struct http_client_config config = {.host = cases[i].host,
                                                  .port = listener_port(caller.listener),
                                                  .tls = cases[i].is_tls ? tls : NULL,
                                                  .connect_timeout_us =
                                                      cases[i].error == HTTP_CALL_TIMEOUT
                                                          ? 20 * US_PER_MS
                                                          : 10 * US_PER_S};
        caller.client = http_client_new(rig.loop, &config);
        caller_get(&caller.a);
        if (cases[i].answer) {
            RIG_WAIT(caller.accepted == 1);
            peer_send(&caller.servers[0], cases[i].answer);
        }
        RIG_WAIT(caller.a.errors == 1);
        assert_int_equal(caller.a.error, cases[i].error);
        caller_stop();
    }
    tls_client_free(tls);
}

static void test_breaks_off(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        bool is_reset;
        const char *text;
    } cases[] = {
        {"", false, "before it answered"},
        {"HTTP/1.1 200 O", false, "before it answered"},
        {"", true, "reset"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", false, "in the middle"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", true, "in the middle"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", false,
         "in the middle"},
        {"HTTP/1.1 200 OK\r\n\r\nhell", true, "in the middle"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        caller_start();
        caller_get(&caller.a);
        caller_serve(0, GET_HEAD, cases[i].answer);
        if (strstr(cases[i].answer, "\r\n\r\n"))
            RIG_WAIT(caller.a.body.len > 0);
        if (cases[i].is_reset)
            peer_reset(&caller.servers[0]);
        else
            conn_end(caller.servers[0].conn);
        RIG_WAIT(caller.a.errors == 1);
        assert_int_equal(caller.a.ends, 0);
        assert_int_equal(caller.a.error, caller.a.responses ? HTTP_CALL_BROKEN : HTTP_CALL_CLOSED);
        if (!strstr(caller.a.error_text, cases[i].text))
            fail_msg("case %zu: %s", i, caller.a.error_text);
        caller_stop();
    }
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

/* A refusal in the middle of a large upload, and a close behind it. */
static void test_early_refusal(void **state)
{
    (void)state;
    caller_start();
    assert_int_equal(caller_begin(&caller.a, "POST", HTTP_BODY_LENGTH, "100000000"), 0);
    static char content[1 << 20];
    for (int i = 0; i < 8; i++)
        http_call_write(caller.a.call, span_of(content, sizeof content));
    RIG_WAIT(caller.accepted == 1 && caller.servers[0].in.len > 0);
    peer_send(&caller.servers[0], "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n"
                                  "Connection: close\r\n\r\nno");
    peer_close(&caller.servers[0]);
    RIG_WAIT(caller.a.ends == 1);
    assert_int_equal(caller.a.status, 413);
    assert_true(caller_got(&caller.a, "no"));
    caller_stop();
}

static void test_retries_on_fresh_connection(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        bool is_retried;
    } cases[] = {{"GET", true}, {"DELETE", true}, {"POST", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int is_reset = 0; is_reset < 2; is_reset++) {
            caller_start();
            caller_get(&caller.a);
            caller_serve(0, GET_HEAD, OK_HELLO);
            RIG_WAIT(caller.a.ends == 1);
            /* The server closes the connection as the next request comes. */
            assert_int_equal(caller_begin(&caller.a, cases[i].method, HTTP_BODY_NONE, NULL), 0);
            RIG_WAIT(caller.servers[0].in.len > 0);
            if (is_reset)
                peer_reset(&caller.servers[0]);
            else
                peer_close(&caller.servers[0]);
            if (cases[i].is_retried) {
                RIG_WAIT(caller.accepted == 2 && caller.servers[1].in.len > 0);
                peer_send(&caller.servers[1], OK_HELLO);
                RIG_WAIT(caller.a.ends == 1);
                assert_true(caller_got(&caller.a, "hello"));
            } else {
                RIG_WAIT(caller.a.errors == 1);
                assert_int_equal(caller.accepted, 1);
            }
            caller_stop();
        }
    }
}

static void test_no_second_retry(void **state)
{
    (void)state;
    caller_start();
    caller_get(&caller.a);
    caller_serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.a.ends == 1);
    caller_get(&caller.a);
    RIG_WAIT(caller.servers[0].in.len > 0);
    peer_close(&caller.servers[0]);
    RIG_WAIT(caller.accepted == 2 && caller.servers[1].in.len > 0);
    peer_close(&caller.servers[1]);
    RIG_WAIT(caller.a.errors == 1);
    assert_int_equal(caller.accepted, 2);
    caller_stop();
}

static void test_no_retry_with_content(void **state)
{
    (void)state;
    caller_start();
    caller_get(&caller.a);
    caller_serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.a.ends == 1);
    assert_int_equal(caller_begin(&caller.a, "PUT", HTTP_BODY_UNKNOWN, NULL), 0);
    http_call_write(caller.a.call, SPAN_LITERAL("content"));
    RIG_WAIT(peer_has(&caller.servers[0], "content"));
    peer_close(&caller.servers[0]);
    RIG_WAIT(caller.a.errors == 1);
    assert_int_equal(caller.accepted, 1);
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

static void test_cancel(void **state)
{
    (void)state;
    /* While connecting, while waiting, in the response, under a handler. */
    caller_start();
    caller_get(&caller.a);
    http_call_cancel(caller.a.call);
    caller_get(&caller.a);
    RIG_WAIT(caller.accepted > 0 && peer_has(&caller.servers[caller.accepted - 1], GET_HEAD));
    struct peer *server = &caller.servers[caller.accepted - 1];
    http_call_cancel(caller.a.call);
    RIG_WAIT(server->is_closed);
    assert_int_equal(server->error, -ECONNRESET);

    int n = caller.accepted;
    caller_get(&caller.a);
    caller_serve(n, GET_HEAD, "HTTP/1.1 200 OK\r\n\r\nsome");
    RIG_WAIT(caller.a.body.len == 4);
    http_call_cancel(caller.a.call);
    RIG_WAIT(caller.servers[n].is_closed);

    n = caller.accepted;
    caller.a.cancels = true;
    caller_get(&caller.a);
    caller_serve(n, GET_HEAD, OK_HELLO);
    RIG_WAIT(caller.servers[n].is_closed);
    assert_int_equal(caller.a.ends + caller.a.errors, 0);
    assert_int_equal(caller.a.body.len, 0);
    caller_stop();
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

/* A server that dies: what it had sent still comes, also when it waits in the
 * kernel because nobody reads it. */
static void test_reset_behind_the_response(void **state)
{
    (void)state;
    enum { LEN = 300000 };
    static char body[LEN];
    for (int pauses = 0; pauses < 2; pauses++) {
        caller_start();
        caller.a.pauses = pauses;
        caller_get(&caller.a);
        caller_serve(0, GET_HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n");
        RIG_WAIT(caller.a.responses == 1);
        peer_send_span(&caller.servers[0], span_of(body, LEN));
        conn_break(caller.servers[0].conn);
        caller.servers[0].conn = NULL;
        rig_turns(20);
        if (pauses) {
            assert_int_equal(caller.a.errors, 0);
            http_call_set_reading(caller.a.call, true);
        }
        RIG_WAIT(caller.a.errors == 1);
        assert_int_equal(caller.a.error, HTTP_CALL_BROKEN);
        assert_int_equal(caller.a.body.len, LEN);
        caller_stop();
    }
}

static void test_free_cancels(void **state)
{
    (void)state;
    caller_start();
    caller_get(&caller.a);
    assert_int_equal(caller_begin(&caller.b, "POST", HTTP_BODY_UNKNOWN, NULL), 0);
    RIG_WAIT(caller.accepted == 2 && caller.servers[0].in.len > 0 && caller.servers[1].in.len > 0);
    http_client_free(caller.client);
    caller.client = NULL;
    RIG_WAIT(caller.servers[0].is_closed && caller.servers[1].is_closed);
    assert_int_equal(caller.a.errors + caller.b.errors, 0);
    caller_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reuses_connection),
        cmocka_unit_test(test_warm_connection),
        cmocka_unit_test(test_warm_connection_fails),
        cmocka_unit_test(test_parallel_calls),
        cmocka_unit_test(test_kinds_of_body),
        cmocka_unit_test(test_head_has_no_body),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_streams_both_ways),
        cmocka_unit_test(test_body_before_open),
        cmocka_unit_test(test_connect_errors),
        cmocka_unit_test(test_errors_of_connecting),
        cmocka_unit_test(test_breaks_off),
        cmocka_unit_test(test_malformed_responses),
        cmocka_unit_test(test_lenient_responses),
        cmocka_unit_test(test_early_refusal),
        cmocka_unit_test(test_retries_on_fresh_connection),
        cmocka_unit_test(test_no_second_retry),
        cmocka_unit_test(test_no_retry_with_content),
        cmocka_unit_test(test_pool_notices_close),
        cmocka_unit_test(test_pool_looks_before_use),
        cmocka_unit_test(test_pool_limits),
        cmocka_unit_test(test_stale_makes_way),
        cmocka_unit_test(test_stale_makes_way_for_who_waits),
        cmocka_unit_test(test_keep_alive_is_obeyed),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_wrong_length),
        cmocka_unit_test(test_refuses_requests),
        cmocka_unit_test(test_response_waits_in_the_kernel),
        cmocka_unit_test(test_reset_behind_the_response),
        cmocka_unit_test(test_free_cancels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
