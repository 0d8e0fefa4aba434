/*
 * The server over real sockets, against a client that sends exactly the bytes
 * that a test wants. A path says what is done with a request: /now is answered
 * at once, the rest is accepted and driven by the test.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "http/server.h"
#include "rig.h"

static struct {
    struct http_server *server;
    uint16_t port;
    struct http_exchange *x; /* the exchange under way */
    struct peer client;
    struct peer upgraded;
    struct buf body;
    char target[64];
    int requests, body_ends, aborts, drains;
    bool starts_paused;
    bool does_echo;
} t;

static void on_body(struct http_exchange *x, struct span bytes, void *arg)
{
    assert_ptr_equal(arg, &t);
    if (t.does_echo)
        http_exchange_write(x, bytes);
    else
        assert_int_equal(buf_append(&t.body, bytes), 0);
    rig_poke();
}

static void on_body_end(struct http_exchange *x, void *arg)
{
    (void)arg;
    t.body_ends++;
    if (t.does_echo)
        http_exchange_end(x);
    rig_poke();
}

static void on_drain(struct http_exchange *x, void *arg)
{
    (void)x;
    (void)arg;
    t.drains++;
    rig_poke();
}

static void on_abort(struct http_exchange *x, void *arg)
{
    (void)arg;
    assert_ptr_equal(x, t.x);
    t.x = NULL;
    t.aborts++;
    rig_poke();
}

static const struct http_exchange_handlers exchange_handlers = {.on_body = on_body,
                                                                .on_body_end = on_body_end,
                                                                .on_drain = on_drain,
                                                                .on_abort = on_abort};

#define FIELD(n, v)                      \
    {                                    \
        SPAN_LITERAL(n), SPAN_LITERAL(v) \
    }

static int respond(int status, const struct http_field *fields, size_t count)
{
    struct http_response response = {.status = status,
                                     .reason = span_from_string(http_reason(status)),
                                     .fields = {fields, count}};
    return http_exchange_respond(t.x, &response);
}

static void upgrade(struct http_exchange *x)
{
    static const struct http_field fields[] = {FIELD("Connection", "Upgrade"),
                                               FIELD("Upgrade", "tests")};
    t.x = x;
    assert_int_equal(respond(101, fields, 2), 0);
    struct span early;
    struct conn *conn = http_exchange_upgrade(x, &early);
    t.x = NULL;
    peer_adopt(&t.upgraded, conn);
    assert_int_equal(buf_append(&t.upgraded.in, early), 0);
}

static void on_request(struct http_exchange *x, const struct http_request *request, void *arg)
{
    assert_ptr_equal(arg, &t);
    t.requests++;
    snprintf(t.target, sizeof t.target, "%.*s", SPAN_ARG(request->target));
    rig_poke();
    struct address address;
    http_exchange_peer_address(x, &address);
    assert_int_equal(address_port(&address) != 0, 1);
    if (span_starts_with(request->target, "/now")) {
        http_exchange_reply(x, 200, "text/plain", (struct http_fields){0},
                            span_skip(request->target, 1));
        return;
    }
    if (span_is_string(request->target, "/upgrade")) {
        upgrade(x);
        return;
    }
    if (span_is_string(request->target, "/abort")) {
        http_exchange_abort(x);
        return;
    }
    t.x = x;
    http_exchange_accept(x, &exchange_handlers, &t);
    if (t.starts_paused)
        http_exchange_set_reading(x, false);
    if (span_is_string(request->target, "/echo")) {
        t.does_echo = true;
        assert_int_equal(respond(200, NULL, 0), 0);
    }
}

static void start_with(struct http_server_config config)
{
    memset(&t, 0, sizeof t);
    rig_start();
    config.on_request = on_request;
    config.arg = &t;
    if (config.connections_max == 0)
        config.connections_max = 100;
    assert_int_equal(http_server_new(rig.loop, "127.0.0.1", 0, &config, &t.server), 0);
    t.port = http_server_port(t.server);
    buf_init(&t.body, 64 << 20);
    peer_connect(&t.client, t.port);
}

static void start(void)
{
    start_with((struct http_server_config){0});
}

