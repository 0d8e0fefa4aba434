/*
 * Single behaviours of an association, each in a simulated network made for
 * it: queues and windows, its end, its memory. What only chance finds is in
 * torture.c.
 */
#include "testing.h"

#include <errno.h>

#include "base/bytes.h"
#include "sctp/assoc.h"
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
        cmocka_unit_test(refuses_bad_calls),        cmocka_unit_test(bounds_the_queue),
        cmocka_unit_test(takes_nothing_at_its_end), cmocka_unit_test(stops_when_not_read),
        cmocka_unit_test(bounds_resets_that_wait),  cmocka_unit_test(small_overtakes_large),
        cmocka_unit_test(tells_of_abort),           cmocka_unit_test(notices_a_dead_path),
        cmocka_unit_test(gives_memory_back),        cmocka_unit_test(thousand_associations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
