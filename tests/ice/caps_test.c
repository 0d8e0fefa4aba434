/*
 * More of everything than there is room for: machines with a hundred bridges,
 * a dozen servers, names. Whatever comes last, what leads somewhere is tried.
 */
#include "sim.h"

#include <errno.h>
#include <stdio.h>

/* One agent, and whom it asks from where. */
struct rig {
    struct ice_agent *a;
    uint64_t now_us;
    unsigned last_bytes[256]; /* datagrams, by the last byte of the address */
    unsigned by_base[ICE_BASES_MAX];
    int opened;         /* connections to TURN servers */
    bool has_opened_at; /* to the one that ends in 99 */
    int asked;          /* names */
    int last_id;
};

static int on_datagram(void *arg, int base, const struct ice_address *remote, struct span bytes)
{
    struct rig *r = arg;
    (void)bytes;
    r->last_bytes[remote->ip[3]]++;
    r->by_base[base]++;
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

static void on_open_base(void *arg, int base, const struct ice_agent_server *server)
{
    struct rig *r = arg;
    r->opened++;
    r->has_opened_at |= server->address.ip[3] == 99;
    (void)base;
}

static void on_close_base(void *arg, int base)
{
    (void)arg;
    (void)base;
}

static void on_resolve(void *arg, int id, const char *name)
{
    struct rig *r = arg;
    (void)name;
    r->asked++;
    r->last_id = id;
}

static const struct ice_agent_handlers handlers = {on_datagram, on_candidate, on_state,
                                                   on_route,    on_open_base, on_close_base,
                                                   on_resolve,  NULL,         NULL,
                                                   NULL};

static void rig_init(struct rig *r)
{
    struct ice_agent_config config = {.is_controlling = true, .seed = {7}};
    *r = (struct rig){.now_us = US_PER_S};
    r->a = ice_agent_new(&config, &handlers, r);
}

static int add_interface(struct rig *r, int number, const char *name, bool is_default)
{
    struct ice_address address = ice_address_v4(10, 0, 0, (uint8_t)number, 4000);
    return ice_agent_add_interface(r->a, &address, name, is_default, r->now_us);
}

static void add_server(struct rig *r, int last, bool is_turn, enum turn_transport transport)
{
    struct ice_agent_server server = {.is_turn = is_turn,
                                      .transport = transport,
                                      .address = ice_address_v4(198, 51, 100, (uint8_t)last, 3478),
                                      .user = "user",
                                      .pass = "secret"};
    assert_int_equal(ice_agent_add_server(r->a, &server, r->now_us), 0);
}

static int add_remote(struct rig *r, const char *format, int number)
{
    char line[160];
    snprintf(line, sizeof line, format, number, number);
    return ice_agent_add_remote(r->a, span_from_string(line), r->now_us);
}

static void run(struct rig *r, uint64_t for_us)
{
    uint64_t until_us = r->now_us + for_us;
    for (uint64_t at_us; (at_us = ice_agent_deadline(r->a)) <= until_us;) {
        r->now_us = at_us > r->now_us ? at_us : r->now_us;
        ice_agent_on_deadline(r->a, r->now_us);
    }
    r->now_us = until_us;
}

static void start(struct rig *r)
{
    ice_agent_gather(r->a, false, r->now_us);
    assert_int_equal(ice_agent_set_remote(r->a, "peer", "remotepasswordremotepass", r->now_us), 0);
}

/* The other side has 150 addresses of its own (kube-ipvs0), a name and a relay,
 * and tells of them in this order, or the other way round. */
static void test_remote_candidates(void **state)
{
    (void)state;
    static const char relay[] = "candidate:r%d 1 udp 33562%d 192.0.2.202 5000 typ relay";
    static const char srflx[] = "candidate:s%d 1 udp 1694498%d 192.0.2.201 5000 typ srflx";
    static const char host[] = "candidate:%d 1 udp 2122252543 10.9.0.%d 5000 typ host";
    for (int order = 0; order < 2; order++) {
        struct rig r;
        rig_init(&r);
        for (int i = 0; i < 12; i++)
            assert_true(add_interface(&r, 1 + i, i == 0 ? "eth0" : "br-1", i == 0) >= 0);
        start(&r);
        if (order == 1) {
            assert_int_equal(add_remote(&r, relay, 367), 0);
            assert_int_equal(add_remote(&r, srflx, 815), 0);
        }
        for (int i = 0; i < 150; i++)
            add_remote(&r, host, 1 + i);
        if (order == 0) {
            assert_int_equal(add_remote(&r, srflx, 815), 0);
            assert_int_equal(add_remote(&r, relay, 367), 0);
        }
        run(&r, 20 * US_PER_S);
        assert_true(r.last_bytes[201] > 0);
        assert_true(r.last_bytes[202] > 0);
        ice_agent_free(r.a, r.now_us);
    }
}

/* The best of one type are kept, whenever they come. */
static void test_better_candidates(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r);
    add_interface(&r, 1, "eth0", true);
    start(&r);
    for (int i = 0; i < ICE_REMOTE_MAX; i++)
        assert_int_equal(add_remote(&r, "candidate:%d 1 udp 1000 10.9.0.%d 5000 typ host", 1 + i),
                         0);
    assert_int_equal(add_remote(&r, "candidate:%d 1 udp 999 10.9.0.%d 5000 typ host", 201),
                     -ENOSPC);
    assert_int_equal(add_remote(&r, "candidate:%d 1 udp 1001 10.9.0.%d 5000 typ host", 202), 0);
    run(&r, 5 * US_PER_S);
    assert_int_equal(r.last_bytes[201], 0);
    assert_true(r.last_bytes[202] > 0);
    ice_agent_free(r.a, r.now_us);
}

