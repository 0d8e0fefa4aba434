/*
 * BBR version 3 (draft-ietf-ccwg-bbr): a model of the path, its bandwidth and
 * its round-trip time, says how much to have in flight and how fast to send;
 * loss only bounds the model when it is frequent.
 *
 *   STARTUP ──► DRAIN ──► PROBE_DOWN ◄─► PROBE_CRUISE ──► PROBE_REFILL
 *    2.77x       0.5x       0.9x  ▲          1x               1x  │
 *                                 └──────── PROBE_UP 1.25x ◄──────┘
 *   from each, when the least round trip was not seen for 5 s: PROBE_RTT
 *
 * Left out: ECN, which DTLS over UDP sockets does not show us.
 */
#include "sctp/cc_bbr.h"

enum {
    PACING_MARGIN = 1, /* percent below the model, to drain queues */
    STARTUP_LOSS_RANGES = 6,
};

static const char *const state_names[] = {
    "bbr startup",      "bbr drain",    "bbr probe-down", "bbr probe-cruise",
    "bbr probe-refill", "bbr probe-up", "bbr probe-rtt",
};

static void check_startup(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    /* Twice what is allowed otherwise: to leave here for a round of bad luck
     * costs seconds of probing, and a queue that startup has filled loses far
     * more. */
    bool is_lossy = b->loss_ranges >= STARTUP_LOSS_RANGES &&
                    ack->rate.lost > 2 * bbr_loss_allowed(cc, ack->rate.tx_in_flight);
    if (b->state == BBR_STARTUP && !b->full_bw_reached && b->round_start && ack->in_recovery &&
        is_lossy) {
        b->full_bw_reached = true;
        b->inflight_long = most(bbr_bdp(cc, bbr_max_bw(b), 100), b->inflight_latest);
    }
    if (b->round_start)
        b->loss_ranges = 0;
    if (b->state == BBR_STARTUP && b->full_bw_reached)
        bbr_set_state(b, BBR_DRAIN, GAIN_DRAIN, CWND_GAIN);
    if (b->state == BBR_DRAIN && ack->in_flight <= bbr_inflight_for(cc, bbr_max_bw(b), 100))
        bbr_start_probe_down(cc, ack->now_us, ack->delivered);
}

static void set_pacing_rate(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    uint64_t rate = b->bw * b->pacing_gain / 100 * (100 - PACING_MARGIN) / 100;
    /* As the window has a least, so has the rate: with less than a packet a
     * round trip the bandwidth samples would only repeat it forever. */
    rate = most(rate, bbr_min_pipe(cc) * US_PER_S / most(ack->srtt_us, 1));
    if (b->full_bw_reached || rate > cc->pacing_rate)
        cc->pacing_rate = rate;
    cc->send_quantum = cc_quantum(cc, cc->pacing_rate);
}

static uint64_t bound_for_model(const struct cc *cc, uint64_t cwnd)
{
    const struct cc_bbr *b = &cc->bbr;
    uint64_t cap = UINT64_MAX;
    if (b->state == BBR_PROBE_RTT || b->state == BBR_PROBE_CRUISE)
        cap = bbr_inflight_with_headroom(cc);
    else if (b->state >= BBR_PROBE_DOWN)
        cap = b->inflight_long;
    cap = most(least(cap, b->inflight_short), bbr_min_pipe(cc));
    return least(cwnd, cap);
}

static void set_cwnd(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    uint64_t target = bbr_inflight_for(cc, b->bw, b->cwnd_gain) + b->extra_acked.best[0].value;
    uint64_t cwnd = cc->cwnd;
    if (b->full_bw_reached)
        cwnd = least(cwnd + ack->acked, target);
    else if (cwnd < target || ack->delivered < cc_initial_window(cc))
        cwnd += ack->acked;
    cwnd = most(cwnd, bbr_min_pipe(cc));
    if (b->state == BBR_PROBE_RTT)
        cwnd = least(cwnd, bbr_probe_rtt_cwnd(cc));
    cc->cwnd = (size_t)bound_for_model(cc, cwnd);
}

static void bbr_on_ack(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    bbr_update_model(cc, ack);
    check_startup(cc, ack);
    bbr_update_probe_bw(cc, ack);
    bbr_update_rtt(cc, ack);
    bbr_advance_latest_signals(b, ack);
    b->bw = least(bbr_max_bw(b), b->bw_short);
    if (b->bw == 0)
        return;
    set_pacing_rate(cc, ack);
    set_cwnd(cc, ack);
}