static void stop(void)
{
    peer_close(&t.client);
    http_server_free(t.server);
    buf_deinit(&t.body);
    rig_stop();
}

#define HOST "Host: h\r\n"

/* What came, without the line of Date. */
static const char *received(struct peer *peer)
{
    static char text[8192];
    size_t len = peer->in.len < sizeof text - 1 ? peer->in.len : sizeof text - 1;
    memcpy(text, buf_bytes(&peer->in).data, len);
    text[len] = '\0';
    char *date;
    while ((date = strstr(text, "Date: ")) != NULL) {
        char *end = strstr(date, "GMT\r\n");
        assert_non_null(end);
        memmove(date, end + 5, strlen(end + 5) + 1);
    }
    return text;
}

static void test_keeps_alive(void **state)
{
    (void)state;
    start();
    for (int i = 0; i < 3; i++) {
        peer_send(&t.client, "GET /now HTTP/1.1\r\n" HOST "\r\n");
        RIG_WAIT(peer_has(&t.client, "\r\n\r\nnow"));
        assert_string_equal(received(&t.client), "HTTP/1.1 200 OK\r\n"
                                                 "Content-Type: text/plain\r\n"
                                                 "Content-Length: 3\r\n"
                                                 "\r\n"
                                                 "now");
        peer_clear(&t.client);
    }
    peer_send(&t.client, "GET /now HTTP/1.1\r\n" HOST "Connection: Close\r\n\r\n");
    RIG_WAIT(t.client.has_ended);
    assert_true(peer_has(&t.client, "Connection: close\r\n\r\nnow"));
    assert_int_equal(t.requests, 4);
    stop();
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    start();
    static const char text[] =
        "\r\nPOST /x HTTP/1.1\r\n" HOST
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;e\r\nde\r\n0\r\nT: v\r\n\r\n"
        "GET /now HTTP/1.1\r\n" HOST "\r\n";
    for (size_t i = 0; i < sizeof text - 1; i++) {
        peer_send_span(&t.client, span_of(text + i, 1));
        rig_turns(2);
    }
    RIG_WAIT(t.body_ends == 1);
    assert_true(span_is_string(buf_bytes(&t.body), "abcde"));
    assert_int_equal(t.requests, 1);
    assert_int_equal(respond(204, NULL, 0), 0);
    http_exchange_end(t.x);
    RIG_WAIT(peer_has(&t.client, "\r\n\r\nnow"));
    assert_int_equal(strncmp(received(&t.client), "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200",
                             39),
                     0);
    stop();
}

static void test_pipelined_in_order(void **state)
{
    (void)state;
    start();
    peer_send(&t.client, "GET /a HTTP/1.1\r\n" HOST "\r\nGET /now HTTP/1.1\r\n" HOST
                         "\r\nPOST /b HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhiGET /now HT");
    RIG_WAIT(t.body_ends == 1);
    rig_turns(5);
    assert_int_equal(t.requests, 1); /* the second waits for the first's answer */
    http_exchange_reply(t.x, 200, "text/plain", (struct http_fields){0}, SPAN_LITERAL("first"));
    RIG_WAIT(t.body_ends == 2);
    assert_string_equal(t.target, "/b");
    assert_true(span_is_string(buf_bytes(&t.body), "hi"));
    http_exchange_reply(t.x, 200, "text/plain", (struct http_fields){0}, SPAN_LITERAL("third"));
    peer_send(&t.client, "TP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(peer_count(&t.client, "HTTP/1.1 200 OK") == 4);
    const char *text = received(&t.client);
    assert_true(strstr(text, "\r\nfirst") < strstr(text, "\r\nnow"));
    assert_true(strstr(text, "\r\nnow") < strstr(text, "\r\nthird"));
    stop();
}

static void test_many_pipelined(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    start();
    peer_send(&t.client, "GET /first HTTP/1.1\r\n" HOST "\r\n");
    for (int i = 0; i < COUNT; i++)
        peer_send(&t.client, "GET /now HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    http_exchange_reply(t.x, 200, "text/plain", (struct http_fields){0}, SPAN_LITERAL(""));
    RIG_WAIT(peer_count(&t.client, "HTTP/1.1 200") == COUNT + 1);
    stop();
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        const char *status;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", "400 Bad Request"},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400 Bad Request"},
        {"GET / HTTP/1.1\n", "400 Bad Request"},
        {"\x16\x03\x01", "400 Bad Request"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", "400 "},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         "400 "},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n",
         "501 Not Implemented"},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400 "},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 HTTP Version Not Supported"},
    };
    start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        peer_close(&t.client);
        peer_connect(&t.client, t.port);
        peer_send(&t.client, cases[i].request);
        RIG_WAIT(t.client.has_ended);
        char line[64];
        snprintf(line, sizeof line, "HTTP/1.1 %s", cases[i].status);
        assert_int_equal(strncmp(received(&t.client), line, strlen(line)), 0);
        assert_true(peer_has(&t.client, "Connection: close\r\n"));
    }
    assert_int_equal(t.requests, 0);
    stop();
}

