/*
 * Single behaviours of an association, each in a simulated network made for
 * it. What only chance finds is in torture.c.
 */
#include "testing.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "sctp/assoc.h"
#include "sctp/crc32c.h"
#include "sim/net.h"

static void refuses_bad_calls(void **state)
{
    (void)state;
    struct net *n = net_new(0, 1000);
    n->configs[0].streams = 8;
    n->configs[1].streams = 4;
    net_connect(n);
    struct sctp_outgoing how = {0};
    assert_int_equal(net_send(n, 0, 0, 1, 0, how), -EMSGSIZE);
    assert_int_equal(net_send(n, 0, 4, 1, 4, how), -EINVAL); /* the peer takes 4 */
    assert_int_equal(net_send(n, 0, 3, 1, 4, how), 0);
    n->configs[0].max_message = 0;
    assert_int_equal(sctp_assoc_reset_stream(n->ends[0]->assoc, 4, 0), -EINVAL);
    assert_int_equal(sctp_assoc_reset_stream(n->ends[0]->assoc, 3, 0), 0);
    assert_int_equal(net_send(n, 0, 3, 1, 4, how), -EPIPE);
    net_run_ms(n, 1000);
    assert_int_equal(n->apps[0].resets_out, 8);
    assert_int_equal(n->apps[1].resets_in, 8);
    assert_int_equal(net_send(n, 0, 3, 2, 4, how), 0);
    sctp_assoc_shutdown(n->ends[0]->assoc, sim_now_us(n->sim));
    assert_int_equal(net_send(n, 0, 3, 3, 4, how), -ENOTCONN);
    net_run_ms(n, 1000);
    assert_true(n->apps[0].closed && n->apps[1].closed);
    assert_int_equal(n->apps[1].messages, 2);
    net_free(n);
}

static void bounds_the_queue(void **state)
{
    (void)state;
    struct net *n = net_new(125000, 20000);
    net_connect(n);
    struct sctp_outgoing how = {0};
    int sent = 0;
    int error;
    while ((error = net_send(n, 0, 1, 1, 1000, how)) == 0)
        sent++;
    assert_int_equal(error, -EAGAIN);
    assert_in_range(sent, 10, 100);
    net_run_ms(n, 5000);
    assert_int_equal(n->apps[1].messages, sent);
    assert_int_equal(n->apps[0].writable, 1);
    net_free(n);
}

/* What had come before the end is handed out behind it, and is answered only
 * where an answer would be taken. */
static void takes_nothing_at_its_end(void **state)
{
    (void)state;
    struct net *n = net_new(0, 1000);
    net_connect(n);
    for (int i = 0; i < 2; i++) {
        assert_true(sctp_assoc_is_writable(n->ends[i]->assoc));
        assert_true(sctp_assoc_is_stream_idle(n->ends[i]->assoc, 1));
    }
    sctp_assoc_abort(n->ends[0]->assoc, sim_now_us(n->sim));
    net_run_ms(n, 1000);
    for (int i = 0; i < 2; i++) {
        assert_true(n->apps[i].closed);
        assert_false(sctp_assoc_is_writable(n->ends[i]->assoc));
        assert_false(sctp_assoc_is_stream_idle(n->ends[i]->assoc, 1));
    }
    net_free(n);
}

/* The window closes, the sender stops, and nothing is lost when it opens. */
static void stops_when_not_read(void **state)
{
    (void)state;
    struct net *n = net_new(12500000, 5000);
    n->configs[1].recv_window = n->configs[1].recv_window_max = 128 << 10;
    net_connect(n);
    sctp_assoc_set_reading(n->ends[1]->assoc, false, sim_now_us(n->sim));
    struct sctp_outgoing how = {0};
    unsigned sent = 0;
    for (int i = 0; i < 600; i++) {
        while (net_send(n, 0, 1, sent, 1000, how) == 0)
            sent++;
        net_run_ms(n, 10);
    }
    assert_int_equal(n->apps[1].messages, 0);
    struct sctp_stats stats;
    sctp_assoc_stats(n->ends[1]->assoc, &stats);
    assert_in_range(stats.memory, 100 << 10, 200 << 10);
    assert_in_range(sent, 80, 400);
    assert_false(n->apps[0].closed); /* silent, but not dead */
    net_run_ms(n, 60000);
    assert_false(n->apps[0].closed);
    sctp_assoc_set_reading(n->ends[1]->assoc, true, sim_now_us(n->sim));
    net_run_ms(n, 200); /* not at the next timeout, which is far off by now */
    assert_int_equal(n->apps[1].messages, sent);
    assert_int_equal(n->apps[1].last_id, sent - 1);
    net_free(n);
}

