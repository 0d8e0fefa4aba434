/*
 * Every two to three seconds more is sent than the bandwidth that is known,
 * to see whether more arrives, and less after that, to drain the queue that
 * it made:
 *
 *   PROBE_DOWN ◄─► PROBE_CRUISE ──► PROBE_REFILL ──► PROBE_UP ──► PROBE_DOWN
 *     0.9x              1x               1x            1.25x
 *
 * From cruising it goes down again when a queue comes that was not there.
 *
 * A probe that meets too much loss leaves a bound for the long term, which
 * later probes raise again: by a packet in the first round, then by two, four
 * and so on.
 */
#include "sctp/cc_bbr.h"

enum {
    HEADROOM = 15,         /* percent left to others when cruising */
    CRUISE_INFLIGHT = 115, /* percent of what the model wants: more is a queue */
    RENO_ROUNDS = 63,      /* probe at least as often as Reno would need to */
};

uint64_t bbr_inflight_with_headroom(const struct cc *cc)
{
    const struct cc_bbr *b = &cc->bbr;
    if (b->inflight_long == UINT64_MAX)
        return UINT64_MAX;
    uint64_t headroom = most(cc->mss, b->inflight_long * HEADROOM / 100);
    return most(b->inflight_long > headroom ? b->inflight_long - headroom : 0, bbr_min_pipe(cc));
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

void bbr_start_probe_down(struct cc *cc, uint64_t now_us, uint64_t delivered)
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
    bbr_start_round(b, delivered);
    bbr_set_state(b, BBR_PROBE_DOWN, b->probe_alone ? GAIN_DOWN_ALONE : GAIN_DOWN,
                  CWND_GAIN_CRUISE);
}

void bbr_start_probe_cruise(struct cc_bbr *b)
{
    bbr_set_state(b, BBR_PROBE_CRUISE, 100, CWND_GAIN_CRUISE);
}

static void start_probe_refill(struct cc_bbr *b, uint64_t delivered)
{
    bbr_reset_short_bounds(b);
    b->was_empty = false;
    b->probe_up_rounds = 0;
    b->probe_up_acked = 0;
    b->ack_phase = ACKS_REFILLING;
    bbr_start_round(b, delivered);
    bbr_set_state(b, BBR_PROBE_REFILL, 100, CWND_GAIN_CRUISE);
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
    bbr_start_round(b, ack->delivered);
    bbr_reset_full_bw(b);
    b->full_bw = ack->rate.bytes_per_s;
    b->cycle_at_us = ack->now_us;
    b->probe_alone = ack->srtt_us < b->min_rtt_us + b->min_rtt_us / 4; /* no queue stands */
    bbr_set_state(b, BBR_PROBE_UP, GAIN_UP, CWND_GAIN_UP);
    raise_inflight_slope(cc);
}

static bool has_elapsed(const struct cc_bbr *b, uint64_t now_us, uint64_t interval_us)
{
    return now_us > b->cycle_at_us + interval_us;
}

static bool is_time_to_probe(const struct cc *cc, uint64_t now_us)
{
    const struct cc_bbr *b = &cc->bbr;
    uint64_t reno_rounds = least(RENO_ROUNDS, bbr_bdp(cc, b->bw, 100) / cc->mss);
    return has_elapsed(b, now_us, b->bw_probe_wait_us) ||
           b->rounds_since_probe >= most(reno_rounds, 1);
}

static bool is_time_to_cruise(const struct cc *cc, const struct cc_ack *ack)
{
    if (ack->in_flight > bbr_inflight_with_headroom(cc))
        return false;
    return ack->in_flight <= bbr_inflight_for(cc, bbr_max_bw(&cc->bbr), 100);
}

static bool is_time_to_go_down(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    if (ack->is_cwnd_limited && cc->cwnd >= b->inflight_long) {
        bbr_reset_full_bw(b);
        b->full_bw = ack->rate.bytes_per_s;
        return false;
    }
    /* BBR version 2 left here, version 3 waits three rounds for more bandwidth
     * to show, while a queue of more than a round trip builds up. Alone on
     * the path we need not: after two round trips the first of the probe has
     * been answered, and had there been more, the estimate would have grown.
     * Beside others those rounds are how a small share grows. */
    if (b->probe_alone && has_elapsed(b, ack->now_us, 2 * b->min_rtt_us + b->min_rtt_us / 8) &&
        ack->in_flight >= bbr_inflight_for(cc, bbr_max_bw(b), GAIN_UP))
        return true;
    return b->full_bw_now;
}

