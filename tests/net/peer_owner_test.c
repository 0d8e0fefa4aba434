/*
 * Who owns the other end of real sockets: clients that half-close, close, and
 * die, over IPv4, IPv6 and IPv4 in IPv6.
 */
#include "testing.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/peer_owner.h"
#include "net/resolve.h"

static struct {
    int inquiry;
    int listener;
    int client;
    int server;
} t;

/* A connection from this process to itself, by a listener on that address. */
static bool connect_to(const char *listen_on, const char *to)
{
    struct address address;
    assert_int_equal(address_parse(listen_on, 0, &address), 0);
    t.listener = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (t.listener < 0 ||
        bind(t.listener, (const struct sockaddr *)&address.storage, address.len) < 0)
        return false;
    assert_int_equal(listen(t.listener, 1), 0);
    assert_int_equal(getsockname(t.listener, (struct sockaddr *)&address.storage, &address.len), 0);
    assert_int_equal(address_parse(to, address_port(&address), &address), 0);
    t.client = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(t.client, (const struct sockaddr *)&address.storage, address.len), 0);
    t.server = accept(t.listener, NULL, NULL);
    assert_true(t.server >= 0);
    return true;
}

static void close_server(void)
{
    close(t.server);
    close(t.listener);
}

/* The client's FIN is here. */
static void wait_for_fin(void)
{
    struct pollfd p = {.fd = t.server, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 20000), 1);
    char byte;
    assert_int_equal(read(t.server, &byte, 1), 0);
}

/* A kernel without sock_diag, as some sandboxes are, says so of any peer. */
static void skip_where_kernel_is_silent(void)
{
    assert_true(connect_to("127.0.0.1", "127.0.0.1"));
    enum peer_owner owner = peer_owner_ask(t.inquiry, t.server);
    close(t.client);
    close_server();
    if (owner == PEER_REMOTE) {
        print_message("skipped: this kernel has no NETLINK_SOCK_DIAG\n");
        skip();
    }
}

static void test_half_close_and_close(void **state)
{
    (void)state;
    static const struct {
        const char *listen_on, *to;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1"}, {"127.0.0.2", "127.0.0.2"}, {"::1", "::1"},
        {"::", "127.0.0.1"},        {"0.0.0.0", "127.0.0.3"},
    };
    skip_where_kernel_is_silent();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (!connect_to(cases[i].listen_on, cases[i].to)) {
            print_message("skipped: no %s here\n", cases[i].listen_on);
            continue;
        }
        assert_int_equal(peer_owner_ask(t.inquiry, t.server), PEER_OWNED);
        assert_int_equal(peer_owner_ask(t.inquiry, t.client), PEER_OWNED);
        shutdown(t.client, SHUT_WR);
        wait_for_fin();
        assert_int_equal(peer_owner_ask(t.inquiry, t.server), PEER_OWNED);
        close(t.client);
        assert_int_equal(peer_owner_ask(t.inquiry, t.server), PEER_ORPHANED);
        close_server();
    }
}

static void test_full_close(void **state)
{
    (void)state;
    skip_where_kernel_is_silent();
    assert_true(connect_to("127.0.0.1", "127.0.0.1"));
    close(t.client);
    wait_for_fin();
    assert_int_equal(peer_owner_ask(t.inquiry, t.server), PEER_ORPHANED);
    close_server();
}

/* A socket that another process holds too is not closed by one of them. */
static void test_shared_socket(void **state)
{
    (void)state;
    skip_where_kernel_is_silent();
    assert_true(connect_to("127.0.0.1", "127.0.0.1"));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        shutdown(t.client, SHUT_WR);
        for (;;)
            pause();
    }
    close(t.client);
    wait_for_fin();
    assert_int_equal(peer_owner_ask(t.inquiry, t.server), PEER_OWNED);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(peer_owner_ask(t.inquiry, t.server), PEER_ORPHANED);
    close_server();
}

static void test_reset(void **state)
{
    (void)state;
    skip_where_kernel_is_silent();
    assert_true(connect_to("127.0.0.1", "127.0.0.1"));
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(t.client, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(t.client);
    /* The connection is gone at both ends: no peer to ask about. */
    assert_int_equal(peer_owner_ask(t.inquiry, t.server), PEER_REMOTE);
    close_server();
}

static void test_no_tcp(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(peer_owner_ask(t.inquiry, pair[0]), PEER_REMOTE);
    close(pair[0]);
    close(pair[1]);
    assert_int_equal(peer_owner_ask(t.inquiry, -1), PEER_REMOTE);
}

/* When there are no more descriptors, who is gone has one that is needed. */
static void test_no_descriptors(void **state)
{
    (void)state;
    struct rlimit before, none;
    skip_where_kernel_is_silent();
    assert_true(connect_to("127.0.0.1", "127.0.0.1"));
    int next = dup(t.server);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(dup(t.server), -1);
    enum peer_owner owner = peer_owner_ask(t.inquiry, t.server);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(owner, PEER_OWNED);
    close(t.client);
    close_server();
}

int main(void)
{
    t.inquiry = peer_owner_open();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_half_close_and_close),
        cmocka_unit_test(test_full_close),
        cmocka_unit_test(test_shared_socket),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_no_tcp),
        cmocka_unit_test(test_no_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
