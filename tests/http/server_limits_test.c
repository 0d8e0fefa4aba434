/*
 * The server's limits: of time, of connections, and of what a client may ask
 * for without reading.
 */
#include "testing.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/server_internal.h"
#include "service.h"
#include "sleeping.h"

static void test_timeouts(void **state)
{
    (void)state;
    service_start_with((struct http_server_config){.idle_timeout_us = 30 * US_PER_MS,
                                                   .head_timeout_us = 60 * US_PER_S});
    RIG_WAIT(t.client.has_ended);
    assert_int_equal(t.client.in.len, 0);
    service_stop();

    service_start_with((struct http_server_config){.idle_timeout_us = 60 * US_PER_S,
                                                   .head_timeout_us = 30 * US_PER_MS});
    peer_send(&t.client, "GET /now HTTP/1.1\r\nHos");
    RIG_WAIT(t.client.has_ended);
    assert_true(peer_has(&t.client, "HTTP/1.1 408 Request Timeout\r\n"));
    service_stop();

    /* A request under way has all the time, if only it is read before. */
    service_start_with((struct http_server_config){.idle_timeout_us = US_PER_S / 2,
                                                   .head_timeout_us = 60 * US_PER_S});
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    struct peer other;
    peer_connect(&other, t.port);
    RIG_WAIT(other.has_ended);
    peer_close(&other);
    service_reply("late");
    RIG_WAIT(t.client.has_ended);
    assert_true(peer_has(&t.client, "late"));
    service_stop();
}

/* Who waited when the machine went to sleep, and has slept as well, has a
 * moment to go on after waking. */
