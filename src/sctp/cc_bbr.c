/*
 * BBR version 3 (draft-ietf-ccwg-bbr): a model of the path, its bandwidth and
 * its round-trip time, says how much to have in flight and how fast to send;
 * loss only bounds the model when it is frequent. Names follow the draft.
 *
 *   STARTUP ──► DRAIN ──► PROBE_DOWN ──► PROBE_CRUISE ──► PROBE_REFILL
 *    2.77x       0.5x       0.9x  ▲          1x               1x  │
 *                                 └──────── PROBE_UP 1.25x ◄──────┘
 *   from each, when the least round trip was not seen for 5 s: PROBE_RTT
 *
 * Left out: ECN, which DTLS over UDP sockets does not show us.
 */
#include "sctp/cc.h"

#include "base/clock.h"

enum state {
    STARTUP,
    DRAIN,
    PROBE_DOWN,
    PROBE_CRUISE,
    PROBE_REFILL,
    PROBE_UP,
    PROBE_RTT,
};

static const char *const state_names[] = {
    "bbr startup",      "bbr drain",    "bbr probe-down", "bbr probe-cruise",
    "bbr probe-refill", "bbr probe-up", "bbr probe-rtt",
};

/* What acknowledgements now arriving tell about. */
enum ack_phase {
    ACKS_INIT,
    ACKS_REFILLING,
    ACKS_PROBE_STARTING,
    ACKS_PROBE_FEEDBACK,
    ACKS_PROBE_STOPPING
};

enum {
    GAIN_STARTUP = 277, /* percent: 4 ln 2 */
    GAIN_DRAIN = 50,
    GAIN_DOWN = 90,
    GAIN_DOWN_ALONE = 75, /* the queue is ours: away with it, as version 2 did */
    GAIN_UP = 125,
    CWND_GAIN = 200,
    CWND_GAIN_UP = 225,
    /* Departs from the draft, which has 200 here too. Beside another flow all
     * of a window is in use, and what exceeds the path stands as a queue: with
     * twice the path, a flow that joins ends its startup at a fifth of the
     * bandwidth, and its probes of 225 hardly exceed what was in flight. */
    CWND_GAIN_CRUISE = 150,
    CWND_GAIN_PROBE_RTT = 50,
    PACING_MARGIN = 1,  /* percent below the model, to drain queues */
    LOSS_THRESHOLD = 2, /* percent of what was in flight */
    BETA = 70,          /* percent kept after loss */
    HEADROOM = 15,      /* percent left to others when cruising */
    MIN_PIPE_PACKETS = 4,
    FULL_BW_ROUNDS = 3,
    STARTUP_LOSS_RANGES = 6,
    EXTRA_ACKED_ROUNDS = 10,
    RENO_ROUNDS = 63,       /* probe at least as often as Reno would need to */
    MIN_RTT_CONFIRMED = 64, /* a sample within this part of it confirms it */
};

#define MIN_RTT_WINDOW_US     (10 * US_PER_S)
#define PROBE_RTT_INTERVAL_US (5 * US_PER_S)
#define PROBE_RTT_TIME_US     (200 * US_PER_MS)

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t max_bw(const struct cc_bbr *b)
{
    return most(b->max_bw[0], b->max_bw[1]);
}

static uint64_t min_pipe(const struct cc *cc)
{
    return MIN_PIPE_PACKETS * cc->mss;
}

/* Bandwidth-delay product times gain, in bytes. */
static uint64_t bdp(const struct cc *cc, uint64_t bw, unsigned gain)
{
    const struct cc_bbr *b = &cc->bbr;
    if (b->min_rtt_us == UINT64_MAX)
        return cc_initial_window(cc);
    return bw * b->min_rtt_us / US_PER_S * gain / 100;
}

/* In flight for a gain, with room for what is being assembled here and for
 * acknowledgements of few packets. */
static uint64_t inflight_for(const struct cc *cc, uint64_t bw, unsigned gain)
{
    uint64_t inflight = most(bdp(cc, bw, gain), 3 * cc->send_quantum);
    inflight = most(inflight, min_pipe(cc));
    return cc->bbr.state == PROBE_UP ? inflight + 2 * cc->mss : inflight;
}

