/*
 * One agent against a peer played by hand: what it answers to requests that are
 * wrong, what it does with wrong answers, whose data it takes.
 */
#include "agent_rig.h"

#include <errno.h>

#include "base/clock.h"
#include "ice/stun_auth.h"

static void test_wrong_requests(void **state)
{
    (void)state;
    static const struct {
        unsigned flags;
        int code; /* 0: a success */
        bool is_signed;
    } cases[] = {
        {0, 0, true},
        {NO_INTEGRITY, STUN_BAD_REQUEST, false},
        {WRONG_KEY, STUN_UNAUTHENTICATED, false},
        {UNKNOWN, STUN_UNKNOWN_ATTRIBUTE, true},
        {NO_PRIORITY, STUN_BAD_REQUEST, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig r;
        struct stun_message m;
        struct ice_address to;
        struct ice_address mapped;
        struct span reason;
        rig_init(&r, false);
        send_check(&r, &peer_address, cases[i].flags);
        assert_true(next_sent(&r, &m, &to));
        assert_true(ice_address_is_equal(&to, &peer_address));
        assert_int_equal(m.class, cases[i].code ? STUN_ERROR : STUN_SUCCESS);
        assert_int_equal(m.integrity_at != 0, cases[i].is_signed);
        if (cases[i].is_signed)
            assert_true(stun_check_integrity(&m, span_from_string(ice_agent_local_pwd(r.a))));
        if (cases[i].code) {
            assert_int_equal(stun_find_error(&m, &reason), cases[i].code);
        } else {
            assert_true(stun_find_address(&m, STUN_XOR_MAPPED_ADDRESS, &mapped));
            assert_true(ice_address_is_equal(&mapped, &peer_address));
        }
        /* Only a good check triggers one back. */
        run(&r, 100 * US_PER_MS);
        assert_int_equal(next_sent(&r, &m, &to), cases[i].code == 0);
        ice_agent_free(r.a, r.now_us);
    }
}

static void test_silence(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, false);
    send_check(&r, &peer_address, NO_FINGERPRINT);
    /* Without our ufrag nobody learns that there is an agent. */
    send_check(&r, &peer_address, NO_USER);
    send_check(&r, &peer_address, WRONG_USER);
    send_check(&r, &peer_address, WRONG_USER | WRONG_KEY);
    send_check(&r, &peer_address, NO_USER | NO_INTEGRITY);
    receive(&r, &peer_address, SPAN_LITERAL(""));
    receive(&r, &peer_address, SPAN_LITERAL("\0\1"));
    receive(&r, &peer_address, SPAN_LITERAL("\x17 data of a stranger"));
    receive(&r, &peer_address, SPAN_LITERAL("\x40\0\0\1x"));
    receive(&r, &peer_address, SPAN_LITERAL("GET / HTTP/1.1\r\n"));
    run(&r, US_PER_S);
    assert_int_equal(r.sent_count, 0);
    ice_agent_free(r.a, r.now_us);
}

static void test_role_conflicts(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        bool is_controlling = i & 1;
        bool is_stronger = i & 2; /* our tie-breaker */
        struct rig r;
        struct stun_message m;
        struct ice_address to;
        struct span reason;
        rig_init(&r, is_controlling);
        send_check(&r, &peer_address,
                   (is_controlling ? 0 : CONTROLLED) | (is_stronger ? LOW_TIE_BREAKER : 0));
        assert_true(next_sent(&r, &m, &to));
        /* RFC 8445 section 7.3.1.1: the larger one controls; who is right
         * says 487, who is wrong changes. */
        assert_int_equal(ice_agent_is_controlling(r.a), is_stronger);
        int code = stun_find_error(&m, &reason);
        assert_int_equal(code, is_controlling == is_stronger ? STUN_ROLE_CONFLICT : 0);
        ice_agent_free(r.a, r.now_us);
    }
}

/* 487 to our check: the same pair again in the other role. */
static void test_told_of_conflict(void **state)
{
    (void)state;
    struct rig r;
    struct stun_message m;
    struct ice_address to;
    struct span value;
    uint8_t bytes[STUN_MESSAGE_MAX];
    struct stun_writer w;
    rig_init(&r, true);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    run(&r, 10 * US_PER_MS);
    assert_true(next_sent(&r, &m, &to));
    assert_true(stun_find(&m, STUN_ICE_CONTROLLING, &value));
    stun_begin(&w, bytes, sizeof bytes, STUN_ERROR, STUN_BINDING, m.id);
    stun_put_error(&w, STUN_ROLE_CONFLICT);
    stun_put_integrity(&w, span_from_string(REMOTE_PWD));
    stun_put_fingerprint(&w);
    receive(&r, &peer_address, stun_bytes(&w));
    run(&r, 10 * US_PER_MS);
    assert_false(ice_agent_is_controlling(r.a));
    assert_true(next_sent(&r, &m, &to));
    assert_true(stun_find(&m, STUN_ICE_CONTROLLED, &value));
    ice_agent_free(r.a, r.now_us);
}

