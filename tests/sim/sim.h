/*
 * A network in a box: associations joined by links with delay, rate, queue
 * and every kind of misfortune, under a clock that only moves from event to
 * event. The same seed gives the same run.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sctp/sctp.h"

struct sim_link {
    uint64_t rate;        /* bytes per second; 0: no limit */
    uint64_t delay_us;    /* one way */
    uint64_t jitter_us;   /* added, uniform; keeps the order */
    uint64_t queue_bytes; /* drop tail; 0: no limit */
    size_t queue_packets; /* the same in packets; 0: no limit */
    size_t overhead;      /* bytes of lower layers a packet: IP, UDP, DTLS */
    size_t mtu;           /* larger packets vanish; 0: no limit */
    uint32_t loss_ppm;
    uint32_t burst_ppm;      /* chance that a bad time begins, a packet */
    uint32_t burst_exit_ppm; /* and that it ends; all is lost meanwhile */
    uint32_t reorder_ppm;    /* delayed by up to reorder_us, overtaken */
    uint64_t reorder_us;
    uint32_t stall_ppm; /* nothing arrives for up to stall_us, then all at once: */
    uint64_t stall_us;  /* a busy host, a radio that waits for its turn */
    uint32_t duplicate_ppm;
    uint32_t corrupt_ppm;
    /* State and counters. */
    uint64_t free_at_ns; /* the transmitter is busy until then */
    uint64_t last_at_us;
    size_t queued_packets;
    bool is_bad;
    uint64_t bad_until_us;
    uint64_t carried_bytes;
    uint64_t carried;
    uint64_t dropped_queue;
    uint64_t dropped_random;
};

struct sim_end {
    struct sctp_assoc *assoc;
    struct sctp_assoc_config config; /* as that was made */
    struct sim_end *peer;
    struct sim_link *link; /* that its packets take */
    struct sim *sim;
    void *user;
    size_t index;
};

struct sim;

struct sim *sim_new(uint64_t seed);
void sim_free(struct sim *sim);

uint64_t sim_now_us(const struct sim *sim);
uint32_t sim_random(struct sim *sim, uint32_t below);
bool sim_chance(struct sim *sim, uint32_t ppm);

/* Two associations, joined. handlers' `arg` is the struct sim_end; they call
 * it, its peer and no others. on_packets is the simulator's own. */
void sim_pair(struct sim *sim, const struct sctp_assoc_config configs[2],
              const struct sctp_assoc_handlers *handlers, struct sim_link *links[2],
              struct sim_end *ends[2]);

/* Called at a time: for the tests' own events. */
void sim_at(struct sim *sim, uint64_t at_us, void (*call)(struct sim *sim, void *arg), void *arg);

/* Runs until the time, or until done(arg), which only looks, says so (may be
 * NULL). True when done. */
bool sim_run(struct sim *sim, uint64_t until_us, bool (*done)(void *arg), void *arg);

#endif
