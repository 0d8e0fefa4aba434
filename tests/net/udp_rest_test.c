/*
 * A socket that is left alone for moments, over the loopback.
 */
#include "net/net_testing.h"

#include "net/udp_internal.h"

enum { RESTS = 3 };

/* Two that answer each other until the one on a long path rests, and begin
 * anew when it rests no more. */
struct rally {
    struct udp *near;
    struct udp *far;
    struct address far_address;
    int rests;
    bool is_over;
    bool is_done;
};

static void send_byte(struct udp *from, const struct address *to)
{
    assert_int_equal(udp_send(from, span_of("x", 1), 1, to), 0);
}

static void on_near(struct span bytes, size_t segment, const struct address *from, void *arg)
{
    struct rally *r = arg;
    assert_true(bytes.len == 1 && segment == 1);
    send_byte(r->near, from);
}

static void on_far(struct span bytes, size_t segment, const struct address *from, void *arg)
{
    struct rally *r = arg;
    assert_true(bytes.len == 1 && segment == 1);
    r->is_over = r->far->hook != NULL;
    if (!r->is_over)
        send_byte(r->far, from);
    else
        r->is_done = ++r->rests == RESTS;
}

static void begin_anew(void *arg)
{
    struct rally *r = arg;
    if (!r->is_over || r->is_done || r->far->hook)
        return;
    r->is_over = false;
    send_byte(r->near, &r->far_address);
}

static uint64_t far_rtt_us(void *arg)
{
    (void)arg;
    return 32 * US_PER_MS;
}

/* A busy socket is looked at now and then, one that is not busy any more is
 * watched again, and nothing is left lying in between. */
static void rests_and_goes_on(void **state)
{
    (void)state;
    static const struct udp_handlers near = {.on_burst = on_near};
    static const struct udp_handlers far = {.on_burst = on_far, .rtt_us = far_rtt_us};
    struct loop *loop = loop_new();
    struct rally r = {0};
    struct address any;
    assert_int_equal(address_parse("127.0.0.1", 0, &any), 0);
    assert_int_equal(udp_new(loop, &any, &near, &r, &r.near), 0);
    assert_int_equal(udp_new(loop, &any, &far, &r, &r.far), 0);
    udp_local_address(r.far, &r.far_address);
    struct turn_hook *hook = turn_hook_new(loop, begin_anew, NULL, &r);
    send_byte(r.near, &r.far_address);
    run_until(loop, &r.is_done);
    turn_hook_free(hook);
    udp_close(r.far); /* while it rests */
    udp_close(r.near);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rests_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
