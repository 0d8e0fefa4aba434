/*
 * Requests whose clients wait for 100 (Continue), and providers that fail: they
 * go elsewhere, and each client is told once, by whoever is to tell it.
 */
#include "proxy_scene.h"

#define HEAD                                 \
    "POST / HTTP/1.1\r\nHost: localhost\r\n" \
    "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"
#define TOLD "HTTP/1.1 100 "

enum { PLAIN = FEATURE_SSE | FEATURE_FIELDS, INTERIM = PLAIN | FEATURE_INTERIM };

static struct proxy_scene *begin(unsigned first, unsigned second)
{
    const struct proxy_config config = {.host = "127.0.0.1", .pick = POOL_FIRST};
    struct proxy_scene *scene = proxy_scene_new(&config, INTERIM);
    proxy_scene_set_features(scene, 0, first);
    proxy_scene_set_features(scene, 1, second);
    proxy_scene_up(scene, 0);
    proxy_scene_up(scene, 1);
    return scene;
}

/* ---- conditions ---- */

static bool is_told(struct proxy_scene *scene)
{
    return client_got(&scene->clients[0], TOLD);
}

static bool is_over(struct proxy_scene *scene)
{
    return scene->records == 1 && client_got(&scene->clients[0], "HTTP/1.1 200 ");
}

static bool has_failed(struct proxy_scene *scene)
{
    return client_got(&scene->clients[0], "HTTP/1.1 503 ");
}

/* ---- stories ---- */

static void ask(struct proxy_scene *scene)
{
    proxy_scene_ask(scene, &scene->clients[0], HEAD);
}

static void refuse(struct proxy_scene *scene)
{
    mux_stream_break(scene->hops[0].stream, STREAM_TOO_MANY, "no room here");
}

static void tell(struct proxy_scene *scene, int hop)
{
    const struct head head = {.status = 100, .framing = HTTP_BODY_NONE};
    mux_stream_interim(scene->hops[hop].stream, &head);
}

static void send_body(struct proxy_scene *scene)
{
    proxy_scene_say(&scene->clients[0], SPAN_LITERAL("body"));
}

static void check_second_answers(struct proxy_scene *scene)
{
    proxy_scene_run_until(scene, second_has_whole_request);
    assert_true(span_is_string(buf_bytes(&scene->hops[1].body), "body"));
    proxy_scene_answer(&scene->hops[1], 200, NULL, NULL);
    proxy_scene_run_until(scene, is_over);
    assert_int_equal(client_count(&scene->clients[0], TOLD), 1);
    assert_int_equal(scene->record.tries, 2);
    proxy_scene_free(scene);
}

/* Its own 100 never comes: the second provider cannot pass one on. */
static void test_to_plain(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(INTERIM, PLAIN);
    ask(scene);
    proxy_scene_run_until(scene, first_has_request);
    assert_false(is_told(scene));
    refuse(scene);
    proxy_scene_run_until(scene, is_told);
    send_body(scene);
    check_second_answers(scene);
}

static void on_other_error(enum stream_error error, const char *text, void *arg)
{
    (void)error;
    (void)text;
    (void)arg;
}

/* The first one takes no more streams: not even the head goes there. */
static void test_no_room(void **state)
{
    (void)state;
    static const struct mux_stream_handlers handlers = {.on_error = on_other_error};
    static const struct head other = {.method = SPAN_LITERAL("GET"),
                                      .target = SPAN_LITERAL("/"),
                                      .framing = HTTP_BODY_NONE,
                                      .is_framing_known = true};
    struct proxy_scene *scene = begin(INTERIM, PLAIN);
    struct mux_stream *stream;
    while (mux_open(scene->hops[0].consumer.mux, &other, &handlers, NULL, &stream) == 0)
        ;
    ask(scene);
    proxy_scene_run_until(scene, is_told);
    assert_int_equal(scene->hops[1].requests, 1);
    send_body(scene);
    check_second_answers(scene);
}

/* The second upstream says it; a second time, that is dropped. */
static void test_to_interim(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(INTERIM, INTERIM);
    ask(scene);
    proxy_scene_run_until(scene, first_has_request);
    refuse(scene);
    proxy_scene_run_until(scene, second_has_request);
    assert_false(is_told(scene));
    tell(scene, 1);
    tell(scene, 1);
    proxy_scene_run_until(scene, is_told);
    send_body(scene);
    check_second_answers(scene);
}

/* Told before by the proxy, whose word the second upstream repeats. */
static void test_from_plain(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(PLAIN, INTERIM);
    ask(scene);
    proxy_scene_run_until(scene, is_told);
    send_body(scene);
    proxy_scene_run_until(scene, first_has_half);
    refuse(scene);
    proxy_scene_run_until(scene, second_has_request);
    tell(scene, 1);
    check_second_answers(scene);
}

/* What an upstream has asked for is its own. */
static void test_told_by_first(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(INTERIM, INTERIM);
    ask(scene);
    proxy_scene_run_until(scene, first_has_request);
    tell(scene, 0);
    proxy_scene_run_until(scene, is_told);
    refuse(scene);
    proxy_scene_run_until(scene, has_failed);
    assert_int_equal(scene->hops[1].requests, 0);
    proxy_scene_free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_to_plain),      cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_to_interim),    cmocka_unit_test(test_from_plain),
        cmocka_unit_test(test_told_by_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
