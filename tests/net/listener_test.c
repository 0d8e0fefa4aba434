/*
 * Listening on every address of a name, and what happens without a descriptor
 * for the next connection.
 */
#include "net_testing.h"

#include <errno.h>

struct guests {
    struct loop *loop;
    struct conn *first;
    int count;
    bool has_come;
    bool makes_room;
    int asked;
};

static const struct conn_handlers no_handlers;

static void on_accept(struct conn *conn, void *arg)
{
    struct guests *guests = arg;
    guests->count++;
    guests->has_come = true;
    if (guests->first) {
        conn_close(conn);
        return;
    }
    guests->first = conn;
    conn_set_handlers(conn, &no_handlers, NULL);
}

static bool make_room(void *arg)
{
    struct guests *guests = arg;
    guests->asked++;
    if (!guests->makes_room)
        return false;
    conn_reset(guests->first);
    guests->first = NULL;
    return true;
}

static void connect_to(struct guests *guests, const char *host, uint16_t port)
{
    struct end end;
    end_init(&end, guests->loop);
    guests->has_come = false;
    end.conn = conn_connect(guests->loop, host, port, NULL, US_PER_S * 10, &end_handlers, &end);
    run_until(guests->loop, &guests->has_come);
    end_deinit(&end);
}

static bool has_ipv6(struct loop *loop)
{
    struct listener *listener;
    if (listener_new(loop, "::1", 0, on_accept, NULL, &listener) < 0)
        return false;
    listener_close(listener);
    return true;
}

static void test_both_families(void **state)
{
    (void)state;
    struct guests guests = {.loop = loop_new()};
    struct listener *listener, *other;
    if (!has_ipv6(guests.loop)) {
        print_message("skipped: there is no IPv6 loopback\n");
        loop_free(guests.loop);
        skip();
    }
    assert_int_equal(listener_new(guests.loop, "localhost", 0, on_accept, &guests, &listener), 0);
    uint16_t port = listener_port(listener);
    connect_to(&guests, "127.0.0.1", port);
    connect_to(&guests, "::1", port);
    assert_int_equal(guests.count, 2);
    /* Taken at one of them is taken. */
    assert_int_equal(listener_new(guests.loop, "LOCALHOST", port, on_accept, &guests, &other),
                     -EADDRINUSE);
    listener_close(listener);
    assert_int_equal(listener_new(guests.loop, "::1", port, on_accept, &guests, &listener), 0);
    assert_int_equal(listener_new(guests.loop, "localhost", port, on_accept, &guests, &other),
                     -EADDRINUSE);
    listener_close(listener);
    conn_close(guests.first);
    loop_free(guests.loop);
}

/* The next one is accepted when the owner closes something, or has its turn
 * when a descriptor is free again. */
static void test_no_descriptors(void **state)
{
    (void)state;
    struct rlimit limit;
    struct guests guests = {.loop = loop_new(), .makes_room = true};
    struct listener *listener;
    getrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(listener_new(guests.loop, "127.0.0.1", 0, on_accept, &guests, &listener), 0);
    listener_set_make_room(listener, make_room);
    uint16_t port = listener_port(listener);
    connect_to(&guests, "127.0.0.1", port);
    assert_int_equal(guests.asked, 0);

    test_allow_one_descriptor();
    connect_to(&guests, "127.0.0.1", port);
    assert_int_equal(guests.asked, 1);
    assert_int_equal(guests.count, 2);

    guests.makes_room = false;
    struct end end;
    end_init(&end, guests.loop);
    end.conn =
        conn_connect(guests.loop, "127.0.0.1", port, NULL, US_PER_S * 10, &end_handlers, &end);
    run_until(guests.loop, &end.is_open);
    guests.has_come = false;
    run_for(guests.loop, 20 * US_PER_MS);
    assert_false(guests.has_come);
    assert_in_range(guests.asked, 2, 50); /* it does not spin */
    setrlimit(RLIMIT_NOFILE, &limit);
    run_until(guests.loop, &guests.has_come);
    end_deinit(&end);
    listener_close(listener);
    if (guests.first)
        conn_close(guests.first);
    loop_free(guests.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_families),
        cmocka_unit_test(test_no_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