static uint64_t inflight_with_headroom(const struct cc *cc)
{
    const struct cc_bbr *b = &cc->bbr;
    if (b->inflight_long == UINT64_MAX)
        return UINT64_MAX;
    uint64_t headroom = most(cc->mss, b->inflight_long * HEADROOM / 100);
    return most(b->inflight_long > headroom ? b->inflight_long - headroom : 0, min_pipe(cc));
}

/* How much may be lost of that much in flight. Departs from the draft below
 * 100 packets: there a single loss would be above 2 %, and a path with random
 * loss would be squeezed down to the minimum. Two are no sign of a full queue
 * either. */
static uint64_t loss_allowed(const struct cc *cc, uint64_t in_flight)
{
    return most(in_flight * LOSS_THRESHOLD / 100, 2 * cc->mss);
}

static uint32_t draw(struct cc *cc, uint32_t below)
{
    uint32_t x = cc->random;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    cc->random = x;
    return x % below;
}

static void set_state(struct cc_bbr *b, enum state state, unsigned pacing_gain, unsigned cwnd_gain)
{
    b->state = (int)state;
    b->pacing_gain = pacing_gain;
    b->cwnd_gain = cwnd_gain;
}

static void reset_full_bw(struct cc_bbr *b)
{
    b->full_bw = 0;
    b->full_bw_count = 0;
    b->full_bw_now = false;
}

static void reset_short_bounds(struct cc_bbr *b)
{
    b->bw_short = UINT64_MAX;
    b->inflight_short = UINT64_MAX;
}

static void start_round(struct cc_bbr *b, uint64_t delivered)
{
    b->next_round_delivered = delivered;
}

/* ---- the cycle of bandwidth probing ---- */

static void start_probe_down(struct cc *cc, uint64_t now_us, uint64_t delivered)
{
    struct cc_bbr *b = &cc->bbr;
    b->bw_latest = 0;
    b->inflight_latest = 0;
    b->loss_round_delivered = delivered;
    b->probe_up_bytes = UINT64_MAX;
    /* Coexistence with Reno and CUBIC: every 2 to 3 s, or 63 round trips. */
    b->rounds_since_probe = draw(cc, 2);
    b->bw_probe_wait_us = 2 * US_PER_S + draw(cc, US_PER_S);
    b->cycle_at_us = now_us;
    b->ack_phase = ACKS_PROBE_STOPPING;
    start_round(b, delivered);
    set_state(b, PROBE_DOWN, b->probe_alone ? GAIN_DOWN_ALONE : GAIN_DOWN, CWND_GAIN_CRUISE);
}

static void start_probe_cruise(struct cc_bbr *b)
{
    set_state(b, PROBE_CRUISE, 100, CWND_GAIN_CRUISE);
}

static void start_probe_refill(struct cc_bbr *b, uint64_t delivered)
{
    reset_short_bounds(b);
    b->probe_up_rounds = 0;
    b->probe_up_acked = 0;
    b->ack_phase = ACKS_REFILLING;
    start_round(b, delivered);
    set_state(b, PROBE_REFILL, 100, CWND_GAIN_CRUISE);
}

/* Slow start again, above inflight_long: each round trip twice the step. */
static void raise_inflight_slope(struct cc *cc)
{
    struct cc_bbr *b = &cc->bbr;
    uint64_t packets = UINT64_C(1) << b->probe_up_rounds;
    b->probe_up_rounds = b->probe_up_rounds < 30 ? b->probe_up_rounds + 1 : 30;
    b->probe_up_bytes = most(cc->cwnd / packets, cc->mss);
}

static void start_probe_up(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    b->ack_phase = ACKS_PROBE_STARTING;
    start_round(b, ack->delivered);
    reset_full_bw(b);
    b->full_bw = ack->rate.bytes_per_s;
    b->cycle_at_us = ack->now_us;
    b->probe_alone = ack->srtt_us < b->min_rtt_us + b->min_rtt_us / 4; /* no queue stands */
    set_state(b, PROBE_UP, GAIN_UP, CWND_GAIN_UP);
    raise_inflight_slope(cc);
}

static bool has_elapsed(const struct cc_bbr *b, uint64_t now_us, uint64_t interval_us)
{
    return now_us > b->cycle_at_us + interval_us;
}

