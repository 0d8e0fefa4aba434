/*
 * An end of a connection is told once, bytes are not.
 */
#include "net/bsd/error_queue.h"

#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/tcp_pair.h"

enum { PATIENCE_MS = 20000 };

struct rig {
    int queue;
    int ours;
    int theirs;
};

static struct rig rig;

static int setup(void **state)
{
    tcp_pair(&rig.ours, &rig.theirs);
    rig.queue = error_queue_open();
    *state = &rig;
    return rig.queue < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    if (r->theirs >= 0)
        close(r->theirs);
    close(r->ours);
    close(r->queue);
    return 0;
}

static void reset(struct rig *r)
{
    struct linger linger = {.l_onoff = 1};
    setsockopt(r->theirs, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(r->theirs);
    r->theirs = -1;
}

/* What was done there may not be here yet. */
static void await_events(const struct rig *r, short events)
{
    struct pollfd poll_fd = {.fd = r->ours, .events = events};
    assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
}

static void await_bytes(const struct rig *r, int wanted)
{
    int count = 0;
    while (ioctl(r->ours, FIONREAD, &count) == 0 && count < wanted)
        sched_yield();
    assert_int_equal(count, wanted);
}

static void test_bytes(void **state)
{
    struct rig *r = *state;
    error_queue_set(r->queue, r->ours, true);
    assert_int_equal(send(r->theirs, "bytes", 5, 0), 5);
    await_bytes(r, 5);
    assert_false(error_queue_read(r->queue));
    assert_int_equal(shutdown(r->theirs, SHUT_WR), 0);
    await_events(r, POLLRDHUP);
    assert_true(error_queue_read(r->queue));
    assert_false(error_queue_read(r->queue));
}

static void test_reset(void **state)
{
    struct rig *r = *state;
    error_queue_set(r->queue, r->ours, true);
    reset(r);
    await_events(r, 0);
    assert_true(error_queue_read(r->queue));
    assert_false(error_queue_read(r->queue));
}

/* A FIN, which goes on standing, and then a reset. */
static void test_reset_behind_end(void **state)
{
    struct rig *r = *state;
    error_queue_set(r->queue, r->ours, true);
    assert_int_equal(shutdown(r->theirs, SHUT_WR), 0);
    await_events(r, POLLRDHUP);
    assert_true(error_queue_read(r->queue));
    reset(r);
    await_events(r, 0);
    assert_true(error_queue_read(r->queue));
}

static void test_off(void **state)
{
    struct rig *r = *state;
    error_queue_set(r->queue, r->ours, false); /* was never on */
    error_queue_set(r->queue, r->ours, true);
    error_queue_set(r->queue, r->ours, false);
    reset(r);
    await_events(r, 0);
    assert_false(error_queue_read(r->queue));
    error_queue_set(r->queue, r->ours, true); /* what stands is told then */
    assert_true(error_queue_read(r->queue));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset_behind_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_off, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
