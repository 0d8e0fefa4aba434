/*
 * The signal server with real sockets: the whole contract, and every limit of
 * one socket. What many have together: server_limits_test.c.
 */
#include "signal/server_fixture.h"

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <sys/resource.h>

#include "signal/message.h"

static void test_contract(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    start_pair(f);
    assert_string_not_equal(f->a_id, f->b_id);
    char expected[256];
    visitor_send(&f->a, "{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n\"}");
    snprintf(expected, sizeof expected,
             "{\"type\":\"offer\",\"peerId\":\"%s\",\"sdp\":\"v=0\\r\\n\"}", f->a_id);
    assert_string_equal(visitor_receive(&f->b), expected);
    visitor_send(&f->b, "{\"type\":\"answer\",\"sdp\":\"x\"}");
    snprintf(expected, sizeof expected, "{\"type\":\"answer\",\"peerId\":\"%s\",\"sdp\":\"x\"}",
             f->b_id);
    assert_string_equal(visitor_receive(&f->a), expected);
    visitor_send(&f->b, "{\"type\":\"candidate\",\"candidate\":\"{}\"}");
    snprintf(expected, sizeof expected,
             "{\"type\":\"candidate\",\"peerId\":\"%s\",\"candidate\":\"{}\"}", f->b_id);
    assert_string_equal(visitor_receive(&f->a), expected);

    visitor_send(&f->b, "{\"type\":\"bye\"}");
    snprintf(expected, sizeof expected, "{\"type\":\"peer-left\",\"peerId\":\"%s\"}", f->b_id);
    assert_string_equal(visitor_receive(&f->a), expected);
    visitor_expect_close(&f->b, WEBSOCKET_NORMAL);
    fixture_free(f);
}

static void test_refusals_leave_the_socket_open(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    start(f);
    visitor_open(&f->a, f->loop, f->port);
    const char *cases[][2] = {
        {"{", "invalid JSON"},
        {"\"text\"", "invalid JSON"},
        {"", "invalid JSON"},
        {"{\"type\":\"dance\"}", "unknown type"},
        {"{\"type\":\"join\"}", "room name required"},
        {"{\"type\":\"offer\",\"sdp\":\"\"}", "must join a room first"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        visitor_send(&f->a, cases[i][0]);
        visitor_expect(&f->a, cases[i][1]);
    }
    visitor_join(&f->a, "r", 0, NULL);
    visitor_send(&f->a, "{\"type\":\"join\",\"room\":\"r\"}");
    visitor_expect(&f->a, "already joined a room");
    assert_false(f->a.is_closed);
    fixture_free(f);
}

static void test_message_size(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    start_pair(f);
    static char message[SIGNAL_MESSAGE_MAX + 2];
    const char *head = "{\"type\":\"offer\",\"sdp\":\"";
    memset(message, 's', SIGNAL_MESSAGE_MAX);
    memcpy(message, head, strlen(head));
    memcpy(message + SIGNAL_MESSAGE_MAX - 2, "\"}", 2);
    visitor_send(&f->a, message);
    visitor_expect(&f->b, "ssss");
    assert_true(strlen(f->b.message) > SIGNAL_MESSAGE_MAX);

    visitor_open(&f->c, f->loop, f->port);
    memset(message + SIGNAL_MESSAGE_MAX - 2, ' ', 3);
    visitor_send(&f->c, message);
    visitor_expect_close(&f->c, WEBSOCKET_TOO_BIG);
    check_works(&f->a, &f->b);
    fixture_free(f);
}

static void test_message_rate(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    f->config.messages_per_s = 1;
    f->config.messages_burst = 20;
    start_pair(f);
    visitor_open(&f->c, f->loop, f->port);
    for (int i = 0; i < 60; i++)
        visitor_send(&f->c, "{}");
    visitor_expect_close(&f->c, WEBSOCKET_POLICY);
    assert_string_equal(f->c.reason, "too many messages");
    /* One more for each second that a slow machine took. */
    assert_in_range(f->c.message_count, 20, 20 + TEST_PATIENCE_US / US_PER_S);
    for (int i = 0; i < 20; i++)
        visitor_expect(&f->c, "unknown type");
    check_works(&f->a, &f->b);
    fixture_free(f);
}

/* A socket that closes, or whose process dies (FIN, or a reset). */
static void test_leaving_without_bye(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct fixture *f = fixture_new();
        start(f);
        visitor_open(&f->a, f->loop, f->port);
        visitor_open(&f->c, f->loop, f->port);
        visitor_join(&f->a, "r", 0, NULL);
        int fd = open_bare(f, 0);
        send_bare(fd, "{\"type\":\"join\",\"room\":\"r\"}");
        visitor_expect(&f->a, "peer-joined");
        visitor_send(&f->c, "{\"type\":\"join\",\"room\":\"r\"}");
        visitor_expect(&f->c, "room full");
        if (how == 0)
            assert_int_equal(write(fd, "\x88\x80mask", 6), 6);
        if (how == 1)
            shutdown(fd, SHUT_WR);
        if (how == 2) {
            struct linger now = {.l_onoff = 1, .l_linger = 0};
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
            close(fd);
        }
        visitor_expect(&f->a, "peer-left");
        visitor_join(&f->c, "r", 1, NULL);
        visitor_expect(&f->a, "peer-joined");
        check_works(&f->a, &f->c);
        if (how != 2)
            close(fd);
        fixture_free(f);
    }
}

