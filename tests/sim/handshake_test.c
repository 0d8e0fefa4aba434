/*
 * How two associations come to be: with a handshake, and data that rides in it;
 * with INITs that have gone another way; and not once more.
 */
#include "testing.h"

#include <errno.h>

#include "base/bytes.h"
#include "sctp/assoc.h"
#include "sctp/crc32c.h"
#include "sim/net.h"

/* Three times through the link: INIT, INIT-ACK, COOKIE-ECHO with the data. Or
 * the packet with both is lost: the cookie comes again, then the data. */
static void early_data_rides_with_the_cookie(void **state)
{
    (void)state;
    for (int is_lost = 0; is_lost < 2; is_lost++) {
        struct net *n = net_new(0, 10000);
        net_start(n);
        uint64_t begin_us = sim_now_us(n->sim);
        struct sctp_outgoing how = {0};
        assert_int_equal(net_send(n, 0, 1, 1, 100, how), 0);
        assert_int_equal(net_send(n, 0, 2, 2, 3000, how), 0);
        net_run_ms(n, 15);
        if (is_lost)
            n->links[0].loss_ppm = 1000000;
        net_run_ms(n, 10);
        n->links[0].loss_ppm = 0;
        net_run_ms(n, 6);
        assert_int_equal(n->apps[1].messages, is_lost ? 0 : 1);
        if (!is_lost)
            assert_int_equal(n->apps[1].last_at_us - begin_us, 30000);
        net_run_ms(n, 5000);
        assert_int_equal(n->apps[1].messages, 2);
        net_free(n);
    }
}

/* The two INITs have gone another way: data takes one way through the link,
 * and all that a handshake agrees on is agreed. Also where numbers wrap. */
static void needs_no_handshake(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct net *n = net_new(0, 10000);
        uint8_t inits[2][SCTP_INIT_MAX];
        n->configs[0].interleaving = i & 1;
        n->configs[1].zero_checksum = i & 2;
        n->configs[1].first_tsn = i & 4 ? UINT32_MAX : 0;
        n->configs[1].streams = 7;
        net_join(n);
        struct sctp_outgoing how = {0};
        assert_int_equal(net_send(n, 1, 6, 3, 100, how), 0);
        for (int side = 0; side < 2; side++) {
            size_t len = sctp_init_encode(&n->ends[1 - side]->config, inits[side]);
            struct guard g = guard_new(inits[side], len);
            assert_int_equal(sctp_assoc_connect_with(n->ends[side]->assoc, g.bytes, 20000,
                                                     sim_now_us(n->sim)),
                             0);
            guard_free(&g);
            assert_true(n->apps[side].connected);
        }
        assert_int_equal(net_send(n, 0, 7, 1, 100, how), -EINVAL);
        assert_int_equal(net_send(n, 0, 6, 2, 100, how), 0);
        sctp_assoc_flush(n->ends[0]->assoc, sim_now_us(n->sim));
        net_run_ms(n, 10);
        assert_int_equal(n->apps[0].last_id, 3);
        assert_int_equal(n->apps[1].last_id, 2);
        for (int side = 0; side < 2; side++) {
            struct sctp_stats stats;
            sctp_assoc_stats(n->ends[side]->assoc, &stats);
            assert_int_equal(stats.interleaved, i & 1);
            assert_int_equal(stats.zero_checksum_sent, (i & 2) != 0);
            assert_int_equal(stats.srtt_us, 20000);
        }
        net_run_ms(n, 60000);
        assert_false(n->apps[0].closed || n->apps[1].closed);
        net_free(n);
    }
}

/* What is lost at the very beginning comes again after the timeout that the
 * round trip asks for. */
