/*
 * When sockets are looked at: at moments that they share, in the order in which
 * they came, and often enough that none is silent for longer than it may be.
 */
#include "testing.h"

#include "signal/server_internal.h"

enum { SOCKETS = 1000 };

static struct signal_server server;
static struct socket sockets[SOCKETS];

static void begin(uint64_t ping_us, uint64_t now_us, uint64_t apart_us)
{
    list_init(&server.sockets);
    server.config.ping_us = ping_us;
    for (int i = 0; i < SOCKETS; i++) {
        sockets[i] = (struct socket){.server = &server};
        socket_heartbeat_begin(&sockets[i], now_us + (uint64_t)i * apart_us);
    }
}

static int count_moments(void)
{
    int moments = 1;
    for (int i = 1; i < SOCKETS; i++) {
        assert_true(sockets[i].check_at_us >= sockets[i - 1].check_at_us);
        moments += sockets[i].check_at_us != sockets[i - 1].check_at_us;
    }
    return moments;
}

static void test_moments(void **state)
{
    (void)state;
    const uint64_t now_us = 123456789012;
    begin(15 * US_PER_S, now_us, US_PER_MS); /* a thousand in a second */
    assert_in_range(count_moments(), 2, 5);
    assert_true(socket_heartbeat_us(&server) == sockets[0].check_at_us);
    for (int i = 0; i < SOCKETS; i++) {
        uint64_t wait_us = sockets[i].check_at_us - (now_us + (uint64_t)i * US_PER_MS);
        assert_in_range(wait_us, 5 * US_PER_S, 5 * US_PER_S + 5 * US_PER_S / 16);
    }
    begin(30, now_us, 1); /* of times that are too short for it, each its own */
    assert_int_equal(count_moments(), SOCKETS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_moments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
