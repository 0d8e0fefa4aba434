/*
 * Requests and responses of the server over real sockets, against a client
 * that sends exactly the bytes that a test wants.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "service.h"

static void test_keeps_alive(void **state)
{
    (void)state;
    service_start();
    for (int i = 0; i < 3; i++) {
        peer_send(&t.client, "GET /now HTTP/1.1\r\n" HOST "\r\n");
        RIG_WAIT(peer_has(&t.client, "\r\n\r\nnow"));
        assert_string_equal(service_received(&t.client), "HTTP/1.1 200 OK\r\n"
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
    service_stop();
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    service_start();
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
    assert_int_equal(service_respond(204, NULL, 0), 0);
    http_exchange_end(t.x, no_fields);
    RIG_WAIT(peer_has(&t.client, "\r\n\r\nnow"));
    assert_int_equal(strncmp(service_received(&t.client),
                             "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200", 39),
                     0);
    service_stop();
}

static void test_pipelined_in_order(void **state)
{
    (void)state;
    service_start();
    peer_send(&t.client, "GET /a HTTP/1.1\r\n" HOST "\r\nGET /now HTTP/1.1\r\n" HOST
                         "\r\nPOST /b HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhiGET /now HT");
    RIG_WAIT(t.body_ends == 1);
    rig_turns(5);
    assert_int_equal(t.requests, 1); /* the second waits for the first's answer */
    service_reply("first");
    RIG_WAIT(t.body_ends == 2);
    assert_string_equal(t.target, "/b");
    assert_true(span_is_string(buf_bytes(&t.body), "hi"));
    service_reply("third");
    peer_send(&t.client, "TP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(peer_count(&t.client, "HTTP/1.1 200 OK") == 4);
    const char *text = service_received(&t.client);
    assert_true(strstr(text, "\r\nfirst") < strstr(text, "\r\nnow"));
    assert_true(strstr(text, "\r\nnow") < strstr(text, "\r\nthird"));
    service_stop();
}

static void test_many_pipelined(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    service_start();
    peer_send(&t.client, "GET /first HTTP/1.1\r\n" HOST "\r\n");
    for (int i = 0; i < COUNT; i++)
        peer_send(&t.client, "GET /now HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    service_reply("");
    RIG_WAIT(peer_count(&t.client, "HTTP/1.1 200") == COUNT + 1);
    service_stop();
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
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n", "501 "},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "400 "},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n", "400 "},
        {"CONNECT a:1 HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n", "400 "},
        {"GET / HTTP/1.1\r\n" HOST "Connection: Host\r\n\r\n", "400 "},
        {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", "400 "},
        {"GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", "400 "},
        {"GET / HTTP/1.1\r\n" HOST "A: \x01\r\n\r\n", "400 "},
        {"GET / HTTP/3.0\r\n\r\n", "505 "},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 HTTP Version Not Supported"},
    };
    service_start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        peer_close(&t.client);
        peer_connect(&t.client, t.port);
        peer_send(&t.client, cases[i].request);
        RIG_WAIT(t.client.has_ended);
        char line[64];
        snprintf(line, sizeof line, "HTTP/1.1 %s", cases[i].status);
        assert_int_equal(strncmp(service_received(&t.client), line, strlen(line)), 0);
        assert_true(peer_has(&t.client, "Connection: close\r\n"));
    }
    assert_int_equal(t.requests, 0);
    service_stop();
}

static void test_refuses_large(void **state)
{
    (void)state;
    service_start();
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
    service_stop();
}

static void test_malformed_chunk(void **state)
{
    (void)state;
    service_start();
    peer_send(&t.client,
              "POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\nnope\r\n");
    RIG_WAIT(t.aborts == 1 && t.client.has_ended);
    assert_true(peer_has(&t.client, "HTTP/1.1 400 "));
    assert_true(span_is_string(buf_bytes(&t.body), "a"));
    service_stop();
}

