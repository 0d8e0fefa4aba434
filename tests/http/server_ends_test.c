/*
 * How exchanges and connections end before their time: clients that go away,
 * servers that give up, limits and time.
 */
#include "testing.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "service.h"
#include "sleeping.h"

static void test_abort_by_reset(void **state)
{
    (void)state;
    for (int streams = 0; streams < 2; streams++) {
        service_start();
        peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
        RIG_WAIT(t.body_ends == 1);
        if (streams) {
            assert_int_equal(service_respond(200, NULL, 0), 0);
            http_exchange_write(t.x, SPAN_LITERAL("some"));
            RIG_WAIT(peer_has(&t.client, "some"));
        }
        peer_reset(&t.client);
        RIG_WAIT(t.aborts == 1);
        service_stop();
    }
}

/* A closed socket sends FIN; only what is written to it is answered by RST. */
static void test_fin_is_half_close(void **state)
{
    (void)state;
    service_start();
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    conn_end(t.client.conn);
    RIG_WAIT(t.body_ends == 1);
    rig_turns(10);
    assert_int_equal(t.aborts, 0);
    service_reply("late");
    RIG_WAIT(t.client.has_ended);
    assert_true(peer_has(&t.client, "\r\n\r\nlate"));
    peer_close(&t.client);

    /* Pipelined behind one another, then FIN: both are answered. */
    peer_connect(&t.client, t.port);
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\nGET /now HTTP/1.1\r\n" HOST "\r\n");
    conn_end(t.client.conn);
    RIG_WAIT(t.body_ends == 2);
    service_reply("late");
    RIG_WAIT(t.client.has_ended);
    assert_true(peer_has(&t.client, "\r\n\r\nnow"));
    service_stop();
}

/* A client as a bare socket from that address, with a request under way. */
static int connect_bare(const struct address *from)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct address address;
    assert_int_equal(address_parse("127.0.0.1", t.port, &address), 0);
    if (from)
        assert_int_equal(bind(fd, (const struct sockaddr *)&from->storage, from->len), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address.storage, address.len), 0);
    static const char text[] = "GET /x HTTP/1.1\r\n" HOST "\r\n";
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    int body_ends = t.body_ends;
    RIG_WAIT(t.body_ends == body_ends + 1);
    return fd;
}

static bool kernel_tells(void)
{
    struct peer peer;
    peer_connect(&peer, t.port);
    bool tells = conn_peer_owner(peer.conn) == PEER_OWNED;
    peer_close(&peer);
    if (!tells)
        print_message("skipped: this kernel has no NETLINK_SOCK_DIAG\n");
    return tells;
}

/* A client that is gone for good behind its FIN: noticed although nothing is
 * written to it, before the response and within. */
static void test_full_close(void **state)
{
    (void)state;
    service_start();
    for (int streams = 0; streams < 2 && kernel_tells(); streams++) {
        int fd = connect_bare(NULL);
        if (streams)
            assert_int_equal(service_respond(200, NULL, 0), 0);
        rig_turns(5);
        assert_int_equal(t.aborts, streams);
        close(fd);
        RIG_WAIT(t.aborts == streams + 1);
    }
    service_stop();
}

/* Gone some time after it had half-closed. */
static void test_full_close_after_half_close(void **state)
{
    (void)state;
    service_start();
    if (kernel_tells()) {
        int fd = connect_bare(NULL);
        shutdown(fd, SHUT_WR);
        rig_turns(10);
        assert_int_equal(t.aborts, 0);
        close(fd);
        RIG_WAIT(t.aborts == 1);
    }
    service_stop();
}

/* Gone behind a pipelined request that nobody reads yet: the FIN is not
 * seen. */
static void test_full_close_behind_pipelined(void **state)
{
    (void)state;
    service_start();
    if (kernel_tells()) {
        int fd = connect_bare(NULL);
        static const char next[] = "GET /now HTTP/1.1\r\n" HOST "\r\n";
        assert_int_equal(write(fd, next, sizeof next - 1), sizeof next - 1);
        rig_turns(10);
        close(fd);
        RIG_WAIT(t.aborts == 1);
        assert_int_equal(t.requests, 1);
    }
    service_stop();
}

/* Half-closed within the response, by a client that is seen to read on. */
static void test_half_close_within_response(void **state)
{
    (void)state;
    service_start();
    if (kernel_tells()) {
        peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
        RIG_WAIT(t.body_ends == 1);
        assert_int_equal(service_respond(200, NULL, 0), 0);
        http_exchange_write(t.x, SPAN_LITERAL("some"));
        RIG_WAIT(peer_has(&t.client, "some"));
        conn_end(t.client.conn);
        rig_turns(10);
        assert_int_equal(t.aborts, 0);
        http_exchange_write(t.x, SPAN_LITERAL("more"));
        http_exchange_end(t.x, no_fields);
        RIG_WAIT(t.client.has_ended);
        assert_true(peer_has(&t.client, "\r\nmore\r\n0\r\n\r\n"));
    }
    service_stop();
}

/* An address of this machine that the kernel is not asked about when it comes
 * to a server at 127.0.0.1: as good as a client elsewhere. */
