/*
 * Two tunnels, a signal server, an API and a client of it on one loop: what
 * needs no command line, and fits into one process.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "http/client.h"
#include "http/server.h"
#include "signal/server.h"
#include "tunnel/tunnel.h"

enum { TIMEOUT_S = 120, BODY_MAX = 4096 };

struct scene;

struct end {
    struct scene *scene;
    struct tunnel *tunnel;
    bool is_up;
    bool is_waiting;
    bool has_heard_goodbye;
    bool has_bad_upstream;
};

struct scene {
    struct loop *loop;
    struct timer *watchdog;
    struct turn_hook *hook;
    bool (*is_done)(struct scene *scene);
    struct signal_server *signal;
    struct url signal_url;
    struct http_server *api;
    struct url api_url;
    struct end provider;
    struct end consumer;
    struct http_client *client;
    int status; /* of the client's last response */
    struct buf body;
    bool has_response;
};

/* ---- running ---- */

static void on_turn(void *arg)
{
    struct scene *scene = arg;
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

/* ---- the tunnels ---- */

static void on_status(const struct link_status *status, void *arg)
{
    struct end *end = arg;
    end->is_up = status->state == LINK_UP;
    end->is_waiting = status->state == LINK_WAITING;
    end->has_heard_goodbye |= status->is_goodbye;
}

static void on_bad_upstream(const char *why, void *arg)
{
    assert_non_null(strstr(why, "; "));
    ((struct end *)arg)->has_bad_upstream = true;
}

static int start(struct end *end, struct tunnel_config *config)
{
    static const struct tunnel_handlers handlers = {
        .on_status = on_status,
        .on_bad_upstream = on_bad_upstream,
    };
    config->features = FEATURES_ALL;
    config->signal = &end->scene->signal_url;
    config->room = "room";
    return tunnel_new(end->scene->loop, config, &handlers, end, &end->tunnel);
}

static void start_provider(struct scene *scene)
{
    const struct serve_config serve = {.upstream = {.url = &scene->api_url}, .advertise = "/"};
    assert_int_equal(start(&scene->provider, &(struct tunnel_config){.serve = &serve}), 0);
    assert_int_equal(tunnel_port(scene->provider.tunnel), 0);
}

/* wait_us: of a request, for the tunnel; 0: as usual. */
static void start_consumer(struct scene *scene, uint64_t wait_us)
{
    const struct proxy_config proxy = {.host = "127.0.0.1", .wait_us = wait_us};
    assert_int_equal(start(&scene->consumer, &(struct tunnel_config){.proxy = &proxy}), 0);
    const struct http_client_config client = {
        .host = "127.0.0.1",
        .port = tunnel_port(scene->consumer.tunnel),
        .connect_timeout_us = TIMEOUT_S * US_PER_S,
    };
    scene->client = http_client_new(scene->loop, &client);
}

static void stop(struct end *end)
{
    tunnel_close(end->tunnel);
    *end = (struct end){.scene = end->scene};
}

/* ---- the API ---- */

/* What it was asked for is its answer. */
static void on_api_request(struct http_exchange *x, const struct http_request *request, void *arg)
{
    (void)arg;
    http_exchange_reply(x, 200, "text/plain", (struct http_fields){0}, request->target);
}

/* ---- the client ---- */

static void on_response(const struct http_response *response, void *arg)
{
    ((struct scene *)arg)->status = response->status;
}

static void on_body(struct span bytes, void *arg)
{
    assert_int_equal(buf_append(&((struct scene *)arg)->body, bytes), 0);
}

static void on_end(struct http_fields trailers, void *arg)
{
    (void)trailers;
    ((struct scene *)arg)->has_response = true;
}

static void on_error(enum http_call_error error, const char *text, void *arg)
{
    (void)error;
    (void)arg;
    fail_msg("%s", text);
}

static bool has_response(struct scene *scene)
{
    return scene->has_response;
}

static void ask(struct scene *scene, const char *target)
{
    static const struct http_call_handlers handlers = {
        .on_response = on_response,
        .on_body = on_body,
        .on_end = on_end,
        .on_error = on_error,
    };
    const struct http_field host = {SPAN_LITERAL("Host"), SPAN_LITERAL("localhost")};
    const struct http_request request = {
        .method = SPAN_LITERAL("GET"),
        .target = span_from_string(target),
        .fields = {&host, 1},
        .framing = HTTP_BODY_NONE,
    };
    struct http_call *call;
    buf_clear(&scene->body);
    scene->has_response = false;
    assert_int_equal(http_client_call(scene->client, &request, &handlers, scene, &call), 0);
    run_until(scene, has_response);
}

static bool is_in_body(const struct scene *scene, const char *text)
{
    struct span body = buf_bytes(&scene->body);
    return memmem(body.data, body.len, text, strlen(text)) != NULL;
}

/* ---- the scene ---- */

static void parse_url(const char *scheme, uint16_t port, struct url *out)
{
    char text[64];
    const char *why;
    snprintf(text, sizeof text, "%s://127.0.0.1:%u", scheme, port);
    assert_int_equal(url_parse(text, out, &why), 0);
}

static int setup(void **state)
{
    struct scene *scene = xcalloc(1, sizeof *scene);
    struct signal_server_config signal;
    const struct http_server_config api = {.on_request = on_api_request, .connections_max = 16};
    log_configure(getenv("TEST_DEBUG") ? LOG_DEBUG : LOG_ERROR, LOG_TEXT);
    scene->loop = loop_new();
    scene->watchdog = timer_new(scene->loop, on_watchdog, scene);
    scene->hook = turn_hook_new(scene->loop, on_turn, NULL, scene);
    scene->provider.scene = scene;
    scene->consumer.scene = scene;
    buf_init(&scene->body, BODY_MAX);
    signal_server_config_init(&signal);
    signal.host = "127.0.0.1";
    signal.port = 0;
    assert_int_equal(signal_server_new(scene->loop, &signal, &scene->signal), 0);
    parse_url("ws", signal_server_port(scene->signal), &scene->signal_url);
    assert_int_equal(http_server_new(scene->loop, "127.0.0.1", 0, &api, &scene->api), 0);
    parse_url("http", http_server_port(scene->api), &scene->api_url);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    tunnel_close(scene->provider.tunnel);
    tunnel_close(scene->consumer.tunnel);
    http_client_free(scene->client);
    http_server_free(scene->api);
    signal_server_close(scene->signal);
    turn_hook_free(scene->hook);
    timer_free(scene->watchdog);
    loop_free(scene->loop);
    url_deinit(&scene->api_url);
    url_deinit(&scene->signal_url);
    buf_deinit(&scene->body);
    free(scene);
    return 0;
}

/* ---- conditions ---- */

static bool both_are_up(struct scene *scene)
{
    return scene->provider.is_up && scene->consumer.is_up;
}

static bool consumer_is_waiting(struct scene *scene)
{
    return scene->consumer.is_waiting;
}

static bool consumer_is_down(struct scene *scene)
{
    return !scene->consumer.is_up;
}

static bool upstream_is_bad(struct scene *scene)
{
    return scene->provider.has_bad_upstream;
}

/* ---- tests ---- */

static void test_request_goes_through(void **state)
{
    struct scene *scene = *state;
    start_provider(scene);
    start_consumer(scene, 0);
    /* It waits for the tunnel. */
    ask(scene, "/early");
    assert_int_equal(scene->status, 200);
    assert_true(is_in_body(scene, "/early"));
    run_until(scene, both_are_up);
    ask(scene, "/late");
    assert_true(is_in_body(scene, "/late"));
    assert_false(scene->provider.has_bad_upstream);
}

static void test_other_end_comes_back(void **state)
{
    struct scene *scene = *state;
    start_provider(scene);
    start_consumer(scene, 0);
    run_until(scene, both_are_up);
    stop(&scene->provider);
    run_until(scene, consumer_is_down);
    assert_true(scene->consumer.has_heard_goodbye);
    start_provider(scene);
    ask(scene, "/again");
    assert_int_equal(scene->status, 200);
}

static void test_client_hears_why_it_is_down(void **state)
{
    struct scene *scene = *state;
    start_consumer(scene, 1);
    run_until(scene, consumer_is_waiting);
    ask(scene, "/");
    assert_int_equal(scene->status, 503);
    assert_true(is_in_body(scene, "`tunnel serve` is not in the room"));
}

static void test_upstream_is_asked_at_the_start(void **state)
{
    struct scene *scene = *state;
    http_server_free(scene->api);
    scene->api = NULL;
    start_provider(scene);
    run_until(scene, upstream_is_bad);
}

/* Nothing is left behind: loop_free() would say so. */
static void test_place_is_taken(void **state)
{
    struct scene *scene = *state;
    struct end *end = &scene->consumer;
    const struct proxy_config proxy = {.host = "127.0.0.1", .port = scene->api_url.port};
    assert_int_equal(start(end, &(struct tunnel_config){.proxy = &proxy}), -EADDRINUSE);
}

static void test_ca_file_is_missing(void **state)
{
    struct scene *scene = *state;
    const char *why;
    url_deinit(&scene->api_url);
    assert_int_equal(url_parse("https://127.0.0.1", &scene->api_url, &why), 0);
    const struct serve_config serve = {
        .upstream = {.url = &scene->api_url, .ca_file = "/nonexistent"},
        .advertise = "/",
    };
    assert_int_equal(start(&scene->provider, &(struct tunnel_config){.serve = &serve}), -ENOENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_request_goes_through),
        TEST(test_other_end_comes_back),
        TEST(test_client_hears_why_it_is_down),
        TEST(test_upstream_is_asked_at_the_start),
        TEST(test_place_is_taken),
        TEST(test_ca_file_is_missing),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
