/*
 * What acknowledgements tell of the path. The bandwidth is the most that was
 * delivered in this probing cycle and the one before. Frequent loss bounds it
 * and the flight for a short term, until the next probe. How much came at
 * once beyond the bandwidth is what the window has to allow for besides.
 */
#include "sctp/cc_bbr.h"

enum {
    MIN_PIPE_PACKETS = 4,
    FULL_BW_ROUNDS = 3,
    EXTRA_ACKED_ROUNDS = 10,
    STARTUP_PAUSES = 10, /* rounds of them that are believed */
};

void bbr_set_state(struct cc_bbr *b, enum bbr_state state, unsigned pacing_gain, unsigned cwnd_gain)
{
    b->state = (int)state;
    b->pacing_gain = pacing_gain;
    b->cwnd_gain = cwnd_gain;
}

uint64_t bbr_max_bw(const struct cc_bbr *b)
{
    return most(b->max_bw[0], b->max_bw[1]);
}

uint64_t bbr_min_pipe(const struct cc *cc)
{
    return MIN_PIPE_PACKETS * cc->mss;
}

uint64_t bbr_bdp(const struct cc *cc, uint64_t bw, unsigned gain)
{
    const struct cc_bbr *b = &cc->bbr;
    if (b->min_rtt_us == UINT64_MAX)
        return cc_initial_window(cc);
    return bw * b->min_rtt_us / US_PER_S * gain / 100;
}

uint64_t bbr_inflight_for(const struct cc *cc, uint64_t bw, unsigned gain)
{
    uint64_t inflight = most(bbr_bdp(cc, bw, gain), 3 * cc->send_quantum);
    inflight = most(inflight, bbr_min_pipe(cc));
    return cc->bbr.state == BBR_PROBE_UP ? inflight + 2 * cc->mss : inflight;
}

/* Departs from the draft below 100 packets: there a single loss would be
 * above 2 %, and a path with random loss would be squeezed down to the
 * minimum. Two are no sign of a full queue either. */
uint64_t bbr_loss_allowed(const struct cc *cc, uint64_t in_flight)
{
    return most(in_flight * LOSS_THRESHOLD / 100, 2 * cc->mss);
}

void bbr_reset_full_bw(struct cc_bbr *b)
{
    b->full_bw = 0;
    b->full_bw_count = 0;
    b->full_bw_now = false;
}

void bbr_reset_short_bounds(struct cc_bbr *b)
{
    b->bw_short = UINT64_MAX;
    b->inflight_short = UINT64_MAX;
}

void bbr_start_round(struct cc_bbr *b, uint64_t delivered)
{
    b->next_round_delivered = delivered;
}

static void update_round(struct cc_bbr *b, const struct cc_ack *ack)
{
    b->round_start = ack->rate.prior_delivered >= b->next_round_delivered;
    if (!b->round_start)
        return;
    bbr_start_round(b, ack->delivered);
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

static bool is_probing_bw(const struct cc_bbr *b)
{
    return b->state == BBR_STARTUP || b->state == BBR_PROBE_REFILL || b->state == BBR_PROBE_UP;
}

static void update_congestion_signals(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    if (ack->rate.bytes_per_s > 0 &&
        (ack->rate.bytes_per_s >= bbr_max_bw(b) || !ack->rate.is_app_limited))
        b->max_bw[0] = most(b->max_bw[0], ack->rate.bytes_per_s);
    b->lost_in_round += ack->lost;
    if (!b->loss_round_start)
        return;
    /* Departs from the draft, which takes any loss for congestion: with random
     * loss there is some in every round, and since the rate is paced 1 % below
     * the estimate, the bound would shrink each time. */
    if (b->lost_in_round > bbr_loss_allowed(cc, b->inflight_latest) && !is_probing_bw(b)) {
        if (b->bw_short == UINT64_MAX)
            b->bw_short = bbr_max_bw(b);
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

/* Departs from the draft: a round in which far less arrived than before, since
 * the path or one of the hosts was away for a moment, is no sign that there is
 * no more. Of a full path about as much arrives as before. */
static bool was_away(const struct cc_bbr *b, const struct cc_ack *ack)
{
    return b->state == BBR_STARTUP && b->startup_pauses < STARTUP_PAUSES &&
           ack->rate.bytes_per_s < b->full_bw - b->full_bw / 4;
}

static void check_full_bw(struct cc_bbr *b, const struct cc_ack *ack)
{
    if (b->full_bw_now || !b->round_start || ack->rate.is_app_limited)
        return;
    if (was_away(b, ack)) {
        b->startup_pauses++;
        return;
    }
    if (ack->rate.bytes_per_s >= b->full_bw + b->full_bw / 4) {
        bbr_reset_full_bw(b);
        b->full_bw = ack->rate.bytes_per_s;
        return;
    }
    b->full_bw_count++;
    b->full_bw_now = b->full_bw_count >= FULL_BW_ROUNDS;
    if (b->full_bw_now)
        b->full_bw_reached = true;
}

void bbr_update_model(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    update_latest_signals(b, ack);
    update_round(b, ack);
    update_congestion_signals(cc, ack);
    update_ack_aggregation(cc, ack);
    check_full_bw(b, ack);
}

void bbr_advance_latest_signals(struct cc_bbr *b, const struct cc_ack *ack)
{
    if (b->loss_round_start) {
        b->bw_latest = ack->rate.bytes_per_s;
        b->inflight_latest = ack->rate.delivered;
    }
}
