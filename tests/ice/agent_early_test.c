/*
 * One agent against a peer played by hand, whose checks and data are there
 * before what signalling says of it.
 */
#include "agent_rig.h"

#include <stdio.h>

#include "base/clock.h"

/* Nothing has come by signalling yet, but who checks us knows our password.
 * What it sends is let in; so it is in a restart that is not answered yet. */
static void test_early_data(void **state)
{
    (void)state;
    struct ice_agent_config config = {.is_controlling = true, .seed = {42}};
    struct span data;
    struct span packet = SPAN_LITERAL("\x16 hello");
    struct rig r;
    rig_begin(&r, &config);
    ice_agent_gather(r.a, false, r.now_us);
    for (int generation = 0; generation < 2; generation++) {
        const struct ice_address *from = generation == 0 ? &peer_address : &other_address;
        assert_false(ice_agent_receive(r.a, r.base, from, packet, r.now_us, &data));
        send_check(&r, from, CONTROLLED | WRONG_KEY);
        assert_false(ice_agent_receive(r.a, r.base, from, packet, r.now_us, &data));
        send_check(&r, from, CONTROLLED);
        assert_true(ice_agent_receive(r.a, r.base, from, packet, r.now_us, &data));
        assert_int_equal(ice_agent_set_remote(r.a, "peer", REMOTE_PWD, r.now_us), 0);
        assert_true(ice_agent_receive(r.a, r.base, from, packet, r.now_us, &data));
        ice_agent_restart(r.a, r.now_us);
    }
    ice_agent_free(r.a, r.now_us);
}

/* Of more early checks than are kept the most urgent are. */
static void test_many_early_checks(void **state)
{
    (void)state;
    struct ice_agent_config config = {.is_controlling = true, .seed = {42}};
    struct rig r;
    rig_begin(&r, &config);
    ice_agent_gather(r.a, false, r.now_us);
    for (int i = 0; i < ICE_EARLY_CHECKS_MAX + 4; i++) {
        struct ice_address from = ice_address_v4(192, 0, 2, (uint8_t)(100 + i), 5000);
        r.priority = 1000 + (uint32_t)i;
        send_check(&r, &from, CONTROLLED);
    }
    forget_sent(&r);
    assert_int_equal(ice_agent_set_remote(r.a, "peer", REMOTE_PWD, r.now_us), 0);
    run(&r, 400 * US_PER_MS);
    for (int i = 0; i < ICE_EARLY_CHECKS_MAX + 4; i++)
        assert_int_equal(sent_to(&r, 100 + i), i >= 4);
    ice_agent_free(r.a, r.now_us);
}

/* A check teaches us an address on one interface before signalling brings it:
 * it is then paired with the other interfaces too. */
static void test_learned_then_signalled(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, false);
    r.second_base = ice_agent_add_interface(r.a, &other_address, "eth1", false, r.now_us);
    assert_true(r.second_base > 0);
    send_check(&r, &peer_address, 0);
    run(&r, 100 * US_PER_MS);
    assert_false(r.sent_by_second);
    add_remote(&r, "candidate:1 1 udp 2122252543 192.0.2.2 5000 typ host");
    run(&r, 100 * US_PER_MS);
    assert_true(r.sent_by_second);
    ice_agent_free(r.a, r.now_us);
}

/* The same where signalling brought it before, but by a name that is known
 * only now. */
static void test_learned_then_resolved(void **state)
{
    (void)state;
    struct rig r;
    struct ice_path path;
    rig_init(&r, false);
    add_remote(&r, "candidate:1 1 udp 2122252543 browser.local 5000 typ host");
    assert_true(r.resolve_id > 0);
    send_check(&r, &peer_address, USE_CANDIDATE);
    run(&r, 10 * US_PER_MS);
    answer_all(&r, &peer_address);
    assert_true(ice_agent_path(r.a, &path));
    assert_int_equal(path.remote_type, ICE_CANDIDATE_PRFLX);
    ice_agent_resolved(r.a, r.resolve_id, &peer_address, r.now_us);
    assert_true(ice_agent_path(r.a, &path));
    assert_int_equal(path.remote_type, ICE_CANDIDATE_HOST);
    run(&r, 100 * US_PER_MS);
    assert_int_equal(r.sent_count, 0); /* no second pair of the same two */
    ice_agent_free(r.a, r.now_us);
}