static bool is_time_to_probe(const struct cc *cc, uint64_t now_us)
{
    const struct cc_bbr *b = &cc->bbr;
    uint64_t reno_rounds = least(RENO_ROUNDS, bdp(cc, b->bw, 100) / cc->mss);
    return has_elapsed(b, now_us, b->bw_probe_wait_us) ||
           b->rounds_since_probe >= most(reno_rounds, 1);
}

static bool is_time_to_cruise(const struct cc *cc, const struct cc_ack *ack)
{
    if (ack->in_flight > inflight_with_headroom(cc))
        return false;
    return ack->in_flight <= inflight_for(cc, max_bw(&cc->bbr), 100);
}

static bool is_time_to_go_down(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    if (ack->is_cwnd_limited && cc->cwnd >= b->inflight_long) {
        reset_full_bw(b);
        b->full_bw = ack->rate.bytes_per_s;
        return false;
    }
    /* BBR version 2 left here, version 3 waits three rounds for more bandwidth
     * to show, while a queue of more than a round trip builds up. Alone on
     * the path we need not: after two round trips the first of the probe has
     * been answered, and had there been more, the estimate would have grown.
     * Beside others those rounds are how a small share grows. */
    if (b->probe_alone && has_elapsed(b, ack->now_us, 2 * b->min_rtt_us + b->min_rtt_us / 8) &&
        ack->in_flight >= inflight_for(cc, max_bw(b), GAIN_UP))
        return true;
    return b->full_bw_now;
}

static void probe_inflight_upward(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    if (!ack->is_cwnd_limited || cc->cwnd < b->inflight_long)
        return;
    b->probe_up_acked += ack->acked;
    if (b->probe_up_acked >= b->probe_up_bytes) {
        uint64_t steps = b->probe_up_acked / b->probe_up_bytes;
        b->probe_up_acked -= steps * b->probe_up_bytes;
        b->inflight_long += steps * cc->mss;
    }
    if (b->round_start)
        raise_inflight_slope(cc);
}

static bool is_inflight_too_high(const struct cc *cc, const struct cc_ack *ack)
{
    return ack->rate.lost > loss_allowed(cc, ack->rate.tx_in_flight);
}

static void handle_inflight_too_high(struct cc *cc, uint64_t tx_in_flight, bool is_app_limited,
                                     uint64_t now_us, uint64_t delivered)
{
    struct cc_bbr *b = &cc->bbr;
    b->bw_probe_samples = false; /* one reaction a probe */
    if (!is_app_limited) {
        uint64_t target = least(bdp(cc, b->bw, 100), cc->cwnd);
        b->inflight_long = most(tx_in_flight, target * BETA / 100);
    }
    if (b->state == PROBE_UP)
        start_probe_down(cc, now_us, delivered);
}

static void adapt_long_term_model(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    if (b->ack_phase == ACKS_PROBE_STARTING && b->round_start)
        b->ack_phase = ACKS_PROBE_FEEDBACK;
    if (b->ack_phase == ACKS_PROBE_STOPPING && b->round_start) {
        b->bw_probe_samples = false;
        b->ack_phase = ACKS_INIT;
        if (b->state >= PROBE_DOWN && b->state <= PROBE_UP && !ack->rate.is_app_limited) {
            b->max_bw[1] = b->max_bw[0];
            b->max_bw[0] = 0;
        }
    }
    if (is_inflight_too_high(cc, ack)) {
        if (b->bw_probe_samples)
            handle_inflight_too_high(cc, ack->rate.tx_in_flight, ack->rate.is_app_limited,
                                     ack->now_us, ack->delivered);
        return;
    }
    if (b->inflight_long == UINT64_MAX)
        return;
    if (ack->rate.tx_in_flight > b->inflight_long)
        b->inflight_long = ack->rate.tx_in_flight;
    if (b->state == PROBE_UP)
        probe_inflight_upward(cc, ack);
}

static void update_probe_bw(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    if (!b->full_bw_reached)
        return;
    adapt_long_term_model(cc, ack);
    switch (b->state) {
    case PROBE_DOWN:
        if (is_time_to_probe(cc, ack->now_us))
            start_probe_refill(b, ack->delivered);
        else if (is_time_to_cruise(cc, ack))
            start_probe_cruise(b);
        break;
    case PROBE_CRUISE:
        if (is_time_to_probe(cc, ack->now_us))
            start_probe_refill(b, ack->delivered);
        break;
    case PROBE_REFILL:
        if (b->round_start) {
            b->bw_probe_samples = true;
            start_probe_up(cc, ack);
        }
        break;
    case PROBE_UP:
        if (is_time_to_go_down(cc, ack))
            start_probe_down(cc, ack->now_us, ack->delivered);
        break;
    default:
        break;
    }
}

