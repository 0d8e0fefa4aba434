/*
 * Servers that say 503 with Retry-After: they are left alone for so long, and
 * the request goes to another one, or the client hears it.
 */
#include "proxy_scene.h"

#include "tunnel/retry.h"

#define HOST   "Host: localhost\r\n"
#define GET    "GET / HTTP/1.1\r\n" HOST "\r\n"
#define PUT    "PUT / HTTP/1.1\r\n" HOST
#define NEVER  "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"
#define LENGTH "Content-Length: "

enum { FEATURES = FEATURE_SSE | FEATURE_FIELDS | FEATURE_INTERIM };

static struct proxy_scene *begin(int hops)
{
    const struct proxy_config config = {.host = "127.0.0.1", .pick = POOL_FIRST};
    struct proxy_scene *scene = proxy_scene_new(&config, FEATURES);
    for (int i = 0; i < hops; i++)
        proxy_scene_up(scene, i);
    return scene;
}

/* ---- conditions ---- */

static bool first_has_much(struct proxy_scene *scene)
{
    return scene->hops[0].body.len > RETRY_BODY_MAX;
}

static bool as_many_are_answered(struct proxy_scene *scene)
{
    size_t answers = 0;
    for (int i = 0; i < PROXY_SCENE_CLIENTS; i++)
        answers += client_got(&scene->clients[i], "HTTP/1.1 ");
    return scene->records == scene->wanted && answers == (size_t)scene->wanted;
}

/* ---- stories ---- */

static void run_until_asked(struct proxy_scene *scene, int requests)
{
    scene->wanted = requests;
    proxy_scene_run_until(scene, as_many_are_asked);
}

static void run_until_answered(struct proxy_scene *scene, int requests)
{
    scene->wanted = requests;
    proxy_scene_run_until(scene, as_many_are_answered);
}

static void send_away(struct proxy_scene *scene, int hop)
{
    proxy_scene_answer(&scene->hops[hop], 503, "Retry-After", "100");
}

/* By the last one that was asked, and by nobody before. */
static void check_sent_away(struct proxy_scene *scene, struct client *client, int answered)
{
    run_until_answered(scene, answered);
    assert_int_equal(client_count(client, "HTTP/1.1 "), 1);
    assert_true(client_got(client, "HTTP/1.1 503 "));
    assert_int_equal(scene->record.end, EXCHANGE_COMPLETE);
}

/* Of two the first has sent a client away that may not be sent elsewhere. */
static struct proxy_scene *begin_sent_away(void)
{
    struct proxy_scene *scene = begin(2);
    proxy_scene_ask(scene, &scene->clients[0], NEVER);
    run_until_asked(scene, 1);
    send_away(scene, 0);
    check_sent_away(scene, &scene->clients[0], 1);
    return scene;
}

static void test_another_is_ready(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(2);
    proxy_scene_ask(scene, &scene->clients[0], PUT LENGTH "8\r\n\r\nhalf");
    proxy_scene_run_until(scene, first_has_half);
    send_away(scene, 0);
    proxy_scene_run_until(scene, second_has_request);
    proxy_scene_say(&scene->clients[0], SPAN_LITERAL("more"));
    proxy_scene_run_until(scene, second_has_whole_request);
    assert_true(span_is_string(buf_bytes(&scene->hops[1].body), "halfmore"));
    proxy_scene_answer(&scene->hops[1], 200, NULL, NULL);
    run_until_answered(scene, 1);
    assert_int_equal(client_count(&scene->clients[0], "HTTP/1.1 "), 1);
    assert_true(client_got(&scene->clients[0], "HTTP/1.1 200 "));
    assert_int_equal(scene->record.tries, 2);
    proxy_scene_free(scene);
}

/* The next request does not come to that server. */
static void test_is_left_alone(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin_sent_away();
    proxy_scene_ask(scene, &scene->clients[1], GET);
    proxy_scene_run_until(scene, second_has_request);
    assert_int_equal(scene->hops[0].requests, 1);
    proxy_scene_free(scene);
}

/* Its word is the client's answer where the request might be done twice, */
static void test_unsafe(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin_sent_away();
    assert_true(client_got(&scene->clients[0], "\r\nRetry-After: 100\r\n"));
    assert_int_equal(scene->hops[1].requests, 0);
    proxy_scene_free(scene);
}

/* or is not there any more, */
static void test_large_body(void **state)
{
    (void)state;
    static uint8_t block[RETRY_BODY_MAX + 1];
    struct proxy_scene *scene = begin(2);
    proxy_scene_ask(scene, &scene->clients[0], PUT "Transfer-Encoding: chunked\r\n\r\n80000\r\n");
    run_until_asked(scene, 1);
    proxy_scene_say(&scene->clients[0], span_of(block, sizeof block));
    proxy_scene_run_until(scene, first_has_much);
    send_away(scene, 0);
    check_sent_away(scene, &scene->clients[0], 1);
    assert_int_equal(scene->hops[1].requests, 0);
    proxy_scene_free(scene);
}

/* or where nobody knows for how long, */
static void test_without_a_time(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(2);
    proxy_scene_ask(scene, &scene->clients[0], GET);
    run_until_asked(scene, 1);
    proxy_scene_answer(&scene->hops[0], 503, NULL, NULL);
    check_sent_away(scene, &scene->clients[0], 1);
    assert_int_equal(scene->hops[1].requests, 0);
    proxy_scene_free(scene);
}

/* or all have said it: each is asked once, and who is passed over is not asked
 * as a second one. */
static void test_all(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(2);
    proxy_scene_ask(scene, &scene->clients[0], GET);
    run_until_asked(scene, 1);
    send_away(scene, 0);
    run_until_asked(scene, 2);
    send_away(scene, 1);
    check_sent_away(scene, &scene->clients[0], 1);
    proxy_scene_ask(scene, &scene->clients[1], GET);
    run_until_asked(scene, 3);
    send_away(scene, 0); /* whose time is over first */
    check_sent_away(scene, &scene->clients[1], 2);
    assert_int_equal(scene->hops[1].requests, 1);
    proxy_scene_free(scene);
}

/* or as many as may be of them. */
static void test_many(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(RETRY_SENDS_MAX + 1);
    proxy_scene_ask(scene, &scene->clients[0], GET);
    for (int i = 0; i < RETRY_SENDS_MAX; i++) {
        run_until_asked(scene, i + 1);
        send_away(scene, i);
    }
    check_sent_away(scene, &scene->clients[0], 1);
    assert_int_equal(scene->hops[RETRY_SENDS_MAX].requests, 0);
    proxy_scene_free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_another_is_ready),
        cmocka_unit_test(test_is_left_alone),
        cmocka_unit_test(test_unsafe),
        cmocka_unit_test(test_large_body),
        cmocka_unit_test(test_without_a_time),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
