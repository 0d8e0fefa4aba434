/*
 * TURN servers that refuse, are full, send us elsewhere, forget, or are not
 * there.
 */
#include "turn_rig.h"

/* The server forgets everything: a new allocation follows, long before consent
 * is lost. Over TCP the connection breaks; over UDP the path falls silent, and
 * then a refresh is refused. It may be of another realm from then on. */
static void test_server_restart(void **state)
{
    (void)state;
    static const enum turn_transport transports[] = {TURN_TCP, TURN_UDP, TURN_TCP, TURN_UDP};
    for (int i = 0; i < 4; i++) {
        struct rig r = rig_new(15, transports[i]);
        r.server->restarts_renamed = i >= 2;
        sim_connect(r.s, r.a, r.b);
        assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
        sim_run(r.s, 20 * US_PER_S);
        sim_restart_server(r.s, r.server);
        sim_run(r.s, 12 * US_PER_S);
        assert_int_equal(r.server->allocates, 2);
        assert_int_equal(r.server->allocations, 1);
        /* The other side has to be told the new address. */
        sim_restart_ice(r.a);
        sim_run(r.s, 5 * US_PER_S);
        assert_int_equal(ice_agent_state(sim_agent(r.a)), ICE_CONNECTED);
        exchange(&r);
        sim_free(r.s);
    }
}

/* It is there, so it is asked for another one at once. */
static void test_lost_allocation(void **state)
{
    (void)state;
    struct rig r = rig_new(15, TURN_UDP);
    sim_connect(r.s, r.a, r.b);
    assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
    sim_run(r.s, 20 * US_PER_S);
    sim_restart_server(r.s, r.server);
    for (int i = 0; i < 1200 && r.server->mismatches == 0; i++)
        sim_run(r.s, 10 * US_PER_MS);
    assert_int_equal(r.server->allocates, 1);
    sim_run(r.s, 200 * US_PER_MS);
    assert_int_equal(r.server->allocates, 2);
    sim_free(r.s);
}

/* An allocation of our address that we do not know of, since the answer was
 * lost or went to a process before us, makes way for one that we do. */
static void test_allocation_in_the_way(void **state)
{
    (void)state;
    struct rig r = rig_new(16, TURN_UDP);
    r.server->is_silent = true;
    sim_connect(r.s, r.a, r.b);
    assert_false(sim_run_until_connected(r.s, 60 * US_PER_S));
    assert_int_equal(r.server->allocations, 1);
    r.server->is_silent = false;
    sim_restart_ice(r.a);
    assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
    assert_int_equal(r.server->mismatches, 1);
    assert_int_equal(r.server->allocations, 1);
    exchange(&r);
    sim_free(r.s);
}

/* A server that cannot be reached for a minute has lost nothing: allocation
 * and channels are the same afterwards. */
static void test_server_away(void **state)
{
    (void)state;
    struct rig r = rig_new(16, TURN_UDP);
    sim_connect(r.s, r.a, r.b);
    assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
    sim_run(r.s, 20 * US_PER_S);
    sim_cut(r.s, ice_address_v4(203, 0, 113, 1, 0), *turn_address(), true);
    sim_run(r.s, 60 * US_PER_S);
    sim_cut(r.s, ice_address_v4(203, 0, 113, 1, 0), *turn_address(), false);
    sim_restart_ice(r.a);
    sim_run(r.s, 30 * US_PER_S);
    assert_int_equal(r.server->allocates, 1);
    assert_int_equal(ice_agent_state(sim_agent(r.a)), ICE_CONNECTED);
    exchange(&r);
    sim_free(r.s);
}

