/*
 * When a socket is pinged, and when it is dropped, by a clock that is not real;
 * and that a crowd is looked at together.
 */
#include "testing.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/conn.h"
#include "net/deadline.h"
#include "signal/server_internal.h"

enum { CROWD = 1000, TOGETHER = 256 };

#define MOMENT_US (SIGNAL_PING_US / 14)
#define BEGIN_US  (200000 * MOMENT_US)

static struct signal_server server;
static int client; /* its end of the socket */

static struct socket *begin(void)
{
    static const struct websocket_handlers handlers;
    const struct address address = {0};
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    client = ends[1];
    log_configure(LOG_ERROR, LOG_TEXT);
    server = (struct signal_server){.loop = loop_new()};
    signal_server_config_init(&server.config);
    list_init(&server.sockets);
    sources_init(&server.sources, 0, 1);
    socket_heartbeat_start(&server);
    struct socket *socket = calloc(1, sizeof *socket);
    socket->server = &server;
    socket->source = sources_add_socket(&server.sources, &address, BEGIN_US);
    socket->ws = websocket_new(server.loop, conn_adopt(server.loop, ends[0]), WEBSOCKET_SERVER,
                               SIGNAL_MESSAGE_MAX, (struct span){0}, &handlers, socket);
    list_append(&server.sockets, &socket->link);
    server.socket_count = 1;
    socket_heartbeat_begin(socket, BEGIN_US);
    return socket;
}

static void end(void)
{
    socket_close_all(&server);
    deadline_free(server.heartbeat);
    sources_deinit(&server.sources);
    close(client); /* nothing lingers */
    loop_free(server.loop);
}

/* Moment by moment, and a little late for each; how often it was pinged in the
 * time from since to until, both from BEGIN_US. */
static int pings(uint64_t since_us, uint64_t until_us)
{
    int count = 0;
    uint8_t bytes[128];
    for (uint64_t at_us = since_us; at_us <= until_us && server.socket_count > 0;
         at_us += MOMENT_US) {
        socket_heartbeat_run(&server, BEGIN_US + at_us + 1);
        ssize_t len = recv(client, bytes, sizeof bytes, 0);
        count += len > 0 && bytes[0] == 0x89;
    }
    return count;
}

static void a_silent_socket_is_pinged_once_and_dropped(void **state)
{
    (void)state;
    begin();
    assert_int_equal(pings(0, SIGNAL_PING_US - 1), 0);
    assert_int_equal(pings(SIGNAL_PING_US, SIGNAL_PING_US + MOMENT_US), 1);
    assert_int_equal(pings(SIGNAL_PING_US + MOMENT_US, SIGNAL_SILENCE_US - 1), 0);
    assert_int_equal(server.socket_count, 1);
    pings(SIGNAL_SILENCE_US, SIGNAL_SILENCE_US + 2 * MOMENT_US);
    assert_int_equal(server.socket_count, 0);
    assert_int_equal(server.counts.limits[SIGNAL_LIMIT_SILENCE], 1);
    end();
}

/* An outage may last until shortly before. */
static void the_last_answer_saves_it(void **state)
{
    (void)state;
    struct socket *socket = begin();
    pings(0, SIGNAL_SILENCE_US - 1);
    socket_heard(socket, BEGIN_US + SIGNAL_SILENCE_US - 1);
    assert_int_equal(pings(SIGNAL_SILENCE_US, 2 * SIGNAL_PING_US + SIGNAL_PING_US - 1), 0);
    assert_int_equal(pings(3 * SIGNAL_PING_US, 3 * SIGNAL_PING_US + MOMENT_US), 1);
    end();
}

static void whatever_comes_puts_the_ping_off(void **state)
{
    (void)state;
    struct socket *socket = begin();
    for (uint64_t at_us = 0; at_us < 10 * SIGNAL_PING_US; at_us += SIGNAL_PING_US - MOMENT_US) {
        socket_heard(socket, BEGIN_US + at_us);
        assert_int_equal(pings(at_us, at_us + SIGNAL_PING_US - 2 * MOMENT_US), 0);
    }
    end();
}

