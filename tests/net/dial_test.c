/*
 * Which address wins, against listeners of this machine: one that accepts, one
 * whose full backlog drops every SYN, and ports where nobody listens; and Unix
 * sockets.
 */
#include "net/net_testing.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/dial.h"

static struct {
    struct loop *loop;
    bool is_done;
    int fd;
    int error;
} t;

static void on_done(int fd, int error, void *arg)
{
    assert_ptr_equal(arg, &t);
    assert_false(t.is_done);
    t.is_done = true;
    t.fd = fd;
    t.error = error;
}

static void start(void)
{
    t.loop = loop_new();
    t.is_done = false;
}

static void stop(void)
{
    if (t.is_done && t.fd >= 0)
        close(t.fd);
    loop_free(t.loop);
}

/* A port of 127.0.0.1, by a listener with that backlog. */
static int listen_at(struct address *address, int backlog)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(address_parse("127.0.0.1", 0, address), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address->storage, address->len), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address->storage, &address->len), 0);
    return fd;
}

struct silent {
    int listener;
    int fill[8];
    struct address address;
};

/* Takes no connection and refuses none. */
static void silent_open(struct silent *silent)
{
    silent->listener = listen_at(&silent->address, 0);
    for (int i = 0; i < 8; i++) {
        silent->fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(silent->fill[i], (struct sockaddr *)&silent->address.storage, silent->address.len);
        if (i == 0)
            test_wait_readable(silent->listener); /* the only place is taken */
    }
}

static void silent_close(struct silent *silent)
{
    for (int i = 0; i < 8; i++)
        close(silent->fill[i]);
    close(silent->listener);
}

/* An address where nobody listens. */
static struct address refusing_address(void)
{
    struct address address;
    close(listen_at(&address, 1));
    return address;
}

static bool is_connected_to(int fd, const struct address *address)
{
    struct address peer = {.len = sizeof peer.storage};
    return getpeername(fd, (struct sockaddr *)&peer.storage, &peer.len) == 0 &&
           address_port(&peer) == address_port(address);
}

/* The silent one keeps its head start, and no more. */
static void test_silent_first(void **state)
{
    (void)state;
    struct silent silent;
    struct address addresses[2];
    start();
    silent_open(&silent);
    int listener = listen_at(&addresses[1], 5);
    addresses[0] = silent.address;
    uint64_t before_us = clock_now_us();
    dial_new_to(t.loop, addresses, 2, on_done, &t);
    run_until(t.loop, &t.is_done);
    assert_true(clock_now_us() - before_us >= 250 * US_PER_MS);
    assert_int_equal(t.error, 0);
    assert_true(is_connected_to(t.fd, &addresses[1]));
    close(listener);
    silent_close(&silent);
    stop();
}

/* One that refuses hands on at once, also while another is still silent. */
static void test_refusing_hands_on(void **state)
{
    (void)state;
    struct silent silent;
    struct address addresses[4];
    start();
    silent_open(&silent);
    addresses[0] = addresses[2] = refusing_address();
    addresses[1] = silent.address;
    int listener = listen_at(&addresses[3], 5);
    dial_new_to(t.loop, addresses, 4, on_done, &t);
    run_until(t.loop, &t.is_done);
    assert_int_equal(t.error, 0);
    assert_true(is_connected_to(t.fd, &addresses[3]));
    close(listener);
    silent_close(&silent);
    stop();
}

static void test_all_refuse(void **state)
{
    (void)state;
    const struct address addresses[2] = {refusing_address(), refusing_address()};
    start();
    dial_new_to(t.loop, addresses, 2, on_done, &t);
    assert_false(t.is_done);
    run_until(t.loop, &t.is_done);
    assert_int_equal(t.fd, -1);
    assert_int_equal(t.error, -ECONNREFUSED);
    stop();
}

static void test_freed_under_way(void **state)
{
    (void)state;
    struct silent silent;
    start();
    silent_open(&silent);
    const struct address addresses[2] = {silent.address, silent.address};
    struct dial *dial = dial_new_to(t.loop, addresses, 2, on_done, &t);
    run_for(t.loop, 300 * US_PER_MS);
    dial_free(dial);
    dial_free(dial_new_to(t.loop, addresses, 2, on_done, &t));
    run_for(t.loop, 10 * US_PER_MS);
    assert_false(t.is_done);
    silent_close(&silent);
    stop();
}

