/*
 * A provider fails, and another one answers; or does not, where that could do
 * something twice.
 */
#include "proxy_scene.h"

#include <stdlib.h>

#define HOST   "Host: localhost\r\n"
#define GET    "GET / HTTP/1.1\r\n" HOST "\r\n"
#define CHUNKS "Transfer-Encoding: chunked\r\n\r\n"
#define POST   "POST / HTTP/1.1\r\n" HOST
#define KEY    "Idempotency-Key: 7\r\n"

enum { FEATURES = FEATURE_SSE | FEATURE_FIELDS | FEATURE_INTERIM | FEATURE_UPGRADE };

static struct proxy_scene *begin(int hops, enum pool_pick pick)
{
    const struct proxy_config config = {.host = "127.0.0.1", .pick = pick};
    struct proxy_scene *scene = proxy_scene_new(&config, FEATURES);
    for (int i = 0; i < hops; i++)
        proxy_scene_up(scene, i);
    return scene;
}

/* ---- conditions ---- */

static bool third_has_request(struct proxy_scene *scene)
{
    return scene->hops[2].requests == 1;
}

static bool is_answered(struct proxy_scene *scene)
{
    return client_got(&scene->clients[0], "HTTP/1.1 ") && scene->records == 1;
}

static bool is_broken(struct proxy_scene *scene)
{
    return scene->clients[0].is_broken;
}

static bool has_head(struct proxy_scene *scene)
{
    return client_got(&scene->clients[0], "\r\n\r\n");
}

static bool as_many_are_answered(struct proxy_scene *scene)
{
    return scene->records == scene->wanted;
}

static bool is_waiting(struct proxy_scene *scene)
{
    return proxy_waiting(scene->proxy) == 1;
}

static bool second_is_cancelled(struct proxy_scene *scene)
{
    return scene->hops[1].errors == 1;
}

/* ---- stories ---- */

/* To the first, which is killed; then the second answers with 200, or the
 * client hears of it. */
static void lose(struct proxy_scene *scene, const char *request)
{
    proxy_scene_ask(scene, &scene->clients[0], request);
    proxy_scene_run_until(scene, first_has_request);
    proxy_scene_kill(scene, 0);
}

static void check_second_answers(struct proxy_scene *scene)
{
    proxy_scene_run_until(scene, second_has_whole_request);
    proxy_scene_answer(&scene->hops[1], 200, NULL, NULL);
    proxy_scene_run_until(scene, is_answered);
    assert_int_equal(client_count(&scene->clients[0], "HTTP/1.1 "), 1);
    assert_true(client_got(&scene->clients[0], "HTTP/1.1 200 "));
    assert_int_equal(scene->record.end, EXCHANGE_COMPLETE);
    assert_int_equal(scene->record.tries, 2);
}

static void check_nobody_answers(struct proxy_scene *scene, const char *status)
{
    proxy_scene_run_until(scene, is_answered);
    assert_int_equal(client_count(&scene->clients[0], "HTTP/1.1 "), 1);
    assert_true(client_got(&scene->clients[0], status));
    assert_int_equal(scene->hops[1].requests, 0);
}

static void test_safe(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(2, POOL_FIRST);
    lose(scene, GET);
    check_second_answers(scene);
    assert_int_equal(scene->hops[0].requests, 1);
    proxy_scene_free(scene);
}

static void test_unsafe(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(2, POOL_FIRST);
    lose(scene, POST "Content-Length: 0\r\n\r\n");
    check_nobody_answers(scene, "HTTP/1.1 502 ");
    assert_int_equal(scene->record.end, EXCHANGE_LOST);
    proxy_scene_free(scene);
}

static void test_nobody_else(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(1, POOL_FIRST);
    lose(scene, GET);
    check_nobody_answers(scene, "HTTP/1.1 502 ");
    proxy_scene_free(scene);
}

/* Half of the body was at the first when that died; the second gets all of it,
 * in one piece, and to the end. */
/* Begun while the first alone was there. */
static void test_another_comes(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(1, POOL_BALANCED);
    proxy_scene_ask(scene, &scene->clients[0], GET);
    proxy_scene_run_until(scene, first_has_request);
    proxy_scene_up(scene, 1);
    proxy_scene_kill(scene, 0);
    check_second_answers(scene);
    proxy_scene_free(scene);
}

