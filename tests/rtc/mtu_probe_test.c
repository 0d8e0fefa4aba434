/*
 * Binding requests of all sizes to a server at 127.0.0.1, behind a path that
 * lets small ones through.
 */
#include "testing.h"

#include "ice/stun.h"
#include "net/udp.h"
#include "rtc/mtu_probe.h"

enum { HEADERS = 28 };

struct rig {
    struct loop *loop;
    struct udp *server;
    size_t width;          /* of the path, with headers */
    enum stun_class class; /* of its answers */
    int ends;
};

static void on_burst(struct span bytes, size_t segment, const struct address *from, void *arg)
{
    struct rig *rig = arg;
    for (; bytes.len > 0; bytes = span_skip(bytes, segment < bytes.len ? segment : bytes.len)) {
        struct span one = span_of(bytes.data, segment < bytes.len ? segment : bytes.len);
        uint8_t data[STUN_MESSAGE_MAX];
        struct stun_message m;
        struct stun_writer w;
        assert_int_equal(stun_decode(one, &m), (int)one.len);
        assert_int_equal(m.class, STUN_REQUEST);
        assert_int_equal(m.unknown, 0);
        if (one.len + HEADERS > rig->width)
            continue;
        stun_begin(&w, data, sizeof data, rig->class, STUN_BINDING, m.id);
        struct span answer = stun_bytes(&w);
        assert_int_equal(udp_send(rig->server, answer, answer.len, from), 0);
    }
}

static void on_done(void *arg)
{
    struct rig *rig = arg;
    rig->ends++;
    loop_stop(rig->loop);
}

static size_t measure(size_t width, enum stun_class class)
{
    static const struct udp_handlers handlers = {.on_burst = on_burst};
    struct rig rig = {.loop = loop_new(), .width = width, .class = class};
    struct address local;
    assert_int_equal(address_parse("127.0.0.1", 0, &local), 0);
    assert_int_equal(udp_new(rig.loop, &local, &handlers, &rig, &rig.server), 0);
    udp_local_address(rig.server, &local);
    struct mtu_probe *probe = mtu_probe_new(rig.loop, &local, 0, on_done, &rig);
    loop_run(rig.loop);
    size_t found = mtu_probe_get(probe);
    mtu_probe_free(probe);
    udp_close(rig.server);
    loop_free(rig.loop);
    assert_int_equal(rig.ends, 1);
    return found;
}

/* An emulator of user space may not know IP_MTU, where the measure begins. */
static void need_mtu(void)
{
    struct address loopback;
    assert_int_equal(address_parse("127.0.0.1", 9, &loopback), 0);
    if (udp_route_max(&loopback) <= 1280) {
        print_message("skipped: IP_MTU is not known here, as under qemu-user\n");
        skip();
    }
}

static void test_widths(void **state)
{
    (void)state;
    need_mtu();
    assert_int_equal(measure(65535, STUN_SUCCESS), 1500);
    assert_int_equal(measure(1420, STUN_SUCCESS), 1420);
}

/* One that takes no such attribute says so, and has got it. */
static void test_error(void **state)
{
    (void)state;
    need_mtu();
    assert_int_equal(measure(65535, STUN_ERROR), 1500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_widths), cmocka_unit_test(test_error)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
