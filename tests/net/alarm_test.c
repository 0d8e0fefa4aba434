/*
 * The descriptor is readable from the alarm's time on, until it is set again.
 */
#include "net/alarm.h"

#include <poll.h>
#include <unistd.h>
#ifdef WAITS_BY_KEVENT
#include <sys/event.h>
#endif

#include "base/clock.h"
#include "testing.h"

enum { PATIENCE_MS = 20000 };

static int setup(void **state)
{
    static int fd;
    fd = alarm_open();
    *state = &fd;
    return fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    return close(*(int *)*state);
}

#ifdef WAITS_BY_KEVENT
/* Takes what it finds, as nobody does who only watches the descriptor. */
enum { IS_TAKEN = true };
static bool is_readable(int fd, int timeout_ms)
{
    struct timespec timeout = {.tv_sec = timeout_ms / 1000};
    struct kevent event;
    return kevent(fd, NULL, 0, &event, 1, &timeout) == 1;
}
#else
enum { IS_TAKEN = false };
static bool is_readable(int fd, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, timeout_ms) == 1;
}
#endif

static void test_time(void **state)
{
    int fd = *(int *)*state;
    assert_false(is_readable(fd, 0));
    uint64_t at_us = clock_now_us() + 20 * US_PER_MS;
    alarm_set(fd, at_us);
    assert_true(is_readable(fd, PATIENCE_MS));
    assert_true(clock_now_us() >= at_us);
    assert_int_equal(is_readable(fd, 0), !IS_TAKEN);
}

static void test_past(void **state)
{
    int fd = *(int *)*state;
    static const uint64_t past_us[] = {0, 1, US_PER_S};
    for (size_t i = 0; i < sizeof past_us / sizeof *past_us; i++) {
        alarm_set(fd, TIME_NEVER);
        assert_false(is_readable(fd, 0));
        alarm_set(fd, past_us[i]);
        assert_true(is_readable(fd, PATIENCE_MS));
    }
    alarm_set(fd, clock_now_us());
    assert_true(is_readable(fd, PATIENCE_MS));
}

/* What has expired is forgotten, and what was to come does not. */
static void test_again(void **state)
{
    int fd = *(int *)*state;
    uint64_t far_us = clock_now_us() + 3600 * US_PER_S;
    alarm_set(fd, 0);
    assert_true(is_readable(fd, PATIENCE_MS));
    alarm_set(fd, far_us);
    assert_false(is_readable(fd, 0));
    alarm_set(fd, 0);
    assert_true(is_readable(fd, PATIENCE_MS));
    alarm_set(fd, TIME_NEVER);
    assert_false(is_readable(fd, 0));
    alarm_set(fd, TIME_NEVER);
    assert_false(is_readable(fd, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_past, setup, teardown),
        cmocka_unit_test_setup_teardown(test_again, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
