/*
 * How exchanges end before their time: clients that go away, wholly or for one
 * direction, and servers that give up.
 */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service.h"

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
    int fd = service_dial(from);
    static const char text[] = "GET /x HTTP/1.1\r\n" HOST "\r\n";
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    int body_ends = t.body_ends;
    RIG_WAIT(t.body_ends == body_ends + 1);
    return fd;
}

/* A client that is gone for good behind its FIN: noticed although nothing is
 * written to it, before the response and within. */
static void test_full_close(void **state)
{
    (void)state;
    service_start();
    for (int streams = 0; streams < 2 && service_knows_owners(); streams++) {
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

/* Nor does it take a descriptor to notice, of which its own may be the last. */
static void test_full_close_without_descriptors(void **state)
{
    (void)state;
    service_start();
    if (service_knows_owners()) {
        struct rlimit before, none;
        int fd = connect_bare(NULL);
        int above = fcntl(fd, F_DUPFD_CLOEXEC, fd + 1);
        assert_true(above > fd);
        close(fd);
        int next = dup(above);
        close(next);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        none = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        assert_int_equal(dup(above), -1);
        close(above);
        RIG_WAIT(t.aborts == 1);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    }
    service_stop();
}

/* Gone some time after it had half-closed. */
static void test_full_close_after_half_close(void **state)
{
    (void)state;
    service_start();
    if (service_knows_owners()) {
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
    if (service_knows_owners()) {
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
    if (service_knows_owners()) {
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

/* Of a client elsewhere a FIN is a half-close before the response, and an
 * abort within it. */
static void test_fin_from_elsewhere(void **state)
{
    (void)state;
    struct address from;
    if (!service_finds_elsewhere(&from))
        skip();
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
        cmocka_unit_test(test_full_close_without_descriptors),
        cmocka_unit_test(test_full_close_after_half_close),
        cmocka_unit_test(test_full_close_behind_pipelined),
        cmocka_unit_test(test_half_close_within_response),
        cmocka_unit_test(test_fin_from_elsewhere),
        cmocka_unit_test(test_fin_in_body),
        cmocka_unit_test(test_server_aborts),
        cmocka_unit_test(test_wrong_length),
        cmocka_unit_test(test_stops_listening),
        cmocka_unit_test(test_free_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
