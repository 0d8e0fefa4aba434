/*
 * One agent against a peer played by hand, or one that is not there: when its
 * checks leave, and what it reports of them.
 */
#include "agent_rig.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"

/* Retransmissions at 0, 0.5, 1.5, 3.5, 7.5 and 15.5 s; failed at 23.5 s. */
static void test_retransmissions(void **state)
{
    (void)state;
    static const uint64_t at_ms[] = {0, 500, 1500, 3500, 7500, 15500};
    struct rig r;
    rig_init(&r, true);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    ice_agent_end_remote(r.a, r.now_us);
    uint64_t begun_us = r.now_us;
    run(&r, 0);
    for (int i = 0; i < 6; i++) {
        run(&r, begun_us + at_ms[i] * US_PER_MS - r.now_us);
        assert_int_equal(r.sent_count, i + 1);
        run(&r, 400 * US_PER_MS);
        assert_int_equal(r.sent_count, i + 1);
        if (i > 0)
            assert_memory_equal(r.sent[i].bytes, r.sent[0].bytes, r.sent[0].len);
    }
    run(&r, begun_us + 23400 * US_PER_MS - r.now_us);
    assert_int_equal(r.state, ICE_CHECKING);
    run(&r, 200 * US_PER_MS);
    assert_int_equal(r.state, ICE_FAILED);
    assert_string_equal(r.text,
                        "host 192.0.2.1:4000 -> host 192.0.2.2:5000: no answer to 6 checks");
    ice_agent_free(r.a, r.now_us);
}

/* With a peer that proposes no Ta, or another: so far apart are the checks,
 * and none is sent again before all have had their turn. */
static void test_pacing(void **state)
{
    (void)state;
    static const struct {
        uint64_t proposed_ms;
        uint64_t ms;
    } cases[] = {{1, 5}, {5, 5}, {20, 20}, {0, 50}, {100000, 500}};
    enum { PAIRS = 12 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig r;
        uint64_t ta_us = cases[i].ms * US_PER_MS;
        /* Of strangers, as these are, no more than their budget says. */
        uint64_t unheard_us = ta_us < ICE_UNHEARD_US ? ICE_UNHEARD_US : ta_us;
        uint64_t least_us = PAIRS * unheard_us < ICE_RTO_US ? ICE_RTO_US : PAIRS * unheard_us;
        rig_init(&r, true);
        ice_agent_set_remote_pacing(r.a, cases[i].proposed_ms * US_PER_MS);
        uint64_t begun_us = r.now_us;
        for (int k = 0; k < PAIRS; k++) { /* the first is checked at once */
            char line[96];
            snprintf(line, sizeof line, "candidate:%d 1 udp %d 192.0.2.%d 5000 typ host", k,
                     2000 - k, 100 + k);
            add_remote(&r, line);
        }
        for (int k = 1; k < PAIRS; k++) {
            run(&r, begun_us + (uint64_t)k * ta_us - 1 - r.now_us);
            assert_int_equal(sent_to(&r, 100 + k), 0);
            run(&r, 1);
            assert_int_equal(sent_to(&r, 100 + k), 1);
        }
        run(&r, least_us - 1);
        assert_int_equal(sent_to(&r, 100 + PAIRS - 1), 1);
        run(&r, 1);
        assert_int_equal(sent_to(&r, 100 + PAIRS - 1), 2);
        ice_agent_free(r.a, r.now_us);
    }
}

/* Who has answered once is no stranger any more: his other ports, and those of
 * his next generation, are checked as fast as was agreed. */
static void test_pacing_of_who_answers(void **state)
{
    (void)state;
    enum { PORTS = 40 };
    struct rig r;
    rig_init(&r, true);
    ice_agent_set_remote_pacing(r.a, ICE_TA_US);
    for (int generation = 0; generation < 2; generation++) {
        add_remote(&r, "candidate:1 1 udp 1000 192.0.2.2 5000 typ host");
        run(&r, 10 * US_PER_MS);
        answer_all(&r, &peer_address);
        assert_int_equal(r.state, ICE_CONNECTED);
        forget_sent(&r);
        for (int i = 0; i < PORTS; i++) {
            char line[96];
            snprintf(line, sizeof line, "candidate:%d 1 udp %d 192.0.2.2 %d typ host", 2 + i,
                     2000 + i, 6000 + i);
            add_remote(&r, line);
        }
        run(&r, (PORTS + 2) * ICE_TA_US);
        assert_in_range(sent_to(&r, 2), PORTS, PORTS + 2);
        forget_sent(&r);
        ice_agent_restart(r.a, r.now_us);
        assert_int_equal(ice_agent_set_remote(r.a, "fresh", REMOTE_PWD, r.now_us), 0);
    }
    ice_agent_free(r.a, r.now_us);
}

