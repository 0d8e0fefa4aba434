/*
 * Several descriptors at one port, and who of them gets a connection.
 */
#include "net_testing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "net/listening.h"

enum { SHARERS = 3, SOURCES = 32, TIMES = 3 };

/* Connects from an address of the loopback; who waits for it, or -1. */
static int who_gets(const struct listening *sharers, const char *source)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    inet_pton(AF_INET, source, &from.sin_addr);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(listening_port(&sharers[0]));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    int who = -1;
    for (int i = 0; i < SHARERS; i++) {
        int got = accept(sharers[i].fds[0], NULL, NULL);
        if (got < 0)
            continue;
        close(got);
        assert_int_equal(who, -1);
        who = i;
    }
    close(fd);
    return who;
}

/* An emulator of user space may not know the kernel's filters. */
static void open_by_source(struct listening sharers[SHARERS])
{
    int error = listening_open_shared("127.0.0.1", 0, sharers, SHARERS, true);
    if (error == -ENOPROTOOPT) {
        print_message("skipped: no filter of shared ports here, as under qemu-user\n");
        skip();
    }
    assert_int_equal(error, 0);
}

/* All of an address come to one, and each has some. */
static void test_by_source(void **state)
{
    struct listening sharers[SHARERS];
    int counts[SHARERS] = {0};
    (void)state;
    open_by_source(sharers);
    for (int i = 0; i < SOURCES; i++) {
        char source[INET_ADDRSTRLEN];
        snprintf(source, sizeof source, "127.0.%d.%d", i % 4, i + 1);
        int who = who_gets(sharers, source);
        assert_in_range(who, 0, SHARERS - 1);
        counts[who]++;
        for (int j = 1; j < TIMES; j++)
            assert_int_equal(who_gets(sharers, source), who);
    }
    for (int i = 0; i < SHARERS; i++) {
        assert_true(counts[i] > 0);
        listening_close(&sharers[i]);
    }
}

/* Which address it is does not matter: each connection is a draw. */
static void test_by_chance(void **state)
{
    struct listening sharers[SHARERS];
    int counts[SHARERS] = {0};
    (void)state;
    assert_int_equal(listening_open_shared("127.0.0.1", 0, sharers, SHARERS, false), 0);
    for (int i = 0; i < 2 * SOURCES; i++)
        counts[who_gets(sharers, "127.0.0.1")]++;
    for (int i = 0; i < SHARERS; i++) {
        assert_true(counts[i] > 0);
        listening_close(&sharers[i]);
    }
}

/* Another server at the port is told so, though it would share as well. */
static void test_taken(void **state)
{
    struct listening sharers[SHARERS], others[SHARERS];
    (void)state;
    open_by_source(sharers);
    uint16_t port = listening_port(&sharers[0]);
    for (int i = 1; i < SHARERS; i++)
        assert_int_equal(listening_port(&sharers[i]), port);
    assert_int_equal(listening_open_shared("127.0.0.1", port, others, SHARERS, true), -EADDRINUSE);
    assert_int_equal(listening_open_shared("192.0.2.1", 0, others, SHARERS, true), -EADDRNOTAVAIL);
    for (int i = 0; i < SHARERS; i++)
        listening_close(&sharers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_source),
        cmocka_unit_test(test_by_chance),
        cmocka_unit_test(test_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