/* Answers with a wrong password, or from another address. */
static void test_wrong_answers(void **state)
{
    (void)state;
    struct rig r;
    struct stun_message m;
    struct ice_address to;
    rig_init(&r, true);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    run(&r, 10 * US_PER_MS);
    assert_true(next_sent(&r, &m, &to));
    answer(&r, &m, &peer_address, "guess");
    assert_int_equal(r.state, ICE_CHECKING);
    answer(&r, &m, &other_address, REMOTE_PWD);
    assert_int_equal(r.state, ICE_CHECKING);
    char report[ICE_REPORT_MAX];
    assert_non_null(strstr(ice_agent_report(r.a, report), "answered from another address"));
    /* It is too late now. */
    answer(&r, &m, &peer_address, REMOTE_PWD);
    assert_int_equal(r.state, ICE_CHECKING);
    ice_agent_free(r.a, r.now_us);
}

/* A triggered check replaces the one under way, whose answer still counts. */
static void test_answer_to_replaced_check(void **state)
{
    (void)state;
    struct rig r;
    struct stun_message first;
    struct stun_message m;
    struct ice_address to;
    rig_init(&r, true);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    run(&r, 10 * US_PER_MS);
    assert_true(next_sent(&r, &first, &to));
    send_check(&r, &peer_address, CONTROLLED);
    run(&r, 10 * US_PER_MS);
    assert_true(next_sent(&r, &m, &to)); /* the answer */
    assert_true(next_sent(&r, &m, &to)); /* the triggered check */
    assert_int_equal(m.class, STUN_REQUEST);
    assert_memory_not_equal(m.id, first.id, STUN_ID_LEN);
    answer(&r, &first, &peer_address, REMOTE_PWD);
    assert_int_equal(r.state, ICE_CONNECTED);
    ice_agent_free(r.a, r.now_us);
}

/* Data is taken from whom the other side has told of, not from strangers. */
static void test_whose_data(void **state)
{
    (void)state;
    struct rig r;
    struct span data;
    struct span packet = SPAN_LITERAL("\x17 data");
    rig_init(&r, true);
    assert_false(ice_agent_receive(r.a, r.base, &peer_address, packet, r.now_us, &data));
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    assert_true(ice_agent_receive(r.a, r.base, &peer_address, packet, r.now_us, &data));
    assert_ptr_equal(data.data, packet.data); /* not copied */
    assert_false(ice_agent_receive(r.a, r.base, &other_address, packet, r.now_us, &data));
    assert_false(ice_agent_receive(r.a, 23, &peer_address, packet, r.now_us, &data));
    ice_agent_free(r.a, r.now_us);
}

static void test_credentials(void **state)
{
    (void)state;
    struct rig r;
    char longest[ICE_PWD_MAX + 2];
    rig_init(&r, false);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(strlen(ice_agent_local_ufrag(r.a)), ICE_UFRAG_LEN);
    assert_int_equal(strlen(ice_agent_local_pwd(r.a)), ICE_PWD_LEN);
    assert_int_equal(ice_agent_set_remote(r.a, "", "pwd", r.now_us), -EINVAL);
    assert_int_equal(ice_agent_set_remote(r.a, "ufrag", "", r.now_us), -EINVAL);
    assert_int_equal(ice_agent_set_remote(r.a, "ufrag", longest, r.now_us), -EINVAL);
    assert_int_equal(ice_agent_set_remote(r.a, "peer", REMOTE_PWD, r.now_us), 0);
    assert_int_equal(ice_agent_set_remote(r.a, "another", REMOTE_PWD, r.now_us), 1);
    ice_agent_restart(r.a, r.now_us);
    assert_int_equal(ice_agent_set_remote(r.a, "third", REMOTE_PWD, r.now_us), 0);
    ice_agent_free(r.a, r.now_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_requests), cmocka_unit_test(test_silence),
        cmocka_unit_test(test_role_conflicts), cmocka_unit_test(test_told_of_conflict),
        cmocka_unit_test(test_wrong_answers),  cmocka_unit_test(test_answer_to_replaced_check),
        cmocka_unit_test(test_whose_data),     cmocka_unit_test(test_credentials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
