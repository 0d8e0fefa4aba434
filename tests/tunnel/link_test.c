/*
 * Two links of one process, or a link and a hand-made other end, over a real
 * signal server on one loop.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "rtc/peer_internal.h"
#include "signal/server.h"
#include "tunnel/link_internal.h"

enum { TIMEOUT_S = 60, SESSIONS_MAX = 8 };

struct scene;

struct side {
    struct scene *scene;
    struct cert *cert;
    struct link *link;
    int ups;
    struct mux *mux;
    struct mux_stream *stream; /* of a consumer, or the last that came in */
    bool has_head;
    size_t received;
    bool has_ended;
    bool has_failed;
};

/* A peer of before there were restarts: it makes a new session of every
 * offer, and keeps the old ones. */
struct naive {
    struct scene *scene;
    struct cert *cert;
    struct signal_client *client;
    struct session *sessions[SESSIONS_MAX];
    int session_count;
    int ready_count;
};

struct scene {
    struct loop *loop;
    struct timer *watchdog;
    struct turn_hook *hook;
    bool (*is_done)(struct scene *scene);
    struct signal_server *server;
    uint16_t port;
    struct url url;
    struct ice_servers *servers;
    struct side provider;
    struct side consumer;
    struct naive naive;
    struct session *before[2]; /* the current sessions at some time */
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

/* ---- streams ---- */

static void on_interim(const struct head *response, void *arg)
{
    (void)response;
    (void)arg;
}

static void on_head(const struct head *response, void *arg)
{
    (void)response;
    ((struct side *)arg)->has_head = true;
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

/* ---- links ---- */

static void on_up(struct mux *mux, void *arg)
{
    struct side *side = arg;
    side->mux = mux;
    side->ups++;
}

static void on_down(void *arg)
{
    ((struct side *)arg)->mux = NULL;
}

static void on_request(struct mux_stream *stream, const struct head *head, void *arg)
{
    struct side *side = arg;
    (void)head;
    side->stream = stream;
    mux_stream_accept(stream, &stream_handlers, side);
}

static void on_status(const struct link_status *status, void *arg)
{
    (void)status;
    (void)arg;
}

static void start_link(struct side *side, enum mux_role role)
{
    static const struct link_handlers handlers = {on_up, on_down, on_request, on_status};
    struct link_config config = {
        .role = role,
        .features = FEATURES_ALL,
        .signal = &side->scene->url,
        .room = "room",
        .cert = side->cert,
        .servers = side->scene->servers,
    };
    side->link = link_new(side->scene->loop, &config, &handlers, side);
}

/* ---- the naive one ---- */

static void naive_on_description(struct session *session, enum sdp_type type, const char *sdp,
                                 void *arg)
{
    struct naive *naive = arg;
    (void)session;
    assert_int_equal(type, SDP_ANSWER);
    signal_client_send_answer(naive->client, sdp);
}

static void naive_on_candidate(struct session *session, const char *json, void *arg)
{
    struct naive *naive = arg;
    (void)session;
    signal_client_send_candidate(naive->client, json);
}

static void naive_on_ready(struct session *session, void *arg)
{
    (void)session;
    ((struct naive *)arg)->ready_count++;
}

static void naive_on_event(struct session *session, void *arg)
{
    (void)session;
    (void)arg;
}

static void naive_on_path(struct session *session, enum peer_path_state state, void *arg)
{
    (void)session;
    (void)state;
    (void)arg;
}

static void naive_on_closed(struct session *session, const char *text, bool wrong_role, void *arg)
{
    (void)session;
    (void)text;
    (void)wrong_role;
    (void)arg;
}

static void naive_on_message(const struct signal_message *message, void *arg)
{
    static const struct session_handlers handlers = {
        .on_description = naive_on_description,
        .on_candidate = naive_on_candidate,
        .on_ready = naive_on_ready,
        .on_rtt = naive_on_event,
        .on_path = naive_on_path,
        .on_idle = naive_on_event,
        .on_closed = naive_on_closed,
    };
    struct naive *naive = arg;
    struct peer_config config = {.cert = naive->cert, .servers = naive->scene->servers};
    const char *why;
    if (message->type == SIGNAL_CANDIDATE && naive->session_count > 0)
        peer_add_candidate(session_peer(naive->sessions[naive->session_count - 1]),
                           message->candidate);
    if (message->type != SIGNAL_OFFER)
        return;
    assert_true(naive->session_count < SESSIONS_MAX);
    struct session *session =
        session_new(naive->scene->loop, MUX_CONSUMER, FEATURES_ALL, &config, &handlers, naive);
    naive->sessions[naive->session_count++] = session;
    assert_int_equal(peer_set_remote(session_peer(session), SDP_OFFER, message->sdp, &why), 0);
}

static void naive_on_close(const char *text, void *arg)
{
    (void)arg;
    fail_msg("%s", text);
}

static void start_naive(struct scene *scene)
{
    static const struct signal_client_handlers handlers = {
        .on_message = naive_on_message,
        .on_close = naive_on_close,
    };
    scene->naive.client =
        signal_client_new(scene->loop, &scene->url, NULL, "room", &handlers, &scene->naive);
}

/* ---- the scene ---- */

static void start_server(struct scene *scene)
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

static int setup(void **state)
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
    scene->naive.scene = scene;
    scene->naive.cert = cert_new();
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    struct naive *naive = &scene->naive;
    if (naive->client)
        signal_client_close(naive->client);
    for (int i = 0; i < naive->session_count; i++)
        session_close(naive->sessions[i], "over");
    if (scene->provider.link)
        link_close(scene->provider.link);
    if (scene->consumer.link)
        link_close(scene->consumer.link);
    signal_server_close(scene->server);
    turn_hook_free(scene->hook);
    timer_free(scene->watchdog);
    ice_servers_free(scene->servers);
    loop_free(scene->loop);
    cert_free(scene->provider.cert);
    cert_free(scene->consumer.cert);
    cert_free(naive->cert);
    url_deinit(&scene->url);
    free(scene);
    return 0;
}

/* ---- conditions ---- */

static bool both_up(struct scene *scene)
{
    return scene->provider.mux && scene->consumer.mux;
}

static bool has_request(struct scene *scene)
{
    return scene->provider.stream != NULL;
}

static bool is_settled(const struct side *side)
{
    const struct link *link = side->link;
    return link->is_joined && !link->restart.why && !link->restart.is_under_way && !link->pending;
}

static bool both_settled(struct scene *scene)
{
    return is_settled(&scene->provider) && is_settled(&scene->consumer);
}

static bool both_restarted(struct scene *scene)
{
    return scene->provider.link->restart.begun_us + scene->consumer.link->restart.begun_us > 0 &&
           both_settled(scene);
}

static bool both_alone(struct scene *scene)
{
    return !scene->provider.link->is_joined && !scene->consumer.link->is_joined;
}

static bool has_whole_request(struct scene *scene)
{
    return scene->provider.has_ended;
}

static bool has_whole_response(struct scene *scene)
{
    return scene->consumer.has_ended;
}

/* Both links are up, and a request is under way of which neither body has
 * ended. */
static void begin_exchange(struct scene *scene)
{
    start_link(&scene->provider, MUX_PROVIDER);
    start_link(&scene->consumer, MUX_CONSUMER);
    run_until(scene, both_up);
    struct head head;
    head_init(&head);
    head.method = SPAN_LITERAL("POST");
    head.target = SPAN_LITERAL("/x");
    head.framing = HTTP_BODY_CHUNKED;
    assert_int_equal(mux_open(scene->consumer.mux, &head, &stream_handlers, &scene->consumer,
                              &scene->consumer.stream),
                     0);
    mux_stream_write(scene->consumer.stream, SPAN_LITERAL("first"));
    run_until(scene, has_request);
    run_until(scene, both_settled);
    scene->before[0] = scene->provider.link->current;
    scene->before[1] = scene->consumer.link->current;
}

/* It ends well, in the session in which it began. */
static void end_exchange(struct scene *scene)
{
    struct head head = {.status = 200, .framing = HTTP_BODY_CHUNKED};
    assert_ptr_equal(scene->provider.link->current, scene->before[0]);
    assert_ptr_equal(scene->consumer.link->current, scene->before[1]);
    mux_stream_write(scene->consumer.stream, SPAN_LITERAL("second"));
    mux_stream_end(scene->consumer.stream, (struct http_fields){0});
    run_until(scene, has_whole_request);
    assert_int_equal(mux_stream_respond(scene->provider.stream, &head), 0);
    mux_stream_write(scene->provider.stream, SPAN_LITERAL("response"));
    mux_stream_end(scene->provider.stream, (struct http_fields){0});
    run_until(scene, has_whole_response);
    assert_int_equal(scene->provider.received, strlen("firstsecond"));
    assert_int_equal(scene->consumer.received, strlen("response"));
    assert_false(scene->provider.has_failed || scene->consumer.has_failed);
    assert_int_equal(scene->provider.ups, 1);
    assert_int_equal(scene->consumer.ups, 1);
}

/* ---- tests ---- */

static void test_restart(void **state)
{
    for (int who = 0; who < 3; who++) {
        struct scene *scene = *state;
        begin_exchange(scene);
        if (who != 1)
            link_want_restart(scene->provider.link, "the test wants it");
        if (who != 0)
            link_want_restart(scene->consumer.link, "the test wants it");
        run_until(scene, both_restarted);
        /* Wanted by both at once, both have offered. */
        if (who == 2)
            assert_true(scene->provider.link->restart.begun_us > 0 &&
                        scene->consumer.link->restart.begun_us > 0);
        end_exchange(scene);
        teardown(state);
        setup(state);
    }
}

/* Wanted while there is no signal server: begun when it is back, though that
 * takes both for newcomers. */
static void test_restart_waits_for_signalling(void **state)
{
    struct scene *scene = *state;
    begin_exchange(scene);
    signal_server_close(scene->server);
    run_until(scene, both_alone);
    link_want_restart(scene->provider.link, "the test wants it");
    assert_int_equal(scene->provider.link->restart.begun_us, 0);
    start_server(scene);
    run_until(scene, both_restarted);
    end_exchange(scene);
}

/* An answer may go down with the signalling that it was given to. What the
 * other side then repeats of its offer is answered once more. */
static void test_answer_is_lost_with_signalling(void **state)
{
    struct scene *scene = *state;
    const char *why = NULL;
    begin_exchange(scene);
    bool is_first = session_peer(scene->provider.link->current)->is_offerer;
    struct link *first = is_first ? scene->provider.link : scene->consumer.link;
    struct link *second = is_first ? scene->consumer.link : scene->provider.link;
    link_want_restart(first, "the test wants it");
    run_until(scene, both_restarted);
    struct peer *peer = session_peer(second->current);
    link_reconnect(second);
    assert_int_equal(peer_restart(peer), 0);
    char *offer = sdp_format(&session_peer(first->current)->local);
    assert_int_equal(peer_set_remote(peer, SDP_OFFER, offer, &why), 0);
    free(offer);
    assert_false(peer_is_offering(peer));
}

/* A storm of reasons is one restart now and one a little later. */
static void test_storm(void **state)
{
    struct scene *scene = *state;
    begin_exchange(scene);
    struct restart *r = &scene->provider.link->restart;
    link_want_restart(scene->provider.link, "the test wants it");
    uint64_t first_us = r->begun_us;
    assert_true(first_us > 0);
    for (int i = 0; i < 100; i++)
        link_want_restart(scene->provider.link, "the test wants it");
    run_until(scene, both_settled);
    assert_in_range(r->begun_us - first_us, LINK_RESTART_FIRST_US / 2, TIMEOUT_S * US_PER_S);
    assert_true(r->not_before_us - r->begun_us >= LINK_RESTART_FIRST_US);
    end_exchange(scene);
}

static bool provider_joined(struct scene *scene)
{
    return scene->provider.link->is_joined;
}

static bool naive_is_up(struct scene *scene)
{
    return scene->provider.ups == 1 && scene->naive.ready_count == 1;
}

static bool naive_is_up_again(struct scene *scene)
{
    return scene->provider.ups == 2 && scene->naive.ready_count == 2;
}

/* The other side makes a new session of the restart's offer: we notice, offer
 * one in earnest, and the old one drains. */
static void test_other_side_cannot_restart(void **state)
{
    struct scene *scene = *state;
    struct link *link;
    start_link(&scene->provider, MUX_PROVIDER);
    link = scene->provider.link;
    run_until(scene, provider_joined);
    start_naive(scene);
    run_until(scene, naive_is_up);
    struct session *before = link->current;
    link_want_restart(link, "the test wants it");
    run_until(scene, naive_is_up_again);
    assert_ptr_equal(link->draining, before);
    assert_int_equal(scene->naive.session_count, 3); /* the second came to nothing */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_restart),
        TEST(test_restart_waits_for_signalling),
        TEST(test_answer_is_lost_with_signalling),
        TEST(test_storm),
        TEST(test_other_side_cannot_restart),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
