/*
 * An engine's deadline: asked for before the loop sleeps, followed when it
 * comes nearer, not believed when it has gone away.
 */
#include "net/net_testing.h"

#include "net/deadline.h"

struct engine {
    struct deadline *deadline;
    uint64_t at_us;
    uint64_t due_at_us; /* when on_due came */
    int asked;
    int due;
    bool is_done;
    bool frees_itself;
};

static uint64_t next_us(void *arg)
{
    struct engine *e = arg;
    e->asked++;
    return e->at_us;
}

static void on_due(void *arg)
{
    struct engine *e = arg;
    e->due++;
    e->due_at_us = clock_now_us();
    assert_true(e->at_us <= e->due_at_us);
    e->at_us = TIME_NEVER;
    e->is_done = true;
    if (e->frees_itself) {
        deadline_free(e->deadline);
        e->deadline = NULL;
    }
}

static struct loop *begin(struct engine *e, uint64_t at_us)
{
    struct loop *loop = loop_new();
    *e = (struct engine){.at_us = at_us};
    e->deadline = deadline_new(loop, next_us, on_due, e);
    return loop;
}

static void end(struct engine *e, struct loop *loop)
{
    deadline_free(e->deadline);
    loop_free(loop);
}

static void test_is_kept(void **state)
{
    struct engine e;
    (void)state;
    const uint64_t at_us = clock_now_us() + 2 * US_PER_MS;
    struct loop *loop = begin(&e, at_us);
    run_until(loop, &e.is_done);
    assert_int_equal(e.due, 1);
    assert_true(e.due_at_us >= at_us);
    end(&e, loop);
}

/* 0 is at once, and TIME_NEVER is nothing to wait for. */
static void test_at_once_and_never(void **state)
{
    struct engine e;
    (void)state;
    struct loop *loop = begin(&e, TIME_NEVER);
    run_for(loop, 2 * US_PER_MS);
    assert_int_equal(e.due, 0);
    e.at_us = 0;
    run_until(loop, &e.is_done);
    assert_int_equal(e.due, 1);
    end(&e, loop);
}

static void come_nearer(void *arg)
{
    ((struct engine *)arg)->at_us = 0;
}

/* Whoever moves it need not say so. */
static void test_comes_nearer(void **state)
{
    struct engine e;
    (void)state;
    struct loop *loop = begin(&e, clock_now_us() + 3600 * US_PER_S);
    struct timer *mover = timer_new(loop, come_nearer, &e);
    timer_start_in(mover, US_PER_MS);
    run_until(loop, &e.is_done);
    assert_int_equal(e.due, 1);
    timer_free(mover);
    end(&e, loop);
}

static void go_away(void *arg)
{
    struct engine *e = arg;
    e->at_us = clock_now_us() + 5 * US_PER_MS;
}

/* The timer still expires at the old time: nothing is due then. */
static void test_goes_away(void **state)
{
    struct engine e;
    (void)state;
    struct loop *loop = begin(&e, clock_now_us() + 2 * US_PER_MS);
    struct timer *mover = timer_new(loop, go_away, &e);
    timer_start_in(mover, US_PER_MS);
    run_until(loop, &e.is_done); /* on_due() has checked the time */
    assert_int_equal(e.due, 1);
    timer_free(mover);
    end(&e, loop);
}

static struct loop *begin_touched(struct engine *e, uint64_t at_us)
{
    struct loop *loop = loop_new();
    *e = (struct engine){.at_us = at_us};
    e->deadline = deadline_new_touched(loop, next_us, on_due, e);
    return loop;
}

static void come_nearer_and_touch(void *arg)
{
    struct engine *e = arg;
    e->at_us = 0;
    deadline_touch(e->deadline);
    deadline_touch(e->deadline);
}