/* ---- the model ---- */

static void update_round(struct cc_bbr *b, const struct cc_ack *ack)
{
    b->round_start = ack->rate.prior_delivered >= b->next_round_delivered;
    if (!b->round_start)
        return;
    start_round(b, ack->delivered);
    b->round_count++;
    b->rounds_since_probe++;
}

static void update_latest_signals(struct cc_bbr *b, const struct cc_ack *ack)
{
    b->loss_round_start = false;
    b->bw_latest = most(b->bw_latest, ack->rate.bytes_per_s);
    b->inflight_latest = most(b->inflight_latest, ack->rate.delivered);
    if (ack->rate.prior_delivered >= b->loss_round_delivered) {
        b->loss_round_delivered = ack->delivered;
        b->loss_round_start = true;
    }
}

static void advance_latest_signals(struct cc_bbr *b, const struct cc_ack *ack)
{
    if (b->loss_round_start) {
        b->bw_latest = ack->rate.bytes_per_s;
        b->inflight_latest = ack->rate.delivered;
    }
}

static bool is_probing_bw(const struct cc_bbr *b)
{
    return b->state == STARTUP || b->state == PROBE_REFILL || b->state == PROBE_UP;
}

static void update_congestion_signals(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    if (ack->rate.bytes_per_s > 0 &&
        (ack->rate.bytes_per_s >= max_bw(b) || !ack->rate.is_app_limited))
        b->max_bw[0] = most(b->max_bw[0], ack->rate.bytes_per_s);
    b->lost_in_round += ack->lost;
    if (!b->loss_round_start)
        return;
    /* Departs from the draft, which takes any loss for congestion: with random
     * loss there is some in every round, and since the rate is paced 1 % below
     * the estimate, the bound would shrink each time. */
    if (b->lost_in_round > loss_allowed(cc, b->inflight_latest) && !is_probing_bw(b)) {
        if (b->bw_short == UINT64_MAX)
            b->bw_short = max_bw(b);
        if (b->inflight_short == UINT64_MAX)
            b->inflight_short = cc->cwnd;
        b->bw_short = most(b->bw_latest, b->bw_short * BETA / 100);
        b->inflight_short = most(b->inflight_latest, b->inflight_short * BETA / 100);
    }
    b->lost_in_round = 0;
}

/* Acknowledgements that come in clumps need more in flight. */
static void update_ack_aggregation(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    uint64_t interval_us = ack->now_us - b->extra_acked_start_us;
    uint64_t expected = b->bw * interval_us / US_PER_S;
    if (b->extra_acked_delivered <= expected) {
        b->extra_acked_delivered = 0;
        b->extra_acked_start_us = ack->now_us;
        expected = 0;
    }
    b->extra_acked_delivered += ack->acked;
    uint64_t extra =
        least(b->extra_acked_delivered - least(expected, b->extra_acked_delivered), cc->cwnd);
    unsigned window = b->full_bw_reached ? EXTRA_ACKED_ROUNDS : 1;
    cc_window_max_add(&b->extra_acked, window, b->round_count, extra);
}

static void check_full_bw(struct cc_bbr *b, const struct cc_ack *ack)
{
    if (b->full_bw_now || !b->round_start || ack->rate.is_app_limited)
        return;
    if (ack->rate.bytes_per_s >= b->full_bw + b->full_bw / 4) {
        reset_full_bw(b);
        b->full_bw = ack->rate.bytes_per_s;
        return;
    }
    b->full_bw_count++;
    b->full_bw_now = b->full_bw_count >= FULL_BW_ROUNDS;
    if (b->full_bw_now)
        b->full_bw_reached = true;
}

