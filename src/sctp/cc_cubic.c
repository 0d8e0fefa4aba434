/*
 * CUBIC (RFC 9438) with HyStart++ (RFC 9406). After a reduction the window
 * follows a cubic of the time since, which is flat around the window where
 * the loss was (w_max) and steep far from it, but never falls behind what
 * Reno would have. Slow start is left when the round-trip time rises, over
 * five rounds of careful growth (css) in case that was only jitter.
 */
#include "sctp/cc.h"

#include <assert.h>

#include "base/clock.h"

enum {
    BETA = 70,         /* percent kept after loss */
    PACING_SLOW = 200, /* percent of cwnd per round trip, in slow start */
    PACING_STEADY = 120,
    MIN_PACKETS = 2,
    RTT_SAMPLES = 8, /* HyStart++: of a round before it is judged */
    CSS_ROUNDS = 5,
    CSS_DIVISOR = 4,
    RTT_THRESH_MIN_US = 4000,
    RTT_THRESH_MAX_US = 16000,
    RTT_THRESH_DIVISOR = 8,
};

/* Cube root of x, rounded down; x below 2^63. */
static uint64_t cube_root(uint64_t x)
{
    uint64_t low = 0;
    uint64_t high = UINT64_C(1) << 21;
    while (low + 1 < high) {
        uint64_t mid = (low + high) / 2;
        if (mid * mid * mid <= x)
            low = mid;
        else
            high = mid;
    }
    return low;
}

static void set_pacing(struct cc *cc, uint64_t srtt_us)
{
    unsigned gain = cc->cwnd < cc->cubic.ssthresh / 2 ? PACING_SLOW : PACING_STEADY;
    if (cc->cubic.ssthresh == UINT64_MAX)
        gain = PACING_SLOW;
    if (srtt_us == 0)
        return;
    cc->pacing_rate = cc->cwnd * US_PER_S / srtt_us * gain / 100;
    cc->send_quantum = cc_quantum(cc, cc->pacing_rate);
}

static void start_hystart_round(struct cc_cubic *c, uint64_t round_end)
{
    c->round_end = round_end;
    c->last_round_min_us = c->round_min_us;
    c->round_min_us = UINT64_MAX;
    c->round_samples = 0;
}

static void hystart(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_cubic *c = &cc->cubic;
    if (ack->rate.prior_delivered >= c->round_end) {
        start_hystart_round(c, ack->delivered);
        if (c->css_rounds > 0 && ++c->css_rounds > CSS_ROUNDS) {
            c->ssthresh = cc->cwnd;
            return;
        }
    }
    if (ack->rtt_us == 0)
        return;
    c->round_samples++;
    if (ack->rtt_us < c->round_min_us)
        c->round_min_us = ack->rtt_us;
    if (c->round_samples < RTT_SAMPLES || c->last_round_min_us == UINT64_MAX)
        return;
    if (c->css_rounds > 0) {
        if (c->round_min_us < c->css_baseline_us)
            c->css_rounds = 0; /* it was jitter: on at full speed */
        return;
    }
    uint64_t thresh = c->last_round_min_us / RTT_THRESH_DIVISOR;
    thresh = thresh < RTT_THRESH_MIN_US ? RTT_THRESH_MIN_US : thresh;
    thresh = thresh > RTT_THRESH_MAX_US ? RTT_THRESH_MAX_US : thresh;
    if (c->round_min_us >= c->last_round_min_us + thresh) {
        c->css_baseline_us = c->round_min_us;
        c->css_rounds = 1;
    }
}

/* W_cubic(t) = 0.4 (t - K)^3 + w_max, in packets and seconds. */
static uint64_t window_at(const struct cc *cc, uint64_t t_ms)
{
    const struct cc_cubic *c = &cc->cubic;
    int64_t d = (int64_t)t_ms - (int64_t)c->k_ms;
    if (d > 100000)
        d = 100000; /* keeps the cube below 2^63; far above any real window */
    int64_t packets_e6 = d * d * d / 1000 * 4 / 10;
    int64_t bytes = packets_e6 / 1000 * (int64_t)cc->mss / 1000;
    int64_t w = (int64_t)c->w_max + bytes;
    return w > 0 ? (uint64_t)w : 0;
}

static void start_epoch(struct cc *cc, uint64_t now_us)
{
    struct cc_cubic *c = &cc->cubic;
    c->origin_us = now_us;
    c->cwnd_epoch = cc->cwnd;
    c->w_est = cc->cwnd;
    c->w_est_acked = 0;
    c->growth_acked = 0;
    c->k_ms = 0;
    if (c->w_max > cc->cwnd) {
        /* K = cbrt((w_max - cwnd) / 0.4) s: the cube in ms^3 is 1e9 times. */
        uint64_t e3 = (c->w_max - cc->cwnd) * 1000 / cc->mss; /* 1/1000 packets */
        c->k_ms =
            cube_root(e3 > UINT64_C(3000000000) ? UINT64_C(3000000000) * 2500000 : e3 * 2500000);
    } else {
        c->w_max = cc->cwnd;
    }
}

