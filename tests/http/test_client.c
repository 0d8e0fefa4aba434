/*
 * The client over real sockets, against a server that sends exactly the bytes
 * that a test wants.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "http/client.h"
#include "rig.h"

enum { SERVERS_MAX = 8 };

/* One call as its handlers saw it. */
struct seen {
    struct http_call *call;
    struct buf body;
    char error_text[128];
    int status, responses, ends, errors, error, drains;
    bool cancels; /* under on_response */
    bool pauses;
};

static struct {
    struct listener *listener;
    struct http_client *client;
    struct peer servers[SERVERS_MAX]; /* the server's side of each connection */
    int accepted;
    struct seen a, b;
} t;

static void on_response(const struct http_response *response, void *arg)
{
    struct seen *seen = arg;
    seen->responses++;
    seen->status = response->status;
    if (seen->pauses)
        http_call_set_reading(seen->call, false);
    if (seen->cancels)
        http_call_cancel(seen->call);
    rig_poke();
}

static void on_body(struct span bytes, void *arg)
{
    struct seen *seen = arg;
    assert_int_equal(buf_append(&seen->body, bytes), 0);
    rig_poke();
}

static void on_end(void *arg)
{
    struct seen *seen = arg;
    seen->ends++;
    rig_poke();
}

static void on_error(int error, const char *text, void *arg)
{
    struct seen *seen = arg;
    seen->errors++;
    seen->error = error;
    snprintf(seen->error_text, sizeof seen->error_text, "%s", text);
    rig_poke();
}

static void on_drain(void *arg)
{
    struct seen *seen = arg;
    seen->drains++;
    rig_poke();
}

static const struct http_call_handlers call_handlers = {.on_response = on_response,
                                                        .on_body = on_body,
                                                        .on_end = on_end,
                                                        .on_error = on_error,
                                                        .on_drain = on_drain};

static void on_accept(struct conn *conn, void *arg)
{
    (void)arg;
    assert_true(t.accepted < SERVERS_MAX);
    peer_adopt(&t.servers[t.accepted++], conn);
    rig_poke();
}

static void start_with(size_t pool_max, uint64_t idle_us)
{
    memset(&t, 0, sizeof t);
    rig_start();
    assert_int_equal(listener_new(rig.loop, "127.0.0.1", 0, on_accept, NULL, &t.listener), 0);
    struct http_client_config config = {.host = "127.0.0.1",
                                        .port = listener_port(t.listener),
                                        .connect_timeout_us = 10 * US_PER_S,
                                        .idle_timeout_us = idle_us,
                                        .pool_max = pool_max};
    t.client = http_client_new(rig.loop, &config);
    buf_init(&t.a.body, 64 << 20);
    buf_init(&t.b.body, 64 << 20);
}

static void start(void)
{
    start_with(4, 60 * US_PER_S);
}

static void stop(void)
{
    http_client_free(t.client);
    for (int i = 0; i < t.accepted; i++)
        peer_close(&t.servers[i]);
    listener_close(t.listener);
    buf_deinit(&t.a.body);
    buf_deinit(&t.b.body);
    rig_stop();
}

#define FIELD(n, v)                      \
    {                                    \
        SPAN_LITERAL(n), SPAN_LITERAL(v) \
    }

static int begin(struct seen *seen, const char *method, enum http_framing framing,
                 const char *content_length)
{
    struct http_field fields[] = {
        FIELD("Host", "h"),
        FIELD("Connection", "X-Hop"),
        FIELD("X-Hop", "1"),
        {SPAN_LITERAL("Content-Length"), {0}},
    };
    if (content_length)
        fields[3].value = span_from_string(content_length);
    struct http_request request = {.method = span_from_string(method),
                                   .target = SPAN_LITERAL("/x"),
                                   .minor_version = 1,
                                   .fields = {fields, content_length ? 4 : 3}};
    struct buf body = seen->body;
    bool pauses = seen->pauses;
    bool cancels = seen->cancels;
    buf_clear(&body);
    *seen = (struct seen){.body = body, .pauses = pauses, .cancels = cancels};
    return http_client_call(t.client, &request, framing, &call_handlers, seen, &seen->call);
}