/* A request of 32 bytes that resets every stream. Returns the result. */
static uint32_t feed_reset_of_all(struct net *n, uint32_t request)
{
    struct sctp_assoc *a = n->ends[1]->assoc;
    uint8_t p[32] = {0x13, 0x88, 0x13, 0x88};
    put_u32be(p + 4, a->my_tag);
    chunk_put_header(p + 12, CHUNK_RECONFIG, 0, 20);
    param_put_header(p + 16, PARAM_OUTGOING_RESET, 16);
    put_u32be(p + 20, request);
    put_u32be(p + 28, (uint32_t)a->in.map.cum);
    sctp_assoc_feed(a, span_of(p, sizeof p), sim_now_us(n->sim));
    sctp_assoc_flush(a, sim_now_us(n->sim));
    return a->reconfig.last_response;
}

/* Resets wait for a reader who pauses, as messages do; no more of them than
 * the window has room for. */
static void bounds_resets_that_wait(void **state)
{
    (void)state;
    enum { PERFORMED = 1, IN_PROGRESS = 6 };
    struct net *n = net_new(0, 1000);
    n->configs[1].recv_window = n->configs[1].recv_window_max = 128 << 10;
    net_connect(n);
    struct sctp_assoc *a = n->ends[1]->assoc;
    sctp_assoc_set_reading(a, false, sim_now_us(n->sim));
    unsigned performed = 0;
    for (int i = 0; i < 1000; i++)
        performed += feed_reset_of_all(n, a->reconfig.peer_request) == PERFORMED;
    assert_in_range(performed, 1, 10);
    struct sctp_stats stats;
    sctp_assoc_stats(a, &stats);
    assert_in_range(stats.memory, 128 << 10, 256 << 10);
    uint32_t last = a->reconfig.peer_request - 1;
    assert_int_equal(feed_reset_of_all(n, last), IN_PROGRESS);
    sctp_assoc_set_reading(a, true, sim_now_us(n->sim));
    assert_int_equal(n->apps[1].resets_in, UINT32_MAX);
    assert_int_equal(feed_reset_of_all(n, last), PERFORMED);
    net_free(n);
}

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

/* A small message beside a large one: between its fragments with I-DATA,
 * after it with DATA. */