static void test_touched_comes_nearer(void **state)
{
    struct engine e;
    (void)state;
    struct loop *loop = begin_touched(&e, clock_now_us() + 3600 * US_PER_S);
    struct timer *mover = timer_new(loop, come_nearer_and_touch, &e);
    timer_start_in(mover, US_PER_MS);
    run_until(loop, &e.is_done);
    assert_int_equal(e.due, 1);
    deadline_touch(e.deadline); /* freed before it would be asked */
    timer_free(mover);
    end(&e, loop);
}

/* One that goes away needs no touch: where the timer expires it is asked. */
static void test_touched_goes_away(void **state)
{
    struct engine e;
    (void)state;
    struct loop *loop = begin_touched(&e, clock_now_us() + 2 * US_PER_MS);
    struct timer *mover = timer_new(loop, go_away, &e);
    timer_start_in(mover, US_PER_MS);
    run_until(loop, &e.is_done);
    assert_int_equal(e.due, 1);
    timer_free(mover);
    end(&e, loop);
}

static void do_nothing(void *arg)
{
    (void)arg;
}

/* However many turns there are, who is not touched is not asked (but by a build
 * that checks). */
static void test_untouched_rests(void **state)
{
    struct engine e;
    (void)state;
    struct loop *loop = begin_touched(&e, TIME_NEVER);
    struct timer *turns = timer_new(loop, do_nothing, NULL);
    run_for(loop, 0);
    int asked = e.asked;
    for (int i = 0; i < 10; i++) {
        timer_start_in(turns, 0);
        run_for(loop, US_PER_MS);
    }
#ifdef TUNNEL_CHECK
    (void)asked;
#else
    assert_int_equal(e.asked, asked);
#endif
    timer_free(turns);
    end(&e, loop);
}

/* Never early, late by a part of the wait at most; what is near is exact. */
static void test_grid(void **state)
{
    (void)state;
    const uint64_t now_us = 123456789;
    for (uint64_t wait_us = 0; wait_us < 60 * US_PER_S; wait_us = wait_us * 9 / 8 + 1) {
        uint64_t at_us = deadline_on_grid(now_us + wait_us, now_us);
        assert_true(at_us >= now_us + wait_us);
        if (wait_us < DEADLINE_EXACT_US)
            assert_int_equal(at_us, now_us + wait_us);
        assert_true(at_us - now_us - wait_us <= wait_us / DEADLINE_LATE_PART);
    }
    assert_int_equal(deadline_on_grid(0, now_us), 0);
    assert_true(deadline_on_grid(TIME_NEVER, now_us) == TIME_NEVER);
}

/* As many as there are that begin to wait for 5 s whenever they like. */
static void test_grid_is_common(void **state)
{
    enum { MANY = 1000 };
    uint64_t last_us = 0;
    int wakes = 0;
    (void)state;
    for (uint64_t i = 0; i < MANY; i++) {
        uint64_t now_us = i * US_PER_MS;
        uint64_t at_us = deadline_on_grid(now_us + 5 * US_PER_S, now_us);
        wakes += at_us != last_us;
        last_us = at_us;
    }
    assert_in_range(wakes, 1, 8);
}

static void test_is_freed_under_itself(void **state)
{
    struct engine e;
    (void)state;
    struct loop *loop = begin(&e, 0);
    e.frees_itself = true;
    run_until(loop, &e.is_done);
    int asked = e.asked;
    run_for(loop, 2 * US_PER_MS);
    assert_int_equal(e.asked, asked);
    end(&e, loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_kept),
        cmocka_unit_test(test_at_once_and_never),
        cmocka_unit_test(test_comes_nearer),
        cmocka_unit_test(test_goes_away),
        cmocka_unit_test(test_touched_comes_nearer),
        cmocka_unit_test(test_touched_goes_away),
        cmocka_unit_test(test_untouched_rests),
        cmocka_unit_test(test_grid),
        cmocka_unit_test(test_grid_is_common),
        cmocka_unit_test(test_is_freed_under_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