/* Two machines with a dozen bridges each, that only a relay connects. */
static void test_many_bridges(void **state)
{
    (void)state;
    struct sim *s = sim_new(9);
    struct ice_address server = ice_address_v4(198, 51, 100, 2, 3478);
    struct sim_peer *peers[2];
    sim_add_server(s, server);
    for (int i = 0; i < 2; i++) {
        struct ice_agent_server turn = sim_turn(server, TURN_UDP);
        struct ice_address outer = ice_address_v4(203, 0, 113, (uint8_t)(1 + i), 0);
        struct ice_address nowhere = ice_address_v4(203, 0, 113, (uint8_t)(11 + i), 0);
        peers[i] =
            sim_add_peer(s, &(struct sim_peer_config){.name = i ? "b" : "a", .is_controlling = !i});
        int home = sim_add_nat(s, SIM_PUBLIC, outer, SIM_NAT_SYMMETRIC, false);
        int bridges = sim_add_nat(s, SIM_PUBLIC, nowhere, SIM_NAT_PORT, false);
        sim_block_udp(s, bridges, true);
        for (int k = 0; k < ICE_INTERFACES_MAX - 1; k++) {
            struct ice_address bridge = ice_address_v4(172, (uint8_t)(17 + i), (uint8_t)k, 1, 4000);
            assert_true(sim_add_address(peers[i], bridges, bridge, "br-1") >= 0);
        }
        struct ice_address ours = ice_address_v4(192, 168, (uint8_t)(1 + i), 5, 4000);
        assert_true(sim_add_address(peers[i], home, ours, "eth0") >= 0);
        sim_use_server(peers[i], &turn);
    }
    sim_connect(s, peers[0], peers[1]);
    assert_true(sim_run_until_connected(s, 20 * US_PER_S));
    sim_free(s);
}

/* A symmetric NAT shows every server another port of each interface; a relay
 * finds room beside them. */
static void test_local_candidates(void **state)
{
    (void)state;
    struct sim *s = sim_new(10);
    struct sim_peer *a = sim_add_peer(s, &(struct sim_peer_config){.name = "a"});
    int home =
        sim_add_nat(s, SIM_PUBLIC, ice_address_v4(203, 0, 113, 1, 0), SIM_NAT_SYMMETRIC, false);
    for (int i = 0; i < ICE_INTERFACES_MAX; i++) {
        struct ice_address ours = ice_address_v4(192, 168, 1, (uint8_t)(1 + i), 4000);
        assert_true(sim_add_address(a, home, ours, "eth0") >= 0);
    }
    for (int i = 0; i < 3; i++) {
        struct ice_address address = ice_address_v4(198, 51, 100, (uint8_t)(1 + i), 3478);
        struct ice_agent_server server = i < 2 ? sim_stun(address) : sim_turn(address, TURN_UDP);
        sim_add_server(s, address);
        sim_use_server(a, &server);
    }
    ice_agent_gather(sim_agent(a), false, sim_now(s));
    sim_run(s, 5 * US_PER_S);
    assert_true(sim_candidates(a, ICE_CANDIDATE_SRFLX) >= ICE_SRFLX_PROBES_MAX);
    assert_int_equal(sim_candidates(a, ICE_CANDIDATE_RELAY), 1);
    sim_free(s);
}

