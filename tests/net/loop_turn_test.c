/*
 * What a turn of the loop has beside events: calls for later, who has much to
 * send, hooks.
 */
#include "net/net_testing.h"

#include "net/rush.h"

struct deferrer {
    struct loop *loop;
    int order[8];
    int count;
    bool is_done;
};

static void defer_second(void *arg)
{
    struct deferrer *d = arg;
    d->order[d->count++] = 2;
}

static void defer_third(void *arg)
{
    struct deferrer *d = arg;
    d->order[d->count++] = 3;
    d->is_done = true;
}

static void defer_first(void *arg)
{
    struct deferrer *d = arg;
    d->order[d->count++] = 1;
    loop_defer(d->loop, defer_third, d);
}

struct rusher {
    struct deferrer d;
    struct rush_place place;
};

static size_t send_much(void *arg, size_t most)
{
    struct rusher *r = arg;
    struct deferrer *d = &r->d;
    assert_int_equal(most, SIZE_MAX);
    d->order[d->count++] = 4;
    if (d->count == 2)
        rush_come(loop_rush(d->loop), &r->place);
    else
        loop_defer(d->loop, defer_third, d);
    return 1;
}

static void come(void *arg)
{
    struct rusher *r = arg;
    rush_come(loop_rush(r->d.loop), &r->place);
}

/* Behind all else of a turn; who has more has the next turn without a sleep,
 * which the test's patience alone would end. */
static void test_rush(void **state)
{
    static const int order[] = {2, 4, 4, 3};
    (void)state;
    struct rusher r = {.d = {.loop = loop_new()}};
    rush_place_init(&r.place, send_much, &r);
    loop_defer(r.d.loop, come, &r);
    loop_defer(r.d.loop, defer_second, &r.d);
    run_until(r.d.loop, &r.d.is_done);
    assert_int_equal(r.d.count, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(r.d.order[i], order[i]);
    loop_free(r.d.loop);
}

static void test_defer_keeps_order_and_never_sleeps_before(void **state)
{
    (void)state;
    struct deferrer d = {.loop = loop_new()};
    loop_defer(d.loop, defer_first, &d);
    loop_defer(d.loop, defer_second, &d);
    assert_int_equal(d.count, 0);
    run_until(d.loop, &d.is_done); /* whose patience is all that could end a sleep */
    assert_int_equal(d.count, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(d.order[i], i + 1);
    /* What is deferred when the loop goes is still called. */
    loop_defer(d.loop, defer_second, &d);
    loop_free(d.loop);
    assert_int_equal(d.count, 4);
}

struct hooked {
    struct turn_hook *first;
    struct turn_hook *second;
    int before;
    int after;
    bool is_done;
};

static void hook_before(void *arg)
{
    ((struct hooked *)arg)->before++;
}

static void hook_after(void *arg)
{
    struct hooked *h = arg;
    h->after++;
    turn_hook_free(h->first); /* under its own callback, and the next one too */
    turn_hook_free(h->second);
    h->first = NULL;
    h->second = NULL;
    h->is_done = true;
}

static void do_nothing(void *arg)
{
    (void)arg;
}

static void test_turn_hooks(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct hooked h = {0};
    h.first = turn_hook_new(loop, hook_before, hook_after, &h);
    h.second = turn_hook_new(loop, hook_before, hook_after, &h);
    struct timer *timer = timer_new(loop, do_nothing, NULL);
    timer_start_in(timer, 1000); /* something to wake up for */
    run_until(loop, &h.is_done);
    run_for(loop, 2000);
    assert_int_equal(h.before, 2);
    assert_int_equal(h.after, 1);
    timer_free(timer);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defer_keeps_order_and_never_sleeps_before),
        cmocka_unit_test(test_rush),
        cmocka_unit_test(test_turn_hooks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