/* Of two with as many requests it goes to the nearer, as measured last. */
static void test_nearest(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(2, POOL_BALANCED);
    proxy_set_round_trip(scene->proxy, scene->hops[0].number, 9000);
    proxy_set_round_trip(scene->proxy, scene->hops[1].number, 20000);
    proxy_set_round_trip(scene->proxy, scene->hops[1].number, 1000);
    proxy_scene_ask(scene, &scene->clients[0], GET);
    proxy_scene_run_until(scene, second_has_request);
    assert_int_equal(scene->hops[0].requests, 0);
    proxy_scene_free(scene);
}

static void test_body(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(2, POOL_FIRST);
    struct client *client = &scene->clients[0];
    proxy_scene_ask(scene, client, POST KEY CHUNKS "4\r\nhalf\r\n");
    proxy_scene_run_until(scene, first_has_half);
    proxy_scene_kill(scene, 0);
    proxy_scene_run_until(scene, second_has_request);
    proxy_scene_say(client, SPAN_LITERAL("5\r\n more\r\n0\r\n\r\n"));
    check_second_answers(scene);
    assert_true(span_is_string(buf_bytes(&scene->hops[1].body), "half more"));
    proxy_scene_free(scene);
}

static bool first_has_much(struct proxy_scene *scene)
{
    return scene->hops[0].body.len > (256 << 10);
}

/* More than is kept: what is not there any more cannot be sent. */
static void test_large_body(void **state)
{
    (void)state;
    static uint8_t block[(256 << 10) + 1];
    struct proxy_scene *scene = begin(2, POOL_FIRST);
    struct client *client = &scene->clients[0];
    proxy_scene_ask(scene, client, "PUT / HTTP/1.1\r\n" HOST CHUNKS "80000\r\n");
    proxy_scene_run_until(scene, first_has_request);
    proxy_scene_say(client, span_of(block, sizeof block));
    proxy_scene_run_until(scene, first_has_much);
    proxy_scene_kill(scene, 0);
    check_nobody_answers(scene, "HTTP/1.1 502 ");
    proxy_scene_free(scene);
}

/* The upstream of the first cannot be reached: even a POST goes elsewhere, and
 * so do those that follow. */
static void test_refused(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(2, POOL_FIRST);
    proxy_scene_ask(scene, &scene->clients[0], POST "Content-Length: 4\r\n\r\nbody");
    proxy_scene_run_until(scene, first_has_half);
    mux_stream_break(scene->hops[0].stream, STREAM_REFUSED, "connection refused");
    check_second_answers(scene);
    assert_true(span_is_string(buf_bytes(&scene->hops[1].body), "body"));
    scene->hops[1].requests = 0;
    proxy_scene_ask(scene, &scene->clients[1], GET);
    proxy_scene_run_until(scene, second_has_request);
    assert_int_equal(scene->hops[0].requests, 1);
    proxy_scene_free(scene);
}

/* An answer of the provider's is one; nor is another asked when a response has
 * begun, be it an interim one. */
static void test_answered(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(2, POOL_FIRST);
    proxy_scene_ask(scene, &scene->clients[0], GET);
    proxy_scene_run_until(scene, first_has_request);
    mux_stream_break(scene->hops[0].stream, STREAM_NOT_ALLOWED, "not here");
    check_nobody_answers(scene, "HTTP/1.1 403 ");
    proxy_scene_free(scene);
}

static void test_response_has_begun(void **state)
{
    (void)state;
    const struct head head = {.status = 200, .framing = HTTP_BODY_UNKNOWN};
    struct proxy_scene *scene = begin(2, POOL_FIRST);
    proxy_scene_ask(scene, &scene->clients[0], GET);
    proxy_scene_run_until(scene, first_has_request);
    assert_int_equal(mux_stream_respond(scene->hops[0].stream, &head), 0);
    proxy_scene_run_until(scene, has_head);
    proxy_scene_kill(scene, 0);
    proxy_scene_run_until(scene, is_broken);
    assert_int_equal(scene->hops[1].requests, 0);
    proxy_scene_free(scene);
}

static void test_interim_response(void **state)
{
    (void)state;
    const struct head head = {.status = 103, .framing = HTTP_BODY_NONE};
    struct proxy_scene *scene = begin(2, POOL_FIRST);
    proxy_scene_ask(scene, &scene->clients[0], GET);
    proxy_scene_run_until(scene, first_has_request);
    mux_stream_interim(scene->hops[0].stream, &head);
    proxy_scene_run_until(scene, has_head);
    proxy_scene_kill(scene, 0);
    proxy_scene_run_until(scene, is_answered);
    assert_true(client_got(&scene->clients[0], "HTTP/1.1 502 "));
    assert_int_equal(scene->hops[1].requests, 0);
    proxy_scene_free(scene);
}

