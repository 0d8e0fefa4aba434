/*
 * Address changes, in a network namespace of the test's own: only root may
 * make one.
 */
#include "net_testing.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/address_watch.h"
#include "net/interfaces.h"
#include "network_testing.h"

struct watcher {
    int changes;
    bool has_changed;
    struct address_watch *watch;
    bool frees;
};

static void on_change(void *arg)
{
    struct watcher *w = arg;
    w->changes++;
    w->has_changed = true;
    if (w->frees) {
        address_watch_free(w->watch);
        w->watch = NULL;
    }
}

static void set_up(bool is_up)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    request.ifr_flags = is_up ? IFF_UP : 0;
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    close(fd);
}

static bool is_ours(const char *host)
{
    struct address address;
    assert_int_equal(address_parse(host, 9, &address), 0);
    return address_is_ours(&address);
}

/* One call for the many messages of one change; none while nothing happens. */
static void test_changes(void **state)
{
    (void)state;
    if (!enter_network())
        skip();
    struct loop *loop = loop_new();
    struct watcher w = {0};
    w.watch = address_watch_new(loop, on_change, &w);
    assert_false(is_ours("127.0.0.1"));
    for (int i = 0; i < 4; i++)
        set_up(i % 2 == 0);
    set_up(true);
    run_until(loop, &w.has_changed);
    assert_int_equal(w.changes, 1);
    assert_true(is_ours("127.0.0.1"));
    assert_false(is_ours("192.0.2.1"));
    assert_false(is_ours("2001:db8::1"));
    run_for(loop, 2 * ADDRESS_WATCH_QUIET_US);
    assert_int_equal(w.changes, 1);
    w.frees = true;
    w.has_changed = false;
    set_up(false);
    run_until(loop, &w.has_changed);
    assert_null(w.watch);
    loop_free(loop);
}

/* Flaps until the watch tells of it. False where the machine stood still for so
 * long that it took that for quiet. */
static bool is_told_in_the_end(struct loop *loop)
{
    struct watcher w = {0};
    w.watch = address_watch_new(loop, on_change, &w);
    uint64_t begun_us = clock_now_us();
    uint64_t before_us = begun_us;
    uint64_t last_us = begun_us;
    bool was_quiet = false;
    for (int i = 0; !w.has_changed; i++) {
        assert_true(last_us - begun_us < TEST_PATIENCE_US);
        set_up(i % 2 == 0);
        run_for(loop, ADDRESS_WATCH_QUIET_US / 4);
        uint64_t now_us = clock_now_us();
        was_quiet = was_quiet || now_us - before_us >= ADDRESS_WATCH_QUIET_US;
        before_us = last_us;
        last_us = now_us;
    }
    address_watch_free(w.watch);
    bool has_lasted = last_us - begun_us >= ADDRESS_WATCH_MOST_US;
    assert_true(has_lasted || was_quiet);
    return has_lasted;
}

/* A change that never ends is told of all the same. */
static void test_flapping(void **state)
{
    (void)state;
    if (!enter_network())
        skip();
    struct loop *loop = loop_new();
    int tries = 0;
    while (tries < 20 && !is_told_in_the_end(loop))
        tries++;
    loop_free(loop);
    if (tries == 20) {
        print_message("skipped: this machine stands still all the time\n");
        skip();
    }
}

/* Told when another interface becomes the way out, though no address
 * changes. */
static void test_default_route(void **state)
{
    (void)state;
    if (!build_network())
        skip();
    add_interface("eth1", "192.0.2.10/24");
    add_interface("eth2", "198.51.100.10/24");
    struct loop *loop = loop_new();
    struct watcher w = {0};
    w.watch = address_watch_new(loop, on_change, &w);
    static const char *const changes[] = {
        "route add default dev eth1",
        "route replace default dev eth2",
        "route add 0.0.0.0/1 dev eth1",
        "route add 128.0.0.0/1 dev eth1",
    };
    static const bool are_news[] = {true, true, false, true};
    for (int i = 0; i < 4; i++) {
        w.has_changed = false;
        ip("%s", changes[i]);
        if (are_news[i])
            run_until(loop, &w.has_changed);
        run_for(loop, 2 * ADDRESS_WATCH_QUIET_US);
        assert_int_equal(w.has_changed, are_news[i]);
    }
    /* Other routes are nobody's news, nor is one to where all goes already. */
    w.changes = 0;
    ip("route add 203.0.113.0/24 dev eth2");
    ip("route add default dev eth1 metric 7");
    run_for(loop, 3 * ADDRESS_WATCH_QUIET_US);
    assert_int_equal(w.changes, 0);
    address_watch_free(w.watch);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_flapping),
        cmocka_unit_test(test_default_route),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
