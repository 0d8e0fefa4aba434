/*
 * The loop: timers, signals, descriptors, names.
 */
#include "net/net_testing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include "net/resolve.h"

enum { MARKS_MAX = 16 };

struct record {
    struct loop *loop;
    int marks[MARKS_MAX];
    int count;
    bool is_done;
};

struct marker {
    struct record *record;
    struct timer *timer;
    int number;
    bool frees_itself;
    struct marker *frees_other;
    bool stops_loop;
};

static void mark(void *arg)
{
    struct marker *m = arg;
    assert_true(m->record->count < MARKS_MAX);
    m->record->marks[m->record->count++] = m->number;
    if (m->frees_itself) {
        timer_free(m->timer);
        m->timer = NULL;
    }
    if (m->frees_other) {
        timer_free(m->frees_other->timer);
        m->frees_other->timer = NULL;
    }
    if (m->stops_loop)
        m->record->is_done = true;
}

static void test_timers_expire_in_order_of_deadlines(void **state)
{
    (void)state;
    struct record r = {.loop = loop_new()};
    enum { COUNT = 9 };
    struct marker m[COUNT];
    /* Within one millisecond, started out of order; equal ones by start. */
    const unsigned offsets[COUNT] = {400, 100, 300, 100, 0, 200, 500, 200, 600};
    const int expected[COUNT] = {4, 1, 3, 5, 7, 2, 0, 6, 8};
    uint64_t base_us = clock_now_us() + 2 * US_PER_MS;
    for (int i = 0; i < COUNT; i++) {
        m[i] = (struct marker){.record = &r, .number = i, .stops_loop = i == 8};
        m[i].timer = timer_new(r.loop, mark, &m[i]);
        timer_start_at(m[i].timer, base_us + offsets[i]);
    }
    run_until(r.loop, &r.is_done);
    assert_true(clock_now_us() >= base_us + 600);
    assert_int_equal(r.count, COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(r.marks[i], expected[i]);
    for (int i = 0; i < COUNT; i++)
        timer_free(m[i].timer);
    loop_free(r.loop);
}

static void test_timer_frees_itself_and_others_that_are_due(void **state)
{
    (void)state;
    struct record r = {.loop = loop_new()};
    struct marker m[3];
    for (int i = 0; i < 3; i++) {
        m[i] = (struct marker){.record = &r, .number = i};
        m[i].timer = timer_new(r.loop, mark, &m[i]);
        timer_start_at(m[i].timer, (uint64_t)i + 1); /* all have passed */
    }
    m[0].frees_itself = true;
    m[0].frees_other = &m[1];
    m[2].stops_loop = true;
    run_until(r.loop, &r.is_done);
    assert_int_equal(r.count, 2);
    assert_int_equal(r.marks[0], 0);
    assert_int_equal(r.marks[1], 2);
    timer_free(m[2].timer);
    loop_free(r.loop);
}

static void test_timer_stops_and_restarts(void **state)
{
    (void)state;
    struct record r = {.loop = loop_new()};
    struct marker a = {.record = &r, .number = 1};
    struct marker b = {.record = &r, .number = 2};
    struct marker c = {.record = &r, .number = 3, .stops_loop = true};
    a.timer = timer_new(r.loop, mark, &a);
    b.timer = timer_new(r.loop, mark, &b);
    c.timer = timer_new(r.loop, mark, &c);
    timer_start_in(a.timer, 0);
    timer_stop(a.timer);
    timer_start_in(b.timer, 0);
    timer_start_at(b.timer, TIME_NEVER);
    timer_start_in(c.timer, 3600 * US_PER_S);
    timer_start_in(c.timer, 1000);
    run_until(r.loop, &r.is_done);
    assert_int_equal(r.count, 1);
    assert_int_equal(r.marks[0], 3);
    timer_start_in(a.timer, TIME_NEVER - 1); /* must not wrap into the past */
    run_for(r.loop, 2000);
    assert_int_equal(r.count, 1);
    timer_free(a.timer);
    timer_free(b.timer);
    timer_free(c.timer);
    loop_free(r.loop);
}

/* Random starts, stops and expiries against a plain array. */
static void test_timers_agree_with_a_model(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    struct loop *loop = loop_new();
    static bool has_fired[COUNT];
    struct timer *timers[COUNT];
    bool is_started[COUNT] = {false};
    memset(has_fired, 0, sizeof has_fired);
    uint32_t seed = 1;
    for (int i = 0; i < COUNT; i++)
        timers[i] = timer_new(loop, test_set_flag, &has_fired[i]);
    for (int step = 0; step < 5000; step++) {
        seed = seed * 1664525 + 1013904223;
        int i = (int)((seed >> 8) % COUNT);
        if (seed & 0x80000000) {
            /* Past, or so far away that it does not come. */
            uint64_t at = (seed & 0x40000000) ? (seed & 0xffff) + 1
                                              : clock_now_us() + 3600 * US_PER_S + (seed & 0xffff);
            timer_start_at(timers[i], at);
            is_started[i] = (seed & 0x40000000) != 0;
        } else {
            timer_stop(timers[i]);
            is_started[i] = false;
        }
    }
    run_for(loop, 1000);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(has_fired[i], is_started[i]);
        timer_free(timers[i]);
    }
    loop_free(loop);
}