/* What is in use already and then called a relay by signalling is one: the
 * owner is told, and direct ways are looked for again. */
static void test_learned_then_signalled_as_relay(void **state)
{
    (void)state;
    struct rig r;
    struct ice_path path;
    rig_init(&r, false);
    add_remote(&r, "candidate:2 1 udp 1694498815 192.0.2.3 6000 typ srflx");
    ice_agent_end_remote(r.a, r.now_us);
    run(&r, 24 * US_PER_S); /* in vain, so it is forgotten but for relays */
    forget_sent(&r);
    send_check(&r, &peer_address, USE_CANDIDATE);
    run(&r, 10 * US_PER_MS);
    answer_all(&r, &peer_address);
    assert_true(ice_agent_path(r.a, &path));
    assert_false(path.is_relayed);
    assert_int_equal(r.routes, 1);
    add_remote(&r, "candidate:1 1 udp 33562367 192.0.2.2 5000 typ relay");
    assert_int_equal(r.routes, 2);
    assert_true(ice_agent_path(r.a, &path));
    assert_true(path.is_relayed);
    assert_true(ice_address_is_equal(&ice_agent_route(r.a)->remote, &peer_address));
    forget_sent(&r);
    int other = 0;
    for (int s = 0; s < 25; s++) { /* consent is answered meanwhile */
        run(&r, US_PER_S);
        other += sent_to(&r, other_address.ip[3]);
        answer_all(&r, &peer_address);
    }
    assert_true(other > 0);
    assert_int_equal(r.routes, 2);
    ice_agent_free(r.a, r.now_us);
}

static bool is_answered(struct rig *r, const struct ice_address *from)
{
    struct stun_message m;
    struct ice_address to;
    forget_sent(r);
    send_check(r, from, 0);
    return next_sent(r, &m, &to) && m.class == STUN_SUCCESS && ice_address_is_equal(&to, from);
}

/* One side of a restart has the other's new credentials before that has its
 * own. Who checks from a new address meanwhile gets no answer: it would send
 * its data from there, where we do not let it in. */
static void test_checks_amid_a_restart(void **state)
{
    (void)state;
    struct rig r;
    struct span data;
    rig_init(&r, false);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    run(&r, 10 * US_PER_MS);
    answer_all(&r, &peer_address);
    r.remote_ufrag = "fresh"; /* its offer is still under way */
    assert_true(is_answered(&r, &peer_address));
    assert_false(is_answered(&r, &other_address));

    snprintf(r.local_ufrag, sizeof r.local_ufrag, "%s", ice_agent_local_ufrag(r.a));
    snprintf(r.local_pwd, sizeof r.local_pwd, "%s", ice_agent_local_pwd(r.a));
    ice_agent_restart(r.a, r.now_us);
    assert_int_equal(ice_agent_set_remote(r.a, "fresh", REMOTE_PWD, r.now_us), 0);
    assert_true(is_answered(&r, &peer_address)); /* our answer is under way */
    assert_false(is_answered(&r, &other_address));
    r.remote_ufrag = "peer"; /* the path of before */
    assert_true(is_answered(&r, &peer_address));
    assert_false(is_answered(&r, &other_address));
    assert_false(
        ice_agent_receive(r.a, r.base, &other_address, SPAN_LITERAL("\x16x"), r.now_us, &data));

    r.local_ufrag[0] = r.local_pwd[0] = '\0'; /* both have both */
    r.remote_ufrag = "fresh";
    assert_true(is_answered(&r, &other_address));
    assert_true(
        ice_agent_receive(r.a, r.base, &other_address, SPAN_LITERAL("\x16x"), r.now_us, &data));
    ice_agent_free(r.a, r.now_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_early_data),
        cmocka_unit_test(test_many_early_checks),
        cmocka_unit_test(test_learned_then_signalled),
        cmocka_unit_test(test_learned_then_resolved),
        cmocka_unit_test(test_learned_then_signalled_as_relay),
        cmocka_unit_test(test_checks_amid_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
