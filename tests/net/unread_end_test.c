/*
 * Ends that stand behind bytes, and bytes without an end.
 */
#include "net/unread_end.h"

#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/tcp_pair.h"

enum { PATIENCE_MS = 20000 };

struct rig {
    int ours;
    int theirs;
};

static struct rig rig;

static int setup(void **state)
{
    tcp_pair(&rig.ours, &rig.theirs);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    close(r->theirs);
    close(r->ours);
    return 0;
}

static void await_bytes(const struct rig *r, int wanted)
{
    int count = 0;
    while (ioctl(r->ours, FIONREAD, &count) == 0 && count < wanted)
        sched_yield();
    assert_int_equal(count, wanted);
}

static void await_end(const struct rig *r)
{
    struct pollfd p = {.fd = r->ours, .events = POLLRDHUP};
    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
}

static void test_bytes(void **state)
{
    struct rig *r = *state;
    size_t unread = 7;
    assert_false(unread_end(r->ours, &unread));
    assert_int_equal(send(r->theirs, "bytes", 5, 0), 5);
    await_bytes(r, 5);
    assert_false(unread_end(r->ours, &unread));
    assert_int_equal(unread, 7);
}

static void test_end_behind_bytes(void **state)
{
    struct rig *r = *state;
    char byte;
    size_t unread = 7;
    assert_int_equal(send(r->theirs, "bytes", 5, 0), 5);
    assert_int_equal(shutdown(r->theirs, SHUT_WR), 0);
    await_end(r);
    for (size_t left = 5; left > 0; left--) {
        assert_true(unread_end(r->ours, &unread));
        assert_int_equal(unread, left);
        assert_int_equal(read(r->ours, &byte, 1), 1);
    }
    assert_true(unread_end(r->ours, &unread));
    assert_int_equal(unread, 0);
}

static void test_no_socket(void **state)
{
    (void)state;
    size_t unread;
    assert_false(unread_end(-1, &unread));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end_behind_bytes, setup, teardown),
        cmocka_unit_test(test_no_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