struct restarter {
    struct timer *timer;
    int left;
    int fd_seen;
    bool is_done;
};

static void restart(void *arg)
{
    struct restarter *s = arg;
    timer_start_at(s->timer, 0);
}

static void on_pipe(int events, void *arg)
{
    struct restarter *s = arg;
    assert_true(events & FD_READABLE);
    s->fd_seen++;
    s->is_done = s->fd_seen == 3;
}

static void test_timer_that_is_always_due_lets_descriptors_through(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    int fds[2];
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    struct restarter s = {0};
    s.timer = timer_new(loop, restart, &s);
    timer_start_at(s.timer, 0);
    struct fd_watch *watch = fd_watch_new(loop, fds[0], FD_READABLE, on_pipe, &s);
    assert_int_equal(write(fds[1], "x", 1), 1);
    run_until(loop, &s.is_done);
    fd_watch_free(watch);
    timer_free(s.timer);
    close(fds[0]);
    close(fds[1]);
    loop_free(loop);
}

static void on_usr1(int number, void *arg)
{
    assert_int_equal(number, SIGUSR1);
    *(bool *)arg = true;
}

static void test_signal_watch(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    bool has_come = false;
    struct signal_watch *watch = signal_watch_new(loop, SIGUSR1, on_usr1, &has_come);
    kill(getpid(), SIGUSR1);
    run_until(loop, &has_come);
    signal_watch_free(watch);
    loop_free(loop);
}

struct ready {
    struct fd_watch *watch;
    int events;
    int calls;
    bool has_come;
};

static void on_ready(int events, void *arg)
{
    struct ready *r = arg;
    r->events |= events;
    r->calls++;
    r->has_come = true;
    fd_watch_set_events(r->watch, 0);
}

static void test_fd_watch_of_errors_alone(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    struct ready r = {0};
    r.watch = fd_watch_new(loop, fds[0], FD_ERRORS, on_ready, &r);
    assert_int_equal(write(fds[1], "x", 1), 1);
    run_for(loop, 2000);
    assert_int_equal(r.calls, 0);
    close(fds[1]);
    run_until(loop, &r.has_come);
    assert_int_equal(r.events, FD_READABLE | FD_WRITABLE | FD_ERRORS);
    run_for(loop, 2000);
    assert_int_equal(r.calls, 1); /* an empty set watches nothing */
    fd_watch_free(r.watch);
    close(fds[0]);
    loop_free(loop);
}

struct lookup {
    int count;
    int error;
    char text[ADDRESS_TEXT_LEN];
    bool is_done;
};

static void on_resolved(const struct address *addresses, int count, int error, void *arg)
{
    struct lookup *l = arg;
    assert_false(l->is_done);
    l->is_done = true;
    l->count = count;
    l->error = error;
    if (count > 0)
        address_format(&addresses[0], l->text);
}

static void look_up(struct loop *loop, const char *host, struct lookup *l)
{
    *l = (struct lookup){0};
    resolve(loop, host, 80, on_resolved, l);
    assert_false(l->is_done);
    run_until(loop, &l->is_done);
}

static void test_resolve(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct lookup l;
    look_up(loop, "192.0.2.1", &l);
    assert_int_equal(l.count, 1);
    assert_string_equal(l.text, "192.0.2.1:80");
    look_up(loop, "2001:db8::1", &l);
    assert_string_equal(l.text, "[2001:db8::1]:80");
    look_up(loop, "localhost", &l);
    assert_true(l.count >= 1);
    look_up(loop, test_bad_name(), &l);
    assert_int_equal(l.count, 0);
    assert_int_equal(l.error, -ENOENT);

    struct lookup cancelled = {0};
    resolution_cancel(resolve(loop, "localhost", 80, on_resolved, &cancelled));
    resolution_cancel(resolve(loop, "127.0.0.1", 80, on_resolved, &cancelled));
    loop_free(loop);
    assert_false(cancelled.is_done);
}

static void test_address_parse(void **state)
{
    (void)state;
    struct address a;
    char text[ADDRESS_TEXT_LEN];
    assert_int_equal(address_parse("127.0.0.1", 65535, &a), 0);
    assert_int_equal(address_port(&a), 65535);
    assert_string_equal(address_format(&a, text), "127.0.0.1:65535");
    const char *bad[] = {"",          "localhost", "1.2.3", "1.2.3.4.5",
                         "256.1.1.1", "[::1]",     "::g",   " 1.2.3.4"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(address_parse(bad[i], 1, &a), -EINVAL);
    assert_string_equal(address_format(&a, text), "unknown address");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_expire_in_order_of_deadlines),
        cmocka_unit_test(test_timer_frees_itself_and_others_that_are_due),
        cmocka_unit_test(test_timer_stops_and_restarts),
        cmocka_unit_test(test_timers_agree_with_a_model),
        cmocka_unit_test(test_timer_that_is_always_due_lets_descriptors_through),
        cmocka_unit_test(test_signal_watch),
        cmocka_unit_test(test_fd_watch_of_errors_alone),
        cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_address_parse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
