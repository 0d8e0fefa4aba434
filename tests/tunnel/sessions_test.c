/*
 * Sessions as their two keepers hold them, on one loop, joined by hand.
 */
#include "testing.h"

#include <stdio.h>

#include "base/clock.h"
#include "rtc/ice_servers.h"
#include "tunnel/sessions.h"

enum { TIMEOUT_S = 120, NUMBER = 1, REQUESTS = 16 };

struct scene;

struct side {
    struct scene *scene;
    struct side *other;
    struct sessions sessions;
    bool is_ready;
    int requests;
    char closed[128];          /* why, or "" */
    size_t others_when_closed; /* sessions that the other side had then */
};

struct scene {
    struct loop *loop;
    struct side provider;
    struct side consumer;
    struct cert *cert;
    struct ice_servers *servers;
    void (*on_change)(struct scene *scene);
    int asked;
    int unsent; /* of these */
};

static void act(struct side *side, struct action action)
{
    action.session = NUMBER;
    sessions_act(&side->sessions, &action);
}

static void on_event(const struct event *event, void *arg)
{
    struct side *side = arg;
    struct side *other = side->other;
    if (event->type == EVENT_DESCRIBED && event->sdp_type == SDP_OFFER)
        act(other, (struct action){.type = ACTION_START, .sdp_type = SDP_ANSWER});
    if (event->type == EVENT_DESCRIBED)
        act(other,
            (struct action){.type = ACTION_FEED, .sdp_type = event->sdp_type, .text = event->text});
    if (event->type == EVENT_GATHERED)
        act(other, (struct action){.type = ACTION_FEED_CANDIDATE, .text = event->text});
    side->is_ready = side->is_ready || event->type == EVENT_READY;
    if (event->type == EVENT_CLOSED) {
        snprintf(side->closed, sizeof side->closed, "%s", event->text);
        side->others_when_closed = other->sessions.count;
        act(side, (struct action){.type = ACTION_CLOSE, .text = "over"});
    }
    side->scene->on_change(side->scene);
}

static void on_request(uint32_t partner, struct mux_stream *stream, const struct head *head,
                       void *arg)
{
    struct side *side = arg;
    (void)partner;
    (void)head;
    side->requests++;
    mux_stream_cancel(stream, STREAM_CANCELLED, "it is only counted");
}

static void on_round_trip(uint32_t partner, uint64_t round_trip_us, void *arg)
{
    (void)partner;
    (void)round_trip_us;
    (void)arg;
}

static void on_relay(const struct relay_frame *frame, void *arg)
{
    (void)frame;
    (void)arg;
}

static void side_init(struct side *side, struct side *other, struct scene *scene,
                      struct sessions_config config)
{
    static const struct sessions_handlers handlers = {on_event, on_request, on_round_trip,
                                                      on_relay};
    side->scene = scene;
    side->other = other;
    sessions_init(&side->sessions, scene->loop, &config, &handlers, side);
}

static void on_watchdog(void *arg)
{
    (void)arg;
    fail_msg("not done in %d s", TIMEOUT_S);
}

static void scene_run(struct scene *scene, void (*on_change)(struct scene *scene))
{
    scene->loop = loop_new();
    scene->on_change = on_change;
    scene->cert = cert_new();
    scene->servers = ice_servers_new(scene->loop);
    struct timer *watchdog = timer_new(scene->loop, on_watchdog, NULL);
    const struct peer_config peer = {.cert = scene->cert,
                                     .servers = scene->servers,
                                     .tool = "test"};
    side_init(&scene->provider, &scene->consumer, scene,
              (struct sessions_config){.role = MUX_PROVIDER, .peer = peer});
    side_init(&scene->consumer, &scene->provider, scene,
              (struct sessions_config){.role = MUX_CONSUMER, .peer = peer});
    timer_start_in(watchdog, TIMEOUT_S * US_PER_S);
    act(&scene->provider, (struct action){.type = ACTION_START, .sdp_type = SDP_OFFER});
    loop_run(scene->loop);
    timer_free(watchdog);
}

static void scene_deinit(struct scene *scene)
{
    sessions_deinit(&scene->provider.sessions, "over");
    sessions_deinit(&scene->consumer.sessions, "over");
    ice_servers_free(scene->servers);
    cert_free(scene->cert);
    loop_free(scene->loop);
}

/* ---- its last words ---- */

static void refuse_when_ready(struct scene *scene)
{
    if (scene->consumer.closed[0])
        loop_stop(scene->loop);
    else if (scene->provider.is_ready && scene->consumer.is_ready)
        act(&scene->provider, (struct action){.type = ACTION_REFUSE, .text = "not now"});
}

/* Of a connection that ends right behind a message, not everybody's stack still
 * hands out that one. */
static void test_a_last_word_is_read_before_the_end(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_run(&scene, refuse_when_ready);
    assert_non_null(strstr(scene.consumer.closed, "not now"));
    assert_int_equal(scene.consumer.others_when_closed, 1);
    assert_null(sessions_find(&scene.provider.sessions, NUMBER)); /* but nobody sees it */
    assert_string_equal(scene.provider.closed, "");
    scene_deinit(&scene);
}

/* ---- what it has asked for ---- */

static void on_stream_error(enum stream_error error, const char *text, void *arg)
{
    struct scene *scene = arg;
    (void)text;
    if (error == STREAM_UNSENT)
        scene->unsent++;
    else
        assert_int_equal(error, STREAM_SESSION);
}

/* More than leaves with the session's end, and that in the next moment. */
static void ask_and_close(struct scene *scene)
{
    static const struct mux_stream_handlers handlers = {.on_error = on_stream_error};
    static char value[1000];
    struct mux *mux = session_mux(sessions_find(&scene->consumer.sessions, NUMBER));
    struct mux_stream *stream;
    struct head head;
    memset(value, 'v', sizeof value);
    head_init(&head);
    head.method = SPAN_LITERAL("GET");
    head.target = SPAN_LITERAL("/");
    head_add(&head, SPAN_LITERAL("X"), span_of(value, sizeof value));
    while (scene->asked < REQUESTS && mux_open(mux, &head, &handlers, scene, &stream) == 0)
        scene->asked++;
    head_deinit(&head);
    act(&scene->consumer, (struct action){.type = ACTION_CLOSE, .text = "over"});
}

static void close_when_ready(struct scene *scene)
{
    bool is_ready = scene->provider.is_ready && scene->consumer.is_ready;
    if (scene->provider.closed[0])
        loop_stop(scene->loop);
    else if (is_ready && scene->asked == 0)
        ask_and_close(scene);
}

/* That is certain: no request that is told so was heard by the other side, also
 * not behind that. */
static void test_what_never_left_is_unsent(void **state)
{
    (void)state;
    struct scene scene = {0};
    scene_run(&scene, close_when_ready);
    assert_int_equal(scene.asked, REQUESTS);
    assert_true(scene.unsent > 0 && scene.provider.requests > 0);
    assert_true(scene.unsent + scene.provider.requests <= REQUESTS);
    scene_deinit(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_last_word_is_read_before_the_end),
        cmocka_unit_test(test_what_never_left_is_unsent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
