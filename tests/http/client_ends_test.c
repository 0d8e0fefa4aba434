/*
 * How calls of the client end before their time: servers that are not there, go
 * away or refuse; which are made again; and what we cancel.
 */
#include "testing.h"

#include <errno.h>

#include "base/clock.h"
#include "caller.h"

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
        cmocka_unit_test(test_connect_errors),
        cmocka_unit_test(test_errors_of_connecting),
        cmocka_unit_test(test_breaks_off),
        cmocka_unit_test(test_early_refusal),
        cmocka_unit_test(test_reset_behind_the_response),
        cmocka_unit_test(test_retries_on_fresh_connection),
        cmocka_unit_test(test_no_second_retry),
        cmocka_unit_test(test_no_retry_with_content),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_free_cancels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
