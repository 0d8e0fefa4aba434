/*
 * The path MTU that an association finds, on paths that are larger or smaller
 * than its base, or change.
 */
#include "testing.h"

#include "sctp/assoc.h"
#include "sim/net.h"

static size_t mtu_of(const struct net *n, int side)
{
    struct sctp_stats stats;
    sctp_assoc_stats(n->ends[side]->assoc, &stats);
    return stats.mtu;
}

static void finds_the_path_mtu(void **state)
{
    (void)state;
    struct net *n = net_new(0, 10000);
    n->links[0].mtu = 4321;
    n->configs[0].mtu_max = 9000;
    net_connect(n);
    net_run_ms(n, 20000);
    struct sctp_stats stats;
    sctp_assoc_stats(n->ends[0]->assoc, &stats);
    assert_in_range(stats.mtu, 4321 - 20, 4321);
    /* A black hole opens: traffic goes on with small packets. */
    n->links[0].mtu = 1300;
    struct sctp_outgoing how = {0};
    for (int i = 0; i < 5; i++)
        assert_int_equal(net_send(n, 0, 1, 1, 3000, how), 0);
    net_run_ms(n, 10000);
    sctp_assoc_stats(n->ends[0]->assoc, &stats);
    assert_int_equal(stats.mtu, 1200);
    assert_int_equal(n->apps[1].messages, 5);
    net_free(n);
}

/* No path has to carry 1200 bytes. The packets become as small as they must,
 * and no smaller where that can be found out. */
static void goes_below_the_base(void **state)
{
    (void)state;
    static const size_t mtus[] = {1196, 1100, 700, 504};
    for (size_t i = 0; i < 2 * sizeof mtus / sizeof *mtus; i++) {
        struct net *n = net_new(0, 10000);
        bool is_probed = i % 2 == 0;
        size_t mtu = mtus[i / 2];
        for (int side = 0; side < 2; side++)
            n->configs[side].interleaving = n->configs[side].zero_checksum = is_probed;
        n->links[0].mtu = n->links[1].mtu = mtu;
        net_connect(n);
        struct sctp_outgoing how = {0};
        for (int m = 0; m < 5; m++)
            assert_int_equal(net_send(n, 0, 1, 1, 3000, how), 0);
        net_run_ms(n, 5000);
        assert_int_equal(n->apps[1].messages, 5);
        net_run_ms(n, 15000);
        assert_in_range(mtu_of(n, 0), is_probed ? mtu - 16 : 504, mtu);
        assert_int_equal(n->apps[0].told_mtu, mtu_of(n, 0));
        /* The other end has sent nothing yet, and knows nevertheless. */
        if (is_probed)
            assert_in_range(mtu_of(n, 1), mtu - 16, mtu);
        net_free(n);
    }
}

/* All messages are smaller than a packet, and larger than the path. */
static void goes_below_what_it_sends(void **state)
{
    (void)state;
    struct net *n = net_new(0, 10000);
    for (int side = 0; side < 2; side++)
        n->configs[side].interleaving = n->configs[side].zero_checksum = false;
    n->links[0].mtu = 600;
    net_connect(n);
    struct sctp_outgoing how = {0};
    assert_int_equal(net_send(n, 0, 1, 1, 800, how), 0);
    net_run_ms(n, 5000);
    assert_int_equal(n->apps[1].messages, 1);
    assert_int_equal(mtu_of(n, 0), 504);
    net_free(n);
}

/* Where nothing passes for a while, no packet was too large. */
static void an_outage_is_no_small_path(void **state)
{
    (void)state;
    struct net *n = net_new(0, 10000);
    net_connect(n);
    net_run_ms(n, 1000);
    assert_int_equal(mtu_of(n, 0), 1432);
    for (int round = 0; round < 2; round++) {
        struct sctp_outgoing how = {0};
        n->links[0].loss_ppm = 1000000;
        for (int m = 0; m < 5; m++)
            assert_int_equal(net_send(n, 0, 1, 1, 3000, how), 0);
        net_run_ms(n, 4000);
        n->links[0].loss_ppm = 0;
        for (int ms = 0; ms < 10000; ms += 10) { /* a search would mend it */
            net_run_ms(n, 10);
            assert_int_equal(mtu_of(n, 0), 1432);
        }
        assert_int_equal(n->apps[1].messages, 5 * (round + 1));
    }
    net_free(n);
}