/* Departs from the draft: a queue that comes while we cruise, after there was
 * none, is of our making. Some clump of acknowledgements told of a bandwidth
 * that is not there, and the estimate keeps that for two cycles; 2 % too much
 * are enough to fill what the window allows. Or it is a newcomer's, who is
 * welcome to the tenth that draining leaves him. */
static bool is_time_to_drain(const struct cc *cc, const struct cc_ack *ack)
{
    return cc->bbr.was_empty &&
           ack->in_flight > bbr_inflight_for(cc, bbr_max_bw(&cc->bbr), CRUISE_INFLIGHT);
}

static void cruise(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    if (ack->srtt_us < b->min_rtt_us + b->min_rtt_us / 8)
        b->was_empty = true;
    if (is_time_to_probe(cc, ack->now_us))
        start_probe_refill(b, ack->delivered);
    else if (is_time_to_drain(cc, ack))
        bbr_set_state(b, BBR_PROBE_DOWN, GAIN_DOWN, CWND_GAIN_CRUISE);
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
    return ack->rate.lost > bbr_loss_allowed(cc, ack->rate.tx_in_flight);
}

void bbr_handle_inflight_too_high(struct cc *cc, uint64_t tx_in_flight, bool is_app_limited,
                                  uint64_t now_us, uint64_t delivered)
{
    struct cc_bbr *b = &cc->bbr;
    b->bw_probe_samples = false; /* one reaction a probe */
    if (!is_app_limited) {
        uint64_t target = least(bbr_bdp(cc, b->bw, 100), cc->cwnd);
        b->inflight_long = most(tx_in_flight, target * BETA / 100);
    }
    if (b->state == BBR_PROBE_UP)
        bbr_start_probe_down(cc, now_us, delivered);
}

static void adapt_long_term_model(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    if (b->ack_phase == ACKS_PROBE_STARTING && b->round_start)
        b->ack_phase = ACKS_PROBE_FEEDBACK;
    if (b->ack_phase == ACKS_PROBE_STOPPING && b->round_start) {
        b->bw_probe_samples = false;
        b->ack_phase = ACKS_INIT;
        if (b->state >= BBR_PROBE_DOWN && b->state <= BBR_PROBE_UP && !ack->rate.is_app_limited) {
            b->max_bw[1] = b->max_bw[0];
            b->max_bw[0] = 0;
        }
    }
    if (is_inflight_too_high(cc, ack)) {
        if (b->bw_probe_samples)
            bbr_handle_inflight_too_high(cc, ack->rate.tx_in_flight, ack->rate.is_app_limited,
                                         ack->now_us, ack->delivered);
        return;
    }
    if (b->inflight_long == UINT64_MAX)
        return;
    if (ack->rate.tx_in_flight > b->inflight_long)
        b->inflight_long = ack->rate.tx_in_flight;
    if (b->state == BBR_PROBE_UP)
        probe_inflight_upward(cc, ack);
}

void bbr_update_probe_bw(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    if (!b->full_bw_reached)
        return;
    adapt_long_term_model(cc, ack);
    switch (b->state) {
    case BBR_PROBE_DOWN:
        if (is_time_to_probe(cc, ack->now_us))
            start_probe_refill(b, ack->delivered);
        else if (is_time_to_cruise(cc, ack))
            bbr_start_probe_cruise(b);
        break;
    case BBR_PROBE_CRUISE:
        cruise(cc, ack);
        break;
    case BBR_PROBE_REFILL:
        if (b->round_start) {
            b->bw_probe_samples = true;
            start_probe_up(cc, ack);
        }
        break;
    case BBR_PROBE_UP:
        if (is_time_to_go_down(cc, ack))
            bbr_start_probe_down(cc, ack->now_us, ack->delivered);
        break;
    default:
        break;
    }
}
