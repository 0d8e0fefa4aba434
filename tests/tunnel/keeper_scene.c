/*
 * Conditions are looked at once a turn of the loop; a watchdog says when a test
 * hangs.
 */
#include "keeper_scene.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"

enum { TIMEOUT_S = 120 };

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

void run_until(struct scene *scene, bool (*is_done)(struct scene *scene))
{
    scene->is_done = is_done;
    timer_start_in(scene->watchdog, TIMEOUT_S * US_PER_S);
    loop_run(scene->loop);
    timer_stop(scene->watchdog);
}

/* ---- streams ---- */

static void on_interim(const struct head *response, void *arg)
{
    (void)response;
    (void)arg;
}

static void on_head(const struct head *response, void *arg)
{
    (void)response;
    (void)arg;
}

static void on_body(struct span bytes, void *arg)
{
    ((struct side *)arg)->received += bytes.len;
}

static void on_end(struct http_fields trailers, void *arg)
{
    (void)trailers;
    ((struct side *)arg)->has_ended = true;
}

static void on_error(enum stream_error error, const char *text, void *arg)
{
    (void)error;
    (void)text;
    ((struct side *)arg)->has_failed = true;
}

static void on_drain(void *arg)
{
    (void)arg;
}

static const struct mux_stream_handlers stream_handlers = {on_interim, on_head,  on_body,
                                                           on_end,     on_error, on_drain};

/* ---- keepers ---- */

static void on_up(uint32_t partner, struct mux *mux, void *arg)
{
    (void)partner;
    struct side *side = arg;
    side->sessions += mux != side->last;
    side->last = mux;
    side->mux = mux;
}

static void on_down(uint32_t partner, const char *why, void *arg)
{
    (void)partner;
    (void)why;
    struct side *side = arg;
    side->mux = NULL;
    side->is_told_up = false;
}

static void on_gone(uint32_t partner, void *arg)
{
    (void)partner;
    (void)arg;
}

static void on_round_trip(uint32_t partner, uint64_t round_trip_us, void *arg)
{
    (void)partner;
    (void)arg;
    assert_true(round_trip_us > 0);
}

void side_on_request(uint32_t partner, struct mux_stream *stream, const struct head *head,
                     void *arg)
{
    (void)partner;
    struct side *side = arg;
    (void)head;
    side->stream = stream;
    mux_stream_accept(stream, &stream_handlers, side);
}

static void on_status(const struct keeper_status *status, void *arg)
{
    struct side *side = arg;
    if (status->state == KEEPER_UP) {
        side->is_told_up = true;
        assert_true(status->path.local[0] && status->path.remote[0] && status->rtt_us > 0);
    }
}

void start_keeper(struct side *side, enum mux_role role)
{
    static const struct keeper_handlers handlers = {
        on_up, on_down, on_gone, on_round_trip, side_on_request, on_status, NULL, NULL};
    struct keeper_config config = {
        .role = role,
        .features = FEATURES_ALL,
        .signal = &side->scene->url,
        .room = "room",
        .cert = side->cert,
        .servers = side->scene->servers,
    };
    side->keeper = keeper_new(side->scene->loop, &config, &handlers, side);
}

/* ---- the scene ---- */

void start_server(struct scene *scene)
{
    struct signal_server_config config;
    signal_server_config_init(&config);
    config.host = "127.0.0.1";
    config.port = scene->port;
    assert_int_equal(signal_server_new(scene->loop, &config, &scene->server), 0);
    scene->port = signal_server_port(scene->server);
}

static void init_side(struct scene *scene, struct side *side)
{
    side->scene = scene;
    side->cert = cert_new();
}

int scene_setup(void **state)
{
    struct scene *scene = xcalloc(1, sizeof *scene);
    char text[64];
    const char *why;
    log_configure(getenv("TEST_DEBUG") ? LOG_DEBUG : LOG_ERROR, LOG_TEXT);
    scene->loop = loop_new();
    scene->watchdog = timer_new(scene->loop, on_watchdog, scene);
    scene->hook = turn_hook_new(scene->loop, on_turn, NULL, scene);
    scene->servers = ice_servers_new(scene->loop);
    start_server(scene);
    snprintf(text, sizeof text, "ws://127.0.0.1:%u", scene->port);
    assert_int_equal(url_parse(text, &scene->url, &why), 0);
    init_side(scene, &scene->provider);
    init_side(scene, &scene->consumer);
    init_side(scene, &scene->naive.side);
    scene->naive.scene = scene;
    *state = scene;
    return 0;
}

int scene_teardown(void **state)
{
    struct scene *scene = *state;
    struct naive *naive = &scene->naive;
    if (naive->client)
        signal_client_close(naive->client);
    for (int i = 0; i < naive->session_count; i++)
        session_close(naive->sessions[i], "over");
    if (scene->provider.keeper)
        keeper_close(scene->provider.keeper);
    if (scene->consumer.keeper)
        keeper_close(scene->consumer.keeper);
    signal_server_close(scene->server);
    turn_hook_free(scene->hook);
    timer_free(scene->watchdog);
    ice_servers_free(scene->servers);
    loop_free(scene->loop);
    cert_free(scene->provider.cert);
    cert_free(scene->consumer.cert);
    cert_free(naive->side.cert);
    url_deinit(&scene->url);
    free(scene);
    return 0;
}

/* ---- an exchange ---- */

static struct side *provider_of(struct scene *scene)
{
    return scene->naive.session_count > 0 ? &scene->naive.side : &scene->provider;
}

static bool has_request(struct scene *scene)
{
    return provider_of(scene)->stream != NULL;
}

static bool has_whole_request(struct scene *scene)
{
    return provider_of(scene)->has_ended;
}

static bool has_whole_response(struct scene *scene)
{
    return scene->consumer.has_ended;
}

void begin_exchange(struct scene *scene)
{
    struct head head;
    head_init(&head);
    head.method = SPAN_LITERAL("POST");
    head.target = SPAN_LITERAL("/x");
    head.framing = HTTP_BODY_UNKNOWN;
    assert_int_equal(mux_open(scene->consumer.mux, &head, &stream_handlers, &scene->consumer,
                              &scene->consumer.stream),
                     0);
    mux_stream_write(scene->consumer.stream, SPAN_LITERAL("first"));
    run_until(scene, has_request);
}

void end_exchange(struct scene *scene)
{
    struct head head = {.status = 200, .framing = HTTP_BODY_UNKNOWN};
    struct side *provider = provider_of(scene);
    mux_stream_write(scene->consumer.stream, SPAN_LITERAL("second"));
    mux_stream_end(scene->consumer.stream, (struct http_fields){0});
    run_until(scene, has_whole_request);
    assert_int_equal(mux_stream_respond(provider->stream, &head), 0);
    mux_stream_write(provider->stream, SPAN_LITERAL("response"));
    mux_stream_end(provider->stream, (struct http_fields){0});
    run_until(scene, has_whole_response);
    assert_int_equal(provider->received, strlen("firstsecond"));
    assert_int_equal(scene->consumer.received, strlen("response"));
    assert_false(provider->has_failed || scene->consumer.has_failed);
}
