/*
 * Congestion control: how much may be in flight, and how fast it leaves. Two
 * algorithms behind one interface; the association owns the struct and reads
 * its first three fields.
 *
 * Bytes are chunk bytes, headers of the packets below not counted.
 */
#ifndef SCTP_CC_H
#define SCTP_CC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sctp/rate.h"

/* One SACK's worth of news. */
struct cc_ack {
    uint64_t now_us;
    uint64_t rtt_us; /* newest sample, 0 when there is none */
    uint64_t srtt_us;
    uint64_t delivered; /* total of the association */
    size_t acked;       /* bytes newly acked, of those sent on this path */
    size_t lost;        /* bytes newly lost */
    size_t in_flight;   /* now */
    size_t prior_in_flight;
    bool in_recovery;
    bool is_cwnd_limited; /* the window held back what was to be sent */
    bool has_backlog;     /* something waited, for the window or for pacing */
    struct rate_sample rate;
};

/* One chunk that was declared lost. */
struct cc_loss {
    uint64_t now_us;
    uint64_t delivered;
    size_t bytes;
    size_t tx_in_flight; /* when it was sent */
    uint64_t lost_since; /* bytes lost since it was sent, itself included */
    bool is_app_limited;
    bool starts_range; /* the chunk before it was not lost at the same time */
};

struct cc;

struct cc_ops {
    const char *name;
    void (*init)(struct cc *cc, uint64_t now_us);
    void (*on_ack)(struct cc *cc, const struct cc_ack *ack);
    void (*on_loss)(struct cc *cc, const struct cc_loss *loss);
    /* A round trip with loss begins; it ended; a timeout expired. */
    void (*on_recovery)(struct cc *cc, size_t in_flight, uint64_t now_us);
    void (*on_recovered)(struct cc *cc, uint64_t now_us);
    void (*on_timeout)(struct cc *cc, size_t in_flight, uint64_t now_us);
    /* What was taken for loss since on_recovery or on_timeout was none. */
    void (*on_undo)(struct cc *cc, uint64_t now_us);
    /* Sending again after nothing was in flight. */
    void (*on_restart)(struct cc *cc, uint64_t idle_us, uint64_t now_us);
    const char *(*state)(const struct cc *cc);
};

/* A maximum over a sliding window of rounds, kept as the best of three parts
 * of it. */
struct cc_window_max {
    struct {
        uint64_t value;
        uint64_t at;
    } best[3];
};

struct cc_bbr {
    int state;
    unsigned pacing_gain; /* percent */
    unsigned cwnd_gain;
    uint64_t max_bw[2]; /* this bandwidth-probing cycle, and the one before */
    uint64_t bw;
    uint64_t bw_short; /* bounds after loss; UINT64_MAX: none */
    uint64_t inflight_short;
    uint64_t inflight_long;
    uint64_t bw_latest;
    uint64_t inflight_latest;
    uint64_t loss_round_delivered;
    uint64_t next_round_delivered;
    uint64_t round_count;
    bool round_start;
    bool loss_round_start;
    uint64_t lost_in_round;
    unsigned loss_ranges; /* in this round */
    unsigned startup_pauses;
    uint64_t full_bw;
    unsigned full_bw_count;
    bool full_bw_now;
    bool full_bw_reached;
    struct cc_window_max extra_acked;
    uint64_t extra_acked_start_us;
    uint64_t extra_acked_delivered;
    uint64_t min_rtt_us;
    uint64_t min_rtt_at_us;
    uint64_t probe_rtt_min_us;
    uint64_t probe_rtt_min_at_us;
    bool probe_rtt_expired;
    uint64_t probe_rtt_done_us; /* 0: not yet counting */
    bool probe_rtt_round_done;
    uint64_t cycle_at_us;
    uint64_t bw_probe_wait_us;
    unsigned rounds_since_probe;
    int ack_phase;
    bool bw_probe_samples;
    bool probe_alone; /* no standing queue when this probe began */
    bool was_empty;   /* the queue, since the last probe */
    unsigned probe_up_rounds;
    uint64_t probe_up_bytes; /* to be acked for the next step up */
    uint64_t probe_up_acked;
    uint64_t prior_cwnd;
    bool idle_restart;
    bool recovering_timeout;
    struct {
        uint64_t cwnd, bw_short, inflight_short, inflight_long;
    } undo;
};

struct cc_cubic {
    uint64_t ssthresh;
    uint64_t w_max;
    uint64_t origin_us; /* of this epoch; 0: not begun */
    uint64_t cwnd_epoch;
    uint64_t k_ms;  /* until the window is w_max again */
    uint64_t w_est; /* what Reno would have */
    uint64_t w_est_acked;
    uint64_t growth_acked;
    /* HyStart++ */
    uint64_t round_end; /* delivered */
    uint64_t round_min_us;
    uint64_t last_round_min_us;
    uint64_t css_baseline_us;
    unsigned round_samples;
    unsigned css_rounds; /* 0: plain slow start */
    struct {
        uint64_t cwnd, ssthresh, w_max, cwnd_epoch, k_ms;
    } undo;
};

struct cc {
    size_t cwnd;
    uint64_t pacing_rate; /* bytes per second; 0: not paced yet */
    size_t send_quantum;  /* bytes that may leave back to back */
    size_t mss;           /* largest chunk */
    uint32_t random;
    const struct cc_ops *ops;
    union {
        struct cc_bbr bbr;
        struct cc_cubic cubic;
    };
};

extern const struct cc_ops cc_bbr_ops;
extern const struct cc_ops cc_cubic_ops;

void cc_init(struct cc *cc, const struct cc_ops *ops, size_t mss, uint32_t random, uint64_t now_us);

void cc_window_max_reset(struct cc_window_max *m, uint64_t at, uint64_t value);
void cc_window_max_add(struct cc_window_max *m, uint64_t window, uint64_t at, uint64_t value);

/* 10 packets, but not above 14,600 bytes at first (RFC 6928). */
size_t cc_initial_window(const struct cc *cc);

/* Bytes back to back for a pacing rate: a millisecond's worth, since each burst
 * costs a wake-up, but no more than some 16 packets, or where that is more, an
 * eighth of a millisecond's; at least two packets. Bounded for the sake of
 * queues that are short: one burst is to fit what they have left. */
size_t cc_quantum(const struct cc *cc, uint64_t rate);

#endif
