/*
 * How links fill: one flow alone on links of every speed, on lossy ones, and
 * two beside each other. The figures are like those of bench/sctp, with room
 * below for what a small change moves.
 */
#include "testing.h"

#include "base/clock.h"
#include "sim/bulk.h"

enum { OVERHEAD = 28, SECONDS = 10, SHARED_SECONDS = 20, MTU_PACKET = 1432 + OVERHEAD };

/* Share of the link's rate that one flow's packets take. */
static double alone(struct sim_link there, enum sctp_cc cc)
{
    struct sim *sim = sim_new(1);
    struct sim_link back = there;
    back.queue_bytes = 0;
    struct sim_link *links[2] = {&there, &back};
    struct bulk *b = bulk_new(sim, links, cc);
    bulk_start(b);
    sim_run(sim, sim_now_us(sim) + SECONDS * US_PER_S, NULL, NULL);
    bulk_free(b);
    sim_free(sim);
    return (double)there.carried_bytes / (double)(there.rate * SECONDS);
}

static void fills_links_of_every_speed(void **state)
{
    (void)state;
    static const uint64_t kbits[] = {500, 1000, 2000, 5000, 10000, 20000, 50000, 100000};
    static const uint64_t delays_ms[] = {2, 10, 30};
    for (size_t k = 0; k < sizeof kbits / sizeof *kbits; k++) {
        for (size_t d = 0; d < sizeof delays_ms / sizeof *delays_ms; d++) {
            struct sim_link link = {
                .rate = kbits[k] * 125,
                .delay_us = delays_ms[d] * US_PER_MS,
                .queue_bytes = kbits[k] * 125 / 10 + 10 * MTU_PACKET, /* 100 ms */
                .overhead = OVERHEAD,
            };
            assert_true(alone(link, SCTP_CC_BBR) > 0.9);
            assert_true(alone(link, SCTP_CC_CUBIC) > 0.9);
        }
    }
}

/* The third second's share of a link that was silent for some time when the
 * flow was so young. */
static double share_behind_outage(uint64_t age_ms, uint64_t outage_ms)
{
    struct sim_link there = {.rate = 25000000,
                             .delay_us = 25 * US_PER_MS,
                             .queue_bytes = 1250000,
                             .overhead = OVERHEAD};
    struct sim_link back = there;
    struct sim_link *links[2] = {&there, &back};
    struct sim *sim = sim_new(1);
    struct bulk *b = bulk_new(sim, links, SCTP_CC_BBR);
    bulk_start(b);
    sim_run(sim, sim_now_us(sim) + age_ms * US_PER_MS, NULL, NULL);
    there.loss_ppm = 1000000;
    sim_run(sim, sim_now_us(sim) + outage_ms * US_PER_MS, NULL, NULL);
    there.loss_ppm = 0;
    sim_run(sim, sim_now_us(sim) + 2 * US_PER_S, NULL, NULL);
    uint64_t before = there.carried_bytes;
    sim_run(sim, sim_now_us(sim) + US_PER_S, NULL, NULL);
    bulk_free(b);
    sim_free(sim);
    return (double)(there.carried_bytes - before) / (double)there.rate;
}

/* With a timeout and without: it is no sign that the rate is found. */
static void finds_the_rate_behind_an_outage(void **state)
{
    (void)state;
    static const uint64_t ms[][2] = {{210, 400}, {270, 50}, {290, 100}, {300, 200}};
    for (size_t i = 0; i < sizeof ms / sizeof *ms; i++)
        assert_true(share_behind_outage(ms[i][0], ms[i][1]) > 0.85);
}

static void fills_lossy_links(void **state)
{
    (void)state;
    static const uint32_t losses_ppm[] = {100, 1000, 10000};
    for (size_t i = 0; i < sizeof losses_ppm / sizeof *losses_ppm; i++) {
        struct sim_link link = {
            .rate = 25000000,
            .delay_us = 25 * US_PER_MS,
            .queue_bytes = 1250000,
            .loss_ppm = losses_ppm[i],
            .overhead = OVERHEAD,
        };
        assert_true(alone(link, SCTP_CC_BBR) > 0.9);
    }
}

/* What leaves back to back fits the queue beside what probing puts there. */
static void fills_links_with_short_queues(void **state)
{
    (void)state;
    static const uint64_t rates[] = {2500000, 25000000, 62500000};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct sim_link link = {
            .rate = rates[i],
            .delay_us = 10 * US_PER_MS,
            .queue_packets = 40,
            .overhead = OVERHEAD,
        };
        assert_true(alone(link, SCTP_CC_BBR) > 0.9);
    }
}

/* Whoever came second gets his part, also where acknowledgements come in
 * clumps. It was a third with cruise windows of twice the path. */