static void bbr_on_loss(struct cc *cc, const struct cc_loss *loss)
{
    struct cc_bbr *b = &cc->bbr;
    if (loss->starts_range)
        b->loss_ranges++;
    if (!b->bw_probe_samples)
        return;
    if (loss->lost_since <= bbr_loss_allowed(cc, loss->tx_in_flight))
        return;
    /* The packets that crossed the threshold began with this many in flight
     * before them: inflight_prefix of the draft. */
    uint64_t prefix = loss->tx_in_flight > loss->bytes ? loss->tx_in_flight - loss->bytes : 0;
    uint64_t lost_prefix = loss->lost_since - least(loss->bytes, loss->lost_since);
    uint64_t allowed = bbr_loss_allowed(cc, prefix);
    uint64_t more =
        allowed > lost_prefix ? (allowed - lost_prefix) * 100 / (100 - LOSS_THRESHOLD) : 0;
    bbr_handle_inflight_too_high(cc, prefix + more, loss->is_app_limited, loss->now_us,
                                 loss->delivered);
}

static void remember_for_undo(struct cc *cc)
{
    struct cc_bbr *b = &cc->bbr;
    b->undo.cwnd = cc->cwnd;
    b->undo.bw_short = b->bw_short;
    b->undo.inflight_short = b->inflight_short;
    b->undo.inflight_long = b->inflight_long;
}

static void bbr_on_recovery(struct cc *cc, size_t in_flight, uint64_t now_us)
{
    (void)in_flight;
    (void)now_us;
    remember_for_undo(cc);
    bbr_save_cwnd(cc);
}

static void bbr_on_recovered(struct cc *cc, uint64_t now_us)
{
    (void)now_us;
    struct cc_bbr *b = &cc->bbr;
    if (!b->recovering_timeout)
        return;
    b->recovering_timeout = false;
    if (b->state != BBR_PROBE_RTT)
        cc->cwnd = (size_t)most(cc->cwnd, b->prior_cwnd);
}

static void bbr_on_timeout(struct cc *cc, size_t in_flight, uint64_t now_us)
{
    (void)now_us;
    struct cc_bbr *b = &cc->bbr;
    if (!b->recovering_timeout)
        remember_for_undo(cc);
    bbr_save_cwnd(cc);
    b->recovering_timeout = true;
    cc->cwnd = in_flight + cc->mss;
    if (!b->full_bw_reached)
        bbr_reset_full_bw(b); /* what comes behind it is less, and says nothing */
}

static void bbr_on_undo(struct cc *cc, uint64_t now_us)
{
    (void)now_us;
    struct cc_bbr *b = &cc->bbr;
    cc->cwnd = (size_t)most(cc->cwnd, b->undo.cwnd);
    b->recovering_timeout = false;
    b->full_bw_now = false; /* it may not have been full after all */
    b->full_bw_count = 0;
    b->bw_short = most(b->bw_short, b->undo.bw_short);
    b->inflight_short = most(b->inflight_short, b->undo.inflight_short);
    b->inflight_long = most(b->inflight_long, b->undo.inflight_long);
}

static void bbr_on_restart(struct cc *cc, uint64_t idle_us, uint64_t now_us)
{
    struct cc_bbr *b = &cc->bbr;
    (void)idle_us;
    b->idle_restart = true;
    b->extra_acked_start_us = now_us;
    b->extra_acked_delivered = 0;
    /* The queue is empty by now: the model's rate needs no probing. */
    if (b->state >= BBR_PROBE_DOWN && b->state <= BBR_PROBE_UP && b->bw > 0)
        cc->pacing_rate = most(b->bw * (100 - PACING_MARGIN) / 100,
                               bbr_min_pipe(cc) * US_PER_S / most(b->min_rtt_us, 1));
}

static const char *bbr_state(const struct cc *cc)
{
    return state_names[cc->bbr.state];
}

static void bbr_init(struct cc *cc, uint64_t now_us)
{
    struct cc_bbr *b = &cc->bbr;
    *b = (struct cc_bbr){
        .min_rtt_us = UINT64_MAX,
        .probe_rtt_min_us = UINT64_MAX,
        .inflight_long = UINT64_MAX,
        .min_rtt_at_us = now_us,
        .probe_rtt_min_at_us = now_us,
        .extra_acked_start_us = now_us,
        .cycle_at_us = now_us,
        .probe_up_bytes = UINT64_MAX,
    };
    bbr_reset_short_bounds(b);
    cc_window_max_reset(&b->extra_acked, 0, 0);
    bbr_set_state(b, BBR_STARTUP, GAIN_STARTUP, CWND_GAIN);
}

const struct cc_ops cc_bbr_ops = {
    .name = "bbr",
    .init = bbr_init,
    .on_ack = bbr_on_ack,
    .on_loss = bbr_on_loss,
    .on_recovery = bbr_on_recovery,
    .on_recovered = bbr_on_recovered,
    .on_timeout = bbr_on_timeout,
    .on_undo = bbr_on_undo,
    .on_restart = bbr_on_restart,
    .state = bbr_state,
};