static void test_peer_that_does_not_read(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    f->config.messages_burst = 1000;
    start(f);
    int deaf = open_bare(f, 4096);
    send_bare(deaf, "{\"type\":\"join\",\"room\":\"r\"}");
    visitor_open(&f->a, f->loop, f->port);
    visitor_open(&f->b, f->loop, f->port);
    visitor_join(&f->a, "r", 1, f->a_id);
    static char message[50000];
    const char *head = "{\"type\":\"offer\",\"sdp\":\"";
    memset(message, 's', sizeof message - 1);
    memcpy(message, head, strlen(head));
    memcpy(message + sizeof message - 3, "\"}", 2);
    for (int i = 0; i < 900 && !f->a.has_message; i++) {
        visitor_send(&f->a, message);
        run_for(f->loop, 500);
    }
    /* Only the deaf one is gone. */
    visitor_expect(&f->a, "peer-left");
    visitor_join(&f->b, "r", 1, NULL);
    visitor_expect(&f->a, "peer-joined");
    check_works(&f->a, &f->b);
    close(deaf);
    fixture_free(f);
}

static void test_connection_limits(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    f->config.per_address_max = 2;
    start_pair(f);
    visitor_connect(&f->c, f->loop, f->port, NULL);
    visitor_expect_status(&f->c, 429);
    visitor_free(&f->c);
    check_works(&f->a, &f->b);
    visitor_send(&f->b, "{\"type\":\"bye\"}");
    visitor_expect(&f->a, "peer-left");
    visitor_open(&f->c, f->loop, f->port); /* a place is free again */
    fixture_free(f);

    f = fixture_new();
    f->config.per_address_max = 0;
    f->config.connections_max = 2;
    start_pair(f);
    visitor_connect(&f->c, f->loop, f->port, NULL);
    visitor_expect_status(&f->c, 503);
    check_works(&f->a, &f->b);
    fixture_free(f);
}