static void shares_links(void **state)
{
    (void)state;
    static const enum sctp_cc same[2] = {SCTP_CC_BBR, SCTP_CC_BBR};
    static const enum sctp_cc mixed[2] = {SCTP_CC_BBR, SCTP_CC_CUBIC};
    struct sim_link link = {
        .rate = 12500000,
        .delay_us = 10 * US_PER_MS,
        .queue_bytes = 500000,
        .overhead = OVERHEAD,
    };
    double of_cubic = bulk_share_of_first(1, link, mixed, SHARED_SECONDS);
    assert_true(of_cubic > 0.25 && of_cubic < 0.75);
    for (unsigned stalls = 0; stalls < 2; stalls++) {
        link.stall_ppm = stalls ? 1000 : 0;
        link.stall_us = 5000;
        double mean = 0;
        for (unsigned seed = 1; seed <= 3; seed++)
            mean += bulk_share_of_first(seed, link, same, SHARED_SECONDS) / 3;
        assert_true(mean > 0.4 && mean < 0.6);
    }
}

/* One flow over such a link, and its like back. */
struct flow {
    struct sim *sim;
    struct sim_link there;
    struct sim_link back;
    struct bulk *bulk;
};

static void flow_init(struct flow *f, uint64_t seed, struct sim_link link, enum sctp_cc cc)
{
    *f = (struct flow){.sim = sim_new(seed), .there = link, .back = link};
    struct sim_link *links[2] = {&f->there, &f->back};
    f->bulk = bulk_new(f->sim, links, cc);
    bulk_start(f->bulk);
}

static void flow_deinit(struct flow *f)
{
    bulk_free(f->bulk);
    sim_free(f->sim);
}

/* Returns the bytes that were received meanwhile. */
static uint64_t flow_run(struct flow *f, uint64_t for_us)
{
    uint64_t before = f->bulk->received;
    sim_run(f->sim, sim_now_us(f->sim) + for_us, NULL, NULL);
    return f->bulk->received - before;
}

static void flow_change_path(struct flow *f)
{
    for (int i = 0; i < 2; i++) {
        sctp_assoc_change_path(f->bulk->ends[i]->assoc, 1432, sim_now_us(f->sim));
        sctp_assoc_flush(f->bulk->ends[i]->assoc, sim_now_us(f->sim));
    }
}

static struct sctp_stats flow_stats(const struct flow *f)
{
    struct sctp_stats stats;
    sctp_assoc_stats(f->bulk->ends[0]->assoc, &stats);
    return stats;
}

/* A clump of acknowledgements makes the bandwidth look a little larger than it
 * is, for two cycles of probing; that must not be a queue all the while. Small
 * messages beside the bulk tell. */
static void leaves_no_standing_queue(void **state)
{
    (void)state;
    struct sim_link link = {
        .rate = 12500000,
        .delay_us = 10 * US_PER_MS,
        .queue_bytes = 625000,
        .overhead = OVERHEAD,
        .stall_ppm = 3000,
        .stall_us = 3000,
    };
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct flow f;
        flow_init(&f, seed, link, SCTP_CC_BBR);
        flow_run(&f, US_PER_S);
        bulk_ping(f.bulk, 10 * US_PER_MS);
        flow_run(&f, 20 * US_PER_S);
        /* 23 ms with the first seed where a cruise is not broken off. */
        assert_in_range(bulk_ping_delay_us(f.bulk, 95), 10 * US_PER_MS, 18 * US_PER_MS);
        flow_deinit(&f);
    }
}

/* A path dies in mid-flow, and after six seconds there is another one. Returns
 * what arrives in three seconds by that. untold_us: of how much that arrived
 * last nothing is heard, and the first packet by that is lost. hiccup_us: how
 * much longer the first round trip takes than the others. */
static uint64_t carried_by_another_path(struct sim_link link, uint64_t untold_us,
                                        uint64_t hiccup_us)
{
    struct flow f;
    flow_init(&f, 1, link, SCTP_CC_BBR);
    flow_run(&f, 4 * US_PER_S);
    f.there.loss_ppm = 1000000;
    flow_run(&f, link.delay_us - untold_us);
    f.back.loss_ppm = untold_us > 0 ? 1000000 : 0;
    flow_run(&f, 6 * US_PER_S);
    f.back.loss_ppm = 0;
    f.there.loss_ppm = untold_us > 0 ? 1000000 : 0;
    f.back.delay_us += hiccup_us;
    flow_change_path(&f);
    f.there.loss_ppm = 0;
    flow_run(&f, 2 * link.delay_us + hiccup_us);
    f.back.delay_us -= hiccup_us;
    uint64_t carried = flow_run(&f, 3 * US_PER_S);
    flow_deinit(&f);
    return carried;
}

