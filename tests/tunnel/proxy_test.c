/*
 * A proxy with a client of real sockets, and a tunnel that goes no further than
 * two multiplexers on the same loop: what waits for the tunnel, and for how
 * long.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/list.h"
#include "net/conn.h"
#include "tunnel/frame.h"
#include "tunnel/mux.h"
#include "tunnel/proxy.h"

enum { TIMEOUT_S = 120, CLIENTS = 3, TRIES = 20, LINE_MAX_LEN = 1 << 20, PREFIX_LEN = 4 };

struct scene;

struct side {
    struct mux *mux;
    struct buf line; /* messages on their way from it, each behind its length */
};

struct client {
    struct conn *conn;
    const char *request;
    struct buf got;
};

struct scene {
    struct loop *loop;
    struct timer *watchdog;
    struct turn_hook *hook;
    bool (*is_done)(struct scene *scene);
    struct proxy *proxy;
    struct side consumer;
    struct side provider;
    struct mux_stream *stream; /* the last request at the provider */
    int requests;
    struct client clients[CLIENTS];
};

/* ---- running ---- */

static bool deliver(struct side *from, struct side *to)
{
    struct span queued = buf_bytes(&from->line);
    if (queued.len == 0)
        return false;
    size_t len = get_u32be(queued.data);
    struct guard g = guard_new(queued.data + PREFIX_LEN, len);
    buf_consume(&from->line, PREFIX_LEN + len);
    mux_feed(to->mux, 0, g.bytes, clock_now_us());
    guard_free(&g);
    return true;
}

static void on_turn(void *arg)
{
    struct scene *scene = arg;
    while (deliver(&scene->consumer, &scene->provider) ||
           deliver(&scene->provider, &scene->consumer)) {
    }
    if (scene->is_done && scene->is_done(scene)) {
        scene->is_done = NULL;
        loop_stop(scene->loop);
    }
}

static void on_watchdog(void *arg)
{
    (void)arg;
    fail_msg("not done in %d s", TIMEOUT_S);
}

static void run_until(struct scene *scene, bool (*is_done)(struct scene *scene))
{
    scene->is_done = is_done;
    timer_start_in(scene->watchdog, TIMEOUT_S * US_PER_S);
    loop_run(scene->loop);
    timer_stop(scene->watchdog);
}

/* ---- the tunnel ---- */

static void on_send(unsigned channel, struct span head, struct span body, void *arg)
{
    struct side *side = arg;
    uint8_t prefix[PREFIX_LEN];
    (void)channel;
    put_u32be(prefix, (uint32_t)(head.len + body.len));
    assert_int_equal(buf_append(&side->line, span_of(prefix, sizeof prefix)), 0);
    assert_int_equal(buf_append(&side->line, head), 0);
    assert_int_equal(buf_append(&side->line, body), 0);
}

static bool on_can_send(unsigned channel, enum mux_urgency urgency, void *arg)
{
    (void)channel;
    (void)urgency;
    (void)arg;
    return true;
}

static void on_reading(bool reading, void *arg)
{
    (void)reading;
    (void)arg;
}

static void on_ready(void *arg)
{
    (void)arg;
}

static void on_rtt(uint64_t rtt_us, void *arg)
{
    (void)rtt_us;
    (void)arg;
}

static void on_alive(void *arg)
{
    (void)arg;
}

static void on_stream_closed(size_t streams, void *arg)
{
    (void)streams;
    (void)arg;
}

static void on_dead(const char *text, bool wrong_role, void *arg)
{
    (void)wrong_role;
    (void)arg;
    fail_msg("%s", text);
}

static void on_note(enum mux_note kind, const char *text, void *arg)
{
    (void)kind;
    (void)text;
    (void)arg;
}

static void on_stream_body(struct span bytes, void *arg)
{
    (void)bytes;
    (void)arg;
}

static void on_stream_end(struct http_fields trailers, void *arg)
{
    (void)trailers;
    (void)arg;
}

static void on_stream_error(enum stream_error error, const char *text, void *arg)
{
    (void)error;
    (void)text;
    (void)arg;
}

static void on_stream_drain(void *arg)
{
    (void)arg;
}