static void check_startup(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    /* Twice what is allowed otherwise: to leave here for a round of bad luck
     * costs seconds of probing, and a queue that startup has filled loses far
     * more. */
    bool is_lossy = b->loss_ranges >= STARTUP_LOSS_RANGES &&
                    ack->rate.lost > 2 * loss_allowed(cc, ack->rate.tx_in_flight);
    if (b->state == STARTUP && !b->full_bw_reached && b->round_start && ack->in_recovery &&
        is_lossy) {
        b->full_bw_reached = true;
        b->inflight_long = most(bdp(cc, max_bw(b), 100), b->inflight_latest);
    }
    if (b->round_start)
        b->loss_ranges = 0;
    if (b->state == STARTUP && b->full_bw_reached)
        set_state(b, DRAIN, GAIN_DRAIN, CWND_GAIN);
    if (b->state == DRAIN && ack->in_flight <= inflight_for(cc, max_bw(b), 100))
        start_probe_down(cc, ack->now_us, ack->delivered);
}

/* ---- the round-trip time ---- */

static void update_min_rtt(struct cc_bbr *b, const struct cc_ack *ack)
{
    b->probe_rtt_expired = ack->now_us > b->probe_rtt_min_at_us + PROBE_RTT_INTERVAL_US;
    if (ack->rtt_us > 0 && (ack->rtt_us <= b->probe_rtt_min_us || b->probe_rtt_expired)) {
        b->probe_rtt_min_us = ack->rtt_us;
        b->probe_rtt_min_at_us = ack->now_us;
    } else if (ack->rtt_us > 0 && b->probe_rtt_min_us == b->min_rtt_us &&
               ack->rtt_us - b->min_rtt_us <= b->min_rtt_us / MIN_RTT_CONFIRMED) {
        /* Departs from the draft: a sample this near shows an empty queue,
         * and emptying it on purpose would teach nothing. */
        b->probe_rtt_min_at_us = ack->now_us;
        b->min_rtt_at_us = ack->now_us;
    }
    bool expired = ack->now_us > b->min_rtt_at_us + MIN_RTT_WINDOW_US;
    if (b->probe_rtt_min_us <= b->min_rtt_us || expired) {
        b->min_rtt_us = b->probe_rtt_min_us;
        b->min_rtt_at_us = b->probe_rtt_min_at_us;
    }
}

static uint64_t probe_rtt_cwnd(const struct cc *cc)
{
    return most(bdp(cc, cc->bbr.bw, CWND_GAIN_PROBE_RTT), min_pipe(cc));
}

static void save_cwnd(struct cc *cc)
{
    struct cc_bbr *b = &cc->bbr;
    b->prior_cwnd =
        b->state == PROBE_RTT || b->recovering_timeout ? most(b->prior_cwnd, cc->cwnd) : cc->cwnd;
}

static void leave_probe_rtt(struct cc *cc, uint64_t now_us, uint64_t delivered)
{
    struct cc_bbr *b = &cc->bbr;
    b->probe_rtt_min_at_us = now_us;
    cc->cwnd = (size_t)most(cc->cwnd, b->prior_cwnd);
    reset_short_bounds(b);
    if (b->full_bw_reached) {
        start_probe_down(cc, now_us, delivered);
        start_probe_cruise(b);
    } else {
        set_state(b, STARTUP, GAIN_STARTUP, CWND_GAIN);
    }
}

static void check_probe_rtt(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    if (b->state != PROBE_RTT && b->probe_rtt_expired && !b->idle_restart) {
        save_cwnd(cc);
        set_state(b, PROBE_RTT, 100, CWND_GAIN_PROBE_RTT);
        b->probe_rtt_done_us = 0;
        b->ack_phase = ACKS_PROBE_STOPPING;
        start_round(b, ack->delivered);
    }
    if (b->state == PROBE_RTT) {
        if (b->probe_rtt_done_us == 0 && ack->in_flight <= probe_rtt_cwnd(cc)) {
            b->probe_rtt_done_us = ack->now_us + PROBE_RTT_TIME_US;
            b->probe_rtt_round_done = false;
            start_round(b, ack->delivered);
        } else if (b->probe_rtt_done_us != 0) {
            if (b->round_start)
                b->probe_rtt_round_done = true;
            if (b->probe_rtt_round_done && ack->now_us > b->probe_rtt_done_us)
                leave_probe_rtt(cc, ack->now_us, ack->delivered);
        }
    }
    if (ack->rate.delivered > 0)
        b->idle_restart = false;
}