static void test_heartbeat(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    assert_int_equal(f->config.ping_us, 35 * US_PER_S);
    assert_int_equal(f->config.silence_us, 70 * US_PER_S);
    f->config.ping_us = 150 * US_PER_MS;
    f->config.silence_us = 300 * US_PER_MS;
    start(f);
    visitor_open(&f->a, f->loop, f->port);
    visitor_join(&f->a, "r", 0, NULL);
    uint64_t begin_us = clock_now_us();
    int silent = open_bare(f, 0);
    send_bare(silent, "{\"type\":\"join\",\"room\":\"r\"}");
    visitor_expect(&f->a, "peer-joined");
    visitor_expect(&f->a, "peer-left");
    uint64_t lasted_us = clock_now_us() - begin_us;
    assert_true(lasted_us >= 300 * US_PER_MS);
    if (lasted_us > 320 * US_PER_MS) /* the machine may be busy; say so at least */
        print_message("evicted after %llu ms\n", (unsigned long long)(lasted_us / US_PER_MS));
    assert_true(f->a.alive_count >= 2);
    /* A ping came, and a close frame that says why. */
    char bytes[1024];
    ssize_t len = recv(silent, bytes, sizeof bytes, 0);
    assert_true(len > 0);
    assert_non_null(memmem(bytes, (size_t)len, "\x89\x00\x88", 3));
    assert_non_null(memmem(bytes, (size_t)len, "no answer to pings", 18));
    run_for(f->loop, 400 * US_PER_MS);
    assert_false(f->a.is_closed); /* it answers */
    /* When nothing of ours runs for a while, nobody has been silent. */
    uint64_t asleep_us = clock_now_us();
    while (clock_now_us() - asleep_us < 400 * US_PER_MS)
        sched_yield();
    run_for(f->loop, 50 * US_PER_MS);
    assert_false(f->a.is_closed);
    close(silent);
    fixture_free(f);
}