static void on_request(struct mux_stream *stream, const struct head *head, void *arg)
{
    static const struct mux_stream_handlers handlers = {
        .on_body = on_stream_body,
        .on_end = on_stream_end,
        .on_error = on_stream_error,
        .on_drain = on_stream_drain,
    };
    struct side *side = arg;
    struct scene *scene = LIST_ENTRY(side, struct scene, provider);
    (void)head;
    mux_stream_accept(stream, &handlers, scene);
    scene->stream = stream;
    scene->requests++;
}

static void side_init(struct side *side, enum mux_role role)
{
    static const struct mux_handlers handlers = {
        .send = on_send,
        .can_send = on_can_send,
        .on_reading = on_reading,
        .on_ready = on_ready,
        .on_rtt = on_rtt,
        .on_alive = on_alive,
        .on_request = on_request,
        .on_stream_closed = on_stream_closed,
        .on_dead = on_dead,
        .on_note = on_note,
    };
    buf_init(&side->line, LINE_MAX_LEN);
    side->mux = mux_new(role, FEATURE_SSE, &handlers, side);
    mux_start(side->mux, (struct span){0}, clock_now_us());
}

/* ---- clients ---- */

#define GET "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void on_client_data(struct span bytes, void *arg)
{
    assert_int_equal(buf_append(&((struct client *)arg)->got, bytes), 0);
}

static void on_client_open(void *arg)
{
    const struct client *client = arg;
    conn_write(client->conn, span_from_string(client->request));
}

static void ask(struct scene *scene, struct client *client, const char *request)
{
    static const struct conn_handlers handlers = {
        .on_open = on_client_open,
        .on_data = on_client_data,
    };
    buf_init(&client->got, LINE_MAX_LEN);
    client->request = request;
    client->conn = conn_connect(scene->loop, "127.0.0.1", proxy_port(scene->proxy), NULL,
                                TIMEOUT_S * US_PER_S, &handlers, client);
}

/* ---- the scene ---- */

static void on_exchange_done(const struct exchange_record *record, void *arg)
{
    (void)record;
    (void)arg;
}

static struct scene *scene_new(uint64_t wait_us)
{
    static const struct exchange_watch watch = {on_exchange_done, NULL};
    struct scene *scene = xcalloc(1, sizeof *scene);
    scene->loop = loop_new();
    scene->watchdog = timer_new(scene->loop, on_watchdog, scene);
    scene->hook = turn_hook_new(scene->loop, on_turn, NULL, scene);
    const struct proxy_config config = {.host = "127.0.0.1", .wait_us = wait_us};
    assert_int_equal(proxy_new(scene->loop, &config, &watch, &scene->proxy), 0);
    side_init(&scene->consumer, MUX_CONSUMER);
    side_init(&scene->provider, MUX_PROVIDER);
    return scene;
}

static void scene_free(struct scene *scene)
{
    mux_fail(scene->consumer.mux, "over");
    mux_fail(scene->provider.mux, "over");
    proxy_free(scene->proxy);
    for (size_t i = 0; i < CLIENTS; i++) {
        if (scene->clients[i].conn)
            conn_close(scene->clients[i].conn);
        buf_deinit(&scene->clients[i].got);
    }
    struct side *sides[] = {&scene->consumer, &scene->provider};
    for (size_t i = 0; i < 2; i++) {
        mux_free(sides[i]->mux);
        buf_deinit(&sides[i]->line);
    }
    turn_hook_free(scene->hook);
    timer_free(scene->watchdog);
    loop_free(scene->loop);
    free(scene);
}

/* ---- conditions ---- */

static bool got(const struct client *client, const char *text)
{
    struct span bytes = buf_bytes(&client->got);
    return bytes.len > 0 && memmem(bytes.data, bytes.len, text, strlen(text)) != NULL;
}

static bool first_is_told(struct scene *scene)
{
    return got(&scene->clients[0], "\"}}");
}

static bool second_is_told(struct scene *scene)
{
    return got(&scene->clients[1], "HTTP/1.1 503 ");
}

static bool preflight_is_answered(struct scene *scene)
{
    return got(&scene->clients[0], "HTTP/1.1 204 ");
}

static bool first_is_answered(struct scene *scene)
{
    return got(&scene->clients[0], "HTTP/1.1 200 ");
}

