/*
 * The insides of BBR version 3 (draft-ietf-ccwg-bbr), shared by its files
 * only. Names follow the draft.
 *
 *   cc_bbr.c        states, pacing rate and window, what the engine calls
 *   cc_bbr_model.c  rounds, bandwidth, loss and clumps of acknowledgements
 *   cc_bbr_probe.c  the cycle of bandwidth probing, the long-term bound
 *   cc_bbr_rtt.c    the least round trip, and PROBE_RTT that looks for it
 */
#ifndef SCTP_CC_BBR_H
#define SCTP_CC_BBR_H

#include "base/clock.h"
#include "sctp/cc.h"

enum bbr_state {
    BBR_STARTUP,
    BBR_DRAIN,
    BBR_PROBE_DOWN,
    BBR_PROBE_CRUISE,
    BBR_PROBE_REFILL,
    BBR_PROBE_UP,
    BBR_PROBE_RTT,
};

/* What acknowledgements now arriving tell about. */
enum bbr_ack_phase {
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
    LOSS_THRESHOLD = 2, /* percent of what was in flight */
    BETA = 70,          /* percent kept after loss */
};

static inline uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* cc_bbr_model.c */
void bbr_set_state(struct cc_bbr *b, enum bbr_state state, unsigned pacing_gain,
                   unsigned cwnd_gain);
uint64_t bbr_max_bw(const struct cc_bbr *b);
uint64_t bbr_min_pipe(const struct cc *cc);
/* Bandwidth-delay product times gain, in bytes. */
uint64_t bbr_bdp(const struct cc *cc, uint64_t bw, unsigned gain);
/* In flight for a gain, with room for what is being assembled here and for
 * acknowledgements of few packets. */
uint64_t bbr_inflight_for(const struct cc *cc, uint64_t bw, unsigned gain);
/* How much may be lost of that much in flight. */
uint64_t bbr_loss_allowed(const struct cc *cc, uint64_t in_flight);
void bbr_reset_full_bw(struct cc_bbr *b);
void bbr_reset_short_bounds(struct cc_bbr *b);
void bbr_start_round(struct cc_bbr *b, uint64_t delivered);
void bbr_update_model(struct cc *cc, const struct cc_ack *ack);
/* When all else has seen the signals of the round that ended. */
void bbr_advance_latest_signals(struct cc_bbr *b, const struct cc_ack *ack);

/* cc_bbr_probe.c */
uint64_t bbr_inflight_with_headroom(const struct cc *cc);
/* After DRAIN and PROBE_RTT. */
void bbr_start_probe_down(struct cc *cc, uint64_t now_us, uint64_t delivered);
void bbr_start_probe_cruise(struct cc_bbr *b);
void bbr_handle_inflight_too_high(struct cc *cc, uint64_t tx_in_flight, bool is_app_limited,
                                  uint64_t now_us, uint64_t delivered);
void bbr_update_probe_bw(struct cc *cc, const struct cc_ack *ack);

/* cc_bbr_rtt.c */
void bbr_update_rtt(struct cc *cc, const struct cc_ack *ack);
uint64_t bbr_probe_rtt_cwnd(const struct cc *cc);
/* The window to return to after PROBE_RTT or a timeout. */
void bbr_save_cwnd(struct cc *cc);

#endif