static void avoid_congestion(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_cubic *c = &cc->cubic;
    if (c->origin_us == 0)
        start_epoch(cc, ack->now_us);
    uint64_t t_ms = (ack->now_us - c->origin_us + ack->srtt_us) / US_PER_MS;
    uint64_t target = window_at(cc, t_ms);
    if (target < cc->cwnd)
        target = cc->cwnd;
    if (target > cc->cwnd + cc->cwnd / 2)
        target = cc->cwnd + cc->cwnd / 2;
    assert(cc->cwnd > 0);
    /* (target - cwnd) / cwnd a byte acked. */
    c->growth_acked += (target - cc->cwnd) * ack->acked / 16;
    uint64_t grow = c->growth_acked * 16 / cc->cwnd;
    c->growth_acked -= grow * cc->cwnd / 16;
    cc->cwnd += (size_t)grow;
    /* Reno's: 3 (1 - beta) / (1 + beta) = 0.53 packets a window, and 1 once
     * it is past where the reduction was. */
    uint64_t share = c->w_est < c->w_max ? 53 : 100; /* percent */
    c->w_est_acked += share * ack->acked * cc->mss / 100;
    uint64_t steps = c->w_est_acked / cc->cwnd;
    c->w_est_acked -= steps * cc->cwnd;
    c->w_est += steps;
    if (c->w_est > cc->cwnd)
        cc->cwnd = (size_t)c->w_est;
}

static void cubic_on_ack(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_cubic *c = &cc->cubic;
    bool slow_start = cc->cwnd < c->ssthresh;
    if (slow_start && !ack->in_recovery)
        hystart(cc, ack);
    if (ack->in_recovery && !slow_start) {
        set_pacing(cc, ack->srtt_us);
        return; /* the window grows again when the loss is repaired */
    }
    if (ack->is_cwnd_limited || ack->has_backlog) {
        if (slow_start)
            cc->cwnd += c->css_rounds > 0 ? ack->acked / CSS_DIVISOR : ack->acked;
        else
            avoid_congestion(cc, ack);
    }
    set_pacing(cc, ack->srtt_us);
}

static void cubic_on_loss(struct cc *cc, const struct cc_loss *loss)
{
    (void)cc;
    (void)loss;
}

static void remember_for_undo(struct cc *cc)
{
    struct cc_cubic *c = &cc->cubic;
    c->undo.cwnd = cc->cwnd;
    c->undo.ssthresh = c->ssthresh;
    c->undo.w_max = c->w_max;
    c->undo.cwnd_epoch = c->cwnd_epoch;
    c->undo.k_ms = c->k_ms;
}

static void reduce(struct cc *cc)
{
    struct cc_cubic *c = &cc->cubic;
    remember_for_undo(cc);
    /* Fast convergence: a second loss below the last w_max says that another
     * flow needs room. */
    uint64_t cwnd = cc->cwnd; /* whose products need not fit a size_t */
    c->w_max = cwnd < c->w_max ? cwnd * (100 + BETA) / 200 : cwnd;
    c->ssthresh = cwnd * BETA / 100;
    if (c->ssthresh < MIN_PACKETS * cc->mss)
        c->ssthresh = MIN_PACKETS * cc->mss;
    c->origin_us = 0;
    c->css_rounds = 0;
}

static void cubic_on_recovery(struct cc *cc, size_t in_flight, uint64_t now_us)
{
    (void)in_flight;
    (void)now_us;
    reduce(cc);
    cc->cwnd = (size_t)cc->cubic.ssthresh;
}

static void cubic_on_recovered(struct cc *cc, uint64_t now_us)
{
    (void)cc;
    (void)now_us;
}

static void cubic_on_timeout(struct cc *cc, size_t in_flight, uint64_t now_us)
{
    (void)in_flight;
    (void)now_us;
    if (cc->cwnd > cc->mss) /* not again for a backed-off timeout */
        reduce(cc);
    cc->cwnd = cc->mss;
    cc->cubic.round_end = 0;
}

static void cubic_on_undo(struct cc *cc, uint64_t now_us)
{
    (void)now_us;
    struct cc_cubic *c = &cc->cubic;
    if (cc->cwnd < c->undo.cwnd)
        cc->cwnd = (size_t)c->undo.cwnd;
    if (c->ssthresh < c->undo.ssthresh)
        c->ssthresh = c->undo.ssthresh;
    c->w_max = c->undo.w_max;
    c->origin_us = 0;
}

static void cubic_on_restart(struct cc *cc, uint64_t idle_us, uint64_t now_us)
{
    struct cc_cubic *c = &cc->cubic;
    /* The cubic must not grow over the time that nothing was sent. */
    if (c->origin_us != 0)
        c->origin_us += idle_us < now_us - c->origin_us ? idle_us : now_us - c->origin_us;
}

static const char *cubic_state(const struct cc *cc)
{
    if (cc->cwnd >= cc->cubic.ssthresh)
        return "cubic steady";
    return cc->cubic.css_rounds > 0 ? "cubic conservative-start" : "cubic slow-start";
}

static void cubic_init(struct cc *cc, uint64_t now_us)
{
    (void)now_us;
    cc->cubic = (struct cc_cubic){
        .ssthresh = UINT64_MAX,
        .round_min_us = UINT64_MAX,
        .last_round_min_us = UINT64_MAX,
    };
}

const struct cc_ops cc_cubic_ops = {
    .name = "cubic",
    .init = cubic_init,
    .on_ack = cubic_on_ack,
    .on_loss = cubic_on_loss,
    .on_recovery = cubic_on_recovery,
    .on_recovered = cubic_on_recovered,
    .on_timeout = cubic_on_timeout,
    .on_undo = cubic_on_undo,
    .on_restart = cubic_on_restart,
    .state = cubic_state,
};