static void test_refuses_large(void **state)
{
    (void)state;
    start();
    char *large = malloc(HTTP_HEAD_MAX);
    assert_non_null(large);
    memset(large, 'x', HTTP_HEAD_MAX);
    peer_send(&t.client, "GET / HTTP/1.1\r\n" HOST "X: ");
    peer_send_span(&t.client, span_of(large, HTTP_HEAD_MAX));
    RIG_WAIT(peer_has(&t.client, "HTTP/1.1 431 Request Header Fields Too Large\r\n"));
    peer_close(&t.client);

    peer_connect(&t.client, t.port);
    peer_send(&t.client, "GET /");
    peer_send_span(&t.client, span_of(large, HTTP_TARGET_MAX + 100));
    RIG_WAIT(peer_has(&t.client, "HTTP/1.1 414 URI Too Long\r\n"));
    free(large);
    stop();
}

static void test_malformed_chunk(void **state)
{
    (void)state;
    start();
    peer_send(&t.client,
              "POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\nnope\r\n");
    RIG_WAIT(t.aborts == 1 && t.client.has_ended);
    assert_true(peer_has(&t.client, "HTTP/1.1 400 "));
    assert_true(span_is_string(buf_bytes(&t.body), "a"));
    stop();
}

static void test_no_body_where_none_belongs(void **state)
{
    (void)state;
    static const struct http_field length[] = {FIELD("Content-Length", "5")};
    start();
    static const struct {
        const char *method;
        int status;
        const char *head;
    } cases[] = {
        {"HEAD", 200, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
        {"GET", 304, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"},
        {"GET", 204, "HTTP/1.1 204 No Content\r\n\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char request[64];
        snprintf(request, sizeof request, "%s /x HTTP/1.1\r\n" HOST "\r\n", cases[i].method);
        peer_send(&t.client, request);
        RIG_WAIT(t.body_ends == (int)i + 1);
        assert_int_equal(respond(cases[i].status, length, 1), 0);
        http_exchange_write(t.x, SPAN_LITERAL("hello"));
        http_exchange_end(t.x);
        RIG_WAIT(peer_has(&t.client, "\r\n\r\n"));
        assert_string_equal(received(&t.client), cases[i].head);
        peer_clear(&t.client);
    }
    assert_false(t.client.has_ended);
    stop();
}

static void test_http10(void **state)
{
    (void)state;
    start();
    /* Without a length the close ends the body. */
    peer_send(&t.client, "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    RIG_WAIT(t.body_ends == 1);
    assert_int_equal(respond(200, NULL, 0), 0);
    http_exchange_write(t.x, SPAN_LITERAL("hello"));
    http_exchange_end(t.x);
    RIG_WAIT(t.client.has_ended);
    assert_string_equal(received(&t.client), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
    peer_close(&t.client);

    peer_connect(&t.client, t.port);
    peer_send(&t.client, "GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    RIG_WAIT(peer_has(&t.client, "\r\n\r\nnow"));
    assert_true(peer_has(&t.client, "Connection: keep-alive\r\n"));
    peer_send(&t.client, "GET /now HTTP/1.0\r\n\r\n");
    RIG_WAIT(t.client.has_ended);
    assert_int_equal(peer_count(&t.client, "now"), 2);
    stop();
}

#define UPLOAD   "POST /x HTTP/1.1\r\n" HOST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

static void test_continue(void **state)
{
    (void)state;
    start();
    peer_send(&t.client, UPLOAD);
    RIG_WAIT(peer_has(&t.client, CONTINUE));
    assert_string_equal(received(&t.client), CONTINUE);
    peer_send(&t.client, "hello");
    RIG_WAIT(t.body_ends == 1);
    http_exchange_reply(t.x, 200, "text/plain", (struct http_fields){0}, SPAN_LITERAL("thanks"));
    RIG_WAIT(peer_has(&t.client, "thanks"));
    peer_clear(&t.client);

    /* Not before the body is wanted. */
    t.starts_paused = true;
    peer_send(&t.client, UPLOAD);
    RIG_WAIT(t.requests == 2);
    rig_turns(5);
    assert_int_equal(t.client.in.len, 0);
    http_exchange_set_reading(t.x, true);
    RIG_WAIT(peer_has(&t.client, CONTINUE));
    peer_send(&t.client, "hello");
    RIG_WAIT(t.body_ends == 2);
    http_exchange_reply(t.x, 200, "text/plain", (struct http_fields){0}, SPAN_LITERAL("thanks"));
    RIG_WAIT(peer_has(&t.client, "thanks"));
    peer_clear(&t.client);

    /* A final answer instead of it: nobody knows whether the body follows. */
    peer_send(&t.client, UPLOAD);
    RIG_WAIT(t.requests == 3);
    http_exchange_reply(t.x, 413, "text/plain", (struct http_fields){0}, SPAN_LITERAL("no"));
    RIG_WAIT(t.client.has_ended);
    assert_false(peer_has(&t.client, CONTINUE));
    assert_true(peer_has(&t.client, "Connection: close\r\n\r\nno"));
    stop();
}

/* Each write is on the client's socket before the next is made. */
static void test_streams(void **state)
{
    (void)state;
    start();
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    static const struct http_field fields[] = {FIELD("Content-Type", "text/event-stream"),
                                               FIELD("Transfer-Encoding", "gzip"),
                                               FIELD("Connection", "X-Hop"), FIELD("X-Hop", "1")};
    assert_int_equal(respond(200, fields, 4), 0);
    assert_true(http_exchange_has_responded(t.x));
    RIG_WAIT(peer_has(&t.client, "\r\n\r\n"));
    assert_string_equal(received(&t.client), "HTTP/1.1 200 OK\r\n"
                                             "Content-Type: text/event-stream\r\n"
                                             "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 5; i++) {
        peer_clear(&t.client);
        http_exchange_write(t.x, SPAN_LITERAL("data: token\n\n"));
        RIG_WAIT(t.client.in.len > 0);
        assert_string_equal(received(&t.client), "d\r\ndata: token\n\n\r\n");
    }
    peer_clear(&t.client);
    http_exchange_end(t.x);
    RIG_WAIT(t.client.in.len > 0);
    assert_string_equal(received(&t.client), "0\r\n\r\n");
    stop();
}

static void test_large_chunks(void **state)
{
    (void)state;
    start();
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    assert_int_equal(respond(200, NULL, 0), 0);
    enum { SIZE = 60000, COUNT = 200 };
    char *content = malloc(SIZE);
    assert_non_null(content);
    memset(content, 'z', SIZE);
    for (int i = 0; i < COUNT; i++)
        http_exchange_write(t.x, span_of(content, SIZE));
    assert_true(http_exchange_queued(t.x) > CONN_DRAIN_MARK);
    RIG_WAIT(t.drains > 0);
    assert_true(http_exchange_queued(t.x) <= CONN_DRAIN_MARK);
    http_exchange_end(t.x);
    RIG_WAIT(peer_has(&t.client, "\r\n0\r\n\r\n"));
    assert_int_equal(peer_count(&t.client, "\r\nea60\r\nzzz"), COUNT);
    struct span in = buf_bytes(&t.client.in);
    size_t content_len = 0;
    for (size_t i = 0; i < in.len; i++)
        content_len += in.data[i] == 'z';
    assert_int_equal(content_len, (size_t)SIZE * COUNT);
    free(content);
    stop();
}

static void test_abort_by_reset(void **state)
{
    (void)state;
    for (int streams = 0; streams < 2; streams++) {
        start();
        peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
        RIG_WAIT(t.body_ends == 1);
        if (streams) {
            assert_int_equal(respond(200, NULL, 0), 0);
            http_exchange_write(t.x, SPAN_LITERAL("some"));
            RIG_WAIT(peer_has(&t.client, "some"));
        }
        peer_reset(&t.client);
        RIG_WAIT(t.aborts == 1);
        stop();
    }
}

/* A closed socket sends FIN; only what is written to it is answered by RST. */
static void test_fin_is_half_close(void **state)
{
    (void)state;
    start();
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    conn_end(t.client.conn);
    RIG_WAIT(t.body_ends == 1);
    rig_turns(10);
    assert_int_equal(t.aborts, 0);
    http_exchange_reply(t.x, 200, "text/plain", (struct http_fields){0}, SPAN_LITERAL("late"));
    RIG_WAIT(t.client.has_ended);
    assert_true(peer_has(&t.client, "\r\n\r\nlate"));
    peer_close(&t.client);

    /* Pipelined behind one another, then FIN: both are answered. */
    peer_connect(&t.client, t.port);
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\nGET /now HTTP/1.1\r\n" HOST "\r\n");
    conn_end(t.client.conn);
    RIG_WAIT(t.body_ends == 2);
    http_exchange_reply(t.x, 200, "text/plain", (struct http_fields){0}, SPAN_LITERAL("late"));
    RIG_WAIT(t.client.has_ended);
    assert_true(peer_has(&t.client, "\r\n\r\nnow"));
    stop();
}

/* A client that is gone for good behind its FIN: noticed at writing. */
static void test_full_close_noticed_at_writing(void **state)
{
    (void)state;
    start();
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct address address;
    assert_int_equal(address_parse("127.0.0.1", t.port, &address), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address.storage, address.len), 0);
    static const char text[] = "GET /x HTTP/1.1\r\n" HOST "\r\n";
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    RIG_WAIT(t.body_ends == 1);
    rig_turns(10);
    assert_int_equal(t.aborts, 0);
    assert_int_equal(respond(200, NULL, 0), 0);
    http_exchange_write(t.x, SPAN_LITERAL("first token"));
    RIG_WAIT(t.aborts == 1);
    stop();
}

static void test_fin_is_abort(void **state)
{
    (void)state;
    for (int streams = 0; streams < 2; streams++) {
        start_with((struct http_server_config){.fin_is_abort = true});
        peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
        RIG_WAIT(t.body_ends == 1);
        if (streams)
            assert_int_equal(respond(200, NULL, 0), 0);
        conn_end(t.client.conn);
        RIG_WAIT(t.aborts == 1);
        stop();
    }
}

static void test_fin_in_body(void **state)
{
    (void)state;
    start();
    peer_send(&t.client, "POST /x HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhell");
    RIG_WAIT(t.body.len == 4);
    conn_end(t.client.conn);
    RIG_WAIT(t.aborts == 1);
    assert_int_equal(t.body_ends, 0);
    stop();
}

static void test_server_aborts(void **state)
{
    (void)state;
    start();
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    assert_int_equal(respond(200, NULL, 0), 0);
    http_exchange_write(t.x, SPAN_LITERAL("some"));
    RIG_WAIT(peer_has(&t.client, "some"));
    http_exchange_abort(t.x);
    RIG_WAIT(t.client.is_closed);
    assert_int_equal(t.client.error, -ECONNRESET);
    peer_close(&t.client);

    peer_connect(&t.client, t.port);
    peer_send(&t.client, "GET /abort HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.client.is_closed);
    assert_int_equal(t.aborts, 0);
    stop();
}

static void test_wrong_length(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "four", "sixsix"};
    static const struct http_field length[] = {FIELD("Content-Length", "5")};
    start();
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        peer_close(&t.client);
        peer_connect(&t.client, t.port);
        peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
        RIG_WAIT(t.body_ends == (int)i + 1);
        assert_int_equal(respond(200, length, 1), 0);
        http_exchange_write(t.x, span_from_string(bodies[i]));
        http_exchange_end(t.x);
        RIG_WAIT(t.client.is_closed);
        assert_int_equal(t.client.error, -ECONNRESET);
    }
    stop();
}

static void test_bad_responses(void **state)
{
    (void)state;
    static const struct http_field split[] = {FIELD("X", "a\r\nSet-Cookie: b")};
    static const struct http_field lengths[] = {FIELD("Content-Length", "5"),
                                                FIELD("Content-Length", "6")};
    static const struct http_field no_length[] = {FIELD("Content-Length", "five")};
    start();
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    assert_int_equal(respond(200, split, 1), -EINVAL);
    assert_int_equal(respond(200, lengths, 2), -EINVAL);
    assert_int_equal(respond(200, no_length, 1), -EINVAL);
    assert_int_equal(respond(103, NULL, 0), -EINVAL);
    assert_int_equal(respond(1000, NULL, 0), -EINVAL);
    assert_false(http_exchange_has_responded(t.x));
    static const struct http_field extra[] = {FIELD("Retry-After", "1")};
    http_exchange_reply(t.x, 502, "text/plain", (struct http_fields){extra, 1},
                        SPAN_LITERAL("bad upstream"));
    RIG_WAIT(peer_has(&t.client, "bad upstream"));
    assert_string_equal(received(&t.client), "HTTP/1.1 502 Bad Gateway\r\n"
                                             "Content-Type: text/plain\r\n"
                                             "Content-Length: 12\r\n"
                                             "Retry-After: 1\r\n\r\n"
                                             "bad upstream");
    stop();
}

static void test_echo_with_pauses(void **state)
{
    (void)state;
    start();
    enum { SIZE = 1000, COUNT = 3000 };
    char chunk[SIZE];
    memset(chunk, 'e', SIZE);
    peer_send(&t.client, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3000000\r\n\r\n");
    for (int i = 0; i < COUNT; i++)
        peer_send_span(&t.client, span_of(chunk, SIZE));
    RIG_WAIT(t.requests == 1);
    /* Paused, it stays with the client: no more than one read comes. */
    http_exchange_set_reading(t.x, false);
    rig_turns(50);
    size_t before = t.client.in.len;
    assert_true(conn_queued(t.client.conn) > 0 || before < (size_t)SIZE * COUNT);
    rig_turns(50);
    assert_int_equal(t.client.in.len, before);
    assert_int_equal(t.body_ends, 0);
    http_exchange_set_reading(t.x, true);
    RIG_WAIT(peer_has(&t.client, "\r\n0\r\n\r\n"));
    assert_int_equal(t.body_ends, 1);
    stop();
}

/* An answer before the request has ended: a short rest is read and dropped, a
 * long one costs the connection. */
static void test_answer_before_body(void **state)
{
    (void)state;
    start();
    peer_send(&t.client, "POST /now HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n01234");
    RIG_WAIT(peer_has(&t.client, "\r\n\r\nnow"));
    peer_send(&t.client, "56789GET /now2 HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(peer_has(&t.client, "now2"));
    peer_send(&t.client, "POST /now3 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
    RIG_WAIT(peer_has(&t.client, "now3"));
    peer_send(&t.client, "1\r\na\r\n0\r\n\r\nGET /now4 HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(peer_has(&t.client, "now4"));
    peer_send(&t.client, "POST /now5 HTTP/1.1\r\n" HOST "Content-Length: 100000000\r\n\r\n");
    RIG_WAIT(t.client.has_ended);
    assert_true(peer_has(&t.client, "now5"));
    stop();
}

static void test_upgrade(void **state)
{
    (void)state;
    start();
    peer_send(&t.client, "GET /upgrade HTTP/1.1\r\n" HOST
                         "Connection: Upgrade\r\nUpgrade: tests\r\n\r\nearly");
    RIG_WAIT(peer_has(&t.client, "\r\n\r\n"));
    assert_string_equal(received(&t.client), "HTTP/1.1 101 Switching Protocols\r\n"
                                             "Connection: Upgrade\r\nUpgrade: tests\r\n\r\n");
    assert_true(span_is_string(buf_bytes(&t.upgraded.in), "early"));
    /* It is the server's no more. */
    http_server_free(t.server);
    t.server = NULL;
    peer_clear(&t.client);
    peer_send(&t.client, " late");
    RIG_WAIT(peer_has(&t.upgraded, "early late"));
    peer_send(&t.upgraded, "hello");
    RIG_WAIT(peer_has(&t.client, "hello"));
    peer_close(&t.upgraded);
    RIG_WAIT(t.client.has_ended);
    stop();
}

static void test_timeouts(void **state)
{
    (void)state;
    start_with((struct http_server_config){.idle_timeout_us = 30 * US_PER_MS,
                                           .head_timeout_us = 30 * US_PER_MS});
    RIG_WAIT(t.client.has_ended);
    assert_int_equal(t.client.in.len, 0);
    peer_close(&t.client);

    peer_connect(&t.client, t.port);
    peer_send(&t.client, "GET /now HTTP/1.1\r\nHos");
    RIG_WAIT(t.client.has_ended);
    assert_true(peer_has(&t.client, "HTTP/1.1 408 Request Timeout\r\n"));
    peer_close(&t.client);

    /* A request under way has all the time. */
    peer_connect(&t.client, t.port);
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    struct peer other;
    peer_connect(&other, t.port);
    RIG_WAIT(other.has_ended);
    peer_close(&other);
    http_exchange_reply(t.x, 200, "text/plain", (struct http_fields){0}, SPAN_LITERAL("late"));
    RIG_WAIT(t.client.has_ended);
    assert_true(peer_has(&t.client, "late"));
    stop();
}

static void test_connection_limit(void **state)
{
    (void)state;
    start_with((struct http_server_config){.connections_max = 1});
    peer_send(&t.client, "GET /now HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(peer_has(&t.client, "now"));
    struct peer other;
    peer_connect(&other, t.port);
    RIG_WAIT(other.has_ended);
    assert_true(peer_has(&other, "HTTP/1.1 503 Service Unavailable\r\n"));
    peer_close(&other);
    peer_send(&t.client, "GET /now HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    RIG_WAIT(t.client.has_ended);
    peer_connect(&other, t.port);
    peer_send(&other, "GET /now HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(peer_has(&other, "now"));
    peer_close(&other);
    stop();
}

static void test_stops_listening(void **state)
{
    (void)state;
    start();
    struct peer idle;
    peer_connect(&idle, t.port);
    peer_send(&idle, "GET /now HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(peer_has(&idle, "now"));
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    http_server_stop_listening(t.server);
    RIG_WAIT(idle.has_ended);
    peer_close(&idle);
    http_exchange_reply(t.x, 200, "text/plain", (struct http_fields){0}, SPAN_LITERAL("last"));
    RIG_WAIT(t.client.has_ended);
    assert_true(peer_has(&t.client, "Connection: close\r\n\r\nlast"));
    stop();
}

static void test_free_aborts(void **state)
{
    (void)state;
    start();
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    assert_int_equal(respond(200, NULL, 0), 0);
    http_server_free(t.server);
    t.server = NULL;
    RIG_WAIT(t.client.is_closed);
    assert_int_equal(t.client.error, -ECONNRESET);
    assert_int_equal(t.aborts, 0);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeps_alive),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_pipelined_in_order),
        cmocka_unit_test(test_many_pipelined),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_refuses_large),
        cmocka_unit_test(test_malformed_chunk),
        cmocka_unit_test(test_no_body_where_none_belongs),
        cmocka_unit_test(test_http10),
        cmocka_unit_test(test_continue),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_large_chunks),
        cmocka_unit_test(test_abort_by_reset),
        cmocka_unit_test(test_fin_is_half_close),
        cmocka_unit_test(test_full_close_noticed_at_writing),
        cmocka_unit_test(test_fin_is_abort),
        cmocka_unit_test(test_fin_in_body),
        cmocka_unit_test(test_server_aborts),
        cmocka_unit_test(test_wrong_length),
        cmocka_unit_test(test_bad_responses),
        cmocka_unit_test(test_echo_with_pauses),
        cmocka_unit_test(test_answer_before_body),
        cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_connection_limit),
        cmocka_unit_test(test_stops_listening),
        cmocka_unit_test(test_free_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