/* All that was in flight goes again first, and nothing of that tells a round
 * trip, but the HEARTBEAT does. Without it the window stayed the initial one;
 * with one that was held up, every sample of bandwidth was too short a time to
 * be true. What had arrived and is told of now was under way for six seconds,
 * but that is no round trip of this path. */
static void goes_on_by_another_path(void **state)
{
    (void)state;
    struct sim_link link = {
        .rate = 12500000,
        .delay_us = 50 * US_PER_MS,
        .queue_bytes = 1250000,
        .overhead = OVERHEAD,
    };
    uint64_t least = 3 * link.rate / 2; /* half of what there is room for */
    for (uint64_t ms = 0; ms <= 400; ms += 200)
        assert_true(carried_by_another_path(link, 0, ms * US_PER_MS) > least);
    for (uint64_t ms = 1; ms <= 4; ms++)
        assert_true(carried_by_another_path(link, ms * US_PER_MS, 0) > least);
}

/* From a fast path to a slow one, both of which work: what is acknowledged of
 * the fast one does not open the window of the slow one, which would fill its
 * queue over and over. */
static void begins_anew_on_a_slower_path(void **state)
{
    (void)state;
    struct sim_link link = {
        .rate = 125000000,
        .delay_us = US_PER_MS,
        .queue_bytes = 1250000,
        .overhead = OVERHEAD,
    };
    for (int cc = SCTP_CC_BBR; cc <= SCTP_CC_CUBIC; cc++) {
        struct flow f;
        flow_init(&f, 1, link, (enum sctp_cc)cc);
        flow_run(&f, 4 * US_PER_S);
        uint64_t retransmitted = flow_stats(&f).retransmitted;
        f.there.rate = f.back.rate = 1250000;
        f.there.delay_us = f.back.delay_us = 50 * US_PER_MS;
        f.there.queue_bytes = 250000;
        flow_change_path(&f);
        assert_true(flow_run(&f, 4 * US_PER_S) > 3 * f.there.rate);
        assert_in_range(flow_stats(&f).retransmitted - retransmitted, 0, 300);
        flow_deinit(&f);
    }
}

/* The application pauses, the window closes, and timeouts of what it turned
 * away follow. When there is room again, none of that counts: it was seconds
 * of silence, then a window and packets of the least size. */
static void goes_on_when_read_again(void **state)
{
    (void)state;
    struct sim_link link = {
        .rate = 1250000,
        .delay_us = 20 * US_PER_MS,
        .queue_bytes = 125000,
        .overhead = OVERHEAD,
    };
    for (uint64_t pause_s = 1; pause_s <= 32; pause_s *= 2) {
        for (int cc = SCTP_CC_BBR; cc <= SCTP_CC_CUBIC; cc++) {
            struct flow f;
            flow_init(&f, 1, link, (enum sctp_cc)cc);
            struct sctp_assoc *reader = f.bulk->ends[1]->assoc;
            flow_run(&f, 3 * US_PER_S);
            sctp_assoc_set_reading(reader, false, sim_now_us(f.sim));
            flow_run(&f, pause_s * US_PER_S);
            sctp_assoc_set_reading(reader, true, sim_now_us(f.sim));
            assert_true(flow_run(&f, US_PER_S) > link.rate * 6 / 10);
            assert_int_equal(flow_stats(&f).mtu, 1432);
            flow_deinit(&f);
        }
    }
}

/* Who only receives has to notice, too, that round trips became longer, or the
 * window stays as wide as the short ones needed: a quarter of the link. */
static void window_follows_the_round_trip(void **state)
{
    (void)state;
    struct sim_link link = {
        .rate = 12500000,
        .delay_us = 5 * US_PER_MS,
        .queue_bytes = 3000000,
        .overhead = OVERHEAD,
    };
    struct flow f;
    flow_init(&f, 1, link, SCTP_CC_BBR);
    flow_run(&f, 5 * US_PER_S);
    f.there.delay_us = f.back.delay_us = 150 * US_PER_MS;
    flow_run(&f, 25 * US_PER_S);
    assert_true(flow_run(&f, 5 * US_PER_S) > 5 * link.rate * 9 / 10);
    flow_deinit(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_no_standing_queue),
        cmocka_unit_test(goes_on_by_another_path),
        cmocka_unit_test(begins_anew_on_a_slower_path),
        cmocka_unit_test(goes_on_when_read_again),
        cmocka_unit_test(window_follows_the_round_trip),
        cmocka_unit_test(fills_links_of_every_speed),
        cmocka_unit_test(finds_the_rate_behind_an_outage),
        cmocka_unit_test(fills_lossy_links),
        cmocka_unit_test(fills_links_with_short_queues),
        cmocka_unit_test(shares_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