/* Consent: every 5 s give or take a fifth, each request with its own id. */
static void test_consent_interval(void **state)
{
    (void)state;
    struct rig r;
    uint8_t last_id[STUN_ID_LEN] = {0};
    uint64_t last_us = 0;
    rig_init(&r, true);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    for (int i = 0; i < 3; i++) {
        run(&r, 10 * US_PER_MS);
        answer_all(&r, &peer_address);
    }
    for (int i = 0; i < 50; i++) {
        struct stun_message m;
        struct ice_address to;
        while (r.sent_count == 0)
            run(&r, 10 * US_PER_MS);
        assert_int_equal(r.sent_count, 1);
        assert_true(next_sent(&r, &m, &to));
        assert_memory_not_equal(m.id, last_id, STUN_ID_LEN);
        memcpy(last_id, m.id, STUN_ID_LEN);
        if (last_us)
            assert_in_range(r.now_us - last_us, 3990 * US_PER_MS, 6020 * US_PER_MS);
        last_us = r.now_us;
        answer(&r, &m, &peer_address, REMOTE_PWD);
        forget_sent(&r);
    }
    ice_agent_free(r.a, r.now_us);
}

/* The text stays within its bound, and says what it leaves out. */
static void test_long_report(void **state)
{
    (void)state;
    struct rig r;
    char text[ICE_REPORT_MAX];
    int said = 0;
    int more = 0;
    rig_init(&r, true);
    for (int k = 0; k < 40; k++) {
        char line[96];
        snprintf(line, sizeof line, "candidate:%d 1 udp %d 192.0.2.%d 5000 typ host", k, 2000 - k,
                 100 + k);
        add_remote(&r, line);
    }
    assert_in_range(strlen(ice_agent_report(r.a, text)), ICE_REPORT_MAX - 128, ICE_REPORT_MAX - 1);
    for (const char *at = text; (at = strstr(at, " -> ")); at++)
        said++;
    /* The best first. */
    assert_non_null(strstr(text, "host 192.0.2.1:4000 -> host 192.0.2.100:5000: "));
    const char *end = strstr(text, "; and ");
    assert_non_null(end);
    assert_int_equal(sscanf(end, "; and %d more", &more), 1);
    assert_int_equal(said + more, 40);
    assert_string_equal(end + strlen(end) - 5, " more");
    ice_agent_free(r.a, r.now_us);
}

/* The system knows no way there: said at once, not after 23 s. */
static void test_unreachable(void **state)
{
    (void)state;
    struct rig r;
    char report[ICE_REPORT_MAX];
    rig_init(&r, true);
    r.refuse = ENETUNREACH;
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    run(&r, 10 * US_PER_MS);
    assert_non_null(strstr(ice_agent_report(r.a, report), "Network is unreachable"));
    /* Patience all the same: the peer may find a way to us. */
    assert_int_equal(r.state, ICE_CHECKING);
    r.refuse = EAGAIN; /* no room just now is no reason */
    add_remote(&r, "candidate:2 1 udp 2130706431 192.0.2.3 6000 typ host");
    run(&r, 10 * US_PER_MS);
    assert_non_null(
        strstr(ice_agent_report(r.a, report), "to 1 checks, 1 of them not sent: Resource"));
    r.refuse = 0;
    run(&r, US_PER_S);
    assert_non_null(strstr(ice_agent_report(r.a, report),
                           "no answer yet to 2 checks, 1 of them not sent: Resource"));
    ice_agent_free(r.a, r.now_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retransmissions),       cmocka_unit_test(test_pacing),
        cmocka_unit_test(test_pacing_of_who_answers), cmocka_unit_test(test_consent_interval),
        cmocka_unit_test(test_long_report),           cmocka_unit_test(test_unreachable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