static void small_overtakes_large(void **state)
{
    (void)state;
    for (int interleaving = 0; interleaving < 2; interleaving++) {
        struct net *n = net_new(125000, 10000);
        n->configs[0].interleaving = interleaving;
        net_connect(n);
        struct sctp_outgoing how = {0};
        assert_int_equal(net_send(n, 0, 1, 1, 200 << 10, how), 0); /* takes 1.6 s */
        sctp_assoc_flush(n->ends[0]->assoc, sim_now_us(n->sim));
        net_run_ms(n, 500);
        assert_int_equal(net_send(n, 0, 3, 7, 8, how), 0);
        sctp_assoc_flush(n->ends[0]->assoc, sim_now_us(n->sim));
        net_run_ms(n, 200);
        assert_int_equal(n->apps[1].messages, interleaving);
        assert_int_equal(n->apps[1].last_id, interleaving ? 7 : 0);
        net_run_ms(n, 3000);
        assert_int_equal(n->apps[1].messages, 2);
        assert_int_equal(n->apps[1].last_id, interleaving ? 1 : 7);
        net_free(n);
    }
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

static void tells_of_abort(void **state)
{
    (void)state;
    struct net *n = net_new(0, 1000);
    net_connect(n);
    sctp_assoc_abort(n->ends[0]->assoc, sim_now_us(n->sim));
    net_run_ms(n, 100);
    assert_int_equal(n->apps[0].reason, SCTP_CLOSED_ABORTED);
    assert_int_equal(n->apps[1].reason, SCTP_CLOSED_PEER_ABORTED);
    assert_true(sctp_assoc_deadline(n->ends[0]->assoc) == TIME_NEVER);
    net_free(n);
}

static void notices_a_dead_path(void **state)
{
    (void)state;
    struct net *n = net_new(0, 1000);
    n->configs[0].max_retransmit = 4;
    n->configs[1].max_retransmit = 4;
    net_connect(n);
    n->links[0].loss_ppm = n->links[1].loss_ppm = 1000000;
    struct sctp_outgoing how = {0};
    net_send(n, 0, 1, 1, 100, how);
    net_run_ms(n, 120000);
    assert_int_equal(n->apps[0].reason, SCTP_CLOSED_TIMEOUT); /* by its data */
    assert_int_equal(n->apps[1].reason, SCTP_CLOSED_TIMEOUT); /* by HEARTBEAT */
    net_free(n);
}

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

static size_t mtu_of(const struct net *n, int side)
{
    struct sctp_stats stats;
    sctp_assoc_stats(n->ends[side]->assoc, &stats);
    return stats.mtu;
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

/* From a LAN with jumbo frames, which loses what is under way, to a path ten
 * times as long: that comes through in fragments, and the path is measured
 * anew. */
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

/* What a bulk transfer needed is not kept by an idle association. */
static void gives_memory_back(void **state)
{
    (void)state;
    struct net *n = net_new(125000000, 20000);
    n->links[0].loss_ppm = 1000;
    net_connect(n);
    struct sctp_outgoing how = {0};
    for (int i = 0; i < 1000; i++) {
        while (net_send(n, 0, 1, 1, 60000, how) == 0)
            continue;
        sctp_assoc_flush(n->ends[0]->assoc, sim_now_us(n->sim));
        net_run_ms(n, 2);
    }
    struct sctp_stats stats;
    sctp_assoc_stats(n->ends[0]->assoc, &stats);
    assert_true(stats.memory > 100 << 10);
    net_run_ms(n, 100000);
    for (int i = 0; i < 2; i++) {
        sctp_assoc_stats(n->ends[i]->assoc, &stats);
        assert_in_range(stats.memory, 1, 16 << 10);
    }
    net_free(n);
}

/* 1000 at once, in one process: each small at rest, all of them move. */
static void thousand_associations(void **state)
{
    (void)state;
    enum { COUNT = 1000 / SEEDS_SHARE };
    struct net *n = net_new(125000000, 10000);
    static struct app apps[COUNT][2];
    static struct sim_end *ends[COUNT][2];
    struct sim_link *links[2] = {&n->links[0], &n->links[1]};
    memset(apps, 0, sizeof apps);
    for (int i = 0; i < COUNT; i++) {
        sim_pair(n->sim, n->configs, &net_handlers, links, ends[i]);
        ends[i][0]->user = &apps[i][0];
        ends[i][1]->user = &apps[i][1];
        sctp_assoc_connect(ends[i][0]->assoc, sim_now_us(n->sim));
    }
    net_run_ms(n, 300);
    static uint8_t body[20000];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++) {
            struct sctp_outgoing out = {.stream = 1, .ppid = 53, .body = {body, sizeof body}};
            for (int side = 0; side < 2; side++)
                assert_int_equal(sctp_assoc_send(ends[i][side]->assoc, &out, sim_now_us(n->sim)),
                                 0);
        }
        net_run_ms(n, 1000);
    }
    for (int i = 0; i < COUNT; i++) {
        for (int side = 0; side < 2; side++) {
            struct sctp_stats stats;
            sctp_assoc_stats(ends[i][side]->assoc, &stats);
            assert_int_equal(apps[i][side].messages, 2);
            assert_in_range(stats.memory, 1, 16 << 10);
        }
    }
    net_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_calls),
        cmocka_unit_test(bounds_the_queue),
        cmocka_unit_test(takes_nothing_at_its_end),
        cmocka_unit_test(stops_when_not_read),
        cmocka_unit_test(gives_up_by_count),
        cmocka_unit_test(gives_up_by_time),
        cmocka_unit_test(small_overtakes_large),
        cmocka_unit_test(refuses_restart),
        cmocka_unit_test(tells_of_abort),
        cmocka_unit_test(notices_a_dead_path),
        cmocka_unit_test(early_data_rides_with_the_cookie),
        cmocka_unit_test(needs_no_handshake),
        cmocka_unit_test(loses_its_first_packet),
        cmocka_unit_test(refuses_what_is_no_init),
        cmocka_unit_test(finds_the_path_mtu),
        cmocka_unit_test(goes_below_the_base),
        cmocka_unit_test(goes_below_what_it_sends),
        cmocka_unit_test(an_outage_is_no_small_path),
        cmocka_unit_test(keeps_below_the_ceiling),
        cmocka_unit_test(moves_to_another_path),
        cmocka_unit_test(gives_memory_back),
        cmocka_unit_test(thousand_associations),
        cmocka_unit_test(bounds_resets_that_wait),
        cmocka_unit_test(gives_up_beside_a_full_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