static void test_no_body_where_none_belongs(void **state)
{
    (void)state;
    static const struct http_field length[] = {FIELD("Content-Length", "5")};
    service_start();
    static const struct {
        const char *method;
        int status;
        const char *head;
    } cases[] = {
        {"HEAD", 200, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
        {"GET", 304, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"},
        {"GET", 204, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char request[64];
        snprintf(request, sizeof request, "%s /x HTTP/1.1\r\n" HOST "\r\n", cases[i].method);
        peer_send(&t.client, request);
        RIG_WAIT(t.body_ends == (int)i + 1);
        assert_int_equal(service_respond(cases[i].status, length, 1), 0);
        http_exchange_write(t.x, SPAN_LITERAL("hello"));
        http_exchange_end(t.x, no_fields);
        RIG_WAIT(peer_has(&t.client, "\r\n\r\n"));
        assert_string_equal(service_received(&t.client), cases[i].head);
        peer_clear(&t.client);
    }
    assert_false(t.client.has_ended);
    service_stop();
}

static void test_http10(void **state)
{
    (void)state;
    service_start();
    /* Without a length the close ends the body. */
    peer_send(&t.client, "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    RIG_WAIT(t.body_ends == 1);
    assert_int_equal(service_respond(200, NULL, 0), 0);
    http_exchange_write(t.x, SPAN_LITERAL("hello"));
    http_exchange_end(t.x, no_fields);
    RIG_WAIT(t.client.has_ended);
    assert_string_equal(service_received(&t.client),
                        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
    peer_close(&t.client);

    peer_connect(&t.client, t.port);
    peer_send(&t.client, "GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    RIG_WAIT(peer_has(&t.client, "\r\n\r\nnow"));
    assert_true(peer_has(&t.client, "Connection: keep-alive\r\n"));
    peer_send(&t.client, "GET /now HTTP/1.0\r\n\r\n");
    RIG_WAIT(t.client.has_ended);
    assert_int_equal(peer_count(&t.client, "now"), 2);
    service_stop();
}

#define UPLOAD   "POST /x HTTP/1.1\r\n" HOST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

static void test_continue(void **state)
{
    (void)state;
    service_start();
    peer_send(&t.client, UPLOAD);
    RIG_WAIT(peer_has(&t.client, CONTINUE));
    assert_string_equal(service_received(&t.client), CONTINUE);
    peer_send(&t.client, "hello");
    RIG_WAIT(t.body_ends == 1);
    service_reply("thanks");
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
    service_reply("thanks");
    RIG_WAIT(peer_has(&t.client, "thanks"));
    peer_clear(&t.client);

    /* A final answer instead of it: nobody knows whether the body follows. */
    peer_send(&t.client, UPLOAD);
    RIG_WAIT(t.requests == 3);
    http_exchange_reply(t.x, 413, "text/plain", (struct http_fields){0}, SPAN_LITERAL("no"));
    RIG_WAIT(t.client.has_ended);
    assert_false(peer_has(&t.client, CONTINUE));
    assert_true(peer_has(&t.client, "Connection: close\r\n\r\nno"));
    service_stop();
}

/* Each write is on the client's socket before the next is made. */
static void test_streams(void **state)
{
    (void)state;
    service_start();
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    static const struct http_field fields[] = {FIELD("Content-Type", "text/event-stream"),
                                               FIELD("Transfer-Encoding", "gzip"),
                                               FIELD("Connection", "X-Hop"), FIELD("X-Hop", "1")};
    assert_int_equal(service_respond(200, fields, 4), 0);
    assert_true(http_exchange_has_responded(t.x));
    RIG_WAIT(peer_has(&t.client, "\r\n\r\n"));
    assert_string_equal(service_received(&t.client), "HTTP/1.1 200 OK\r\n"
                                                     "Content-Type: text/event-stream\r\n"
                                                     "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 5; i++) {
        peer_clear(&t.client);
        http_exchange_write(t.x, SPAN_LITERAL("data: token\n\n"));
        RIG_WAIT(t.client.in.len > 0);
        assert_string_equal(service_received(&t.client), "d\r\ndata: token\n\n\r\n");
    }
    peer_clear(&t.client);
    http_exchange_end(t.x, no_fields);
    RIG_WAIT(t.client.in.len > 0);
    assert_string_equal(service_received(&t.client), "0\r\n\r\n");
    service_stop();
}

static void test_large_chunks(void **state)
{
    (void)state;
    service_start();
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    assert_int_equal(service_respond(200, NULL, 0), 0);
    enum { SIZE = 60000, COUNT = 200, FIRST = 20000 };
    char *content = malloc(SIZE);
    assert_non_null(content);
    memset(content, 'z', SIZE);
    http_exchange_write(t.x, span_of(content, FIRST));
    assert_int_equal(http_exchange_queued(t.x), 0); /* its line end went with it */
    for (int i = 0; i < COUNT; i++)
        http_exchange_write(t.x, span_of(content, SIZE));
    assert_true(http_exchange_queued(t.x) > CONN_DRAIN_MARK);
    RIG_WAIT(t.drains > 0);
    assert_true(http_exchange_queued(t.x) <= CONN_DRAIN_MARK);
    http_exchange_end(t.x, no_fields);
    RIG_WAIT(peer_has(&t.client, "\r\n0\r\n\r\n"));
    assert_int_equal(peer_count(&t.client, "\r\nea60\r\nzzz"), COUNT);
    struct span in = buf_bytes(&t.client.in);
    size_t content_len = 0;
    for (size_t i = 0; i < in.len; i++)
        content_len += in.data[i] == 'z';
    assert_int_equal(content_len, (size_t)SIZE * COUNT + FIRST);
    free(content);
    service_stop();
}

static void test_bad_responses(void **state)
{
    (void)state;
    static const struct http_field split[] = {FIELD("X", "a\r\nSet-Cookie: b")};
    static const struct http_field lengths[] = {FIELD("Content-Length", "5"),
                                                FIELD("Content-Length", "6")};
    static const struct http_field no_length[] = {FIELD("Content-Length", "five")};
    service_start();
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    assert_int_equal(service_respond(200, split, 1), -EINVAL);
    assert_int_equal(service_respond(200, lengths, 2), -EINVAL);
    assert_int_equal(service_respond(200, no_length, 1), -EINVAL);
    assert_int_equal(service_respond(103, NULL, 0), -EINVAL);
    assert_int_equal(service_respond(1000, NULL, 0), -EINVAL);
    assert_false(http_exchange_has_responded(t.x));
    static const struct http_field extra[] = {FIELD("Retry-After", "1")};
    http_exchange_reply(t.x, 502, "text/plain", (struct http_fields){extra, 1},
                        SPAN_LITERAL("bad upstream"));
    RIG_WAIT(peer_has(&t.client, "bad upstream"));
    assert_string_equal(service_received(&t.client), "HTTP/1.1 502 Bad Gateway\r\n"
                                                     "Content-Type: text/plain\r\n"
                                                     "Content-Length: 12\r\n"
                                                     "Retry-After: 1\r\n\r\n"
                                                     "bad upstream");
    service_stop();
}

static void test_echo_with_pauses(void **state)
{
    (void)state;
    service_start();
    enum { SIZE = 1000, COUNT = 3000 };
    char chunk[SIZE];
    memset(chunk, 'e', SIZE);
    peer_send(&t.client, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3000000\r\n\r\n");
    for (int i = 0; i < COUNT; i++)
        peer_send_span(&t.client, span_of(chunk, SIZE));
    RIG_WAIT(t.requests == 1);
    /* Paused, it stays with the client: no more than one read comes. */
    http_exchange_set_reading(t.x, false);
    size_t before;
    do {
        before = t.client.in.len; /* of that, too, some may be on its way */
        rig_turns(50);
    } while (t.client.in.len > before);
    assert_true(conn_queued(t.client.conn) > 0 || before < (size_t)SIZE * COUNT);
    assert_int_equal(t.body_ends, 0);
    http_exchange_set_reading(t.x, true);
    RIG_WAIT(peer_has(&t.client, "\r\n0\r\n\r\n"));
    assert_int_equal(t.body_ends, 1);
    service_stop();
}

/* An answer before the request has ended: a short rest is read and dropped, a
 * long one costs the connection. */
static void test_answer_before_body(void **state)
{
    (void)state;
    service_start();
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
    service_stop();
}

static void test_upgrade(void **state)
{
    (void)state;
    service_start();
    peer_send(&t.client, "GET /upgrade HTTP/1.1\r\n" HOST
                         "Connection: Upgrade\r\nUpgrade: tests\r\n\r\nearly");
    RIG_WAIT(peer_has(&t.client, "\r\n\r\n"));
    assert_string_equal(service_received(&t.client),
                        "HTTP/1.1 101 Switching Protocols\r\n"
                        "Upgrade: tests\r\nConnection: Upgrade\r\n\r\n");
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
    service_stop();
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
        cmocka_unit_test(test_bad_responses),
        cmocka_unit_test(test_echo_with_pauses),
        cmocka_unit_test(test_answer_before_body),
        cmocka_unit_test(test_upgrade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