static void get(struct seen *seen)
{
    assert_int_equal(begin(seen, "GET", HTTP_BODY_NONE, NULL), 0);
}

#define GET_HEAD  "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"
#define POST_HEAD "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
#define OK_HELLO  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

/* Waits for the request on the server's nth connection, then answers. */
static void serve(int n, const char *request, const char *answer)
{
    RIG_WAIT(t.accepted > n && peer_has(&t.servers[n], request));
    assert_true(span_is_string(buf_bytes(&t.servers[n].in), request));
    peer_clear(&t.servers[n]);
    peer_send(&t.servers[n], answer);
}

static bool got(const struct seen *seen, const char *body)
{
    return seen->ends == 1 && seen->errors == 0 && seen->responses == 1 &&
           span_is_string(buf_bytes(&seen->body), body);
}

static void test_reuses_connection(void **state)
{
    (void)state;
    start();
    for (int i = 0; i < 3; i++) {
        get(&t.a);
        serve(0, GET_HEAD, OK_HELLO);
        RIG_WAIT(t.a.ends == 1);
        assert_true(got(&t.a, "hello"));
        assert_int_equal(t.a.status, 200);
    }
    assert_int_equal(t.accepted, 1);
    stop();
}

static void test_parallel_calls(void **state)
{
    (void)state;
    start();
    get(&t.a);
    get(&t.b);
    RIG_WAIT(t.accepted == 2);
    serve(1, GET_HEAD, OK_HELLO);
    serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(t.a.ends == 1 && t.b.ends == 1);
    stop();
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
        start();
        get(&t.a);
        serve(0, GET_HEAD, cases[i].answer);
        if (cases[i].is_closed)
            conn_end(t.servers[0].conn);
        RIG_WAIT(t.a.ends == 1);
        assert_true(got(&t.a, cases[i].body));
        get(&t.b);
        if (cases[i].is_kept)
            serve(0, GET_HEAD, OK_HELLO);
        else
            serve(1, GET_HEAD, OK_HELLO);
        RIG_WAIT(t.b.ends == 1);
        stop();
    }
}

static void test_head_has_no_body(void **state)
{
    (void)state;
    start();
    assert_int_equal(begin(&t.a, "HEAD", HTTP_BODY_NONE, NULL), 0);
    serve(0, "HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    RIG_WAIT(t.a.ends == 1);
    assert_true(got(&t.a, ""));
    stop();
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    static const char answer[] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    start();
    get(&t.a);
    serve(0, GET_HEAD, "");
    for (size_t i = 0; i < sizeof answer - 1; i++) {
        peer_send_span(&t.servers[0], span_of(answer + i, 1));
        rig_turns(2);
    }
    RIG_WAIT(t.a.ends == 1);
    assert_true(got(&t.a, "hello"));
    stop();
}

/* Each piece is with the other side before the next is made. */
static void test_streams_both_ways(void **state)
{
    (void)state;
    start();
    assert_int_equal(begin(&t.a, "POST", HTTP_BODY_CHUNKED, NULL), 0);
    serve(0, POST_HEAD, "");
    struct peer *server = &t.servers[0];
    http_call_write(t.a.call, SPAN_LITERAL("one"));
    serve(0, "3\r\none\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    /* The response begins before the request has ended. */
    RIG_WAIT(t.a.responses == 1);
    http_call_write(t.a.call, SPAN_LITERAL("two"));
    serve(0, "3\r\ntwo\r\n", "3\r\nTWO\r\n");
    RIG_WAIT(t.a.body.len == 3);
    http_call_end(t.a.call);
    serve(0, "0\r\n\r\n", "0\r\n\r\n");
    RIG_WAIT(t.a.ends == 1);
    assert_true(got(&t.a, "TWO"));
    get(&t.a);
    serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(t.a.ends == 1);
    assert_false(server->has_ended);
    stop();
}

static void test_body_before_open(void **state)
{
    (void)state;
    start();
    assert_int_equal(begin(&t.a, "POST", HTTP_BODY_LENGTH, "200000"), 0);
    char content[1000];
    memset(content, 'c', sizeof content);
    for (int i = 0; i < 200; i++)
        http_call_write(t.a.call, span_of(content, sizeof content));
    http_call_end(t.a.call);
    assert_true(http_call_queued(t.a.call) > 200000);
    RIG_WAIT(t.a.drains == 1);
    RIG_WAIT(t.accepted == 1 && t.servers[0].in.len > 200000);
    peer_send(&t.servers[0], OK_HELLO);
    RIG_WAIT(t.a.ends == 1);
    stop();
}

static void test_connect_errors(void **state)
{
    (void)state;
    start();
    listener_close(t.listener);
    t.listener = NULL;
    get(&t.a);
    RIG_WAIT(t.a.errors == 1);
    assert_int_equal(t.a.error, -ECONNREFUSED);
    assert_string_equal(t.a.error_text, "connection refused");
    stop();
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
        start();
        get(&t.a);
        serve(0, GET_HEAD, cases[i].answer);
        if (strstr(cases[i].answer, "\r\n\r\n"))
            RIG_WAIT(t.a.body.len > 0);
        if (cases[i].is_reset)
            peer_reset(&t.servers[0]);
        else
            conn_end(t.servers[0].conn);
        RIG_WAIT(t.a.errors == 1);
        assert_int_equal(t.a.ends, 0);
        assert_int_equal(t.a.error, -ECONNRESET);
        if (!strstr(t.a.error_text, cases[i].text))
            fail_msg("case %zu: %s", i, t.a.error_text);
        stop();
    }
}

static void test_malformed_responses(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\n\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnope\r\n",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        start();
        get(&t.a);
        serve(0, GET_HEAD, answers[i]);
        RIG_WAIT(t.a.errors == 1);
        assert_int_equal(t.a.error, -EPROTO);
        RIG_WAIT(t.servers[0].is_closed);
        stop();
    }
}

