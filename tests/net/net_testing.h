/*
 * What the tests of net/ share: running a loop until something has happened,
 * with a bound in time that only a failing test reaches.
 */
#ifndef TESTS_NET_TESTING_H
#define TESTS_NET_TESTING_H

#include "testing.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/conn.h"
#include "net/loop.h"

#define TEST_PATIENCE_US (20 * TEST_SLOWER * US_PER_S)

static inline void test_on_patience_over(void *arg)
{
    (void)arg;
    fail_msg("%s", "what the test waits for did not happen");
}

struct test_wait {
    struct loop *loop;
    const bool *is_done;
};

static inline void test_check_wait(void *arg)
{
    struct test_wait *wait = arg;
    if (*wait->is_done)
        loop_stop(wait->loop);
}

/* Turns the loop until *is_done. */
static inline void run_until(struct loop *loop, const bool *is_done)
{
    struct test_wait wait = {loop, is_done};
    struct timer *patience = timer_new(loop, test_on_patience_over, NULL);
    timer_start_in(patience, TEST_PATIENCE_US);
    struct turn_hook *hook = turn_hook_new(loop, test_check_wait, NULL, &wait);
    if (!*is_done)
        loop_run(loop);
    turn_hook_free(hook);
    timer_free(patience);
}

/* Some turns, enough for what is under way on this machine's own sockets to
 * arrive; for showing that something does not happen. */
static inline void test_set_flag(void *arg)
{
    *(bool *)arg = true;
}

static inline void run_for(struct loop *loop, uint64_t us)
{
    bool is_over = false;
    struct timer *timer = timer_new(loop, test_set_flag, &is_over);
    timer_start_in(timer, us);
    run_until(loop, &is_over);
    timer_free(timer);
}

static inline void test_wait_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, (int)(TEST_PATIENCE_US / US_PER_MS)), 1);
}

/* From now on the process may open one descriptor more, or as many as it
 * closes. Undone by setrlimit(). */
static inline void test_allow_one_descriptor(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int highest = STDERR_FILENO;
    for (int fd = 0; fd < 1024; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            highest = fd;
    }
    /* The limit is on numbers, so none below may be free. */
    int fd;
    while ((fd = dup(STDERR_FILENO)) < highest)
        assert_true(fd >= 0);
    close(fd);
    limit.rlim_cur = (rlim_t)fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* A name that is refused without asking a name server: over 255 bytes. */
static inline const char *test_bad_name(void)
{
    static char name[400];
    memset(name, 'a', sizeof name - 1);
    return name;
}

/* One end of a connection that records what its handlers were told. */
struct end {
    struct loop *loop;
    struct conn *conn;
    struct buf in;
    size_t received;
    bool is_open;
    bool has_data;
    bool has_ended;
    bool is_closed;
    bool is_drained;
    bool keeps_data;
    size_t wanted; /* has_data once that many bytes came */
    int error;
    char text[200];
};

static inline void end_on_open(void *arg)
{
    ((struct end *)arg)->is_open = true;
}

static inline void end_on_data(struct span bytes, void *arg)
{
    struct end *end = arg;
    assert_true(bytes.len > 0 && bytes.len <= CONN_READ_MAX);
    end->received += bytes.len;
    if (end->keeps_data)
        assert_int_equal(buf_append(&end->in, bytes), 0);
    end->has_data = end->received >= end->wanted;
}

static inline void end_on_end(void *arg)
{
    struct end *end = arg;
    assert_false(end->has_ended);
    end->has_ended = true;
}

static inline void end_on_drain(void *arg)
{
    ((struct end *)arg)->is_drained = true;
}

static inline void end_on_close(int error, const char *text, void *arg)
{
    struct end *end = arg;
    assert_false(end->is_closed);
    end->is_closed = true;
    end->error = error;
    snprintf(end->text, sizeof end->text, "%s", text);
}

static const struct conn_handlers end_handlers = {
    .on_open = end_on_open,
    .on_data = end_on_data,
    .on_end = end_on_end,
    .on_drain = end_on_drain,
    .on_close = end_on_close,
};

static inline void end_init(struct end *end, struct loop *loop)
{
    *end = (struct end){.loop = loop, .keeps_data = true};
    buf_init(&end->in, 64 << 20);
}

static inline void end_deinit(struct end *end)
{
    if (end->conn)
        conn_close(end->conn);
    buf_deinit(&end->in);
}

#endif
