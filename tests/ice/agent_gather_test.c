/*
 * One agent and a STUN server played by hand: which candidates it tells of, and
 * when it says that there are no more.
 */
#include "agent_rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

/* A server whose name nobody answers for is waited for like one that does not
 * answer itself, not longer. */
static void test_end_without_names(void **state)
{
    (void)state;
    struct ice_agent_config config = {.is_controlling = true, .seed = {42}};
    for (int is_answered = 0; is_answered < 2; is_answered++) {
        struct rig r;
        rig_begin(&r, &config);
        ice_agent_gather(r.a, true, r.now_us);
        run(&r, ICE_GATHER_PATIENCE_US - 1);
        assert_false(r.has_ended);
        if (is_answered)
            ice_agent_end_servers(r.a, r.now_us);
        else
            run(&r, 1);
        assert_true(r.has_ended);
        ice_agent_free(r.a, r.now_us);
    }
}

/* A STUN server answers the last request of the agent. */
static void answer_probe(struct rig *r, struct ice_address mapped)
{
    struct stun_message m;
    struct ice_address to;
    uint8_t data[STUN_MESSAGE_MAX];
    struct stun_writer w;
    run(r, 100000);
    bool is_asked = false;
    while (next_sent(r, &m, &to) && !(is_asked = ice_address_is_equal(&to, &other_address))) {
    }
    assert_true(is_asked);
    stun_begin(&w, data, sizeof data, STUN_SUCCESS, STUN_BINDING, m.id);
    stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, &mapped);
    stun_put_fingerprint(&w);
    receive(r, &other_address, stun_bytes(&w));
}

static int count_srflx(const struct rig *r, const char *address)
{
    char *wanted = xasprintf(" %s typ srflx", address);
    int count = 0;
    for (const char *at = r->candidates; (at = strstr(at, wanted)) != NULL; at++)
        count++;
    free(wanted);
    return count;
}

/* A server's word is kept for the next agent, as long as the NAT keeps ports;
 * what the server says then counts. */
static void test_mappings(void **state)
{
    (void)state;
    struct ice_mappings mappings = {0};
    const struct ice_agent_server server = {.address = other_address};
    const struct {
        int guesses;
        uint16_t port; /* that the server sees, of 4000 */
    } agents[] = {{0, 4000}, {1, 4000}, {1, 9999}, {0, 4000}};
    for (size_t i = 0; i < sizeof agents / sizeof *agents; i++) {
        struct ice_agent_config config = {.seed = {42}, .mappings = &mappings};
        struct rig r;
        char told[32];
        rig_begin(&r, &config);
        assert_int_equal(ice_agent_add_server(r.a, &server, r.now_us), 0);
        ice_agent_gather(r.a, false, r.now_us);
        assert_int_equal(count_srflx(&r, "203.0.113.7 4000"), agents[i].guesses);
        answer_probe(&r, ice_address_v4(203, 0, 113, 7, agents[i].port));
        snprintf(told, sizeof told, "203.0.113.7 %u", agents[i].port);
        assert_int_equal(count_srflx(&r, told), 1); /* and not once more */
        assert_true(r.has_ended);
        ice_agent_free(r.a, r.now_us);
    }
}

static void test_mappings_are_bounded(void **state)
{
    (void)state;
    struct ice_mappings mappings = {0};
    struct ice_address got;
    for (int i = 0; i <= ICE_MAPPINGS_MAX; i++) {
        struct ice_address local = ice_address_v4(10, 0, 0, (uint8_t)i, 4000);
        struct ice_address mapped = ice_address_v4(203, 0, 113, (uint8_t)i, 4000);
        ice_mappings_note(&mappings, &local, &other_address, &mapped);
    }
    assert_int_equal(mappings.count, ICE_MAPPINGS_MAX);
    struct ice_address first = ice_address_v4(10, 0, 0, 0, 5000);
    struct ice_address second = ice_address_v4(10, 0, 0, 1, 5000);
    assert_false(ice_mappings_guess(&mappings, &first, &other_address, &got));
    assert_true(ice_mappings_guess(&mappings, &second, &other_address, &got));
    struct ice_address expected = ice_address_v4(203, 0, 113, 1, 5000);
    assert_true(ice_address_is_equal(&got, &expected));
    assert_false(ice_mappings_guess(&mappings, &second, &peer_address, &got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_end_without_names),
        cmocka_unit_test(test_mappings),
        cmocka_unit_test(test_mappings_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
