/*
 * The least round trip of ten seconds. When it was not seen again for five,
 * PROBE_RTT empties the queue by sending little, for 200 ms and a round trip;
 * flows that share a queue come to do so at the same time.
 */
#include "sctp/cc_bbr.h"

enum { MIN_RTT_CONFIRMED = 64 /* a sample within this part of it confirms it */ };

#define MIN_RTT_WINDOW_US     (10 * US_PER_S)
#define PROBE_RTT_INTERVAL_US (5 * US_PER_S)
#define PROBE_RTT_TIME_US     (200 * US_PER_MS)

/* What is acknowledged on a path that took over in mid-flight was all sent
 * twice at first, and has no round trip; the HEARTBEAT that asked for the path
 * has one. The window would stay the initial one without. */
static uint64_t newest_rtt(const struct cc_bbr *b, const struct cc_ack *ack)
{
    bool is_none_known = ack->rtt_us == 0 && b->min_rtt_us == UINT64_MAX;
    return is_none_known ? ack->srtt_us : ack->rtt_us;
}

static void update_min_rtt(struct cc_bbr *b, const struct cc_ack *ack)
{
    uint64_t rtt_us = newest_rtt(b, ack);
    b->probe_rtt_expired = ack->now_us > b->probe_rtt_min_at_us + PROBE_RTT_INTERVAL_US;
    if (rtt_us > 0 && (rtt_us <= b->probe_rtt_min_us || b->probe_rtt_expired)) {
        b->probe_rtt_min_us = rtt_us;
        b->probe_rtt_min_at_us = ack->now_us;
    } else if (rtt_us > 0 && b->probe_rtt_min_us == b->min_rtt_us &&
               rtt_us - b->min_rtt_us <= b->min_rtt_us / MIN_RTT_CONFIRMED) {
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

uint64_t bbr_probe_rtt_cwnd(const struct cc *cc)
{
    return most(bbr_bdp(cc, cc->bbr.bw, CWND_GAIN_PROBE_RTT), bbr_min_pipe(cc));
}

void bbr_save_cwnd(struct cc *cc)
{
    struct cc_bbr *b = &cc->bbr;
    b->prior_cwnd = b->state == BBR_PROBE_RTT || b->recovering_timeout
                        ? most(b->prior_cwnd, cc->cwnd)
                        : cc->cwnd;
}

static void leave_probe_rtt(struct cc *cc, uint64_t now_us, uint64_t delivered)
{
    struct cc_bbr *b = &cc->bbr;
    b->probe_rtt_min_at_us = now_us;
    cc->cwnd = (size_t)most(cc->cwnd, b->prior_cwnd);
    bbr_reset_short_bounds(b);
    if (b->full_bw_reached) {
        bbr_start_probe_down(cc, now_us, delivered);
        bbr_start_probe_cruise(b);
    } else {
        bbr_set_state(b, BBR_STARTUP, GAIN_STARTUP, CWND_GAIN);
    }
}

static void check_probe_rtt(struct cc *cc, const struct cc_ack *ack)
{
    struct cc_bbr *b = &cc->bbr;
    if (b->state != BBR_PROBE_RTT && b->probe_rtt_expired && !b->idle_restart) {
        bbr_save_cwnd(cc);
        bbr_set_state(b, BBR_PROBE_RTT, 100, CWND_GAIN_PROBE_RTT);
        b->probe_rtt_done_us = 0;
        b->ack_phase = ACKS_PROBE_STOPPING;
        bbr_start_round(b, ack->delivered);
    }
    if (b->state == BBR_PROBE_RTT) {
        if (b->probe_rtt_done_us == 0 && ack->in_flight <= bbr_probe_rtt_cwnd(cc)) {
            b->probe_rtt_done_us = ack->now_us + PROBE_RTT_TIME_US;
            b->probe_rtt_round_done = false;
            bbr_start_round(b, ack->delivered);
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

void bbr_update_rtt(struct cc *cc, const struct cc_ack *ack)
{
    update_min_rtt(&cc->bbr, ack);
    check_probe_rtt(cc, ack);
}