/* What the owner knows is kept to from the first packet on. */
static void keeps_below_the_ceiling(void **state)
{
    (void)state;
    struct net *n = net_new(0, 10000);
    for (int i = 0; i < 2; i++) {
        n->links[i].mtu = n->configs[i].mtu_max = 1003;
    }
    net_connect(n);
    struct sctp_outgoing how = {0};
    for (int m = 0; m < 5; m++)
        assert_int_equal(net_send(n, 0, 1, 1, 3000, how), 0);
    net_run_ms(n, 5000);
    struct sctp_stats stats;
    sctp_assoc_stats(n->ends[0]->assoc, &stats);
    assert_int_equal(n->apps[1].messages, 5);
    assert_int_equal(stats.mtu, 1000);
    assert_int_equal(stats.lost, 0);

    n->links[0].mtu = 702;
    sctp_assoc_change_path(n->ends[0]->assoc, 702, sim_now_us(n->sim));
    for (int m = 0; m < 5; m++)
        assert_int_equal(net_send(n, 0, 1, 1, 3000, how), 0);
    net_run_ms(n, 5000);
    sctp_assoc_stats(n->ends[0]->assoc, &stats);
    assert_int_equal(n->apps[1].messages, 10);
    assert_int_equal(stats.mtu, 700);
    assert_int_equal(stats.lost, 0);
    net_free(n);
}

/* At rest, too, the new path is asked at once. */
static void move_at_rest(struct net *n)
{
    struct sctp_stats stats;
    for (int i = 0; i < 2; i++)
        sctp_assoc_change_path(n->ends[i]->assoc, 9000, sim_now_us(n->sim));
    for (int i = 0; i < 2; i++)
        sctp_assoc_flush(n->ends[i]->assoc, sim_now_us(n->sim));
    sctp_assoc_stats(n->ends[0]->assoc, &stats);
    assert_int_equal(stats.srtt_us, 0);
    net_run_ms(n, 9);
    for (int i = 0; i < 2; i++) {
        sctp_assoc_stats(n->ends[i]->assoc, &stats);
        assert_in_range(stats.srtt_us, 1, 9000);
    }
}

/* From a LAN with jumbo frames, which loses what is under way, to a path ten
 * times as long: that comes through in fragments, and the path is measured
 * anew. */
static void moves_to_another_path(void **state)
{
    (void)state;
    struct net *n = net_new(0, 1000);
    for (int i = 0; i < 2; i++)
        n->configs[i].mtu_max = 9000;
    net_connect(n);
    net_run_ms(n, 5000);
    struct sctp_stats stats;
    sctp_assoc_stats(n->ends[0]->assoc, &stats);
    assert_int_equal(stats.mtu, 9000);
    assert_in_range(stats.min_rtt_us, 1, 9000);
    move_at_rest(n);
    net_run_ms(n, 5000);

    struct sctp_outgoing how = {0};
    n->links[0].loss_ppm = 1000000;
    assert_int_equal(net_send(n, 0, 1, 1, 40000, how), 0);
    net_run_ms(n, 100);
    n->links[0].loss_ppm = 0;
    for (int i = 0; i < 2; i++) {
        n->links[i].mtu = 1400;
        n->links[i].delay_us = 50000;
        sctp_assoc_change_path(n->ends[i]->assoc, 1400, sim_now_us(n->sim));
    }
    sctp_assoc_stats(n->ends[0]->assoc, &stats);
    assert_int_equal(stats.mtu, 1200);
    net_run_ms(n, 20000);
    assert_int_equal(n->apps[1].messages, 1);
    sctp_assoc_stats(n->ends[0]->assoc, &stats);
    assert_int_equal(stats.mtu, 1400);
    assert_in_range(stats.min_rtt_us, 100000, 101000);
    net_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_path_mtu),       cmocka_unit_test(goes_below_the_base),
        cmocka_unit_test(goes_below_what_it_sends), cmocka_unit_test(an_outage_is_no_small_path),
        cmocka_unit_test(keeps_below_the_ceiling),  cmocka_unit_test(moves_to_another_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