static void test_timeouts_after_a_sleep(void **state)
{
    (void)state;
    service_start_with((struct http_server_config){.idle_timeout_us = 3 * US_PER_S,
                                                   .head_timeout_us = 3 * US_PER_S});
    struct peer other;
    peer_connect(&other, t.port);
    peer_send(&t.client, "GET /now HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(peer_has(&t.client, "now"));
    peer_clear(&t.client);
    peer_send(&other, "GET /now HTTP/1.1\r\n");
    rig_turns(10);
    machine_sleeps(12);
    rig_turns(10);
    peer_send(&t.client, "GET /now HTTP/1.1\r\n" HOST "\r\n");
    peer_send(&other, HOST "\r\n");
    RIG_WAIT(peer_has(&t.client, "now") && peer_has(&other, "now"));
    peer_close(&other);
    service_stop();
    machine_forgets_sleep();
}

/* Who asks and asks and does not read is answered no more. */
static void test_pipelined_and_not_read(void **state)
{
    (void)state;
    enum { COUNT = 200, LEN = 30000 };
    static char request[LEN + 64];
    service_start();
    conn_set_reading(t.client.conn, false);
    snprintf(request, sizeof request, "GET /now%0*d HTTP/1.1\r\n" HOST "\r\n", LEN, 0);
    for (int i = 0; i < COUNT; i++)
        peer_send(&t.client, request);
    RIG_WAIT(t.requests > 0);
    rig_turns(2000);
    assert_in_range(t.requests, 1, COUNT / 4);
    conn_set_reading(t.client.conn, true);
    RIG_WAIT(peer_count(&t.client, "HTTP/1.1 200") == COUNT);
    service_stop();
}

/* A body of which nobody wants the rest is read up to a limit. Where more is to
 * come the connection is closed, and its client knows that by the response. */
static void test_large_rest(void **state)
{
    (void)state;
    for (int is_too_large = 0; is_too_large < 2; is_too_large++) {
        char request[96];
        snprintf(request, sizeof request, "POST /x HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n",
                 HTTP_DROP_MAX + is_too_large);
        service_start();
        peer_send(&t.client, request);
        RIG_WAIT(t.requests == 1);
        assert_int_equal(service_respond(503, NULL, 0), 0);
        http_exchange_end(t.x, (struct http_fields){0});
        RIG_WAIT(peer_has(&t.client, "0\r\n\r\n"));
        assert_int_equal(peer_has(&t.client, "\r\nConnection: close\r\n"), is_too_large);
        if (is_too_large)
            RIG_WAIT(t.client.has_ended);
        service_stop();
    }
}

static void test_connection_limit(void **state)
{
    (void)state;
    service_start_with((struct http_server_config){.connections_max = 1});
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
    service_stop();
}

/* Who says nothing makes way for who does, but no request under way. */
static void test_silent_makes_way(void **state)
{
    (void)state;
    service_start_with((struct http_server_config){.connections_max = 2,
                                                   .head_timeout_us = 60 * US_PER_S,
                                                   .idle_timeout_us = 60 * US_PER_S});
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    struct peer silent;
    struct peer other;
    for (int i = 0; i < 2; i++) {
        peer_connect(&silent, t.port);
        if (i > 0)
            peer_send(&silent, "GET /now HTTP/1.1\r\nHos");
        rig_turns(10);
        peer_connect(&other, t.port);
        RIG_WAIT(silent.has_ended);
        /* Who had begun to ask is told why. */
        assert_int_equal(peer_has(&silent, "HTTP/1.1 503 "), i > 0);
        assert_int_equal(silent.in.len > 0, i > 0);
        peer_send(&other, "GET /now HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
        RIG_WAIT(peer_has(&other, "now"));
        RIG_WAIT(other.has_ended);
        peer_close(&other);
        peer_close(&silent);
    }
    service_reply("late");
    RIG_WAIT(peer_has(&t.client, "late"));
    service_stop();
}

/* Nobody is silent whose request has come with its connection, in the same turn
 * as many others. */
static void test_crowd_that_asks(void **state)
{
    (void)state;
    enum { CROWD = 3 };
    static const char *const answers[CROWD] = {"HTTP/1.1 200 ", "HTTP/1.1 200 ", "HTTP/1.1 503 "};
    static const char request[] = "GET /now HTTP/1.1\r\n" HOST "\r\n";
    int fds[CROWD];
    service_start_with((struct http_server_config){.connections_max = 2,
                                                   .head_timeout_us = 60 * US_PER_S,
                                                   .idle_timeout_us = 60 * US_PER_S});
    for (int i = 0; i < CROWD; i++) {
        fds[i] = service_dial(NULL);
        assert_int_equal(send(fds[i], request, sizeof request - 1, 0), sizeof request - 1);
    }
    RIG_WAIT(t.requests == 2);
    RIG_WAIT(t.client.has_ended); /* it is silent */
    rig_turns(2);
    for (int i = 0; i < CROWD; i++) {
        char got[512] = "";
        assert_true(recv(fds[i], got, sizeof got - 1, MSG_DONTWAIT) > 0);
        assert_ptr_equal(strstr(got, answers[i]), got);
        close(fds[i]);
    }
    service_stop();
}

/* Takes all descriptors; gives back the limit as it was. */
static struct rlimit take_descriptors(void)
{
    struct rlimit before;
    int next = dup(0);
    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    return before;
}

/* Whose connection makes way for want of descriptors gets all that it was
 * answered, also what its kernel has not taken yet. */
static void test_answer_behind_which_is_closed(void **state)
{
    (void)state;
    enum { LEN = 12000 };
    static const char request[] = "GET /x HTTP/1.1\r\n" HOST "\r\n";
    static char text[LEN + 1], got[2 * LEN];
    struct address address;
    const int little = 4096;
    service_start_with((struct http_server_config){.idle_timeout_us = 60 * US_PER_S});
    conn_close(t.client.conn); /* it would be the first to go */
    t.client.conn = NULL;
    rig_turns(5);
    assert_int_equal(address_parse("127.0.0.1", t.port, &address), 0);
    int slow = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(slow, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    assert_int_equal(connect(slow, (struct sockaddr *)&address.storage, address.len), 0);
    assert_int_equal(send(slow, request, sizeof request - 1, 0), sizeof request - 1);
    RIG_WAIT(t.body_ends == 1);
    memset(text, 'a', LEN);
    service_reply(text);
    int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct rlimit before = take_descriptors();
    assert_int_equal(connect(other, (struct sockaddr *)&address.storage, address.len), 0);
    assert_int_equal(send(other, request, sizeof request - 1, 0), sizeof request - 1);
    RIG_WAIT(t.body_ends == 2); /* so the first is closed */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    size_t len = 0;
    for (ssize_t more; (more = recv(slow, got + len, sizeof got - len, 0)) != 0;
         len += (size_t)more)
        assert_true(more > 0);
    assert_true(len > LEN && got[len - 1] == 'a');
    close(slow);
    close(other);
    service_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_timeouts_after_a_sleep),
        cmocka_unit_test(test_pipelined_and_not_read),
        cmocka_unit_test(test_large_rest),
        cmocka_unit_test(test_connection_limit),
        cmocka_unit_test(test_silent_makes_way),
        cmocka_unit_test(test_crowd_that_asks),
        cmocka_unit_test(test_answer_behind_which_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