/* ---- the controls ---- */

static void set_pacing_rate(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    uint64_t rate = b->bw * b->pacing_gain / 100 * (100 - PACING_MARGIN) / 100;
    /* As the window has a least, so has the rate: with less than a packet a
     * round trip the bandwidth samples would only repeat it forever. */
    rate = most(rate, min_pipe(cc) * US_PER_S / most(ack->srtt_us, 1));
    if (b->full_bw_reached || rate > cc->pacing_rate)
        cc->pacing_rate = rate;
    cc->send_quantum = cc_quantum(cc, cc->pacing_rate);
}

static uint64_t bound_for_model(const struct cc *cc, uint64_t cwnd)
{
    const struct cc_bbr *b = &cc->bbr;
    uint64_t cap = UINT64_MAX;
    if (b->state == PROBE_RTT || b->state == PROBE_CRUISE)
        cap = inflight_with_headroom(cc);
    else if (b->state >= PROBE_DOWN)
        cap = b->inflight_long;
    cap = most(least(cap, b->inflight_short), min_pipe(cc));
    return least(cwnd, cap);
}

static void set_cwnd(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    uint64_t target = inflight_for(cc, b->bw, b->cwnd_gain) + b->extra_acked.best[0].value;
    uint64_t cwnd = cc->cwnd;
    if (b->full_bw_reached)
        cwnd = least(cwnd + ack->acked, target);
    else if (cwnd < target || ack->delivered < cc_initial_window(cc))
        cwnd += ack->acked;
    cwnd = most(cwnd, min_pipe(cc));
    if (b->state == PROBE_RTT)
        cwnd = least(cwnd, probe_rtt_cwnd(cc));
    cc->cwnd = (size_t)bound_for_model(cc, cwnd);
}

static void bbr_on_ack(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    update_latest_signals(b, ack);
    update_round(b, ack);
    update_congestion_signals(cc, ack);
    update_ack_aggregation(cc, ack);
    check_full_bw(b, ack);
    check_startup(cc, ack);
    update_probe_bw(cc, ack);
    update_min_rtt(b, ack);
    check_probe_rtt(cc, ack);
    advance_latest_signals(b, ack);
    b->bw = least(max_bw(b), b->bw_short);
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
    if (loss->lost_since <= loss_allowed(cc, loss->tx_in_flight))
        return;
    /* The packets that crossed the threshold began with this many in flight
     * before them: inflight_prefix of the draft. */
    uint64_t prefix = loss->tx_in_flight > loss->bytes ? loss->tx_in_flight - loss->bytes : 0;
    uint64_t lost_prefix = loss->lost_since - least(loss->bytes, loss->lost_since);
    uint64_t allowed = loss_allowed(cc, prefix);
    uint64_t more =
        allowed > lost_prefix ? (allowed - lost_prefix) * 100 / (100 - LOSS_THRESHOLD) : 0;
    handle_inflight_too_high(cc, prefix + more, loss->is_app_limited, loss->now_us,
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
    save_cwnd(cc);
}

static void bbr_on_recovered(struct cc *cc, uint64_t now_us)
{
    (void)now_us;
    struct cc_bbr *b = &cc->bbr;
    if (!b->recovering_timeout)
        return;
    b->recovering_timeout = false;
    if (b->state != PROBE_RTT)
        cc->cwnd = (size_t)most(cc->cwnd, b->prior_cwnd);
}

static void bbr_on_timeout(struct cc *cc, size_t in_flight, uint64_t now_us)
{
    (void)now_us;
    struct cc_bbr *b = &cc->bbr;
    if (!b->recovering_timeout)
        remember_for_undo(cc);
    save_cwnd(cc);
    b->recovering_timeout = true;
    cc->cwnd = in_flight + cc->mss;
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
    if (b->state >= PROBE_DOWN && b->state <= PROBE_UP && b->bw > 0)
        cc->pacing_rate = most(b->bw * (100 - PACING_MARGIN) / 100,
                               min_pipe(cc) * US_PER_S / most(b->min_rtt_us, 1));
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
    reset_short_bounds(b);
    cc_window_max_reset(&b->extra_acked, 0, 0);
    set_state(b, STARTUP, GAIN_STARTUP, CWND_GAIN);
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