static void loses_its_first_packet(void **state)
{
    (void)state;
    struct net *n = net_new(0, 10000);
    uint8_t init[SCTP_INIT_MAX];
    net_join(n);
    n->links[0].loss_ppm = 1000000;
    struct sctp_outgoing how = {0};
    assert_int_equal(net_send(n, 0, 1, 1, 100, how), 0);
    for (int side = 0; side < 2; side++) {
        struct span other = span_of(init, sctp_init_encode(&n->ends[1 - side]->config, init));
        assert_int_equal(sctp_assoc_connect_with(n->ends[side]->assoc, other, 20000,
                                                 sim_now_us(n->sim)),
                         0);
    }
    net_run_ms(n, 1);
    n->links[0].loss_ppm = 0;
    net_run_ms(n, 400);
    assert_int_equal(n->apps[1].messages, 1);
    net_free(n);
}

/* What is no INIT changes nothing: the handshake is still to be had, and is
 * the one that our INIT has announced. */
static void refuses_what_is_no_init(void **state)
{
    (void)state;
    struct net *n = net_new(0, 1000);
    uint8_t init[SCTP_INIT_MAX + 4] = {0};
    net_join(n);
    struct sctp_assoc *a = n->ends[0]->assoc;
    size_t len = sctp_init_encode(&n->ends[1]->config, init);
    static const struct {
        size_t at;
        size_t zeros;
    } damages[] = {{0, 1}, {2, 2}, {4, 4}, {12, 2}, {14, 2}, {22, 2}};
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        uint8_t bad[SCTP_INIT_MAX];
        memcpy(bad, init, len);
        memset(bad + damages[i].at, 0, damages[i].zeros);
        assert_false(sctp_init_is_valid(span_of(bad, len)));
        assert_int_equal(sctp_assoc_connect_with(a, span_of(bad, len), 0, 0), -EBADMSG);
    }
    for (size_t shorter = 0; shorter < len; shorter++) {
        struct guard g = guard_new(init, shorter);
        assert_false(sctp_init_is_valid(g.bytes));
        guard_free(&g);
    }
    assert_false(sctp_init_is_valid(span_of(init, len + 4))); /* something behind it */
    assert_true(sctp_init_is_valid(span_of(init, len)));
    sctp_assoc_connect(a, sim_now_us(n->sim));
    assert_int_equal(sctp_assoc_connect_with(a, span_of(init, len), 0, 0), -EALREADY);
    net_run_ms(n, 100);
    assert_true(n->apps[0].connected && n->apps[1].connected);
    assert_int_equal(get_u32be(init + 4), n->ends[1]->assoc->my_tag);
    assert_int_equal(get_u32be(init + 16), (uint32_t)n->ends[1]->assoc->my_first_tsn);
    net_free(n);
}

static void refuses_restart(void **state)
{
    (void)state;
    struct net *n = net_new(0, 1000);
    net_connect(n);
    /* INIT of another tag at an association that is up. */
    uint8_t p[32] = {0x13, 0x88, 0x13, 0x88};
    p[12] = CHUNK_INIT;
    p[15] = 20;
    put_u32be(p + 16, 0x12345678);
    put_u32be(p + 20, 65536);
    put_u16be(p + 24, 1);
    put_u16be(p + 26, 1);
    uint32_t crc = crc32c_of_packet(span_of(p, sizeof p));
    for (int i = 0; i < 4; i++)
        p[8 + i] = (uint8_t)(crc >> (8 * i));
    uint64_t before = n->ends[1]->assoc->out.sent;
    sctp_assoc_feed(n->ends[1]->assoc, span_of(p, sizeof p), sim_now_us(n->sim));
    sctp_assoc_flush(n->ends[1]->assoc, sim_now_us(n->sim));
    assert_int_equal(n->ends[1]->assoc->out.sent, before + 1); /* ABORT, to that tag */
    net_run_ms(n, 1000);
    assert_false(n->apps[0].closed || n->apps[1].closed);
    net_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(early_data_rides_with_the_cookie),
        cmocka_unit_test(needs_no_handshake),
        cmocka_unit_test(loses_its_first_packet),
        cmocka_unit_test(refuses_what_is_no_init),
        cmocka_unit_test(refuses_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
