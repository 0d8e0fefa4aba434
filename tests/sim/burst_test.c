/*
 * What may be sent now, where others wait for their turn; and what may be held
 * until it is acknowledged.
 */
#include "testing.h"

#include <errno.h>

#include "base/clock.h"
#include "sctp/assoc.h"
#include "sim/net.h"

enum { BURST = 3000, MESSAGES = 10, LEN = 1000, WORD = 40, PACKET_MOST = 1300 };

static uint64_t sent_bytes(struct net *n)
{
    struct sctp_stats stats;
    sctp_assoc_stats(n->ends[0]->assoc, &stats);
    return stats.sent_bytes;
}

static struct net *queue_messages(size_t burst)
{
    struct net *n = net_new(0, 1000);
    struct sctp_outgoing how = {0};
    net_connect(n);
    sctp_assoc_limit_burst(n->ends[0]->assoc, burst);
    for (uint32_t i = 0; i < MESSAGES; i++)
        assert_int_equal(net_send(n, 0, 1, i, LEN, how), 0);
    return n;
}

/* The congestion window would let all of it go. */
static void takes_its_part_of_a_turn(void **state)
{
    (void)state;
    struct net *n = queue_messages(BURST);
    struct sctp_assoc *a = n->ends[0]->assoc;
    uint64_t now_us = sim_now_us(n->sim);
    for (int flush = 0; flush < 2; flush++) { /* however often it is flushed in a turn */
        sctp_assoc_flush(a, now_us);
        assert_in_range(sent_bytes(n), BURST, BURST + PACKET_MOST);
        assert_true(sctp_assoc_deadline(a) > now_us); /* the owner flushes again */
    }
    sctp_assoc_limit_burst(a, BURST);
    sctp_assoc_flush(a, now_us);
    assert_in_range(sent_bytes(n), 2 * BURST, 2 * (BURST + PACKET_MOST));
    sctp_assoc_limit_burst(a, SIZE_MAX);
    net_run_ms(n, 1000);
    assert_int_equal(n->apps[1].messages, MESSAGES);
    net_free(n);
}

/* A token beside much that waits: it does not wait for the turn, and the packet
 * in which it goes is filled. */
static void a_word_needs_no_turn(void **state)
{
    (void)state;
    struct net *n = queue_messages(BURST);
    struct sctp_assoc *a = n->ends[0]->assoc;
    struct sctp_outgoing how = {0};
    uint64_t now_us = sim_now_us(n->sim);
    for (uint32_t round = 1; round <= 2; round++) {
        sctp_assoc_limit_burst(a, BURST);
        sctp_assoc_flush(a, now_us);
        uint64_t before = sent_bytes(n);
        sctp_assoc_limit_burst(a, 0);
        sctp_assoc_flush(a, now_us);
        assert_int_equal(sent_bytes(n), before);
        for (uint32_t words = 1; words <= 3; words++) {
            assert_int_equal(net_send(n, 0, 2, round, WORD, how), 0);
            assert_false(sctp_assoc_is_stream_idle(a, 2));
            sctp_assoc_flush(a, now_us);
            assert_true(sctp_assoc_is_stream_idle(a, 2));
            assert_in_range(sent_bytes(n), before + WORD, before + words * PACKET_MOST);
        }
    }
    net_free(n);
}

/* Of what waits for a turn little is taken in. */
static void takes_in_what_it_is_allowed(void **state)
{
    (void)state;
    struct net *n = queue_messages(0);
    struct sctp_assoc *a = n->ends[0]->assoc;
    struct sctp_outgoing how = {0};
    sctp_assoc_limit_queue(a, (MESSAGES + 1) * LEN);
    assert_true(sctp_assoc_is_writable(a));
    assert_int_equal(net_send(n, 0, 1, 0, LEN, how), 0);
    assert_false(sctp_assoc_is_writable(a));
    assert_int_equal(net_send(n, 0, 1, 0, LEN, how), -EAGAIN);
    sctp_assoc_limit_queue(a, SIZE_MAX);
    assert_true(sctp_assoc_is_writable(a));
    net_free(n);
}

static void is_not_limited_alone(void **state)
{
    (void)state;
    struct net *n = queue_messages(SIZE_MAX);
    sctp_assoc_flush(n->ends[0]->assoc, sim_now_us(n->sim));
    assert_int_equal(sent_bytes(n), MESSAGES * LEN);
    net_free(n);
}

/* Why it ends, for instance; of much that is queued, no more than a bit. */
static void says_the_last_word(void **state)
{
    (void)state;
    static const unsigned said[] = {1, 8};
    for (size_t i = 0; i < 2; i++) {
        struct net *n = net_new(0, 1000);
        struct sctp_outgoing how = {0};
        net_connect(n);
        for (uint32_t id = 0; id < said[i]; id++)
            assert_int_equal(net_send(n, 0, 1, id, 1000, how), 0);
        sctp_assoc_abort(n->ends[0]->assoc, sim_now_us(n->sim));
        net_run_ms(n, 1000);
        assert_true(n->apps[1].closed);
        assert_in_range(n->apps[1].messages, 1, 3);
        net_free(n);
    }
}

/* The most that a sender holds, of packets, on a long path. */
static size_t most_held(struct budget *sent)
{
    struct net *n = net_new(0, 500000);
    struct sctp_outgoing how = {0};
    size_t most = 0;
    n->configs[0].sent = sent;
    net_connect(n);
    for (uint32_t ms = 0; ms < 20000; ms += 10) {
        struct sctp_assoc *a = n->ends[0]->assoc;
        while (net_send(n, 0, 1, ms, 50000, how) == 0)
            continue;
        net_run_ms(n, 10);
        size_t held = (size_t)(a->flight.next - a->flight.first) * a->out.mtu;
        most = held > most ? held : most;
    }
    net_free(n);
    return most;
}

/* Others have the rest: the first mebibyte is each one's own. */
static void what_all_hold_is_bounded(void **state)
{
    (void)state;
    struct budget others = {.most = 4 * SENT_STEP, .used = 4 * SENT_STEP};
    assert_in_range(most_held(&others), SENT_FIRST / 2, SENT_FIRST + PACKET_MOST);
    struct budget free = {.most = 4 * SENT_STEP};
    assert_in_range(most_held(&free), SENT_FIRST + SENT_STEP,
                    SENT_FIRST + 2 * SENT_STEP + PACKET_MOST);
    assert_int_equal(free.used, 0); /* given back with the association */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_its_part_of_a_turn),    cmocka_unit_test(a_word_needs_no_turn),
        cmocka_unit_test(takes_in_what_it_is_allowed), cmocka_unit_test(is_not_limited_alone),
        cmocka_unit_test(says_the_last_word),          cmocka_unit_test(what_all_hold_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