static bool find_other_address(struct address *out)
{
    struct ifaddrs *list;
    bool is_found = false;
    if (getifaddrs(&list) < 0)
        return false;
    for (const struct ifaddrs *i = list; i && !is_found; i = i->ifa_next) {
        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || (i->ifa_flags & IFF_LOOPBACK))
            continue;
        *out = (struct address){.len = sizeof(struct sockaddr_in)};
        memcpy(&out->storage, i->ifa_addr, out->len);
        is_found = true;
    }
    freeifaddrs(list);
    return is_found;
}

/* Of a client elsewhere a FIN is a half-close before the response, and an
 * abort within it. */
static void test_fin_from_elsewhere(void **state)
{
    (void)state;
    struct address from;
    if (!find_other_address(&from)) {
        print_message("skipped: no address but 127.0.0.1 here\n");
        skip();
    }
    service_start();
    int fd = connect_bare(&from);
    shutdown(fd, SHUT_WR);
    rig_turns(10);
    assert_int_equal(t.aborts, 0);
    service_reply("late");
    char text[512] = "";
    rig_turns(10);
    ssize_t len = read(fd, text, sizeof text - 1);
    assert_true(len > 0);
    assert_non_null(strstr(text, "\r\n\r\nlate"));
    close(fd);

    fd = connect_bare(&from);
    assert_int_equal(service_respond(200, NULL, 0), 0);
    shutdown(fd, SHUT_WR);
    RIG_WAIT(t.aborts == 1);
    close(fd);
    service_stop();
}

static void test_fin_in_body(void **state)
{
    (void)state;
    service_start();
    peer_send(&t.client, "POST /x HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhell");
    RIG_WAIT(t.body.len == 4);
    conn_end(t.client.conn);
    RIG_WAIT(t.aborts == 1);
    assert_int_equal(t.body_ends, 0);
    service_stop();
}

static void test_server_aborts(void **state)
{
    (void)state;
    service_start();
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    assert_int_equal(service_respond(200, NULL, 0), 0);
    http_exchange_write(t.x, SPAN_LITERAL("some"));
    RIG_WAIT(peer_has(&t.client, "some"));
    http_exchange_break(t.x);
    RIG_WAIT(t.client.is_closed);
    assert_int_equal(t.client.error, -ECONNRESET);
    peer_close(&t.client);

    peer_connect(&t.client, t.port);
    peer_send(&t.client, "GET /abort HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.client.is_closed);
    assert_int_equal(t.aborts, 0);
    service_stop();
}

static void test_wrong_length(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "four", "sixsix"};
    static const struct http_field length[] = {FIELD("Content-Length", "5")};
    service_start();
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        peer_close(&t.client);
        peer_connect(&t.client, t.port);
        peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
        RIG_WAIT(t.body_ends == (int)i + 1);
        assert_int_equal(service_respond(200, length, 1), 0);
        http_exchange_write(t.x, span_from_string(bodies[i]));
        http_exchange_end(t.x, no_fields);
        RIG_WAIT(t.client.is_closed);
        assert_int_equal(t.client.error, -ECONNRESET);
    }
    service_stop();
}

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

enum { TAIL = 4 << 20 }; /* more than the kernel takes of a response that nobody reads */

static void reply_long(void)
{
    static char body[TAIL];
    http_exchange_reply(t.x, 200, "text/plain", no_fields, span_of(body, sizeof body));
}

/* One connection is allowed, and it is not over. */
static void check_is_kept(void)
{
    struct peer other;
    peer_connect(&other, t.port);
    RIG_WAIT(other.has_ended);
    assert_true(peer_has(&other, "HTTP/1.1 503 "));
    peer_close(&other);
}

/* A response that is complete goes on waiting for its client, with the
 * connection that ends behind it. */
static void test_tail_waits_for_the_client(void **state)
{
    (void)state;
    service_start_with(
        (struct http_server_config){.connections_max = 1, .idle_timeout_us = 60 * US_PER_S});
    conn_set_reading(t.client.conn, false);
    peer_send(&t.client, "GET /x HTTP/1.0\r\n\r\n");
    RIG_WAIT(t.body_ends == 1);
    reply_long();
    check_is_kept();
    conn_set_reading(t.client.conn, true);
    RIG_WAIT(t.client.has_ended);
    assert_true(t.client.in.len > TAIL);
    service_stop();
}

/* Also where requests came pipelined and with their end behind them. */
static void test_tail_waits_behind_pipelined(void **state)
{
    (void)state;
    service_start_with(
        (struct http_server_config){.connections_max = 1, .idle_timeout_us = 60 * US_PER_S});
    conn_set_reading(t.client.conn, false);
    peer_send(&t.client,
              "GET /now HTTP/1.1\r\n" HOST "\r\nGET /x HTTP/1.1\r\n" HOST "\r\nGET /cut");
    conn_end(t.client.conn);
    RIG_WAIT(t.body_ends == 1);
    reply_long();
    check_is_kept();
    conn_set_reading(t.client.conn, true);
    RIG_WAIT(t.client.has_ended);
    assert_true(t.client.in.len > TAIL);
    service_stop();
}