static bool has_one_request(struct scene *scene)
{
    return scene->requests == 1;
}

static bool has_two_requests(struct scene *scene)
{
    return scene->requests == 2;
}

/* ---- tests ---- */

/* The tunnel does not come up: the client hears why, and when to come again. */
static void test_gives_up(void **state)
{
    (void)state;
    const uint64_t wait_us = 200 * US_PER_MS;
    struct scene *scene = scene_new(wait_us);
    proxy_set_problem(scene->proxy, "`tunnel serve` is not in the room");
    uint64_t began_us = clock_now_us();
    ask(scene, &scene->clients[0], GET);
    run_until(scene, first_is_told);
    assert_true(clock_now_us() - began_us >= wait_us);
    assert_true(got(&scene->clients[0], "HTTP/1.1 503 "));
    assert_true(got(&scene->clients[0], "\r\nRetry-After: "));
    assert_false(got(&scene->clients[0], "\r\nRetry-After: 0\r"));
    assert_true(got(&scene->clients[0], "\r\nContent-Type: application/json\r\n"));
    assert_true(
        got(&scene->clients[0], "the tunnel is not connected: `tunnel serve` is not in the room"));
    scene_free(scene);
}

/* In the body in UTF-8, in Proxy-Status in ASCII. */
static void test_gives_up_in_ascii(void **state)
{
    (void)state;
    struct scene *scene = scene_new(1);
    proxy_set_problem(scene->proxy, "room k\xc3\xb6\xe2\x80\xa6: \"full\"");
    ask(scene, &scene->clients[0], GET);
    run_until(scene, first_is_told);
    assert_true(got(&scene->clients[0], "room k\xc3\xb6\xe2\x80\xa6: "));
    assert_true(got(&scene->clients[0], ": room k?...: \\\"full\\\"\"\r\n"));
    scene_free(scene);
}

#define FROM_A_PAGE "Host: localhost\r\nOrigin: https://app.example\r\n"

/* A page of another origin may read that, too: what its preflight asks for is
 * let through, and what it then sends does not wait once more. */
static void test_tells_pages(void **state)
{
    (void)state;
    const uint64_t wait_us = 200 * US_PER_MS;
    uint64_t took_us = wait_us;
    for (int i = 0; i < TRIES && took_us >= wait_us; i++) { /* the machine may be slow */
        struct scene *scene = scene_new(wait_us);
        ask(scene, &scene->clients[0],
            "OPTIONS /x HTTP/1.1\r\n" FROM_A_PAGE "Access-Control-Request-Method: POST\r\n\r\n");
        run_until(scene, preflight_is_answered);
        uint64_t began_us = clock_now_us();
        ask(scene, &scene->clients[1],
            "POST /x HTTP/1.1\r\n" FROM_A_PAGE "Content-Length: 0\r\n\r\n");
        run_until(scene, second_is_told);
        took_us = clock_now_us() - began_us;
        assert_true(
            got(&scene->clients[1], "\r\nAccess-Control-Allow-Origin: https://app.example\r\n"));
        scene_free(scene);
    }
    assert_true(took_us < wait_us);
}

/* While it may be dead, what begins waits, and what has begun goes on. */
static void test_waits(void **state)
{
    (void)state;
    const struct head head = {.status = 200, .framing = HTTP_BODY_UNKNOWN};
    struct scene *scene = scene_new(200 * US_PER_MS);
    ask(scene, &scene->clients[0], GET);
    proxy_set_mux(scene->proxy, scene->consumer.mux);
    run_until(scene, has_one_request);
    proxy_set_mux(scene->proxy, NULL);
    ask(scene, &scene->clients[1], GET);
    run_until(scene, second_is_told);
    assert_int_equal(scene->requests, 1);
    assert_int_equal(mux_stream_respond(scene->stream, &head), 0);
    mux_stream_end(scene->stream, (struct http_fields){0});
    run_until(scene, first_is_answered);
    ask(scene, &scene->clients[2], GET);
    proxy_set_mux(scene->proxy, scene->consumer.mux);
    run_until(scene, has_two_requests);
    scene_free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gives_up),
        cmocka_unit_test(test_gives_up_in_ascii),
        cmocka_unit_test(test_tells_pages),
        cmocka_unit_test(test_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
