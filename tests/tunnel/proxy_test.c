/*
 * What waits for the tunnel, and for how long.
 */
#include "proxy_scene.h"

#include <stdlib.h>

enum { TRIES = 20 };

#define GET "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* As a browser's EventSource asks. */
#define GET_EVENTS                                                             \
    "GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n" \
    "Cache-Control: no-cache\r\n\r\n"

static struct proxy_scene *scene_new(uint64_t wait_us)
{
    const struct proxy_config config = {.host = "127.0.0.1", .wait_us = wait_us};
    return proxy_scene_new(&config, FEATURE_SSE);
}

/* ---- conditions ---- */

static bool first_is_told(struct proxy_scene *scene)
{
    return client_got(&scene->clients[0], "\"}}");
}

static bool second_is_told(struct proxy_scene *scene)
{
    return client_got(&scene->clients[1], "HTTP/1.1 503 ");
}

static bool preflight_is_answered(struct proxy_scene *scene)
{
    return client_got(&scene->clients[0], "HTTP/1.1 204 ");
}

static bool first_is_answered(struct proxy_scene *scene)
{
    return client_got(&scene->clients[0], "HTTP/1.1 200 ");
}

static bool first_has_failed(struct proxy_scene *scene)
{
    return scene->clients[0].is_broken || client_got(&scene->clients[0], "HTTP/1.1 50");
}

static bool has_one_request(struct proxy_scene *scene)
{
    return scene->hops[0].requests == 1;
}

static bool has_two_requests(struct proxy_scene *scene)
{
    return scene->hops[0].requests == 2;
}

/* ---- tests ---- */

/* The tunnel does not come up: the client hears why, and when to come again. */
static void test_gives_up(void **state)
{
    (void)state;
    const uint64_t wait_us = 200 * US_PER_MS;
    struct proxy_scene *scene = scene_new(wait_us);
    proxy_set_problem(scene->proxy, "`tunnel serve` is not in the room", false, 0);
    uint64_t began_us = clock_now_us();
    proxy_scene_ask(scene, &scene->clients[0], GET);
    proxy_scene_run_until(scene, first_is_told);
    assert_true(clock_now_us() - began_us >= wait_us);
    assert_true(client_got(&scene->clients[0], "HTTP/1.1 503 "));
    assert_true(client_got(&scene->clients[0], "\r\nRetry-After: 5\r\n"));
    assert_false(client_got(&scene->clients[0], "X-Should-Retry"));
    assert_true(client_got(&scene->clients[0], "\r\nContent-Type: application/json\r\n"));
    assert_true(client_got(&scene->clients[0],
                           "the tunnel is not connected: `tunnel serve` is not in the room"));
    proxy_scene_free(scene);
}

static bool one_waits(struct proxy_scene *scene)
{
    return proxy_waiting(scene->proxy) == 1;
}

/* Who was not let in any more is not waited for: the watchdog ends this test
 * long before an hour is over. */
static void test_lasting(void **state)
{
    (void)state;
    struct proxy_scene *scene = scene_new(3600 * US_PER_S);
    proxy_scene_ask(scene, &scene->clients[0], GET);
    proxy_scene_run_until(scene, one_waits);
    proxy_set_problem(scene->proxy, "this link has expired", true, clock_now_us() + 200 * US_PER_S);
    proxy_scene_run_until(scene, first_is_told);
    assert_true(client_got(&scene->clients[0], "this link has expired"));
    assert_true(client_got(&scene->clients[0], "\r\nRetry-After: 200\r\n") ||
                client_got(&scene->clients[0], "\r\nRetry-After: 19")); /* a slow machine */
    assert_true(client_got(&scene->clients[0], "\r\nX-Should-Retry: false\r\n"));
    proxy_scene_ask(scene, &scene->clients[1], GET);
    proxy_scene_run_until(scene, second_is_told);
    proxy_set_problem(scene->proxy, "connecting", false, 0);
    proxy_scene_ask(scene, &scene->clients[2], GET);
    proxy_scene_run_until(scene, one_waits);
    proxy_scene_free(scene);
}

