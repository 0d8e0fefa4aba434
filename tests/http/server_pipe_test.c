/*
 * The server's side of what goes beyond a request and a response: interim
 * responses, trailers, and connections that become pipes.
 */
#include "testing.h"

#include <errno.h>

#include "service.h"

#define UPGRADE                                                      \
    "GET /x HTTP/1.1\r\n" HOST "Connection: keep-alive, upgrade\r\n" \
    "Upgrade: tests/1\r\n\r\n"
#define SWITCHING                                              \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: tests/1\r\n" \
    "Connection: Upgrade\r\n\r\n"

static const struct http_field upgrade_fields[] = {FIELD("Upgrade", "tests/1"),
                                                   FIELD("Connection", "Upgrade, X-Hop"),
                                                   FIELD("X-Hop", "1"),
                                                   FIELD("Content-Length", "5")};

static int respond_interim(int status, const struct http_field *fields, size_t count)
{
    struct http_response response = {.status = status,
                                     .reason = span_from_string(http_reason(status)),
                                     .fields = {fields, count}};
    return http_exchange_respond_interim(t.x, &response);
}

static void test_interim(void **state)
{
    (void)state;
    static const struct http_field link[] = {FIELD("Link", "</a.css>; rel=preload"),
                                             FIELD("Content-Length", "5"),
                                             FIELD("Connection", "X-Hop"), FIELD("X-Hop", "1")};
    static const struct http_field bad[] = {FIELD("X", "a\r\nb")};
    service_start();
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    assert_int_equal(respond_interim(103, link, 4), 0);
    assert_int_equal(respond_interim(103, bad, 1), -EINVAL);
    assert_int_equal(respond_interim(101, NULL, 0), -EINVAL);
    assert_int_equal(respond_interim(200, NULL, 0), -EINVAL);
    RIG_WAIT(peer_has(&t.client, "\r\n\r\n"));
    assert_string_equal(service_received(&t.client),
                        "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
    assert_int_equal(respond_interim(100, NULL, 0), 0); /* nobody waits for it */
    assert_int_equal(respond_interim(102, NULL, 0), 0);
    assert_false(http_exchange_has_responded(t.x));
    service_reply("done");
    RIG_WAIT(peer_has(&t.client, "done"));
    assert_true(peer_has(&t.client, "\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n"));
    assert_int_equal(peer_count(&t.client, "HTTP/1.1"), 3);
    peer_clear(&t.client);

    /* HTTP/1.0 knows no interim response. */
    peer_send(&t.client, "GET /x HTTP/1.0\r\n\r\n");
    RIG_WAIT(t.body_ends == 2);
    assert_int_equal(respond_interim(103, link, 4), 0);
    service_reply("done");
    RIG_WAIT(t.client.has_ended);
    assert_int_equal(peer_count(&t.client, "HTTP/1.1"), 1);
    service_stop();
}

#define UPLOAD "POST /x HTTP/1.1\r\n" HOST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"

static void test_forwarded_expect(void **state)
{
    (void)state;
    service_start();
    t.forwards_expect = true;
    peer_send(&t.client, UPLOAD);
    RIG_WAIT(t.requests == 1);
    rig_turns(5);
    assert_int_equal(t.client.in.len, 0);
    assert_int_equal(respond_interim(100, NULL, 0), 0);
    RIG_WAIT(t.client.in.len > 0);
    assert_string_equal(service_received(&t.client), "HTTP/1.1 100 Continue\r\n\r\n");
    peer_send(&t.client, "hello");
    RIG_WAIT(t.body_ends == 1);
    peer_clear(&t.client);
    service_reply("thanks");
    RIG_WAIT(peer_has(&t.client, "thanks"));
    assert_false(peer_has(&t.client, "Connection: close"));

    /* A client that does not wait for long: its body comes without it. */
    peer_send(&t.client, UPLOAD);
    RIG_WAIT(t.requests == 2);
    peer_send(&t.client, "hello");
    RIG_WAIT(t.body_ends == 2);
    peer_clear(&t.client);

    /* A final answer instead: nobody knows whether the body follows. */
    service_reply("thanks");
    RIG_WAIT(peer_has(&t.client, "thanks"));
    peer_send(&t.client, UPLOAD);
    RIG_WAIT(t.requests == 3);
    http_exchange_reply(t.x, 417, "text/plain", no_fields, SPAN_LITERAL("no"));
    RIG_WAIT(t.client.has_ended);
    assert_true(peer_has(&t.client, "Connection: close\r\n\r\nno"));
    service_stop();
}

static void test_trailers_of_request(void **state)
{
    (void)state;
    service_start();
    peer_send(&t.client,
              "POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
              "X-Sum: 9\r\nContent-Length: 7\r\nhost: b\r\nAuthorization: c\r\nx-sum:  a b \r\n"
              "\r\nGET /now HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    assert_string_equal(t.trailers, "X-Sum=9;x-sum=a b;");
    service_reply("done");
    RIG_WAIT(peer_has(&t.client, "\r\n\r\nnow"));

    static const char *const bad[] = {"A b: c\r\n\r\n", "A\r\n\r\n", "A: b\r\n c\r\n\r\n",
                                      "A: b\nC: d\r\n\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        peer_close(&t.client);
        peer_connect(&t.client, t.port);
        peer_send(&t.client, "POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n");
        peer_send(&t.client, bad[i]);
        RIG_WAIT(t.client.has_ended);
        assert_true(peer_has(&t.client, "HTTP/1.1 400 "));
        assert_int_equal(t.aborts, (int)i + 1);
    }
    service_stop();
}

static void test_trailers_of_response(void **state)
{
    (void)state;
    static const struct http_field trailers[] = {FIELD("grpc-status", "0"),
                                                 FIELD("Transfer-Encoding", "gzip"),
                                                 FIELD("bad name", "1"), FIELD("X-Split", "a\r\nb"),
                                                 FIELD("Server-Timing", "db;dur=1")};
    static const struct http_field length[] = {FIELD("Content-Length", "2")};
    service_start();
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    assert_int_equal(service_respond(200, NULL, 0), 0);
    http_exchange_write(t.x, SPAN_LITERAL("hi"));
    http_exchange_end(t.x, (struct http_fields){trailers, 5});
    RIG_WAIT(peer_has(&t.client, "Server-Timing"));
    assert_true(peer_has(&t.client, "\r\n\r\n2\r\nhi\r\n0\r\ngrpc-status: 0\r\n"
                                    "Server-Timing: db;dur=1\r\n\r\n"));
    peer_clear(&t.client);

    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 2);
    assert_int_equal(service_respond(200, length, 1), 0);
    http_exchange_write(t.x, SPAN_LITERAL("hi"));
    http_exchange_end(t.x, (struct http_fields){trailers, 5});
    RIG_WAIT(peer_has(&t.client, "hi"));
    assert_string_equal(service_received(&t.client),
                        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    service_stop();
}

static void start_upgrade(const char *request)
{
    t.x = NULL;
    peer_send(&t.client, request);
    RIG_WAIT(t.x);
    rig_turns(5);
    assert_int_equal(t.framing, HTTP_BODY_PIPE);
    assert_int_equal(t.body_ends, 0);
}

/* Bytes both ways, those that came too early first; then one direction ends
 * and then the other. */
static void test_upgrade(void **state)
{
    (void)state;
    for (int client_first = 0; client_first < 2; client_first++) {
        service_start();
        start_upgrade(UPGRADE "early");
        assert_int_equal(service_respond(101, upgrade_fields, 4), 0);
        assert_int_equal(t.body.len, 0);
        RIG_WAIT(t.body.len > 0 && t.client.in.len > 0);
        assert_string_equal(service_received(&t.client), SWITCHING);
        peer_clear(&t.client);
        peer_send(&t.client, " bird");
        http_exchange_write(t.x, SPAN_LITERAL("worm"));
        RIG_WAIT(t.body.len == 10 && t.client.in.len == 4);
        assert_true(span_is_string(buf_bytes(&t.body), "early bird"));
        if (client_first) {
            conn_end(t.client.conn);
            RIG_WAIT(t.body_ends == 1);
            http_exchange_write(t.x, SPAN_LITERAL("!"));
            http_exchange_end(t.x, no_fields);
            RIG_WAIT(t.client.has_ended);
            assert_string_equal(service_received(&t.client), "worm!");
        } else {
            http_exchange_end(t.x, no_fields);
            RIG_WAIT(t.client.has_ended);
            peer_send(&t.client, "!");
            conn_end(t.client.conn);
            RIG_WAIT(t.body_ends == 1);
            assert_true(span_is_string(buf_bytes(&t.body), "early bird!"));
        }
        assert_int_equal(t.aborts, 0);
        service_stop();
    }
}

static void test_connect(void **state)
{
    (void)state;
    static const struct http_field length[] = {FIELD("Content-Length", "5")};
    service_start();
    start_upgrade("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n");
    assert_string_equal(t.target, "a.example:443");
    assert_int_equal(service_respond(101, upgrade_fields, 2), -EINVAL);
    assert_int_equal(service_respond(200, length, 1), 0);
    RIG_WAIT(t.client.in.len > 0);
    assert_string_equal(service_received(&t.client), "HTTP/1.1 200 OK\r\n\r\n");
    peer_send(&t.client, "GET / HTTP/1.1\r\n\r\n");
    RIG_WAIT(t.body.len == 18);
    http_exchange_end(t.x, no_fields);
    conn_end(t.client.conn);
    RIG_WAIT(t.body_ends == 1 && t.client.has_ended);
    service_stop();
}

/* A FIN that comes before the switch is the client's end of the pipe. */
static void test_early_end(void **state)
{
    (void)state;
    service_start();
    start_upgrade(UPGRADE "all");
    conn_end(t.client.conn);
    rig_turns(10);
    assert_int_equal(service_respond(101, upgrade_fields, 2), 0);
    http_exchange_end(t.x, no_fields);
    RIG_WAIT(t.body_ends == 1 && t.client.has_ended);
    assert_true(span_is_string(buf_bytes(&t.body), "all"));
    service_stop();
}

/* Any other answer to it is an ordinary one, and so is the next request. */
static void test_refused_upgrade(void **state)
{
    (void)state;
    service_start();
    start_upgrade(UPGRADE "GET /now HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(service_respond(103, NULL, 0), -EINVAL);
    service_reply("no");
    RIG_WAIT(peer_has(&t.client, "\r\n\r\nnow"));
    assert_int_equal(t.body_ends, 0);
    service_stop();
}

/* What follows a CONNECT may be bytes for the tunnel that it asks for: after a
 * refusal nothing of it is a request. */
static void test_refused_connect(void **state)
{
    (void)state;
    static const char *const behind[] = {"", "GET /now HTTP/1.1\r\n" HOST "\r\n"};
    for (size_t i = 0; i < 4; i++) {
        service_start();
        start_upgrade("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n");
        if (i < 2)
            peer_send(&t.client, behind[i]); /* before the answer */
        rig_turns(5);
        http_exchange_reply(t.x, 405, "text/plain", no_fields, SPAN_LITERAL("no"));
        if (i >= 2)
            peer_send(&t.client, behind[i - 2]); /* behind it */
        RIG_WAIT(t.client.has_ended);
        assert_true(peer_has(&t.client, "Connection: close\r\n\r\nno"));
        assert_int_equal(peer_count(&t.client, "HTTP/1.1 "), 1);
        assert_int_equal(t.requests, 1);
        service_stop();
    }
}

/* What asks for no upgrade gets none. */
static void test_unasked_upgrade(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "GET /x HTTP/1.1\r\n" HOST "\r\n", "GET /x HTTP/1.1\r\n" HOST "Upgrade: tests/1\r\n\r\n",
        "GET /x HTTP/1.1\r\n" HOST "Connection: upgrade\r\n\r\n",
        "POST /x HTTP/1.1\r\n" HOST
        "Connection: upgrade\r\nUpgrade: tests/1\r\nContent-Length: 1\r\n\r\na",
        "GET /x HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: tests/1\r\n\r\n"};
    service_start();
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        peer_send(&t.client, requests[i]);
        RIG_WAIT(t.body_ends == (int)i + 1);
        assert_int_equal(service_respond(101, upgrade_fields, 2), -EINVAL);
        service_reply("no");
    }
    RIG_WAIT(t.client.has_ended);
    assert_int_equal(peer_count(&t.client, "HTTP/1.1 200 OK"), 5);
    service_stop();
}

static void test_pipe_backpressure(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    static char bytes[SIZE];
    service_start();
    start_upgrade(UPGRADE);
    assert_int_equal(service_respond(101, upgrade_fields, 2), 0);
    http_exchange_set_reading(t.x, false);
    for (int i = 0; i < 16; i++)
        peer_send_span(&t.client, span_of(bytes, SIZE));
    rig_turns(50);
    assert_true(t.body.len <= CONN_READ_MAX);
    http_exchange_set_reading(t.x, true);
    RIG_WAIT(t.body.len == (size_t)SIZE * 16);
    for (int i = 0; i < 16; i++)
        http_exchange_write(t.x, span_of(bytes, SIZE));
    assert_true(http_exchange_queued(t.x) > CONN_DRAIN_MARK);
    RIG_WAIT(t.drains > 0);
    http_exchange_break(t.x);
    RIG_WAIT(t.client.is_closed);
    assert_int_equal(t.client.error, -ECONNRESET);
    service_stop();
}

/* Both directions have ended, and the client has not taken all. */
static void test_pipe_tail(void **state)
{
    (void)state;
    enum { SIZE = 4 << 20 };
    static char bytes[SIZE];
    for (int round = 0; round < 4; round++) {
        bool client_first = round & 1, resets = round & 2;
        service_start_with((struct http_server_config){.connections_max = 1});
        start_upgrade(UPGRADE);
        assert_int_equal(service_respond(101, upgrade_fields, 2), 0);
        RIG_WAIT(peer_has(&t.client, "\r\n\r\n"));
        peer_clear(&t.client);
        conn_set_reading(t.client.conn, false);
        http_exchange_write(t.x, span_of(bytes, SIZE));
        if (!client_first)
            http_exchange_end(t.x, no_fields);
        conn_end(t.client.conn);
        RIG_WAIT(t.body_ends == 1);
        if (client_first)
            http_exchange_end(t.x, no_fields);
        struct peer other; /* one connection is allowed, and it is not over */
        peer_connect(&other, t.port);
        RIG_WAIT(other.has_ended);
        peer_close(&other);
        if (resets) {
            peer_reset(&t.client);
            rig_turns(20);
        } else {
            conn_set_reading(t.client.conn, true);
            RIG_WAIT(t.client.has_ended);
            assert_int_equal(t.client.in.len, SIZE);
        }
        assert_int_equal(t.aborts, 0);
        service_stop();
    }
}

static void test_pipe_reset_by_client(void **state)
{
    (void)state;
    service_start();
    start_upgrade(UPGRADE);
    assert_int_equal(service_respond(101, upgrade_fields, 2), 0);
    RIG_WAIT(peer_has(&t.client, "\r\n\r\n"));
    peer_reset(&t.client);
    RIG_WAIT(t.aborts == 1);
    assert_int_equal(t.body_ends, 0);
    service_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interim),
        cmocka_unit_test(test_forwarded_expect),
        cmocka_unit_test(test_trailers_of_request),
        cmocka_unit_test(test_trailers_of_response),
        cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_early_end),
        cmocka_unit_test(test_refused_upgrade),
        cmocka_unit_test(test_refused_connect),
        cmocka_unit_test(test_unasked_upgrade),
        cmocka_unit_test(test_pipe_backpressure),
        cmocka_unit_test(test_pipe_tail),
        cmocka_unit_test(test_pipe_reset_by_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
