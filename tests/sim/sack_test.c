/*
 * What a receiver says of what came, and how often.
 */
#include "testing.h"

#include "sim/net.h"

/* What the receiver sends for one message of the sender's, and for nothing. */
static uint64_t acks_of_one_message(struct net *n, uint32_t id)
{
    struct sctp_outgoing how = {0};
    uint64_t before = n->links[1].carried;
    assert_int_equal(net_send(n, 0, 1, id, 1000, how), 0);
    net_run_ms(n, 1000);
    return n->links[1].carried - before;
}

/* The only packet that a sender without tail loss probes waits for. */
static void says_it_twice_on_a_lossy_path(void **state)
{
    (void)state;
    struct net *n = net_new(0, 1000);
    n->configs[0].heartbeat_us = n->configs[1].heartbeat_us = 0;
    net_connect(n);
    assert_int_equal(acks_of_one_message(n, 1), 1);
    n->links[0].loss_ppm = 1000000;
    struct sctp_outgoing how = {0};
    assert_int_equal(net_send(n, 0, 1, 2, 1000, how), 0);
    net_run_ms(n, 1);
    n->links[0].loss_ppm = 0;
    assert_int_equal(net_send(n, 0, 1, 3, 1000, how), 0);
    net_run_ms(n, 1000);
    assert_int_equal(n->apps[1].messages, 3);
    assert_int_equal(acks_of_one_message(n, 4), 2);
    net_run_ms(n, 10000);
    assert_int_equal(acks_of_one_message(n, 5), 1);
    net_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_it_twice_on_a_lossy_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