/* Names are asked for eight at a time, but all of them. */
static void test_names(void **state)
{
    (void)state;
    enum { NAMES = 20 };
    struct rig r;
    rig_init(&r);
    add_interface(&r, 1, "eth0", true);
    start(&r);
    for (int i = 0; i < NAMES; i++)
        assert_int_equal(add_remote(&r, "candidate:%d 1 udp 2122252543 n%d.local 5000 typ host", i),
                         0);
    assert_int_equal(r.asked, ICE_RESOLVING_MAX);
    int first = r.last_id - ICE_RESOLVING_MAX + 1;
    for (int i = 0; i < NAMES - 1; i++)
        ice_agent_resolved(r.a, first + i, NULL, r.now_us);
    assert_int_equal(r.asked, NAMES);
    struct ice_address address = ice_address_v4(192, 0, 2, 203, 0);
    ice_agent_resolved(r.a, r.last_id, &address, r.now_us);
    run(&r, US_PER_S);
    assert_true(r.last_bytes[203] > 0);
    ice_agent_free(r.a, r.now_us);
}

/* The interface that the default route leads to is the last to come, and one
 * of many that are as good by name: it asks every server, and first. */
static void test_default_interface(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct rig r;
        int base = -1;
        rig_init(&r);
        for (int i = 0; i < 4; i++)
            add_server(&r, 1 + i, false, TURN_UDP);
        add_server(&r, 50, true, TURN_UDP);
        for (int i = 0; i < ICE_INTERFACES_MAX - 1; i++)
            assert_true(add_interface(&r, 1 + i, i < 8 ? "eth1" : "br-1", false) >= 0);
        if (late) {
            ice_agent_gather(r.a, false, r.now_us);
            run(&r, 300 * US_PER_MS); /* all 32 are asked from elsewhere */
            base = add_interface(&r, 100, "tun0", true);
        } else {
            base = add_interface(&r, 100, "tun0", true);
            ice_agent_gather(r.a, false, r.now_us);
        }
        assert_true(base >= 0);
        run(&r, 400 * US_PER_MS);
        assert_true(r.by_base[base] >= (late ? 4 : 5));
        ice_agent_free(r.a, r.now_us);
    }
}

/* Servers that do not answer take no place from those behind them. */
static void test_turn_servers(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r);
    for (int i = 0; i < 4; i++)
        assert_true(add_interface(&r, 1 + i, "eth1", false) >= 0);
    for (int i = 0; i < ICE_AGENT_SERVERS_MAX - 1; i++)
        add_server(&r, 1 + i, true, TURN_UDP);
    ice_agent_gather(r.a, true, r.now_us);
    run(&r, 3 * US_PER_S); /* each is being asked from three interfaces */
    add_server(&r, 99, true, TURN_TLS);
    run(&r, US_PER_S);
    assert_true(r.has_opened_at);
    ice_agent_free(r.a, r.now_us);
}

static void test_turn_connections(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r);
    for (int i = 0; i < ICE_INTERFACES_MAX; i++)
        assert_true(add_interface(&r, 1 + i, "eth1", false) >= 0);
    for (int i = 0; i < ICE_AGENT_SERVERS_MAX; i++)
        add_server(&r, 99 - i, true, TURN_TCP);
    ice_agent_gather(r.a, false, r.now_us);
    run(&r, US_PER_S);
    assert_int_equal(r.opened, ICE_AGENT_SERVERS_MAX);
    ice_agent_free(r.a, r.now_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remote_candidates), cmocka_unit_test(test_better_candidates),
        cmocka_unit_test(test_many_bridges),      cmocka_unit_test(test_names),
        cmocka_unit_test(test_local_candidates),  cmocka_unit_test(test_default_interface),
        cmocka_unit_test(test_turn_servers),      cmocka_unit_test(test_turn_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
