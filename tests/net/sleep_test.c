/*
 * Clock and timers of a machine that sleeps. A namespace whose boot was long
 * ago shows that those of the real kernel are of one scale.
 */
#include "net/net_testing.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "net/wake_watch.h"
#include "sleeping.h"

static void sleep_a_minute(void *arg)
{
    (void)arg;
    machine_sleeps(60);
}

/* As run_until(), whose patience would end with the sleep; here it is that of
 * main(). */
static void run_awake(struct loop *loop, const bool *is_done)
{
    struct test_wait wait = {loop, is_done};
    struct turn_hook *hook = turn_hook_new(loop, test_check_wait, NULL, &wait);
    loop_run(loop);
    turn_hook_free(hook);
}

static void test_clock_goes_on(void **state)
{
    (void)state;
    uint64_t before_us = clock_now_us();
    machine_sleeps(3600);
    assert_in_range(clock_now_us() - before_us, 3600 * US_PER_S, 3660 * US_PER_S);
}

/* What was to happen in 50 s has happened when the machine has slept a
 * minute, and what is due in 70 s has not. */
static void test_timers_go_on(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    bool is_due = false;
    bool is_early = false;
    struct timer *due = timer_new(loop, test_set_flag, &is_due);
    struct timer *later = timer_new(loop, test_set_flag, &is_early);
    struct timer *bed = timer_new(loop, sleep_a_minute, NULL);
    timer_start_in(due, 50 * US_PER_S);
    timer_start_in(later, 110 * US_PER_S);
    timer_start_in(bed, 5 * US_PER_MS);
    run_awake(loop, &is_due);
    assert_false(is_early);
    timer_free(due);
    timer_free(later);
    timer_free(bed);
    loop_free(loop);
}

/* What a watch was told, and when. */
struct dream {
    struct loop *loop;
    struct wake_watch *watch;
    struct timer *alarm_clock;
    uint64_t begun_us;
    uint64_t since_us;
    unsigned count;
    int door[2];
    bool has_rung;
    bool frees_itself;
    bool is_asleep;
    struct fd_watch *watched_door;
    bool closes_door;
};

static void on_wake(uint64_t since_us, void *arg)
{
    struct dream *dream = arg;
    assert_false(dream->has_rung); /* the timers come behind it */
    dream->since_us = since_us;
    dream->count++;
    if (dream->closes_door) {
        fd_watch_free(dream->watched_door);
        dream->watched_door = NULL;
    }
    if (dream->frees_itself) {
        wake_watch_free(dream->watch);
        dream->watch = NULL;
    }
}

static void on_alarm_clock(void *arg)
{
    ((struct dream *)arg)->has_rung = true;
}

static void dream_of(struct dream *dream, unsigned alarm_s, void (*on_bed_time)(void *arg))
{
    dream->loop = loop_new();
    dream->watch = wake_watch_new(dream->loop, on_wake, dream);
    dream->alarm_clock = timer_new(dream->loop, on_alarm_clock, dream);
    struct timer *bed = timer_new(dream->loop, on_bed_time, NULL);
    dream->begun_us = clock_now_us();
    timer_start_in(dream->alarm_clock, alarm_s * US_PER_S);
    timer_start_in(bed, 5 * US_PER_MS);
    run_awake(dream->loop, &dream->has_rung);
    timer_free(bed);
    timer_free(dream->alarm_clock);
    wake_watch_free(dream->watch);
    loop_free(dream->loop);
}

static void test_sleep_is_told(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct dream dream = {.frees_itself = i == 1};
        dream_of(&dream, 30, sleep_a_minute);
        assert_int_equal(dream.count, 1);
        /* The alarm clock's time: nothing was done since the bed's. */
        assert_in_range(dream.since_us - dream.begun_us, 29 * US_PER_S, 31 * US_PER_S);
    }
}

static void sleep_a_blink(void *arg)
{
    (void)arg;
    machine_sleeps(4);
}

static void test_short_sleep_is_not_told(void **state)
{
    (void)state;
    struct dream dream = {0};
    dream_of(&dream, 1, sleep_a_blink);
    assert_int_equal(dream.count, 0);
}

static void on_visitor(int events, void *arg)
{
    struct dream *dream = arg;
    char byte;
    (void)events;
    assert_int_equal(read(dream->door[0], &byte, 1), 1);
    assert_int_equal(dream->count, dream->is_asleep);
    if (dream->is_asleep)
        return;
    machine_sleeps(60);
    timer_start_at(dream->alarm_clock, clock_now_us() - 30 * US_PER_S);
}

/* A loop without any timer waits for as long as nobody comes. That says nothing
 * of sleep, nor does a timer that is then started for a time in the past. */
