/*
 * One agent against a peer played by hand: who may nominate how, and which of
 * two pairs is used.
 */
#include "agent_rig.h"

#include "base/clock.h"

/* Controlled: the first check of all nominates already (RFC 5245). Of two
 * pairs the one with the higher priority counts, in whatever order. */
static void test_aggressive(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct rig r;
        rig_init(&r, false);
        add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
        add_remote(&r, "candidate:2 1 udp 1694498815 192.0.2.3 6000 typ srflx");
        send_check(&r, order ? &other_address : &peer_address, USE_CANDIDATE);
        send_check(&r, order ? &peer_address : &other_address, USE_CANDIDATE);
        for (int i = 0; i < 6; i++) {
            run(&r, 10 * US_PER_MS);
            struct stun_message m;
            struct ice_address to;
            while (next_sent(&r, &m, &to)) {
                if (m.class == STUN_REQUEST)
                    answer(&r, &m, &to, REMOTE_PWD);
            }
        }
        assert_int_equal(r.state, ICE_CONNECTED);
        assert_true(ice_address_is_equal(&ice_agent_route(r.a)->remote, &peer_address));
        ice_agent_free(r.a, r.now_us);
    }
}

/* Controlled: a peer that nominates regularly may change its mind, also for
 * a pair of less priority. Not nominated is used at once all the same. */
static void test_late_switching(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, false);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    add_remote(&r, "candidate:2 1 udp 1694498815 192.0.2.3 6000 typ srflx");
    send_check(&r, &other_address, 0);
    run(&r, 10 * US_PER_MS);
    answer_all(&r, &other_address);
    assert_int_equal(r.state, ICE_CONNECTED);
    assert_true(ice_address_is_equal(&ice_agent_route(r.a)->remote, &other_address));
    send_check(&r, &peer_address, 0);
    run(&r, 10 * US_PER_MS);
    answer_all(&r, &peer_address);
    assert_true(ice_address_is_equal(&ice_agent_route(r.a)->remote, &peer_address));
    for (int i = 0; i < 3; i++) {
        send_check(&r, &other_address, USE_CANDIDATE);
        assert_true(ice_address_is_equal(&ice_agent_route(r.a)->remote, &other_address));
        send_check(&r, &other_address, USE_CANDIDATE); /* sent again: nothing new */
        send_check(&r, &peer_address, USE_CANDIDATE);
        assert_true(ice_address_is_equal(&ice_agent_route(r.a)->remote, &peer_address));
    }
    ice_agent_free(r.a, r.now_us);
}

/* Controlling: the check first, USE-CANDIDATE in a second one. */
static void test_regular_nomination(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, true);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    run(&r, 10 * US_PER_MS);
    assert_int_equal(r.sent_count, 1);
    assert_int_equal(answer_all(&r, &peer_address), 0);
    assert_int_equal(r.state, ICE_CONNECTED); /* data may flow already */
    assert_int_equal(answer_all(&r, &peer_address), 1);
    run(&r, 3 * US_PER_S);
    assert_int_equal(r.sent_count, 0);
    ice_agent_free(r.a, r.now_us);
}

/* Controlling: USE-CANDIDATE waits a moment for the better pair, which then
 * does not come; when it comes later it is nominated as well. */
static void test_nomination_waits(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, true);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    add_remote(&r, "candidate:2 1 udp 1694498815 192.0.2.3 6000 typ srflx");
    run(&r, 10 * US_PER_MS);
    assert_int_equal(answer_all(&r, &other_address), 0);
    assert_true(ice_address_is_equal(&ice_agent_route(r.a)->remote, &other_address));
    run(&r, ICE_NOMINATE_US - 20 * US_PER_MS);
    assert_int_equal(answer_all(&r, &other_address), 0);
    run(&r, 40 * US_PER_MS);
    assert_int_equal(answer_all(&r, &other_address), 1);
    run(&r, 3 * US_PER_S); /* the better one is still being checked */
    answer_all(&r, &peer_address);
    assert_true(ice_address_is_equal(&ice_agent_route(r.a)->remote, &peer_address));
    run(&r, 10 * US_PER_MS);
    assert_int_equal(answer_all(&r, &peer_address), 1);
    ice_agent_free(r.a, r.now_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aggressive),
        cmocka_unit_test(test_late_switching),
        cmocka_unit_test(test_regular_nomination),
        cmocka_unit_test(test_nomination_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
