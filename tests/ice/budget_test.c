/*
 * The budget of checks to strangers, alone; and agents that share one.
 */
#include "testing.h"

#include <stdio.h>

#include "ice/agent.h"

/* As many checks as may leave at one time. */
static int burst(struct ice_budget *b, uint64_t now_us)
{
    int count = 0;
    for (; ice_budget_ready_us(b) <= now_us; count++)
        ice_budget_spend(b, now_us);
    return count;
}

static void test_burst_then_pace(void **state)
{
    (void)state;
    struct ice_budget b = {0};
    uint64_t now_us = US_PER_S;
    assert_int_equal(burst(&b, now_us), ICE_UNHEARD_BURST);
    assert_int_equal(ice_budget_ready_us(&b), now_us + ICE_UNHEARD_US);
    for (int i = 0; i < 100; i++) {
        now_us = ice_budget_ready_us(&b);
        assert_int_equal(burst(&b, now_us), 1);
        assert_int_equal(ice_budget_ready_us(&b), now_us + ICE_UNHEARD_US);
    }
    assert_int_equal(burst(&b, now_us + US_PER_S), US_PER_S / ICE_UNHEARD_US - 4);
    assert_int_equal(burst(&b, now_us + 60 * US_PER_S), ICE_UNHEARD_BURST);
}

static void test_backoff(void **state)
{
    (void)state;
    struct ice_budget b = {0};
    static const uint64_t ms[] = {50, 100, 200, 400, 500, 500};
    for (size_t i = 0; i < sizeof ms / sizeof *ms; i++) {
        assert_int_equal(ice_budget_interval_us(&b), ms[i] * US_PER_MS);
        ice_budget_on_silence(&b, US_PER_S);
    }
    ice_budget_on_answer(&b);
    assert_int_equal(ice_budget_interval_us(&b), ICE_UNHEARD_US);
    /* The slower pace makes nobody any richer. */
    assert_int_equal(burst(&b, US_PER_S), ICE_UNHEARD_BURST);
    ice_budget_on_silence(&b, US_PER_S);
    assert_int_equal(ice_budget_ready_us(&b), US_PER_S + 2 * ICE_UNHEARD_US);
}

/* What is sent again beyond the budget does not add up without end. */
static void test_debt(void **state)
{
    (void)state;
    struct ice_budget b = {0};
    for (int i = 0; i < 1000; i++)
        ice_budget_spend(&b, US_PER_S);
    assert_int_equal(ice_budget_ready_us(&b), US_PER_S + ICE_UNHEARD_US);
}

/* ---- agents ---- */

static int on_datagram(void *arg, int base, const struct ice_address *remote, struct span bytes)
{
    (void)base;
    (void)bytes;
    int *victims = arg;
    *victims += remote->ip[0] == 203;
    return 0;
}

static void on_candidate(void *arg, const char *line)
{
    (void)arg;
    (void)line;
}

static void on_state(void *arg, enum ice_state state, const char *text)
{
    (void)arg;
    (void)state;
    (void)text;
}

static void on_route(void *arg)
{
    (void)arg;
}

static const struct ice_agent_handlers handlers = {
    .on_datagram = on_datagram,
    .on_candidate = on_candidate,
    .on_state = on_state,
    .on_route = on_route,
};

static void run(struct ice_agent *a, uint64_t *now_us, uint64_t for_us)
{
    uint64_t until_us = *now_us + for_us;
    for (uint64_t at_us; (at_us = ice_agent_deadline(a)) <= until_us;) {
        *now_us = at_us > *now_us ? at_us : *now_us;
        ice_agent_on_deadline(a, *now_us);
    }
    *now_us = until_us;
}

/* A negotiation as a hostile signal server makes it: the shortest pacing, and
 * as many ports of somebody as it likes. Returns what he got. */
static int negotiate(struct ice_budget *budget, uint64_t *now_us, uint64_t for_us)
{
    int victims = 0;
    struct ice_agent_config config = {.is_controlling = true, .seed = {42}, .budget = budget};
    struct ice_address ours = ice_address_v4(192, 0, 2, 1, 4000);
    struct ice_agent *a = ice_agent_new(&config, &handlers, &victims);
    assert_true(ice_agent_add_interface(a, &ours, "eth0", false, *now_us) >= 0);
    ice_agent_gather(a, false, *now_us);
    ice_agent_set_remote_pacing(a, ICE_TA_US);
    assert_int_equal(ice_agent_set_remote(a, "peer", "remotepasswordremotepass", *now_us), 0);
    for (int i = 0; i < 40; i++) {
        char line[96];
        snprintf(line, sizeof line, "candidate:%d 1 udp 2122252543 203.0.113.7 %d typ host", i,
                 5000 + i);
        assert_int_equal(ice_agent_add_remote(a, span_from_string(line), *now_us), 0);
    }
    run(a, now_us, for_us);
    ice_agent_free(a, *now_us);
    return victims;
}

static void test_one_negotiation(void **state)
{
    (void)state;
    for (int seconds = 1; seconds <= 20; seconds++) {
        struct ice_budget budget = {0};
        uint64_t now_us = US_PER_S;
        assert_in_range(negotiate(&budget, &now_us, (uint64_t)seconds * US_PER_S), 1,
                        ICE_UNHEARD_BURST + 20 * seconds);
    }
}

/* One negotiation after the other: less and less. */
static void test_many_negotiations(void **state)
{
    (void)state;
    struct ice_budget budget = {0};
    uint64_t now_us = US_PER_S;
    int victims = 0;
    for (int i = 0; i < 10; i++)
        victims += negotiate(&budget, &now_us, US_PER_S);
    assert_in_range(victims, 1, ICE_UNHEARD_BURST + 20 + 10 + 5 + 3 + 6 * 2);
    victims = 0;
    for (int i = 0; i < 400; i++)
        victims += negotiate(&budget, &now_us, 25 * US_PER_MS);
    assert_in_range(victims, 1, 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_pace),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_debt),
        cmocka_unit_test(test_one_negotiation),
        cmocka_unit_test(test_many_negotiations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
