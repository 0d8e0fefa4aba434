/*
 * BBR on a path of its own: it learns rate and round trip, keeps the queue
 * short, and takes little notice of little loss.
 */
#include "testing.h"

#include "sctp/cc_bbr.h"
#include "sctp/cc_path.h"

static struct cc_path path;

static struct cc_path *path_new(uint64_t rate, uint64_t rtt_ms)
{
    cc_path_init(&path, &cc_bbr_ops, rate, rtt_ms);
    return &path;
}

static uint64_t now_us(const struct cc_path *p)
{
    return p->now_ms * US_PER_MS;
}

static void assert_near(uint64_t value, uint64_t expected, unsigned percent)
{
    assert_in_range(value, expected * (100 - percent) / 100, expected * (100 + percent) / 100);
}

static void learns_the_path(void **state)
{
    (void)state;
    const uint64_t rates[] = {200000, 2000000, 50000000};
    for (size_t i = 0; i < 3; i++) {
        struct cc_path *p = path_new(rates[i], 40);
        assert_string_equal(p->cc.ops->state(&p->cc), "bbr startup");
        cc_path_run(p, 3000);
        assert_true(p->cc.bbr.full_bw_reached);
        assert_true(p->cc.bbr.state >= BBR_PROBE_DOWN);
        assert_near(bbr_max_bw(&p->cc.bbr), rates[i], 15);
        assert_in_range(p->cc.bbr.min_rtt_us, 40000, 44000);
    }
}

/* A millisecond's worth on a slow path, an eighth of one on a fast one, and
 * what a short queue takes between. */
static void bursts_are_short(void **state)
{
    (void)state;
    struct cc_path *p = path_new(200000, 40);
    assert_int_equal(cc_quantum(&p->cc, 0), 2 * CC_PATH_MSS);
    assert_int_equal(cc_quantum(&p->cc, 1000000), 2 * CC_PATH_MSS);
    assert_int_equal(cc_quantum(&p->cc, 10000000), 10000);
    assert_int_equal(cc_quantum(&p->cc, 25000000), 24000);
    assert_int_equal(cc_quantum(&p->cc, 125000000), 24000);
    assert_int_equal(cc_quantum(&p->cc, 400000000), 50000);
    assert_int_equal(cc_quantum(&p->cc, UINT64_C(100000000000)), 256 << 10);
}

/* All that stands in the queue after startup is drained, and probes leave no
 * more than they need. */
static void keeps_the_queue_short(void **state)
{
    (void)state;
    struct cc_path *p = path_new(2000000, 40);
    cc_path_run(p, 3000);
    uint64_t sum = 0;
    for (int ms = 0; ms < 10000; ms++) {
        cc_path_step(p);
        sum += cc_path_in_flight(p);
    }
    assert_near(sum / 10000, cc_path_bdp(p), 25);
}

static void follows_a_faster_path(void **state)
{
    (void)state;
    struct cc_path *p = path_new(2000000, 40);
    cc_path_run(p, 3000);
    p->rate = 4000000;
    cc_path_run(p, 20000);
    assert_near(bbr_max_bw(&p->cc.bbr), 4000000, 15);
}

/* The round trip is looked for where nothing else showed it for 5 s. */
static void empties_the_queue_now_and_then(void **state)
{
    (void)state;
    struct cc_path *p = path_new(2000000, 40);
    cc_path_run(p, 2000);
    p->rtt_ms = 60; /* longer: what was the least is not seen any more */
    bool probed = false;
    for (int ms = 0; ms < 12000; ms++) {
        cc_path_step(p);
        if (p->cc.bbr.state == BBR_PROBE_RTT) {
            probed = true;
            assert_true(p->cc.cwnd <= 2 * cc_path_bdp(p));
        }
    }
    assert_true(probed);
    assert_in_range(p->cc.bbr.min_rtt_us, 60000, 70000);
}

/* Lost bytes out of so many in flight, while a probe of the bandwidth is
 * judged. */
static void lose(struct cc_path *p, size_t bytes, size_t in_flight)
{
    struct cc_loss loss = {
        .now_us = now_us(p),
        .delivered = p->acked[p->now_ms],
        .bytes = bytes,
        .tx_in_flight = in_flight,
        .lost_since = bytes,
        .starts_range = true,
    };
    p->cc.bbr.bw_probe_samples = true;
    p->cc.ops->on_loss(&p->cc, &loss);
}

static void only_much_loss_bounds_the_flight(void **state)
{
    (void)state;
    struct cc_path *p = path_new(20000000, 40);
    cc_path_run(p, 3000);
    const size_t in_flight = 700000;
    lose(p, in_flight / 100, in_flight); /* 1 % */
    assert_int_equal(p->cc.bbr.inflight_long, UINT64_MAX);
    lose(p, in_flight / 20, in_flight); /* 5 % */
    assert_true(p->cc.bbr.inflight_long < in_flight);
    assert_true(p->cc.bbr.inflight_long > in_flight / 2);
}

static void two_packets_are_no_sign_in_a_small_flight(void **state)
{
    (void)state;
    struct cc_path *p = path_new(200000, 40);
    cc_path_run(p, 3000);
    lose(p, 2 * CC_PATH_MSS, 8 * CC_PATH_MSS);
    assert_int_equal(p->cc.bbr.inflight_long, UINT64_MAX);
    lose(p, 3 * CC_PATH_MSS, 8 * CC_PATH_MSS);
    assert_true(p->cc.bbr.inflight_long < UINT64_MAX);
}

static void timeout_is_undone(void **state)
{
    (void)state;
    struct cc_path *p = path_new(2000000, 40);
    cc_path_run(p, 3000);
    size_t before = p->cc.cwnd;
    p->cc.ops->on_timeout(&p->cc, 0, now_us(p));
    assert_int_equal(p->cc.cwnd, CC_PATH_MSS);
    p->cc.ops->on_timeout(&p->cc, 0, now_us(p));
    p->cc.ops->on_undo(&p->cc, now_us(p));
    assert_int_equal(p->cc.cwnd, before);
    p->cc.ops->on_timeout(&p->cc, 0, now_us(p));
    p->cc.ops->on_recovered(&p->cc, now_us(p)); /* it was one; the model is as good as before */
    assert_int_equal(p->cc.cwnd, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_the_path),
        cmocka_unit_test(bursts_are_short),
        cmocka_unit_test(keeps_the_queue_short),
        cmocka_unit_test(follows_a_faster_path),
        cmocka_unit_test(empties_the_queue_now_and_then),
        cmocka_unit_test(only_much_loss_bounds_the_flight),
        cmocka_unit_test(two_packets_are_no_sign_in_a_small_flight),
        cmocka_unit_test(timeout_is_undone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