/* A refusal in the middle of a large upload, and a close behind it. */
static void test_early_refusal(void **state)
{
    (void)state;
    start();
    assert_int_equal(begin(&t.a, "POST", HTTP_BODY_LENGTH, "100000000"), 0);
    static char content[1 << 20];
    for (int i = 0; i < 8; i++)
        http_call_write(t.a.call, span_of(content, sizeof content));
    RIG_WAIT(t.accepted == 1 && t.servers[0].in.len > 0);
    peer_send(&t.servers[0], "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n"
                             "Connection: close\r\n\r\nno");
    peer_close(&t.servers[0]);
    RIG_WAIT(t.a.ends == 1);
    assert_int_equal(t.a.status, 413);
    assert_true(got(&t.a, "no"));
    stop();
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
            start();
            get(&t.a);
            serve(0, GET_HEAD, OK_HELLO);
            RIG_WAIT(t.a.ends == 1);
            /* The server closes the connection as the next request comes. */
            assert_int_equal(begin(&t.a, cases[i].method, HTTP_BODY_NONE, NULL), 0);
            RIG_WAIT(t.servers[0].in.len > 0);
            if (is_reset)
                peer_reset(&t.servers[0]);
            else
                peer_close(&t.servers[0]);
            if (cases[i].is_retried) {
                RIG_WAIT(t.accepted == 2 && t.servers[1].in.len > 0);
                peer_send(&t.servers[1], OK_HELLO);
                RIG_WAIT(t.a.ends == 1);
                assert_true(got(&t.a, "hello"));
            } else {
                RIG_WAIT(t.a.errors == 1);
                assert_int_equal(t.accepted, 1);
            }
            stop();
        }
    }
}

static void test_no_second_retry(void **state)
{
    (void)state;
    start();
    get(&t.a);
    serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(t.a.ends == 1);
    get(&t.a);
    RIG_WAIT(t.servers[0].in.len > 0);
    peer_close(&t.servers[0]);
    RIG_WAIT(t.accepted == 2 && t.servers[1].in.len > 0);
    peer_close(&t.servers[1]);
    RIG_WAIT(t.a.errors == 1);
    assert_int_equal(t.accepted, 2);
    stop();
}

static void test_no_retry_with_content(void **state)
{
    (void)state;
    start();
    get(&t.a);
    serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(t.a.ends == 1);
    assert_int_equal(begin(&t.a, "PUT", HTTP_BODY_CHUNKED, NULL), 0);
    http_call_write(t.a.call, SPAN_LITERAL("content"));
    RIG_WAIT(peer_has(&t.servers[0], "content"));
    peer_close(&t.servers[0]);
    RIG_WAIT(t.a.errors == 1);
    assert_int_equal(t.accepted, 1);
    stop();
}

