/*
 * A NAT of which the test plays server and outside, at 127.0.0.1: what the two
 * sockets are seen as are sockets of its own, which lead back in, or do not.
 */
#include "testing.h"

#include "ice/stun.h"
#include "net/udp.h"
#include "rtc/hairpin_probe.h"
#include "rtc/ice_address.h"

enum { MAPPINGS = 2 };

struct rig;

struct mapping {
    struct rig *rig;
    struct udp *udp;
    struct address outside;
    struct address inside; /* len 0: nobody has it yet */
    int came;
};

struct rig {
    struct loop *loop;
    struct udp *server;
    struct mapping mappings[MAPPINGS];
    bool leads_back;
    bool is_silent; /* the server */
    int ends;
};

static struct mapping *map(struct rig *rig, const struct address *inside)
{
    for (int i = 0; i < MAPPINGS; i++) {
        struct mapping *m = &rig->mappings[i];
        if (m->inside.len == 0)
            m->inside = *inside;
        if (address_port(&m->inside) == address_port(inside))
            return m;
    }
    fail_msg("a third socket asks");
    return NULL;
}

static void on_server(struct span bytes, size_t segment, const struct address *from, void *arg)
{
    struct rig *rig = arg;
    uint8_t data[STUN_MESSAGE_MAX];
    struct stun_message m;
    struct stun_writer w;
    (void)segment;
    if (rig->is_silent)
        return;
    assert_true(stun_decode(bytes, &m) > 0);
    struct ice_address seen = ice_from_sockaddr(&map(rig, from)->outside);
    stun_begin(&w, data, sizeof data, STUN_SUCCESS, STUN_BINDING, m.id);
    stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, &seen);
    struct span answer = stun_bytes(&w);
    assert_int_equal(udp_send(rig->server, answer, answer.len, from), 0);
}

/* What the other one has sent, as from outside. */
static void on_outside(struct span bytes, size_t segment, const struct address *from, void *arg)
{
    struct mapping *to = arg;
    struct mapping *by = map(to->rig, from);
    assert_ptr_not_equal(to, by);
    to->came++;
    if (to->rig->leads_back)
        assert_int_equal(udp_send(by->udp, bytes, segment, &to->inside), 0);
}

static void on_done(void *arg)
{
    struct rig *rig = arg;
    rig->ends++;
    loop_stop(rig->loop);
}

static enum hairpin probe(struct rig *rig)
{
    static const struct udp_handlers of_server = {.on_burst = on_server};
    static const struct udp_handlers of_outside = {.on_burst = on_outside};
    struct address local;
    rig->loop = loop_new();
    assert_int_equal(address_parse("127.0.0.1", 0, &local), 0);
    for (int i = 0; i < MAPPINGS; i++) {
        struct mapping *m = &rig->mappings[i];
        m->rig = rig;
        assert_int_equal(udp_new(rig->loop, &local, &of_outside, m, &m->udp), 0);
        udp_local_address(m->udp, &m->outside);
    }
    assert_int_equal(udp_new(rig->loop, &local, &of_server, rig, &rig->server), 0);
    udp_local_address(rig->server, &local);
    struct hairpin_probe *probe = hairpin_probe_new(rig->loop, &local, on_done, rig);
    loop_run(rig->loop);
    enum hairpin found = hairpin_probe_get(probe);
    hairpin_probe_free(probe);
    udp_close(rig->server);
    for (int i = 0; i < MAPPINGS; i++)
        udp_close(rig->mappings[i].udp);
    loop_free(rig->loop);
    assert_int_equal(rig->ends, 1);
    return found;
}

static void test_leads_back(void **state)
{
    (void)state;
    struct rig rig = {.leads_back = true};
    assert_int_equal(probe(&rig), HAIRPIN_LEADS_BACK);
}

static void test_none(void **state)
{
    (void)state;
    struct rig rig = {0};
    assert_int_equal(probe(&rig), HAIRPIN_NONE);
    assert_in_range(rig.mappings[0].came, 2, 8);
    assert_in_range(rig.mappings[1].came, 2, 8);
}

static void test_no_answer(void **state)
{
    (void)state;
    struct rig rig = {.is_silent = true};
    assert_int_equal(probe(&rig), HAIRPIN_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leads_back),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