static void check_health(struct fixture *f, const char *expected)
{
    visitor_connect(&f->c, f->loop, f->port,
                    "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    run_until(f->loop, &f->c.has_ended);
    assert_int_equal(f->c.status, 200);
    char *whole = strndup((const char *)f->c.head.data + f->c.head.head, f->c.head.len);
    assert_non_null(strstr(whole, "Content-Type: application/json"));
    const char *body = strstr(whole, "\r\n\r\n");
    assert_non_null(body);
    assert_string_equal(body + 4, expected);
    free(whole);
    visitor_free(&f->c);
}

static void test_health(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    start(f);
    check_health(f, "{\"status\":\"ok\",\"rooms\":0,\"peers\":0}\n");
    visitor_open(&f->a, f->loop, f->port);
    visitor_open(&f->b, f->loop, f->port);
    check_health(f, "{\"status\":\"ok\",\"rooms\":0,\"peers\":0}\n");
    visitor_join(&f->a, "a", 0, NULL);
    visitor_join(&f->b, "b", 0, NULL);
    check_health(f, "{\"status\":\"ok\",\"rooms\":2,\"peers\":2}\n");
    fixture_free(f);
}

static void check_request(struct fixture *f, const char *request, int status)
{
    visitor_connect(&f->c, f->loop, f->port, request);
    visitor_expect_status(&f->c, status);
    visitor_free(&f->c);
}

static void test_requests(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    start(f);
    check_request(f, "GET /any/path?q HTTP/1.1\r\n" GOOD_FIELDS "\r\n", 101);
    check_request(f, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 426);
    check_request(f, "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405);
    check_request(f, "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200);
    check_request(f, "POST / HTTP/1.1\r\n" GOOD_FIELDS "\r\n", 400);
    check_request(f, "GET / HTTP/1.0\r\n" GOOD_FIELDS "\r\n", 400);
    check_request(f, "GET / HTTP/1.1\r\n" GOOD_FIELDS "Content-Length: 2\r\n\r\nhi", 400);
    check_request(f, "GET / HTTP/1.1\r\nUpgrade:\r\n" GOOD_FIELDS "\r\n", 101);
    check_request(f,
                  "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                  "Sec-WebSocket-Version: 13\r\n\r\n",
                  400);
    check_request(f,
                  "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                  "Sec-WebSocket-Version: 12\r\n\r\n",
                  426);
    check_request(f,
                  "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Key: short\r\nSec-WebSocket-Version: 13\r\n\r\n",
                  400);
    check_request(f, "garbage\r\n\r\n", 400);

    /* A browser that offers a subprotocol gives up unless one is chosen. */
    visitor_connect(&f->c, f->loop, f->port,
                    "GET / HTTP/1.1\r\n" GOOD_FIELDS "Sec-WebSocket-Protocol: one, two\r\n\r\n");
    visitor_expect_status(&f->c, 101);
    assert_string_equal(f->c.protocol, "one");
    fixture_free(f);
}

/* The first message may come in one packet with the handshake. */
static void test_early_message(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    start(f);
    visitor_connect(&f->a, f->loop, f->port,
                    "GET / HTTP/1.1\r\n" GOOD_FIELDS "\r\n\x81\x82"
                    "mask"
                    "\x16\x1c"); /* "{}" */
    visitor_expect(&f->a, "unknown type");
    fixture_free(f);
}

static void test_shutdown(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    start_pair(f);
    visitor_open(&f->c, f->loop, f->port);
    signal_server_close(f->server);
    f->server = NULL;
    visitor_expect_close(&f->a, WEBSOCKET_GOING_AWAY);
    visitor_expect_close(&f->b, WEBSOCKET_GOING_AWAY);
    visitor_expect_close(&f->c, WEBSOCKET_GOING_AWAY);
    assert_false(f->a.has_message); /* nobody "left" */
    assert_false(f->b.has_message);
    fixture_free(f);
}

static void test_listen_errors(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    start(f);
    struct signal_server_config config = f->config;
    config.port = f->port;
    struct signal_server *second = NULL;
    assert_int_equal(signal_server_new(f->loop, &config, &second), -EADDRINUSE);
    fixture_free(f);
}

/* What one idle WebSocket costs: the issue allows a few hundred bytes. */
static void test_idle_socket_memory(void **state)
{
    (void)state;
    enum { COUNT = 500, BYTES_MAX = 800 };
    struct fixture *f = fixture_new();
    f->config.per_address_max = 0;
    start(f);
    static int fds[COUNT];
    for (int i = 0; i < 50; i++) { /* what is made once */
        int fd = open_bare(f, 0);
        send_bare(fd, "{}");
        close(fd);
    }
    run_for(f->loop, 10000);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < COUNT; i++)
        fds[i] = open_bare(f, 0);
    run_for(f->loop, 10000);
    size_t after = mallinfo2().uordblks;
    if (before == 0) {
        print_message("skipped: this allocator does not count (a sanitizer's)\n");
    } else {
        size_t each = (after - before) / COUNT;
        print_message("one idle WebSocket: %zu bytes\n", each);
        assert_true(each < BYTES_MAX);
        /* And still after it was spoken to. */
        for (int i = 0; i < COUNT; i++)
            send_bare(fds[i], "{}");
        run_for(f->loop, 50000);
        each = (mallinfo2().uordblks - before) / COUNT;
        print_message("after a message: %zu bytes\n", each);
        assert_true(each < BYTES_MAX);
    }
    for (int i = 0; i < COUNT; i++)
        close(fds[i]);
    fixture_free(f);
}

int main(void)
{
    /* Both ends of 500 sockets are ours. */
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contract),
        cmocka_unit_test(test_leaving_without_bye),
        cmocka_unit_test(test_refusals_leave_the_socket_open),
        cmocka_unit_test(test_message_size),
        cmocka_unit_test(test_message_rate),
        cmocka_unit_test(test_peer_that_does_not_read),
        cmocka_unit_test(test_connection_limits),
        cmocka_unit_test(test_heartbeat),
        cmocka_unit_test(test_health),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_early_message),
        cmocka_unit_test(test_shutdown),
        cmocka_unit_test(test_listen_errors),
        cmocka_unit_test(test_idle_socket_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