/* It may be the request that kills them. */
static void test_deadly_request(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(4, POOL_FIRST);
    lose(scene, GET);
    proxy_scene_run_until(scene, second_has_request);
    proxy_scene_kill(scene, 1);
    proxy_scene_run_until(scene, third_has_request);
    proxy_scene_kill(scene, 2);
    proxy_scene_run_until(scene, is_answered);
    assert_true(client_got(&scene->clients[0], "HTTP/1.1 502 "));
    assert_int_equal(scene->hops[3].requests, 0);
    proxy_scene_free(scene);
}

/* While one is in doubt, new ones go to another, and what it has stays. */
static void test_doubt(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(2, POOL_FIRST);
    proxy_scene_ask(scene, &scene->clients[0], GET);
    proxy_scene_run_until(scene, first_has_request);
    proxy_scene_doubt(scene, 0);
    proxy_scene_ask(scene, &scene->clients[1], GET);
    proxy_scene_run_until(scene, second_has_request);
    proxy_scene_answer(&scene->hops[0], 200, NULL, NULL);
    proxy_scene_run_until(scene, is_answered);
    assert_true(client_got(&scene->clients[0], "HTTP/1.1 200 "));
    assert_int_equal(scene->record.tries, 1);
    proxy_scene_free(scene);
}

/* What waited for any of them has its body when it fails as well. */
static void test_waited(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(0, POOL_FIRST);
    proxy_scene_ask(scene, &scene->clients[0],
                    "PUT / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nbody");
    proxy_scene_run_until(scene, is_waiting);
    scene->hops[1].number = proxy_add_provider(scene->proxy, 1, 2);
    proxy_scene_up(scene, 0);
    proxy_scene_up(scene, 1);
    proxy_scene_run_until(scene, first_has_half);
    proxy_scene_kill(scene, 0);
    check_second_answers(scene);
    assert_true(span_is_string(buf_bytes(&scene->hops[1].body), "body"));
    proxy_scene_free(scene);
}

/* The client leaves while the second one works on it. */
static void test_client_leaves(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(2, POOL_FIRST);
    lose(scene, GET);
    proxy_scene_run_until(scene, second_has_request);
    conn_reset(scene->clients[0].conn);
    scene->clients[0].conn = NULL;
    proxy_scene_run_until(scene, second_is_cancelled);
    assert_int_equal(scene->record.end, EXCHANGE_CANCELLED);
    proxy_scene_free(scene);
}

/* ---- who gets it ---- */

static void test_spreads(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(3, POOL_BALANCED);
    for (int i = 0; i < PROXY_SCENE_CLIENTS; i++)
        proxy_scene_ask(scene, &scene->clients[i], GET);
    scene->wanted = PROXY_SCENE_CLIENTS;
    proxy_scene_run_until(scene, as_many_are_asked);
    for (int i = 0; i < 3; i++)
        assert_int_equal(scene->hops[i].requests, PROXY_SCENE_CLIENTS / 3);
    proxy_scene_free(scene);
}

/* A conversation on one connection stays where it is. */
static void test_same_client(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin(2, POOL_BALANCED);
    proxy_scene_ask(scene, &scene->clients[0], GET);
    scene->wanted = 1;
    proxy_scene_run_until(scene, as_many_are_asked);
    struct hop *hop = &scene->hops[scene->hops[0].requests == 1 ? 0 : 1];
    proxy_scene_answer(hop, 200, NULL, NULL);
    proxy_scene_run_until(scene, is_answered);
    for (scene->wanted = 2; scene->wanted < 6; scene->wanted++) {
        proxy_scene_ask(scene, &scene->clients[0], GET);
        proxy_scene_run_until(scene, as_many_are_asked);
        assert_int_equal(hop->requests, scene->wanted);
        proxy_scene_answer(hop, 200, NULL, NULL);
        proxy_scene_run_until(scene, as_many_are_answered);
    }
    proxy_scene_free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_safe),
        cmocka_unit_test(test_unsafe),
        cmocka_unit_test(test_nobody_else),
        cmocka_unit_test(test_another_comes),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_body),
        cmocka_unit_test(test_large_body),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_answered),
        cmocka_unit_test(test_response_has_begun),
        cmocka_unit_test(test_interim_response),
        cmocka_unit_test(test_deadly_request),
        cmocka_unit_test(test_doubt),
        cmocka_unit_test(test_waited),
        cmocka_unit_test(test_client_leaves),
        cmocka_unit_test(test_spreads),
        cmocka_unit_test(test_same_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