static void fails_with(struct rig *r, const char *text)
{
    sim_connect(r->s, r->a, r->b);
    assert_false(sim_run_until_connected(r->s, 60 * US_PER_S));
    assert_int_equal(sim_failures(r->a), 1);
    if (!strstr(sim_last_text(r->a), text))
        fail_msg("\"%s\" is not in \"%s\"", text, sim_last_text(r->a));
    assert_int_equal(sim_candidates(r->a, ICE_CANDIDATE_RELAY), 0);
    sim_free(r->s);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *text;
    } cases[] = {
        {STUN_ALLOCATION_QUOTA, "over udp: the server refuses: 486 allocation quota reached"},
        {STUN_INSUFFICIENT_CAPACITY, "the server refuses: 508 insufficient capacity"},
        {STUN_FORBIDDEN, "the server refuses: 403 forbidden"},
        {STUN_ALLOCATION_MISMATCH, "the server refuses: 437 allocation mismatch"},
        {STUN_WRONG_CREDENTIALS, "the server refuses user or password"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig r = rig_new(16, TURN_UDP);
        r.server->refuse_allocate = cases[i].code;
        fails_with(&r, cases[i].text);
    }
}

/* A server without room is asked again after 1 to 2 s, and then ever more
 * seldom; so it is where the room was lost with the allocation of before. */
static void test_full_server(void **state)
{
    (void)state;
    static const int codes[] = {STUN_ALLOCATION_QUOTA, STUN_INSUFFICIENT_CAPACITY,
                                STUN_ALLOCATION_MISMATCH};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct rig r = rig_new(16, i == 1 ? TURN_TCP : TURN_UDP);
        r.server->refuse_allocate = codes[i];
        sim_connect(r.s, r.a, r.b);
        sim_run(r.s, US_PER_S);
        assert_false(sim_has_ended(r.a)); /* something may come yet */
        r.server->refuse_allocate = 0;
        assert_true(sim_run_until_connected(r.s, 3 * US_PER_S / 2));
        assert_int_equal(sim_candidates(r.a, ICE_CANDIDATE_RELAY), 1);
        sim_run(r.s, 20 * US_PER_S);
        r.server->refuse_allocate = codes[i];
        sim_restart_server(r.s, r.server);
        sim_run(r.s, 12 * US_PER_S);
        assert_true(r.server->refused > 1);
        r.server->refuse_allocate = 0;
        sim_run(r.s, 20 * US_PER_S);
        assert_int_equal(r.server->allocations, 1);
        sim_free(r.s);
    }
}

/* An hour of refusals is no hour of questions. */
static void test_server_stays_full(void **state)
{
    (void)state;
    struct rig r = rig_new(16, TURN_UDP);
    r.server->refuse_allocate = STUN_ALLOCATION_QUOTA;
    sim_connect(r.s, r.a, r.b);
    sim_run(r.s, 3600 * US_PER_S);
    assert_in_range(r.server->refused, 30, 90);
    sim_free(r.s);
}

/* The server keeps the allocation, but knows the peer no more. */
static void test_channel_is_lost(void **state)
{
    (void)state;
    for (int transport = TURN_UDP; transport <= TURN_TCP; transport++) {
        struct rig r = rig_new(16, (enum turn_transport)transport);
        sim_connect(r.s, r.a, r.b);
        assert_true(sim_run_until_connected(r.s, 5 * US_PER_S));
        sim_run(r.s, 30 * US_PER_S);
        sim_forget_channels(r.server);
        sim_run(r.s, 10 * US_PER_S); /* consent, doubt, suspicion */
        exchange(&r);
        assert_int_equal(ice_agent_state(sim_agent(r.a)), ICE_CONNECTED);
        assert_int_equal(r.server->allocates, 1);
        assert_int_equal(sim_routes_lost(r.a), 0);
        sim_free(r.s);
    }
}

static void test_wrong_password(void **state)
{
    (void)state;
    for (int transport = TURN_UDP; transport <= TURN_TLS; transport++) {
        struct rig r = rig_new(17, (enum turn_transport)transport);
        /* The right server of the rig is dead; one with a wrong password. */
        r.server->is_dead = true;
        struct ice_address address = ice_address_v4(198, 51, 100, 3, 3478);
        struct sim_server *other = sim_add_server(r.s, address);
        struct ice_agent_server server = sim_turn(address, (enum turn_transport)transport);
        server.pass = "guess";
        sim_use_server(r.a, &server);
        fails_with(&r, "the server refuses user or password");
        (void)other;
    }
}