static void test_pool_notices_close(void **state)
{
    (void)state;
    start();
    get(&t.a);
    serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(t.a.ends == 1);
    conn_end(t.servers[0].conn);
    RIG_WAIT(t.servers[0].has_ended);
    get(&t.a);
    serve(1, GET_HEAD, OK_HELLO);
    RIG_WAIT(t.a.ends == 1);
    /* Bytes that nobody asked for: not a response to the next call. */
    peer_send(&t.servers[1], OK_HELLO);
    RIG_WAIT(t.servers[1].is_closed);
    get(&t.a);
    serve(2, GET_HEAD, "HTTP/1.1 204 -\r\n\r\n");
    RIG_WAIT(t.a.ends == 1);
    assert_int_equal(t.a.status, 204);
    stop();
}

static void test_pool_limits(void **state)
{
    (void)state;
    start_with(1, 60 * US_PER_S);
    get(&t.a);
    get(&t.b);
    serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(t.a.ends == 1);
    serve(1, GET_HEAD, OK_HELLO);
    RIG_WAIT(t.b.ends == 1);
    RIG_WAIT(t.servers[0].has_ended); /* the older one had to go */
    assert_false(t.servers[1].has_ended);
    stop();

    start_with(4, 30 * US_PER_MS);
    get(&t.a);
    serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(t.a.ends == 1);
    RIG_WAIT(t.servers[0].has_ended);
    stop();

    start_with(0, 0);
    get(&t.a);
    serve(0, GET_HEAD, OK_HELLO);
    RIG_WAIT(t.a.ends == 1 && t.servers[0].has_ended);
    stop();
}

static void test_cancel(void **state)
{
    (void)state;
    /* While connecting, while waiting, in the response, under a handler. */
    start();
    get(&t.a);
    http_call_cancel(t.a.call);
    get(&t.a);
    RIG_WAIT(t.accepted > 0 && peer_has(&t.servers[t.accepted - 1], GET_HEAD));
    struct peer *server = &t.servers[t.accepted - 1];
    http_call_cancel(t.a.call);
    RIG_WAIT(server->is_closed);
    assert_int_equal(server->error, -ECONNRESET);

    int n = t.accepted;
    get(&t.a);
    serve(n, GET_HEAD, "HTTP/1.1 200 OK\r\n\r\nsome");
    RIG_WAIT(t.a.body.len == 4);
    http_call_cancel(t.a.call);
    RIG_WAIT(t.servers[n].is_closed);

    n = t.accepted;
    t.a.cancels = true;
    get(&t.a);
    serve(n, GET_HEAD, OK_HELLO);
    RIG_WAIT(t.servers[n].is_closed);
    assert_int_equal(t.a.ends + t.a.errors, 0);
    assert_int_equal(t.a.body.len, 0);
    stop();
}

static void test_wrong_length(void **state)
{
    (void)state;
    start();
    assert_int_equal(begin(&t.a, "POST", HTTP_BODY_LENGTH, "5"), 0);
    RIG_WAIT(t.accepted == 1);
    http_call_write(t.a.call, SPAN_LITERAL("fou"));
    http_call_write(t.a.call, SPAN_LITERAL("rGET / HTTP/1.1\r\n\r\n"));
    http_call_write(t.a.call, SPAN_LITERAL("ignored"));
    http_call_end(t.a.call);
    assert_int_equal(t.a.errors, 0); /* not under our own call */
    RIG_WAIT(t.a.errors == 1 && t.servers[0].is_closed);
    assert_int_equal(t.a.error, -EPROTO);
    assert_false(peer_has(&t.servers[0], "GET /"));

    assert_int_equal(begin(&t.a, "POST", HTTP_BODY_LENGTH, "5"), 0);
    RIG_WAIT(t.accepted == 2);
    http_call_write(t.a.call, SPAN_LITERAL("four"));
    http_call_end(t.a.call);
    RIG_WAIT(t.a.errors == 1 && t.servers[1].is_closed);

    /* Cancelled before its error is told. */
    assert_int_equal(begin(&t.a, "POST", HTTP_BODY_LENGTH, "5"), 0);
    http_call_write(t.a.call, SPAN_LITERAL("sixsix"));
    http_call_cancel(t.a.call);
    rig_turns(5);
    assert_int_equal(t.a.errors, 0);
    stop();
}