static void test_interleave(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after; /* a digit is IPv6, a letter IPv4 */
    } cases[] = {{"", ""},         {"1", "1"},
                 {"12", "12"},     {"1a", "1a"},
                 {"12ab", "1a2b"}, {"ab12", "a1b2"},
                 {"123a", "1a23"}, {"a123", "a123"},
                 {"1ab2", "1a2b"}, {"12345abc", "1a2b3c45"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct address addresses[RESOLVE_ADDRESSES_MAX] = {0};
        int count = (int)strlen(cases[i].before);
        for (int k = 0; k < count; k++) {
            char name = cases[i].before[k];
            addresses[k].storage.ss_family = name <= '9' ? AF_INET6 : AF_INET;
            addresses[k].len = (socklen_t)name;
        }
        addresses_interleave(addresses, count);
        for (int k = 0; k < count; k++)
            assert_int_equal(addresses[k].len, cases[i].after[k]);
    }
}

static void test_ipv4_first(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""}, {"1", "1"}, {"a1", "a1"}, {"12ab", "a12b"}, {"12", "12"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct address addresses[RESOLVE_ADDRESSES_MAX] = {0};
        int count = (int)strlen(cases[i][0]);
        for (int k = 0; k < count; k++) {
            char name = cases[i][0][k];
            addresses[k].storage.ss_family = name <= '9' ? AF_INET6 : AF_INET;
            addresses[k].len = (socklen_t)name;
        }
        addresses_put_ipv4_first(addresses, count);
        for (int k = 0; k < count; k++)
            assert_int_equal(addresses[k].len, cases[i][1][k]);
    }
}

static int listen_unix(char *path, size_t size, int backlog)
{
    static int serial;
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    snprintf(path, size, "/tmp/test_dial.%d.%d", (int)getpid(), serial++);
    snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(path); /* of a process of that number, which has died */
    assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static void dial_unix(const char *path)
{
    t.is_done = false;
    dial_new(t.loop, path, 0, on_done, &t);
    run_until(t.loop, &t.is_done);
}

static void test_unix(void **state)
{
    (void)state;
    char path[100];
    start();
    int listener = listen_unix(path, sizeof path, 5);
    dial_unix(path);
    assert_int_equal(t.error, 0);
    assert_int_equal(write(t.fd, "x", 1), 1);
    close(t.fd);
    close(listener);
    dial_unix(path); /* the file is there, but nobody listens */
    assert_int_equal(t.error, -ECONNREFUSED);
    unlink(path);
    dial_unix(path);
    assert_int_equal(t.error, -ENXIO);
    char too_long[200] = "/";
    memset(too_long + 1, 'x', sizeof too_long - 2);
    dial_unix(too_long);
    assert_int_equal(t.error, -ENAMETOOLONG);
    assert_int_equal(t.fd, -1);
    stop();
}

/* A server that is behind with accepting is waited for. */
static void test_unix_busy(void **state)
{
    (void)state;
    char path[100];
    start();
    int listener = listen_unix(path, sizeof path, 0);
    dial_unix(path);
    assert_int_equal(t.error, 0);
    close(t.fd);
    t.is_done = false;
    dial_new(t.loop, path, 0, on_done, &t);
    run_for(t.loop, 50 * US_PER_MS);
    assert_false(t.is_done);
    close(accept(listener, NULL, NULL));
    run_until(t.loop, &t.is_done);
    assert_int_equal(t.error, 0);
    close(listener);
    unlink(path);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silent_first), cmocka_unit_test(test_refusing_hands_on),
        cmocka_unit_test(test_all_refuse),   cmocka_unit_test(test_freed_under_way),
        cmocka_unit_test(test_interleave),   cmocka_unit_test(test_ipv4_first),
        cmocka_unit_test(test_unix),         cmocka_unit_test(test_unix_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
