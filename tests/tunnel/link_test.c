/*
 * A link at work, over a real signal server and real peers on one loop: that
 * it does what the rendezvous decides (see rendezvous_test.c). Its other end is
 * another link, or made by hand.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "signal/client.h"
#include "signal/server.h"
#include "tunnel/link.h"
#include "tunnel/session.h"

enum { TIMEOUT_S = 120, SESSIONS_MAX = 8 };

struct scene;

struct side {
    struct scene *scene;
    struct cert *cert;
    struct link *link;
    int ups;
    bool is_told_up;
    struct mux *mux;
    struct mux_stream *stream; /* of a consumer, or the last that came in */
    size_t received;
    bool has_ended;
    bool has_failed;
};

/* A provider that has no link. It comes back to the signal server at once, so
 * it is there before any link, and offers. */
struct naive {
    struct scene *scene;
    struct side side;
    struct signal_client *client;
    struct session *sessions[SESSIONS_MAX];
    int session_count;
    int ready_count;
    int restart_count;
    bool can_restart; /* else it makes a new session of every offer */
    bool is_joined;
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

/* ---- links ---- */

static void on_up(struct mux *mux, void *arg)
{
    struct side *side = arg;
    side->mux = mux;
    side->ups++;
}

static void on_down(const char *why, void *arg)
{
    (void)why;
    struct side *side = arg;
    side->mux = NULL;
    side->is_told_up = false;
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
    struct side *side = arg;
    if (status->state == LINK_UP) {
        side->is_told_up = true;
        assert_true(status->path.local[0] && status->path.remote[0] && status->rtt_us > 0);
    }
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

/* ---- the hand-made one ---- */

static void naive_on_description(struct session *session, enum sdp_type type, const char *sdp,
                                 void *arg)
{
    struct naive *naive = arg;
    (void)session;
    if (type == SDP_OFFER)
        signal_client_send_offer(naive->client, sdp);
    else
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

static void naive_on_request(struct mux_stream *stream, const struct head *head, void *arg)
{
    on_request(stream, head, &((struct naive *)arg)->side);
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

static struct session *naive_new_session(struct naive *naive)
{
    static const struct session_handlers handlers = {
        .on_description = naive_on_description,
        .on_candidate = naive_on_candidate,
        .on_ready = naive_on_ready,
        .on_rtt = naive_on_event,
        .on_wake = naive_on_event,
        .on_alive = naive_on_event,
        .on_request = naive_on_request,
        .on_path = naive_on_path,
        .on_idle = naive_on_event,
        .on_closed = naive_on_closed,
    };
    struct peer_config config = {.cert = naive->side.cert, .servers = naive->scene->servers};
    assert_true(naive->session_count < SESSIONS_MAX);
    struct session *session =
        session_new(naive->scene->loop, MUX_PROVIDER, FEATURES_ALL, &config, &handlers, naive);
    naive->sessions[naive->session_count++] = session;
    return session;
}

static void naive_take_offer(struct naive *naive, const char *sdp)
{
    const char *why;
    struct session *session = naive->can_restart ? naive->sessions[0] : NULL;
    if (session && peer_match(session_peer(session), SDP_OFFER, sdp) == PEER_MATCH_SESSION)
        naive->restart_count++;
    else
        session = naive_new_session(naive);
    assert_int_equal(peer_set_remote(session_peer(session), SDP_OFFER, sdp, &why), 0);
}

static void naive_on_message(const struct signal_message *message, void *arg)
{
    struct naive *naive = arg;
    struct session *last =
        naive->session_count > 0 ? naive->sessions[naive->session_count - 1] : NULL;
    const char *why;
    switch (message->type) {
    case SIGNAL_JOINED:
        naive->is_joined = true;
        break;
    case SIGNAL_PEER_JOINED:
        peer_offer(session_peer(naive_new_session(naive)));
        break;
    case SIGNAL_OFFER:
        naive_take_offer(naive, message->sdp);
        break;
    case SIGNAL_ANSWER:
        assert_int_equal(peer_set_remote(session_peer(last), SDP_ANSWER, message->sdp, &why), 0);
        break;
    case SIGNAL_CANDIDATE:
        for (int i = naive->session_count - 1; i >= 0; i--) {
            if (peer_add_candidate(session_peer(naive->sessions[i]), message->candidate) == 0)
                break;
        }
        break;
    default:
        break;
    }
}

static void naive_on_close(const char *text, void *arg)
{
    struct naive *naive = arg;
    (void)text;
    signal_client_close(naive->client);
    naive->client = NULL;
    naive->is_joined = false;
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
    init_side(scene, &scene->naive.side);
    scene->naive.scene = scene;
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
    cert_free(naive->side.cert);
    url_deinit(&scene->url);
    free(scene);
    return 0;
}

/* ---- conditions ---- */

static bool both_up(struct scene *scene)
{
    return scene->provider.is_told_up && scene->consumer.is_told_up;
}

static bool consumer_is_up(struct scene *scene)
{
    return scene->consumer.is_told_up && scene->naive.ready_count == 1;
}

static bool consumer_is_up_again(struct scene *scene)
{
    return scene->consumer.ups == 2 && scene->naive.ready_count == 2;
}

static bool consumer_is_down(struct scene *scene)
{
    return !scene->consumer.mux;
}

static bool naive_is_away(struct scene *scene)
{
    return !scene->naive.client;
}

static bool naive_is_joined(struct scene *scene)
{
    return scene->naive.is_joined;
}

static bool naive_has_restarted(struct scene *scene)
{
    return scene->naive.restart_count > 0;
}

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

/* ---- an exchange ---- */

/* Neither body has ended. */
static void begin_exchange(struct scene *scene)
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

/* It ends well. */
static void end_exchange(struct scene *scene)
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

/* ---- tests ---- */

static void test_two_links(void **state)
{
    struct scene *scene = *state;
    start_link(&scene->provider, MUX_PROVIDER);
    start_link(&scene->consumer, MUX_CONSUMER);
    run_until(scene, both_up);
    begin_exchange(scene);
    end_exchange(scene);
    link_close(scene->provider.link);
    scene->provider.link = NULL;
    run_until(scene, consumer_is_down);
    start_link(&scene->provider, MUX_PROVIDER);
    run_until(scene, both_up);
}

/* The hand-made end is back first, takes the link for a newcomer and offers it
 * a session. The link knows whose that is, and offers a restart instead. */
static void meet_anew(struct scene *scene)
{
    signal_server_close(scene->server);
    run_until(scene, naive_is_away);
    start_server(scene);
    start_naive(scene);
    run_until(scene, naive_is_joined);
}

static void test_restart(void **state)
{
    struct scene *scene = *state;
    scene->naive.can_restart = true;
    start_naive(scene);
    run_until(scene, naive_is_joined);
    start_link(&scene->consumer, MUX_CONSUMER);
    run_until(scene, consumer_is_up);
    begin_exchange(scene);
    meet_anew(scene);
    run_until(scene, naive_has_restarted);
    end_exchange(scene);
    assert_int_equal(scene->consumer.ups, 1);
}

/* The other side makes a new session of the restart's offer: the link notices,
 * offers one in earnest, and what the old one has begun goes on in it. */
static void test_other_side_cannot_restart(void **state)
{
    struct scene *scene = *state;
    start_naive(scene);
    run_until(scene, naive_is_joined);
    start_link(&scene->consumer, MUX_CONSUMER);
    run_until(scene, consumer_is_up);
    begin_exchange(scene);
    meet_anew(scene);
    run_until(scene, consumer_is_up_again);
    end_exchange(scene);
    /* Its own of before, the one that came to nothing, ours. */
    assert_int_equal(scene->naive.session_count, 4);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_two_links),
        TEST(test_restart),
        TEST(test_other_side_cannot_restart),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