static void test_refuses_requests(void **state)
{
    (void)state;
    start();
    assert_int_equal(begin(&t.a, "GE T", HTTP_BODY_NONE, NULL), -EINVAL);
    assert_int_equal(begin(&t.a, "POST", HTTP_BODY_LENGTH, NULL), -EINVAL);
    assert_int_equal(begin(&t.a, "POST", HTTP_BODY_LENGTH, "+5"), -EINVAL);
    assert_int_equal(begin(&t.a, "POST", HTTP_BODY_LENGTH, "5\r\nX: y"), -EINVAL);
    assert_int_equal(begin(&t.a, "POST", HTTP_BODY_CHUNKED, "5"), -EINVAL);
    assert_int_equal(begin(&t.a, "POST", HTTP_BODY_NONE, "5"), -EINVAL);
    assert_int_equal(begin(&t.a, "POST", HTTP_BODY_UNTIL_CLOSE, NULL), -EINVAL);
    static const struct http_field hosts[] = {FIELD("Host", "a"), FIELD("host", "b")};
    struct http_request request = {.method = SPAN_LITERAL("GET"),
                                   .target = SPAN_LITERAL("/"),
                                   .fields = {hosts, 2}};
    struct http_call *call;
    assert_int_equal(http_client_call(t.client, &request, HTTP_BODY_NONE, &call_handlers, &t.a,
                                      &call),
                     -EINVAL);
    request.fields.count = 0;
    assert_int_equal(http_client_call(t.client, &request, HTTP_BODY_NONE, &call_handlers, &t.a,
                                      &call),
                     -EINVAL);
    rig_turns(3);
    assert_int_equal(t.accepted, 0);
    stop();
}

static void test_response_waits_in_the_kernel(void **state)
{
    (void)state;
    start();
    t.a.pauses = true;
    get(&t.a);
    serve(0, GET_HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\n");
    RIG_WAIT(t.a.responses == 1);
    static char content[1 << 20];
    for (int i = 0; i < 16; i++)
        peer_send_span(&t.servers[0], span_of(content, sizeof content));
    rig_turns(100);
    assert_true(t.a.body.len <= CONN_READ_MAX);
    assert_true(conn_queued(t.servers[0].conn) > 0);
    http_call_set_reading(t.a.call, true);
    RIG_WAIT(t.a.ends == 1);
    assert_int_equal(t.a.body.len, 16 << 20);
    stop();
}

static void test_free_cancels(void **state)
{
    (void)state;
    start();
    get(&t.a);
    assert_int_equal(begin(&t.b, "POST", HTTP_BODY_CHUNKED, NULL), 0);
    RIG_WAIT(t.accepted == 2 && t.servers[0].in.len > 0 && t.servers[1].in.len > 0);
    http_client_free(t.client);
    t.client = NULL;
    RIG_WAIT(t.servers[0].is_closed && t.servers[1].is_closed);
    assert_int_equal(t.a.errors + t.b.errors, 0);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reuses_connection),
        cmocka_unit_test(test_parallel_calls),
        cmocka_unit_test(test_kinds_of_body),
        cmocka_unit_test(test_head_has_no_body),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_streams_both_ways),
        cmocka_unit_test(test_body_before_open),
        cmocka_unit_test(test_connect_errors),
        cmocka_unit_test(test_breaks_off),
        cmocka_unit_test(test_malformed_responses),
        cmocka_unit_test(test_early_refusal),
        cmocka_unit_test(test_retries_on_fresh_connection),
        cmocka_unit_test(test_no_second_retry),
        cmocka_unit_test(test_no_retry_with_content),
        cmocka_unit_test(test_pool_notices_close),
        cmocka_unit_test(test_pool_limits),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_wrong_length),
        cmocka_unit_test(test_refuses_requests),
        cmocka_unit_test(test_response_waits_in_the_kernel),
        cmocka_unit_test(test_free_cancels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
