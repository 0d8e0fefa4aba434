/*
 * CUBIC on a path of its own: the curves of RFC 9438, the way out of slow
 * start, and what a needless loss leaves behind.
 */
#include "testing.h"

#include "sctp/cc_path.h"

static struct cc_path path;

static struct cc_path *path_new(uint64_t rate, uint64_t rtt_ms)
{
    cc_path_init(&path, &cc_cubic_ops, rate, rtt_ms);
    return &path;
}

static uint64_t now_us(const struct cc_path *p)
{
    return p->now_ms * US_PER_MS;
}

static void begins_with_ten_packets_and_doubles(void **state)
{
    (void)state;
    struct cc_path *p = path_new(100000000, 100);
    size_t first = p->cc.cwnd;
    assert_int_equal(first, 10 * CC_PATH_MSS);
    struct cc_ack ack = {.now_us = now_us(p),
                         .srtt_us = 100000,
                         .acked = first,
                         .is_cwnd_limited = true};
    p->cc.ops->on_ack(&p->cc, &ack);
    assert_int_equal(p->cc.cwnd, 2 * first);
    ack.is_cwnd_limited = false; /* an application that did not fill it */
    p->cc.ops->on_ack(&p->cc, &ack);
    assert_int_equal(p->cc.cwnd, 2 * first);
}

/* The queue grows before anything is lost, and slow start ends by that. */
static void leaves_slow_start_when_the_trip_gets_longer(void **state)
{
    (void)state;
    struct cc_path *p = path_new(2000000, 100);
    cc_path_run(p, 1000);
    assert_string_equal(p->cc.ops->state(&p->cc), "cubic conservative-start");
    size_t before = p->cc.cwnd;
    cc_path_run(p, 1000); /* at a quarter of what is acknowledged, 2 MB a second */
    assert_in_range(p->cc.cwnd - before, 450000, 550000);
    cc_path_run(p, 4000); /* five rounds, which get longer as the queue does */
    assert_string_equal(p->cc.ops->state(&p->cc), "cubic steady");
}

/* 0.7 of the window, back at its old size after K = cbrt(0.3 w / 0.4) s, and
 * slowest near it. */
static void follows_the_cubic(void **state)
{
    (void)state;
    struct cc_path *p = path_new(100000000, 100);
    const size_t before = 2000 * CC_PATH_MSS;
    p->cc.cwnd = before;
    p->cc.ops->on_recovery(&p->cc, before, now_us(p));
    assert_in_range(p->cc.cwnd, before * 69 / 100, before * 70 / 100);
    size_t reduced = p->cc.cwnd;
    cc_path_run(p, 5700); /* half of K, which is 11.4 s */
    size_t half = p->cc.cwnd;
    assert_in_range(half - reduced, (before - reduced) * 80 / 100, (before - reduced) * 95 / 100);
    cc_path_run(p, 5700);
    assert_in_range(p->cc.cwnd, before * 98 / 100, before * 102 / 100);
}

/* All that a path of 20 MB holds may be acknowledged at once, and windows may
 * be larger yet: no product of the two fits 32 bits. */
static void reckons_with_large_windows(void **state)
{
    (void)state;
    struct cc_path *p = path_new(100000000, 100);
    const size_t large = 100 << 20;
    p->cc.cwnd = large;
    p->cc.ops->on_recovery(&p->cc, large, now_us(p));
    assert_int_equal(p->cc.cwnd, (uint64_t)large * 70 / 100);
    assert_int_equal(p->cc.cubic.w_max, large);
    struct cc_ack ack = {.now_us = now_us(p),
                         .srtt_us = 100000,
                         .acked = 20 << 20,
                         .is_cwnd_limited = true};
    size_t before = p->cc.cwnd;
    p->cc.ops->on_ack(&p->cc, &ack);
    uint64_t steps = (uint64_t)ack.acked * CC_PATH_MSS * 53 / 100 / p->cc.cwnd;
    assert_true(p->cc.cwnd >= before);
    assert_in_range(p->cc.cubic.w_est - before, steps - 1, steps + 1);
}

/* A flow that loses again below the last window makes room for others. */
static void second_loss_remembers_less(void **state)
{
    (void)state;
    struct cc_path *p = path_new(100000000, 100);
    p->cc.cwnd = 1000 * CC_PATH_MSS;
    p->cc.ops->on_recovery(&p->cc, p->cc.cwnd, now_us(p));
    assert_int_equal(p->cc.cubic.w_max, 1000 * CC_PATH_MSS);
    size_t window = p->cc.cwnd;
    p->cc.ops->on_recovery(&p->cc, window, now_us(p));
    assert_int_equal(p->cc.cubic.w_max, window * 85 / 100);
}

static void timeout_begins_with_one_packet(void **state)
{
    (void)state;
    struct cc_path *p = path_new(100000000, 100);
    p->cc.cwnd = 1000 * CC_PATH_MSS;
    p->cc.ops->on_timeout(&p->cc, 0, now_us(p));
    assert_int_equal(p->cc.cwnd, CC_PATH_MSS);
    uint64_t threshold = p->cc.cubic.ssthresh;
    assert_int_equal(threshold, 700 * CC_PATH_MSS);
    p->cc.ops->on_timeout(&p->cc, 0, now_us(p)); /* backed off: the same loss */
    assert_int_equal(p->cc.cubic.ssthresh, threshold);
    p->cc.ops->on_undo(&p->cc, now_us(p)); /* there was none */
    assert_int_equal(p->cc.cwnd, 1000 * CC_PATH_MSS);
    assert_int_equal(p->cc.cubic.ssthresh, UINT64_MAX);
}

/* The curve does not run on while nothing is sent. */
static void idle_time_does_not_count(void **state)
{
    (void)state;
    struct cc_path *p = path_new(100000000, 100);
    p->cc.cwnd = 1000 * CC_PATH_MSS;
    p->cc.ops->on_recovery(&p->cc, p->cc.cwnd, now_us(p));
    cc_path_run(p, 2000);
    size_t before = p->cc.cwnd;
    p->now_ms += 60000;
    p->cc.ops->on_restart(&p->cc, 60 * US_PER_S, now_us(p));
    cc_path_run(p, 100);
    assert_in_range(p->cc.cwnd, before, before * 105 / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_ten_packets_and_doubles),
        cmocka_unit_test(leaves_slow_start_when_the_trip_gets_longer),
        cmocka_unit_test(follows_the_cubic),
        cmocka_unit_test(reckons_with_large_windows),
        cmocka_unit_test(second_loss_remembers_less),
        cmocka_unit_test(timeout_begins_with_one_packet),
        cmocka_unit_test(idle_time_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