static void test_idleness_is_no_sleep(void **state)
{
    (void)state;
    struct dream dream = {.loop = loop_new()};
    assert_int_equal(pipe(dream.door), 0);
    dream.watch = wake_watch_new(dream.loop, on_wake, &dream);
    dream.alarm_clock = timer_new(dream.loop, on_alarm_clock, &dream);
    struct fd_watch *door =
        fd_watch_new(dream.loop, dream.door[0], FD_READABLE, on_visitor, &dream);
    assert_int_equal(write(dream.door[1], "x", 1), 1);
    run_awake(dream.loop, &dream.has_rung);
    assert_int_equal(dream.count, 0);
    fd_watch_free(door);
    timer_free(dream.alarm_clock);
    wake_watch_free(dream.watch);
    loop_free(dream.loop);
    close(dream.door[0]);
    close(dream.door[1]);
}

static void sleep_before_visitor(void *arg)
{
    struct dream *dream = arg;
    assert_int_equal(write(dream->door[1], "x", 1), 1);
    machine_sleeps(60);
}

/* Before what came meanwhile is looked at; and who is told may let go of it. */
static void test_sleep_is_told_first(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct dream dream = {.loop = loop_new(), .is_asleep = true, .closes_door = i == 1};
        assert_int_equal(pipe(dream.door), 0);
        dream.watch = wake_watch_new(dream.loop, on_wake, &dream);
        dream.alarm_clock = timer_new(dream.loop, on_alarm_clock, &dream);
        dream.watched_door =
            fd_watch_new(dream.loop, dream.door[0], FD_READABLE, on_visitor, &dream);
        struct timer *bed = timer_new(dream.loop, sleep_before_visitor, &dream);
        timer_start_in(dream.alarm_clock, 30 * US_PER_S);
        timer_start_in(bed, 5 * US_PER_MS);
        run_awake(dream.loop, &dream.has_rung);
        assert_int_equal(dream.count, 1);
        char byte;
        if (dream.closes_door)
            assert_int_equal(read(dream.door[0], &byte, 1), 1);
        else
            fd_watch_free(dream.watched_door);
        timer_free(bed);
        timer_free(dream.alarm_clock);
        wake_watch_free(dream.watch);
        loop_free(dream.loop);
        close(dream.door[0]);
        close(dream.door[1]);
    }
}

/* ---- the kernel's own ---- */

static bool enter_namespace(void)
{
    static const char offset[] = "boottime 100000 0";
    if (unshare(CLONE_NEWTIME) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWTIME) < 0)
        return false;
    int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
    bool is_set = fd >= 0 && write(fd, offset, sizeof offset - 1) == sizeof offset - 1;
    if (fd >= 0)
        close(fd);
    return is_set;
}

/* In a namespace of that kind: 0 when all is right. */
static int check_long_boot(void)
{
    struct timespec monotonic;
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    uint64_t monotonic_us = (uint64_t)monotonic.tv_sec * US_PER_S;
    if (clock_now_us() < monotonic_us + 99999 * US_PER_S)
        return 1;
    struct loop *loop = loop_new();
    bool is_over = false;
    uint64_t begin_us = clock_now_us();
    struct timer *timer = timer_new(loop, test_set_flag, &is_over);
    timer_start_in(timer, 20 * US_PER_MS);
    run_awake(loop, &is_over);
    bool is_early = clock_now_us() - begin_us < 20 * US_PER_MS;
    timer_free(timer);
    loop_free(loop);
    return is_early ? 2 : 0;
}

enum { NO_NAMESPACE = 77 };

static void test_timers_are_of_the_clock(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        if (!enter_namespace())
            _exit(NO_NAMESPACE);
        pid_t inside = fork(); /* only a child is in it */
        if (inside == 0)
            _exit(check_long_boot());
        int status = 0;
        waitpid(inside, &status, 0);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_NAMESPACE) {
        print_message("skipped: this kernel lets nobody make a time namespace\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int forget_sleep(void **state)
{
    (void)state;
    machine_forgets_sleep();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_clock_goes_on, forget_sleep),
        cmocka_unit_test_setup(test_timers_go_on, forget_sleep),
        cmocka_unit_test_setup(test_sleep_is_told, forget_sleep),
        cmocka_unit_test_setup(test_sleep_is_told_first, forget_sleep),
        cmocka_unit_test_setup(test_short_sleep_is_not_told, forget_sleep),
        cmocka_unit_test_setup(test_idleness_is_no_sleep, forget_sleep),
        cmocka_unit_test_setup(test_timers_are_of_the_clock, forget_sleep),
    };
    alarm(TEST_PATIENCE_US / US_PER_S * 3);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