/* Of who answers at once: a check and a ping in each of those times. */
static void answers_are_not_looked_for(void **state)
{
    (void)state;
    struct socket *socket = begin();
    uint64_t at_us = SIGNAL_PING_US;
    assert_int_equal(pings(0, at_us), 1);
    for (int i = 0; i < 10; i++) {
        socket_heard(socket, BEGIN_US + at_us + MOMENT_US / 2);
        at_us += SIGNAL_PING_US + MOMENT_US;
        assert_int_equal(socket->check.at_us, BEGIN_US + at_us);
        assert_int_equal(pings(at_us, at_us), 1);
    }
    end();
}

/* The process was stopped, and what came then has not been read yet. */
static void its_own_sleep_is_nobodys_silence(void **state)
{
    (void)state;
    struct socket *socket = begin();
    assert_int_equal(pings(100 * SIGNAL_PING_US, 100 * SIGNAL_PING_US), 1);
    assert_int_equal(server.socket_count, 1);
    socket_heard(socket, BEGIN_US + 100 * SIGNAL_PING_US + 1);
    assert_int_equal(pings(101 * SIGNAL_PING_US, 101 * SIGNAL_PING_US), 0);
    assert_int_equal(pings(101 * SIGNAL_PING_US + MOMENT_US, 101 * SIGNAL_PING_US + MOMENT_US), 1);
    end();
}

/* It answers, or so it seems, and reads nothing. */
static void what_waits_for_it_is_looked_at_in_time(void **state)
{
    (void)state;
    static char text[64 << 10];
    struct socket *socket = begin();
    memset(text, 'x', sizeof text);
    while (websocket_queued(socket->ws) == 0)
        websocket_send(socket->ws, span_of(text, sizeof text));
    socket_look_at_outbox(socket, BEGIN_US + US_PER_S);
    socket_heard(socket, BEGIN_US + 10 * US_PER_S);
    socket_heartbeat_run(&server, BEGIN_US + SIGNAL_STUCK_US + US_PER_S - 1);
    assert_int_equal(server.socket_count, 1);
    socket_heartbeat_run(&server, BEGIN_US + SIGNAL_STUCK_US + US_PER_S + MOMENT_US);
    assert_int_equal(server.socket_count, 0);
    assert_int_equal(server.counts.limits[SIGNAL_LIMIT_STUCK], 1);
    end();
}

static void a_crowd_is_looked_at_together(void **state)
{
    (void)state;
    static struct socket crowd[CROWD];
    int moments = 1;
    struct socket *socket = begin();
    for (int i = 0; i < CROWD; i++) { /* they come within a second */
        uint64_t now_us = BEGIN_US + (uint64_t)i * US_PER_MS;
        crowd[i] = (struct socket){.server = &server, .ws = socket->ws};
        socket_heartbeat_begin(&crowd[i], now_us);
        assert_in_range(crowd[i].check.at_us - now_us, SIGNAL_PING_US, SIGNAL_PING_US + MOMENT_US);
        moments += i > 0 && crowd[i].check.at_us != crowd[i - 1].check.at_us;
    }
    assert_in_range(moments, 1, 2);
    /* And not so long that others wait. */
    uint64_t now_us = BEGIN_US + SIGNAL_PING_US + MOMENT_US;
    for (int i = 0; i < CROWD; i++)
        socket_heard(&crowd[i], now_us);
    socket_heard(socket, now_us);
    socket_heartbeat_run(&server, now_us);
    int looked_at = socket->check.at_us > now_us;
    for (int i = 0; i < CROWD; i++)
        looked_at += crowd[i].check.at_us > now_us;
    assert_int_equal(looked_at, TOGETHER);
    assert_true(server.checks.next_us <= now_us);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_socket_is_pinged_once_and_dropped),
        cmocka_unit_test(the_last_answer_saves_it),
        cmocka_unit_test(whatever_comes_puts_the_ping_off),
        cmocka_unit_test(answers_are_not_looked_for),
        cmocka_unit_test(its_own_sleep_is_nobodys_silence),
        cmocka_unit_test(what_waits_for_it_is_looked_at_in_time),
        cmocka_unit_test(a_crowd_is_looked_at_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