static void test_dead_server(void **state)
{
    (void)state;
    struct rig r = rig_new(18, TURN_UDP);
    r.server->is_dead = true;
    fails_with(&r, "turn server 198.51.100.2:3478 over udp: no answer");
    r = rig_new(18, TURN_TCP);
    r.server->is_dead = true;
    fails_with(&r, "turn server 198.51.100.2:3478 over tcp: connection refused");
}

/* A dead server holds back the end of candidates only for so long. */
static void test_end_of_candidates(void **state)
{
    (void)state;
    struct rig r = rig_new(19, TURN_UDP);
    r.server->is_dead = true;
    sim_connect(r.s, r.a, r.b);
    sim_run(r.s, 9 * US_PER_S);
    assert_false(sim_has_ended(r.a));
    assert_true(sim_has_ended(r.b)); /* its server answers */
    sim_run(r.s, US_PER_S);
    assert_true(sim_has_ended(r.a));
    sim_free(r.s);
}

static void test_redirect(void **state)
{
    (void)state;
    for (int transport = TURN_UDP; transport <= TURN_TLS; transport++) {
        struct rig r = rig_new(20, (enum turn_transport)transport);
        struct ice_address address = ice_address_v4(198, 51, 100, 3, 3478);
        struct sim_server *other = sim_add_server(r.s, address);
        r.server->redirect = address;
        sim_connect(r.s, r.a, r.b);
        assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
        exchange(&r);
        assert_int_equal(other->allocates, 1);
        sim_free(r.s);
    }
}

/* The server that we were sent to dies: the one that sent us is asked anew. */
static void test_redirected_server_dies(void **state)
{
    (void)state;
    for (int transport = TURN_UDP; transport <= TURN_TLS; transport++) {
        struct rig r = rig_new(29, (enum turn_transport)transport);
        struct ice_address address = ice_address_v4(198, 51, 100, 3, 3478);
        struct sim_server *other = sim_add_server(r.s, address);
        r.server->redirect = address;
        sim_connect(r.s, r.a, r.b);
        assert_true(sim_run_until_connected(r.s, 2 * US_PER_S));
        sim_run(r.s, 60 * US_PER_S);
        r.server->redirect = (struct ice_address){0};
        other->is_dead = true;
        sim_restart_server(r.s, other);
        sim_run(r.s, 700 * US_PER_S); /* as long as the allocation may live */
        assert_int_equal(r.server->allocates, 1);
        sim_restart_ice(r.a);
        assert_true(sim_run_until_connected(r.s, 5 * US_PER_S));
        exchange(&r);
        sim_free(r.s);
    }
}

static void test_redirect_loop(void **state)
{
    (void)state;
    for (int transport = TURN_UDP; transport <= TURN_TLS; transport++) {
        struct rig r = rig_new(21, (enum turn_transport)transport);
        struct ice_address address = ice_address_v4(198, 51, 100, 3, 3478);
        struct sim_server *other = sim_add_server(r.s, address);
        r.server->redirect = address;
        other->redirect = *turn_address();
        fails_with(&r, "the server sends us elsewhere");
    }
}

/* The server relays, but not to this peer: the pair says so. */
static void test_channel_forbidden(void **state)
{
    (void)state;
    struct rig r = rig_new(22, TURN_UDP);
    r.server->refuse_channel = STUN_FORBIDDEN;
    sim_connect(r.s, r.a, r.b);
    assert_false(sim_run_until_connected(r.s, 60 * US_PER_S));
    assert_non_null(strstr(sim_last_text(r.a), "relay 198.51.100.2:"));
    assert_non_null(strstr(sim_last_text(r.a), ": refused: 403 forbidden"));
    sim_free(r.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_restart),
        cmocka_unit_test(test_lost_allocation),
        cmocka_unit_test(test_allocation_in_the_way),
        cmocka_unit_test(test_server_away),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_full_server),
        cmocka_unit_test(test_server_stays_full),
        cmocka_unit_test(test_channel_is_lost),
        cmocka_unit_test(test_wrong_password),
        cmocka_unit_test(test_dead_server),
        cmocka_unit_test(test_end_of_candidates),
        cmocka_unit_test(test_redirect),
        cmocka_unit_test(test_redirected_server_dies),
        cmocka_unit_test(test_redirect_loop),
        cmocka_unit_test(test_channel_forbidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
