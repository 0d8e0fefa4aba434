/*
 * The verdict on what the kernel says, and that every connection is probed by
 * the kernel itself.
 */
#include "net/net_testing.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/dial.h"
#include "net/liveness.h"

static void test_verdict(void **state)
{
    (void)state;
    enum { LOST_MS = LIVENESS_LOST_S * 1000 };
    static const struct {
        const char *what;
        uint32_t unacked, notsent, probes, silent_ms;
        enum liveness expected;
    } rows[] = {
        {"nothing is on its way", 0, 0, 0, 1000000, LIVENESS_QUIET},
        {"nothing, and the kernel probes", 0, 0, 2, LOST_MS, LIVENESS_QUIET},
        {"sent just now", 3, 0, 0, 10, LIVENESS_WAITING},
        {"not for long enough", 3, 9000, 0, LOST_MS - 1, LIVENESS_WAITING},
        {"sent, and no word", 1, 0, 0, LOST_MS, LIVENESS_LOST},
        {"a closed window, answered", 0, 9000, 0, 10, LIVENESS_WAITING},
        {"a closed window, seldom probed", 0, 9000, 0, 120000, LIVENESS_WAITING},
        {"a closed window, one probe lost", 0, 9000, 1, 240000, LIVENESS_WAITING},
        {"a closed window, no answer", 0, 9000, 3, LOST_MS, LIVENESS_LOST},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct tcp_info info = {.tcpi_unacked = rows[i].unacked,
                                      .tcpi_notsent_bytes = rows[i].notsent,
                                      .tcpi_probes = (uint8_t)rows[i].probes,
                                      .tcpi_last_ack_recv = rows[i].silent_ms};
        if (liveness_of(&info) != rows[i].expected)
            fail_msg("%s: %d", rows[i].what, (int)liveness_of(&info));
    }
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

/* 40 s in all, and no limit to what a peer may leave unread. */
static void test_kernel_probes(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(liveness_ask(fd), LIVENESS_QUIET);
    socket_tune(fd);
    assert_int_equal(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPIDLE) +
                         option(fd, IPPROTO_TCP, TCP_KEEPCNT) *
                             option(fd, IPPROTO_TCP, TCP_KEEPINTVL),
                     LIVENESS_LOST_S);
    assert_int_equal(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
    close(fd);
}

static void on_accept(struct conn *conn, void *arg)
{
    struct end *end = arg;
    end->conn = conn;
    end->is_open = true;
    conn_set_handlers(conn, &end_handlers, end);
}

/* Whether the kernel's keepalive timer runs for the socket of that port. */
static bool is_probed(uint16_t port)
{
    enum { ESTABLISHED = 1, KEEPALIVE_TIMER = 2 };
    char line[256];
    FILE *table = fopen("/proc/self/net/tcp", "r");
    bool found = false;
    assert_non_null(table);
    while (!found && fgets(line, sizeof line, table)) {
        unsigned local, remote, status, timer;
        if (sscanf(line, " %*u: %*8x:%x %*8x:%x %x %*x:%*x %x:", &local, &remote, &status,
                   &timer) != 4)
            continue;
        found = local == port && status == ESTABLISHED && timer == KEEPALIVE_TIMER;
    }
    fclose(table);
    return found;
}

static void test_every_connection(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct end server, client;
    struct listener *listener;
    end_init(&server, loop);
    end_init(&client, loop);
    assert_int_equal(listener_new(loop, "127.0.0.1", 0, on_accept, &server, &listener), 0);
    client.conn = conn_connect(loop, "127.0.0.1", listener_port(listener), NULL, TEST_PATIENCE_US,
                               &end_handlers, &client);
    run_until(loop, &client.is_open);
    run_until(loop, &server.is_open);
    struct address address;
    conn_peer_address(server.conn, &address);
    assert_true(is_probed(address_port(&address)));  /* dialled */
    assert_true(is_probed(listener_port(listener))); /* accepted */
    conn_leave_liveness(server.conn);
    assert_false(is_probed(listener_port(listener)));
    assert_true(is_probed(address_port(&address)));
    end_deinit(&server);
    end_deinit(&client);
    listener_close(listener);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdict),
        cmocka_unit_test(test_kernel_probes),
        cmocka_unit_test(test_every_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
