/*
 * What is asked of STUN servers, which are sockets of the test at 127.0.0.1 and
 * 127.0.0.2, and what is made of their answers.
 */
#include "testing.h"

#include <stdio.h>

#include "ice/stun.h"
#include "net/interfaces.h"
#include "net/udp.h"
#include "rtc/ice_address.h"
#include "rtc/nat_probe.h"

struct server {
    struct udp *udp;
    struct address address;
    const struct address *other; /* that it names, or NULL */
    bool has_nat;                /* sees another port than the socket's */
    int lost;                    /* requests that it does not answer */
    int requests;
};

struct rig {
    struct loop *loop;
    struct server one;
    struct server two;
    int firsts;
    int ends;
};

static void answer(const struct server *server, const uint8_t *id, const struct address *from)
{
    uint8_t data[STUN_MESSAGE_MAX];
    struct stun_writer w;
    struct ice_address mapped = ice_from_sockaddr(from);
    mapped.port = (uint16_t)(mapped.port + server->has_nat);
    stun_begin(&w, data, sizeof data, STUN_SUCCESS, STUN_BINDING, id);
    stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, &mapped);
    if (server->other) {
        struct ice_address other = ice_from_sockaddr(server->other);
        stun_put_address(&w, STUN_OTHER_ADDRESS, &other);
    }
    struct span bytes = stun_bytes(&w);
    assert_int_equal(udp_send(server->udp, bytes, bytes.len, from), 0);
}

/* Before each answer comes one to a question that nobody has asked. */
static void on_burst(struct span bytes, size_t segment, const struct address *from, void *arg)
{
    static const uint8_t stray[STUN_ID_LEN] = "stray answer";
    struct server *server = arg;
    struct stun_message m;
    assert_int_equal(bytes.len, segment);
    assert_int_equal(stun_decode(bytes, &m), (int)bytes.len);
    assert_int_equal(m.class, STUN_REQUEST);
    server->requests++;
    if (server->lost > 0) {
        server->lost--;
        return;
    }
    answer(server, stray, from);
    answer(server, m.id, from);
}

static void open_server(struct rig *rig, struct server *server, const char *host)
{
    static const struct udp_handlers handlers = {.on_burst = on_burst};
    struct address local;
    assert_int_equal(address_parse(host, 0, &local), 0);
    assert_int_equal(udp_new(rig->loop, &local, &handlers, server, &server->udp), 0);
    udp_local_address(server->udp, &server->address);
}

static void open_rig(struct rig *rig)
{
    *rig = (struct rig){.loop = loop_new()};
    open_server(rig, &rig->one, "127.0.0.1");
    open_server(rig, &rig->two, "127.0.0.2");
}

static void close_rig(struct rig *rig)
{
    udp_close(rig->one.udp);
    udp_close(rig->two.udp);
    loop_free(rig->loop);
}

static void on_done(void *arg)
{
    struct rig *rig = arg;
    rig->ends++;
    loop_stop(rig->loop);
}

static void on_first(const struct nat_answer *answer, void *arg)
{
    struct rig *rig = arg;
    assert_true(answer->mapped.len > 0);
    rig->firsts++;
}

/* Asks the first one alone, or both. Returns how many have been asked. */
static size_t ask(struct rig *rig, bool both, struct nat_answer out[NAT_ANSWERS_MAX])
{
    struct ice_servers *servers = ice_servers_new(rig->loop);
    const struct server *const all[] = {&rig->one, &rig->two};
    for (int i = 0; i < 1 + both; i++) {
        char place[ADDRESS_TEXT_LEN];
        char url[ADDRESS_TEXT_LEN + 8];
        const char *why;
        snprintf(url, sizeof url, "stun:%s", address_format(&all[i]->address, place));
        assert_int_equal(ice_servers_add(servers, url, NULL, NULL, &why), 0);
    }
    static const struct nat_probe_handlers handlers = {.on_first = on_first, .on_done = on_done};
    struct nat_probe *probe = nat_probe_new(rig->loop, servers, &handlers, rig);
    loop_run(rig->loop);
    size_t count = nat_probe_get(probe, out);
    assert_int_equal(rig->firsts, 1);
    nat_probe_free(probe);
    ice_servers_free(servers);
    assert_int_equal(rig->ends, 1);
    return count;
}

static void test_no_nat(void **state)
{
    (void)state;
    struct rig rig;
    struct nat_answer answers[NAT_ANSWERS_MAX];
    open_rig(&rig);
    assert_int_equal(ask(&rig, true, answers), 2);
    for (int i = 0; i < 2; i++) {
        assert_true(answers[i].is_ours);
        assert_int_equal(address_port(&answers[i].mapped), address_port(&answers[0].mapped));
    }
    assert_int_equal(rig.one.requests, 1);
    close_rig(&rig);
}

static void test_nat(void **state)
{
    (void)state;
    struct rig rig;
    struct nat_answer answers[NAT_ANSWERS_MAX];
    open_rig(&rig);
    rig.one.has_nat = true;
    assert_int_equal(ask(&rig, true, answers), 2);
    assert_false(answers[0].is_ours);
    assert_true(answers[1].is_ours);
    assert_int_equal(address_port(&answers[0].mapped), address_port(&answers[1].mapped) + 1);
    close_rig(&rig);
}

static void test_other_address(void **state)
{
    (void)state;
    struct rig rig;
    struct nat_answer answers[NAT_ANSWERS_MAX];
    open_rig(&rig);
    rig.one.other = &rig.two.address;
    rig.two.other = &rig.one.address;
    assert_int_equal(ask(&rig, false, answers), 2);
    assert_true(address_is_same_host(&answers[1].server, &rig.two.address));
    assert_true(answers[1].is_ours);
    assert_int_equal(rig.one.requests + rig.two.requests, 2);
    close_rig(&rig);
}

static void test_other_address_of_no_use(void **state)
{
    (void)state;
    static const char *const places[] = {"127.0.0.1", "::1", "0.0.0.0", "224.0.0.1"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct rig rig;
        struct nat_answer answers[NAT_ANSWERS_MAX];
        struct address other;
        open_rig(&rig);
        assert_int_equal(address_parse(places[i], 3478, &other), 0);
        rig.one.other = &other;
        assert_int_equal(ask(&rig, false, answers), 1);
        close_rig(&rig);
    }
}

static void test_loss(void **state)
{
    (void)state;
    struct rig rig;
    struct nat_answer answers[NAT_ANSWERS_MAX];
    open_rig(&rig);
    rig.one.lost = 1;
    assert_int_equal(ask(&rig, false, answers), 1);
    assert_true(answers[0].is_ours);
    assert_int_equal(rig.one.requests, 2);
    close_rig(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_nat),        cmocka_unit_test(test_nat),
        cmocka_unit_test(test_other_address), cmocka_unit_test(test_other_address_of_no_use),
        cmocka_unit_test(test_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
