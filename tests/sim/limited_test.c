/*
 * Messages of limited reliability (RFC 3758), by count and by time: some are
 * given up, and all else arrives.
 */
#include "testing.h"

#include "base/clock.h"
#include "sctp/assoc.h"
#include "sim/net.h"

/* Limited reliability under loss: some is given up, in both formats, what is
 * reliable arrives whole, and the streams go on. */
static void gives_up(struct sctp_outgoing how, bool interleaving, bool large)
{
    struct net *n = net_new(1250000, 20000);
    n->links[0].loss_ppm = 200000;
    n->configs[0].interleaving = interleaving;
    net_connect(n);
    unsigned limited = 0;
    unsigned reliable = 0;
    struct sctp_outgoing plain = {0};
    for (int i = 0; i < 2000; i++) {
        limited += net_send(n, 0, (uint16_t)(i % 3), 1, large ? 9000 : 500, how) == 0;
        if (i % 10 == 0)
            reliable += net_send(n, 0, 3, 2, 400, plain) == 0;
        sctp_assoc_flush(n->ends[0]->assoc, sim_now_us(n->sim));
        net_run_ms(n, large ? 30 : 5);
    }
    uint64_t before = n->apps[1].messages;
    n->links[0].loss_ppm = 0;
    net_run_ms(n, 60000);
    struct sctp_stats stats;
    sctp_assoc_stats(n->ends[0]->assoc, &stats);
    assert_int_equal(stats.in_flight, 0);
    assert_int_equal(sctp_assoc_queued_bytes(n->ends[0]->assoc), 0);
    assert_true(n->apps[1].messages < limited + reliable); /* some were given up */
    assert_true(n->apps[1].messages > (limited + reliable) / (large ? 50 : 2));
    assert_true(n->apps[1].messages >= before);
    before = n->apps[1].messages;
    for (uint16_t s = 0; s < 3; s++)
        assert_int_equal(net_send(n, 0, s, 9, 3000, plain), 0);
    net_run_ms(n, 1000);
    assert_int_equal(n->apps[1].messages, before + 3);
    sctp_assoc_stats(n->ends[1]->assoc, &stats);
    assert_in_range(stats.memory, 0, 60000); /* parts of what was given up are gone */
    net_free(n);
}

static void gives_up_by_count(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct sctp_outgoing how = {.limit_retransmits = true, .unordered = i & 1};
        gives_up(how, i & 2, false);
        gives_up(how, i & 2, true);
    }
}

static void gives_up_by_time(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct sctp_outgoing how = {.lifetime_us = 50 * US_PER_MS, .unordered = i & 1};
        gives_up(how, i & 2, false);
        gives_up(how, i & 2, true);
    }
}

/* A message outlives its time half sent, while no TSN is left to say so with:
 * that waits for an acknowledgement, and not in a loop. */
static void gives_up_beside_a_full_flight(void **state)
{
    (void)state;
    struct net *n = net_new(0, 1000);
    net_connect(n);
    struct sctp_assoc *a = n->ends[0]->assoc;
    n->links[0].loss_ppm = 1000000;
    a->peer_window = a->cc.cwnd = 16 << 20;
    a->cc.pacing_rate = 0;
    struct sctp_outgoing plain = {0};
    while (a->flight.next - a->flight.first < FLIGHT_MAX_CHUNKS - 10) {
        assert_int_equal(net_send(n, 0, 1, 1, 4, plain), 0);
        sctp_assoc_flush(a, sim_now_us(n->sim));
    }
    struct sctp_outgoing limited = {.lifetime_us = 50 * US_PER_MS};
    assert_int_equal(net_send(n, 0, 2, 2, 100000, limited), 0);
    net_run_ms(n, 100);
    assert_int_equal(a->flight.next - a->flight.first, FLIGHT_MAX_CHUNKS);
    n->links[0].loss_ppm = 0;
    net_run_ms(n, 10000);
    assert_true(flight_is_empty(&a->flight));
    assert_int_equal(sctp_assoc_queued_bytes(a), 0);
    assert_int_equal(n->apps[1].last_id, 1);
    net_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_up_by_count),
        cmocka_unit_test(gives_up_by_time),
        cmocka_unit_test(gives_up_beside_a_full_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
