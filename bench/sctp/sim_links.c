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

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
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
    qsort(f->delays_us, f->delay_count, sizeof f->delays_us[0], compare_u64);
    double p95 = (double)f->delays_us[f->delay_count * 95 / 100] / 1e3;
    *median = (double)f->delays_us[f->delay_count / 2] / 1e3;
    verbose(f, &there);
    bulk_free(f);
    sim_free(sim);
    return p95;
}

/* Smaller share of the sum, of a flow with cc and one with other, from 10 s to
 * 60 s; the first one's share goes to *first. */
static double fair(enum sctp_cc cc, enum sctp_cc other, double *first)
{
    struct sim *sim = sim_new(1);
    struct sim_link there = {.rate = 12500000,
                             .delay_us = 10000,
                             .queue_bytes = 12500 * 40,
                             .overhead = OVERHEAD};
    struct sim_link back = {.rate = 12500000, .delay_us = 10000, .overhead = OVERHEAD};
    struct sim_link *links[2] = {&there, &back};
    struct bulk *flows[2] = {bulk_new(sim, links, cc), bulk_new(sim, links, other)};
    bulk_start(flows[0]);
    sim_run(sim, sim_now_us(sim) + 2 * US_PER_S, NULL, NULL);
    bulk_start(flows[1]);
    sim_run(sim, sim_now_us(sim) + 8 * US_PER_S, NULL, NULL);
    uint64_t base[2] = {flows[0]->received, flows[1]->received};
    sim_run(sim, sim_now_us(sim) + 50 * US_PER_S, NULL, NULL);
    double a = (double)(flows[0]->received - base[0]);
    double b = (double)(flows[1]->received - base[1]);
    for (int i = 0; i < 2; i++) {
        verbose(flows[i], &there);
        bulk_free(flows[i]);
    }
    sim_free(sim);
    *first = a / (a + b);
    return (a < b ? a : b) / (a + b);
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {
        {"wan_loss0", 200, 50, 50, 0, 0, 20},
        {"wan_loss01", 200, 50, 50, 0, 1000, 20},
        {"wan_loss1", 200, 50, 50, 0, 10000, 20},
        {"shallow", 1000, 20, 0, 100, 0, 10},
    };
    char line[400] = "";
    const char *only = argc > 1 ? argv[1] : "";
    printf("%-12s %8s %8s\n", "simulator", "bbr", "cubic");
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        if (*only && strcmp(only, scenarios[i].name) != 0)
            continue;
        double bbr = share(&scenarios[i], SCTP_CC_BBR);
        double cubic = share(&scenarios[i], SCTP_CC_CUBIC);
        printf("%-12s %8.3f %8.3f\n", scenarios[i].name, bbr, cubic);
        size_t len = strlen(line);
        snprintf(line + len, sizeof line - len, " sim_%s=%.3f", scenarios[i].name, bbr);
    }
    if (*only && strcmp(only, "hol") != 0 && strcmp(only, "fair") != 0)
        return 0;
    double median_bbr;
    double median_cubic;
    double bbr = hol(SCTP_CC_BBR, &median_bbr);
    double cubic = hol(SCTP_CC_CUBIC, &median_cubic);
    printf("%-12s %8.1f %8.1f  (median %.1f and %.1f)\n", "hol_p95_ms", bbr, cubic, median_bbr,
           median_cubic);
    double first;
    double same_bbr = fair(SCTP_CC_BBR, SCTP_CC_BBR, &first);
    double same_cubic = fair(SCTP_CC_CUBIC, SCTP_CC_CUBIC, &first);
    printf("%-12s %8.3f %8.3f\n", "fair", same_bbr, same_cubic);
    fair(SCTP_CC_BBR, SCTP_CC_CUBIC, &first);
    printf("%-12s %8.3f            (share of bbr beside cubic)\n", "fair_mixed", first);
    printf("%s sim_hol_p95_ms=%.1f sim_fair=%.3f sim_fair_mixed=%.3f\n", line + (line[0] == ' '),
           bbr, same_bbr, first);
    return 0;
}
