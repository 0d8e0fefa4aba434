/*
 * Sockets under an agent, with connections to TURN servers that are none. The
 * agent may take the number of a base that is gone for the next one at once.
 */
#include "testing.h"

#include "base/clock.h"
#include "net/conn.h"
#include "net/deadline.h"
#include "net/loop.h"
#include "rtc/ice_sockets.h"

enum { TIMEOUT_S = 20 * TEST_SLOWER };

/* Longer than Ta after the connection was begun: the next may begin at once. */
#define ANSWER_US (50 * US_PER_MS)

struct rig {
    struct loop *loop;
    struct ice_agent *agent;
    struct ice_sockets sockets;
    struct listener *listeners[2];
    struct conn *accepted;
    struct timer *timer; /* of the answer */
    struct timer *watchdog;
    const char *answer; /* NULL: the servers close */
    int opened;
    int last_base;
};

/* ---- servers ---- */

static void on_server_close(int error, const char *text, void *arg)
{
    struct rig *r = arg;
    (void)error;
    (void)text;
    conn_close(r->accepted);
    r->accepted = NULL;
}

static void on_server_end(void *arg)
{
    on_server_close(0, "", arg);
}

static const struct conn_handlers server_handlers = {.on_end = on_server_end,
                                                     .on_close = on_server_close};

static void on_accept(struct conn *conn, void *arg)
{
    struct rig *r = arg;
    assert_null(r->accepted);
    r->accepted = conn;
    conn_set_handlers(conn, &server_handlers, r);
    timer_start_in(r->timer, ANSWER_US);
}

static void on_answer_time(void *arg)
{
    struct rig *r = arg;
    if (!r->accepted)
        return;
    if (r->answer) {
        conn_write(r->accepted, span_from_string(r->answer));
    } else {
        conn_close(r->accepted);
        r->accepted = NULL;
    }
}

/* ---- the agent's owner ---- */

static int on_datagram(void *arg, int base, const struct ice_address *remote, struct span bytes)
{
    struct rig *r = arg;
    return ice_sockets_send(&r->sockets, base, remote, bytes);
}

static void on_candidate(void *arg, const char *line)
{
    struct rig *r = arg;
    if (!line)
        loop_stop(r->loop);
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
    if (r->opened++ > 0)
        assert_int_equal(base, r->last_base); /* else this test shows nothing */
    r->last_base = base;
    assert_null(r->sockets.all[base]);
    ice_sockets_connect(&r->sockets, base, server);
}

static void on_close_base(void *arg, int base)
{
    struct rig *r = arg;
    ice_sockets_close_one(&r->sockets, base);
}

static void on_resolve(void *arg, int id, const char *name)
{
    (void)arg;
    (void)id;
    (void)name;
}

static const struct ice_agent_handlers agent_handlers = {
    .on_datagram = on_datagram,
    .on_candidate = on_candidate,
    .on_state = on_state,
    .on_route = on_route,
    .on_open_base = on_open_base,
    .on_close_base = on_close_base,
    .on_resolve = on_resolve,
};

static uint64_t next_us(void *arg)
{
    struct rig *r = arg;
    return ice_agent_deadline(r->agent);
}

static void on_due(void *arg)
{
    struct rig *r = arg;
    ice_agent_on_deadline(r->agent, clock_now_us());
}

static void on_watchdog(void *arg)
{
    (void)arg;
    fail_msg("not done in %d s", TIMEOUT_S);
}

static void ignore_datagram(struct span datagram, void *arg)
{
    (void)datagram;
    (void)arg;
}

static void ignore(void *arg)
{
    (void)arg;
}

static const struct ice_sockets_handlers socket_handlers = {ignore_datagram, ignore, ignore,
                                                            ignore};

/* Two addresses of one TURN server by TCP, on one port. */
static void add_servers(struct rig *r)
{
    static const char *const hosts[] = {"127.0.0.1", "127.0.0.2"};
    uint16_t port = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(listener_new(r->loop, hosts[i], port, on_accept, r, &r->listeners[i]), 0);
        port = listener_port(r->listeners[i]);
        struct ice_agent_server server = {
            .is_turn = true,
            .transport = TURN_TCP,
            .address = ice_address_v4(127, 0, 0, (uint8_t)(1 + i), port),
            .host = "turn.example",
            .user = "u",
            .pass = "p",
        };
        assert_int_equal(ice_agent_add_server(r->agent, &server, clock_now_us()), 0);
    }
}

/* Both are tried, and then there are no more candidates. */
static void assert_both_tried(const char *answer)
{
    struct ice_agent_config config = {.is_controlling = true, .seed = {42}};
    struct rig r = {.loop = loop_new(), .answer = answer};
    r.timer = timer_new(r.loop, on_answer_time, &r);
    r.watchdog = timer_new(r.loop, on_watchdog, &r);
    timer_start_in(r.watchdog, TIMEOUT_S * US_PER_S);
    r.agent = ice_agent_new(&config, &agent_handlers, &r);
    ice_sockets_init(&r.sockets, r.loop, r.agent, NULL, &socket_handlers, &r);
    struct deadline *deadline = deadline_new(r.loop, next_us, on_due, &r);
    uint64_t begun_us = clock_now_us();
    ice_sockets_open(&r.sockets);
    add_servers(&r);
    ice_agent_gather(r.agent, false, clock_now_us());
    loop_run(r.loop);
    assert_int_equal(r.opened, 2);
    assert_true(clock_now_us() - begun_us < ICE_GATHER_PATIENCE_US);

    assert_true(ice_sockets_close(&r.sockets));
    ice_agent_free(r.agent, clock_now_us());
    ice_sockets_deinit(&r.sockets);
    for (int i = 0; i < 2; i++)
        listener_close(r.listeners[i]);
    if (r.accepted)
        conn_close(r.accepted);
    deadline_free(deadline);
    timer_free(r.timer);
    timer_free(r.watchdog);
    loop_free(r.loop);
}

static void test_server_that_closes(void **state)
{
    (void)state;
    assert_both_tried(NULL);
}

static void test_server_that_is_none(void **state)
{
    (void)state;
    assert_both_tried("SSH-2.0-OpenSSH_9.9\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_that_closes),
        cmocka_unit_test(test_server_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