/* A response that breaks off reaches its client as far as it goes, and then
 * looks broken. */
static void test_break_delivers_first(void **state)
{
    (void)state;
    static const struct http_field length[] = {FIELD("Content-Length", "9999999")};
    static char body[TAIL];
    for (size_t i = 0; i < 2; i++) { /* chunked, with a length */
        service_start();
        conn_set_reading(t.client.conn, false);
        conn_read_fully(t.client.conn);
        peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
        RIG_WAIT(t.body_ends == 1);
        assert_int_equal(service_respond(200, length, i), 0);
        http_exchange_write(t.x, span_of(body, sizeof body));
        if (i == 0)
            http_exchange_break(t.x);
        else
            http_exchange_end(t.x, no_fields); /* too early */
        conn_set_reading(t.client.conn, true);
        RIG_WAIT(t.client.is_closed);
        assert_true(t.client.in.len > TAIL);
        assert_false(peer_has(&t.client, "\r\n0\r\n"));
        assert_int_equal(t.client.error, -ECONNRESET);
        assert_int_equal(t.aborts, 0);
        service_stop();
    }
}

/* Who takes nothing at all is cut off, and sees that something is missing. */
static void test_tail_waits_not_for_ever(void **state)
{
    (void)state;
    static const char *const versions[] = {"0", "1"};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        char request[64];
        service_start_with((struct http_server_config){.idle_timeout_us = 30 * US_PER_MS});
        conn_set_reading(t.client.conn, false);
        snprintf(request, sizeof request, "GET /x HTTP/1.%s\r\n" HOST "\r\n", versions[i]);
        peer_send(&t.client, request);
        RIG_WAIT(t.body_ends == 1);
        reply_long();
        RIG_WAIT(t.client.is_closed);
        assert_int_equal(t.client.error, -ECONNRESET);
        assert_false(t.client.has_ended);
        service_stop();
    }
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

/* Who is still to take a part of its response is not silent. */
static void test_rest_of_a_response_stays(void **state)
{
    (void)state;
    static char piece[8 << 10];
    service_start_with(
        (struct http_server_config){.connections_max = 1, .idle_timeout_us = 60 * US_PER_S});
    conn_set_reading(t.client.conn, false);
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    assert_int_equal(service_respond(200, NULL, 0), 0);
    size_t written = 0;
    while (http_exchange_queued(t.x) < 2 * sizeof piece) {
        http_exchange_write(t.x, span_of(piece, sizeof piece));
        written += sizeof piece;
        rig_turns(10);
    }
    assert_in_range(http_exchange_queued(t.x), 1, CONN_DRAIN_MARK / 2);
    http_exchange_end(t.x, no_fields);
    check_is_kept();
    conn_set_reading(t.client.conn, true);
    RIG_WAIT(peer_has(&t.client, "\r\n0\r\n\r\n"));
    assert_true(t.client.in.len > written);
    struct peer other;
    peer_connect(&other, t.port);
    RIG_WAIT(t.client.has_ended);
    peer_close(&other);
    service_stop();
}

static void test_stops_listening(void **state)
{
    (void)state;
    service_start();
    struct peer idle;
    peer_connect(&idle, t.port);
    peer_send(&idle, "GET /now HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(peer_has(&idle, "now"));
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    http_server_stop_listening(t.server);
    RIG_WAIT(idle.has_ended);
    peer_close(&idle);
    service_reply("last");
    RIG_WAIT(t.client.has_ended);
    assert_true(peer_has(&t.client, "Connection: close\r\n\r\nlast"));
    service_stop();
}

static void test_free_aborts(void **state)
{
    (void)state;
    service_start();
    peer_send(&t.client, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    RIG_WAIT(t.body_ends == 1);
    assert_int_equal(service_respond(200, NULL, 0), 0);
    http_server_free(t.server);
    t.server = NULL;
    RIG_WAIT(t.client.is_closed);
    assert_int_equal(t.client.error, -ECONNRESET);
    assert_int_equal(t.aborts, 0);
    service_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_abort_by_reset),
        cmocka_unit_test(test_fin_is_half_close),
        cmocka_unit_test(test_full_close),
        cmocka_unit_test(test_full_close_after_half_close),
        cmocka_unit_test(test_full_close_behind_pipelined),
        cmocka_unit_test(test_half_close_within_response),
        cmocka_unit_test(test_fin_from_elsewhere),
        cmocka_unit_test(test_fin_in_body),
        cmocka_unit_test(test_server_aborts),
        cmocka_unit_test(test_wrong_length),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_timeouts_after_a_sleep),
        cmocka_unit_test(test_tail_waits_for_the_client),
        cmocka_unit_test(test_tail_waits_behind_pipelined),
        cmocka_unit_test(test_break_delivers_first),
        cmocka_unit_test(test_tail_waits_not_for_ever),
        cmocka_unit_test(test_pipelined_and_not_read),
        cmocka_unit_test(test_connection_limit),
        cmocka_unit_test(test_silent_makes_way),
        cmocka_unit_test(test_rest_of_a_response_stays),
        cmocka_unit_test(test_stops_listening),
        cmocka_unit_test(test_free_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
