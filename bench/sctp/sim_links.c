/*
 * The link figures in the simulator: the same every time. Each prints a row
 * for BBR and one for CUBIC; the last line is key=value for BBR, the default.
 *
 * Shares are of user data over the link's rate, so headers (28 bytes a packet
 * for IP and UDP, 32 for SCTP) are part of what is missing to 1. DTLS is left
 * out here as TLS is for TCP; it costs both about 2 % more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sim/bulk.h"

enum { OVERHEAD = 28 };

/* The last line, key=value. */
static char summary[400];

static void summarize(const char *key, const char *format, double value)
{
    size_t len = strlen(summary);
    len += (size_t)snprintf(summary + len, sizeof summary - len, "%ssim_%s=", len ? " " : "", key);
    snprintf(summary + len, sizeof summary - len, format, value);
}

static void verbose(struct bulk *f, struct sim_link *l)
{
    struct sctp_stats st;
    sctp_assoc_stats(f->ends[0]->assoc, &st);
    if (getenv("BENCH_VERBOSE"))
        fprintf(stderr,
                "    %s cwnd %zu pace %.1f Mbit/s srtt %.1f ms min %.1f mtu %zu lost %llu rtx %llu "
                "rto %llu tlp %llu undo %llu dropped %llu+%llu\n",
                st.cc, st.cwnd, (double)st.pacing_rate * 8 / 1e6, (double)st.srtt_us / 1e3,
                (double)st.min_rtt_us / 1e3, st.mtu, (unsigned long long)st.lost,
                (unsigned long long)st.retransmitted, (unsigned long long)st.timeouts,
                (unsigned long long)st.tail_probes, (unsigned long long)st.undone,
                (unsigned long long)l->dropped_queue, (unsigned long long)l->dropped_random);
}

struct scenario {
    const char *name;
    uint64_t mbit;
    uint64_t rtt_ms;
    uint64_t queue_ms;
    size_t queue_packets;
    uint32_t loss_ppm;
    unsigned seconds;
};

static double share(const struct scenario *s, enum sctp_cc cc)
{
    double sum = 0;
    const unsigned seeds = 3;
    for (unsigned seed = 1; seed <= seeds; seed++) {
        struct sim *sim = sim_new(seed);
        struct sim_link there = {
            .rate = s->mbit * 125000,
            .delay_us = s->rtt_ms * 500,
            .queue_bytes = s->mbit * 125 * s->queue_ms,
            .queue_packets = s->queue_packets,
            .loss_ppm = s->loss_ppm,
            .overhead = OVERHEAD,
        };
        struct sim_link back = {.rate = s->mbit * 125000,
                                .delay_us = s->rtt_ms * 500,
                                .overhead = OVERHEAD};
        struct sim_link *links[2] = {&there, &back};
        struct bulk *f = bulk_new(sim, links, cc);
        bulk_start(f);
        sim_run(sim, sim_now_us(sim) + s->seconds * US_PER_S, NULL, NULL);
        sum += (double)f->received / (double)(s->mbit * 125000 * s->seconds);
        verbose(f, &there);
        bulk_free(f);
        sim_free(sim);
    }
    return sum / seeds;
}

static double hol(enum sctp_cc cc, double *median)
{
    struct sim *sim = sim_new(1);
    struct sim_link there = {.rate = 12500000,
                             .delay_us = 10000,
                             .queue_bytes = 12500 * 50,
                             .overhead = OVERHEAD};
    struct sim_link back = there;
    struct sim_link *links[2] = {&there, &back};
    struct bulk *f = bulk_new(sim, links, cc);
    bulk_start(f);
    sim_run(sim, sim_now_us(sim) + 100 * US_PER_MS, NULL, NULL);
    bulk_ping(f, 10 * US_PER_MS);
    sim_run(sim, sim_now_us(sim) + 20 * US_PER_S, NULL, NULL);
    double p95 = (double)bulk_ping_delay_us(f, 95) / 1e3;
    *median = (double)bulk_ping_delay_us(f, 50) / 1e3;
    verbose(f, &there);
    bulk_free(f);
    sim_free(sim);
    return p95;
}

/* The smaller share of two flows of a kind; a mean, since chance has its part
 * in it. */
static double fair(enum sctp_cc cc, struct sim_link shared)
{
    const enum sctp_cc kinds[2] = {cc, cc};
    const unsigned seeds = 5;
    double sum = 0;
    for (unsigned seed = 1; seed <= seeds; seed++) {
        double first = bulk_share_of_first(seed, shared, kinds, 50);
        sum += first < 0.5 ? first : 1 - first;
    }
    return sum / seeds;
}

static void measure_fairness(void)
{
    struct sim_link shared = {.rate = 12500000,
                              .delay_us = 10000,
                              .queue_bytes = 12500 * 40,
                              .overhead = OVERHEAD};
    double bbr = fair(SCTP_CC_BBR, shared);
    printf("%-12s %8.3f %8.3f\n", "fair", bbr, fair(SCTP_CC_CUBIC, shared));
    summarize("fair", "%.3f", bbr);
    const enum sctp_cc mixed[2] = {SCTP_CC_BBR, SCTP_CC_CUBIC};
    double beside = bulk_share_of_first(1, shared, mixed, 50);
    printf("%-12s %8.3f            (share of bbr beside cubic)\n", "fair_mixed", beside);
    summarize("fair_mixed", "%.3f", beside);
    /* Hosts and links that are busy at times, as real ones are. */
    shared.stall_ppm = 1000;
    shared.stall_us = 5000;
    bbr = fair(SCTP_CC_BBR, shared);
    printf("%-12s %8.3f %8.3f\n", "fair_stalls", bbr, fair(SCTP_CC_CUBIC, shared));
    summarize("fair_stalls", "%.3f", bbr);
}

static void measure_hol(void)
{
    double median_bbr;
    double median_cubic;
    double bbr = hol(SCTP_CC_BBR, &median_bbr);
    double cubic = hol(SCTP_CC_CUBIC, &median_cubic);
    printf("%-12s %8.1f %8.1f  (median %.1f and %.1f)\n", "hol_p95_ms", bbr, cubic, median_bbr,
           median_cubic);
    summarize("hol_p95_ms", "%.1f", bbr);
}

static void measure_links(const char *only)
{
    static const struct scenario scenarios[] = {
        {"wan_loss0", 200, 50, 50, 0, 0, 20},     {"wan_loss01", 200, 50, 50, 0, 1000, 20},
        {"wan_loss1", 200, 50, 50, 0, 10000, 20}, {"slow", 5, 60, 100, 0, 0, 20},
        {"shallow", 1000, 20, 0, 100, 0, 10},
    };
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        if (only && strcmp(only, scenarios[i].name) != 0)
            continue;
        double bbr = share(&scenarios[i], SCTP_CC_BBR);
        double cubic = share(&scenarios[i], SCTP_CC_CUBIC);
        printf("%-12s %8.3f %8.3f\n", scenarios[i].name, bbr, cubic);
        summarize(scenarios[i].name, "%.3f", bbr);
    }
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : NULL;
    printf("%-12s %8s %8s\n", "simulator", "bbr", "cubic");
    measure_links(only);
    if (!only || strcmp(only, "hol") == 0)
        measure_hol();
    if (!only || strcmp(only, "fair") == 0)
        measure_fairness();
    printf("%s\n", summary);
    return 0;
}