/* In the body in UTF-8, in Proxy-Status in ASCII. */
static void test_gives_up_in_ascii(void **state)
{
    (void)state;
    struct proxy_scene *scene = scene_new(1);
    proxy_set_problem(scene->proxy, "room k\xc3\xb6\xe2\x80\xa6: \"full\"", false, 0);
    proxy_scene_ask(scene, &scene->clients[0], GET);
    proxy_scene_run_until(scene, first_is_told);
    assert_true(client_got(&scene->clients[0], "room k\xc3\xb6\xe2\x80\xa6: "));
    assert_true(client_got(&scene->clients[0], ": room k?...: \\\"full\\\"\"\r\n"));
    proxy_scene_free(scene);
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
        struct proxy_scene *scene = scene_new(wait_us);
        proxy_scene_ask(scene, &scene->clients[0],
                        "OPTIONS /x HTTP/1.1\r\n" FROM_A_PAGE
                        "Access-Control-Request-Method: POST\r\n\r\n");
        proxy_scene_run_until(scene, preflight_is_answered);
        uint64_t began_us = clock_now_us();
        proxy_scene_ask(scene, &scene->clients[1],
                        "POST /x HTTP/1.1\r\n" FROM_A_PAGE "Content-Length: 0\r\n\r\n");
        proxy_scene_run_until(scene, second_is_told);
        took_us = clock_now_us() - began_us;
        assert_true(client_got(&scene->clients[1],
                               "\r\nAccess-Control-Allow-Origin: https://app.example\r\n"));
        proxy_scene_free(scene);
    }
    assert_true(took_us < wait_us);
}

/* While it may be dead, what begins waits, and what has begun goes on. */
static void test_waits(void **state)
{
    (void)state;
    struct proxy_scene *scene = scene_new(200 * US_PER_MS);
    proxy_scene_ask(scene, &scene->clients[0], GET);
    proxy_scene_up(scene, 0);
    proxy_scene_run_until(scene, has_one_request);
    proxy_scene_doubt(scene, 0);
    proxy_scene_ask(scene, &scene->clients[1], GET);
    proxy_scene_run_until(scene, second_is_told);
    assert_int_equal(scene->hops[0].requests, 1);
    proxy_scene_answer(&scene->hops[0], 200, NULL, NULL);
    proxy_scene_run_until(scene, first_is_answered);
    proxy_scene_ask(scene, &scene->clients[2], GET);
    proxy_scene_up(scene, 0);
    proxy_scene_run_until(scene, has_two_requests);
    proxy_scene_free(scene);
}

static void check_no_answer(const struct proxy_scene *scene, enum exchange_end how)
{
    assert_true(scene->clients[0].is_broken);
    assert_int_equal(scene->record.status, 0);
    assert_string_equal(exchange_end_name(scene->record.end), exchange_end_name(how));
}

/* Any answer but 200 would end it for good. */
static void test_event_source_gets_no_503(void **state)
{
    (void)state;
    struct proxy_scene *scene = scene_new(1);
    proxy_scene_ask(scene, &scene->clients[0], GET_EVENTS);
    proxy_scene_run_until(scene, first_has_failed);
    check_no_answer(scene, EXCHANGE_DOWN);
    assert_int_equal(scene->clients[0].got.len, 0);
    proxy_scene_free(scene);
}

/* On a connection that has had an answer, of which nothing is lost. */
static void test_event_source_gets_no_502(void **state)
{
    (void)state;
    struct proxy_scene *scene = scene_new(0);
    proxy_scene_up(scene, 0);
    proxy_scene_ask(scene, &scene->clients[0], GET);
    proxy_scene_run_until(scene, has_one_request);
    proxy_scene_answer(&scene->hops[0], 200, NULL, NULL);
    proxy_scene_run_until(scene, first_is_answered);
    proxy_scene_ask(scene, &scene->clients[0], GET_EVENTS);
    proxy_scene_run_until(scene, has_two_requests);
    proxy_scene_kill(scene, 0);
    proxy_scene_run_until(scene, first_has_failed);
    check_no_answer(scene, EXCHANGE_LOST);
    assert_int_equal(client_count(&scene->clients[0], "HTTP/1.1 "), 1);
    assert_true(client_got(&scene->clients[0], "\r\n0\r\n\r\n"));
    proxy_scene_free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gives_up),
        cmocka_unit_test(test_lasting),
        cmocka_unit_test(test_gives_up_in_ascii),
        cmocka_unit_test(test_tells_pages),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_event_source_gets_no_503),
        cmocka_unit_test(test_event_source_gets_no_502),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
