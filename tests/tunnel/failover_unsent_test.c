/*
 * Requests that had not left when their session was lost, and nobody else is
 * there.
 */
#include "proxy_scene.h"

#include "net/conn.h"

#define POST "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: "

enum { FEATURES = FEATURE_SSE | FEATURE_FIELDS | FEATURE_INTERIM };

/* ---- conditions ---- */

static bool is_answered(struct proxy_scene *scene)
{
    return client_got(&scene->clients[0], "HTTP/1.1 ") && scene->records == 1;
}

static bool first_holds_request(struct proxy_scene *scene)
{
    return mux_stream_count(scene->hops[0].consumer.mux) == 1;
}

static bool first_holds_two(struct proxy_scene *scene)
{
    return mux_stream_count(scene->hops[0].consumer.mux) == 2;
}

static bool second_has_another_request(struct proxy_scene *scene)
{
    return scene->hops[1].requests == 2 && scene->hops[1].has_end;
}

static bool both_are_answered(struct proxy_scene *scene)
{
    return client_count(&scene->clients[0], "HTTP/1.1 ") == 2 && scene->records == 2;
}

static bool is_recorded(struct proxy_scene *scene)
{
    return scene->records == 1;
}

static bool as_many_records(struct proxy_scene *scene)
{
    return scene->records == scene->wanted;
}

/* ---- stories ---- */

static struct proxy_scene *begin_stuck(uint64_t wait_us, const char *request)
{
    const struct proxy_config config = {.host = "127.0.0.1", .wait_us = wait_us};
    struct proxy_scene *scene = proxy_scene_new(&config, FEATURES);
    scene->hops[0].consumer.is_stuck = true;
    proxy_scene_up(scene, 0);
    proxy_scene_ask(scene, &scene->clients[0], request);
    proxy_scene_run_until(scene, first_holds_request);
    return scene;
}

/* It waits, as if it had come now, whatever it is. */
static void test_waits(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin_stuck(0, POST "8\r\n\r\nbody");
    proxy_scene_kill(scene, 0);
    assert_int_equal(proxy_waiting(scene->proxy), 1);
    proxy_scene_say(&scene->clients[0], SPAN_LITERAL("rest"));
    proxy_scene_up(scene, 1);
    proxy_scene_run_until(scene, second_has_whole_request);
    proxy_scene_answer(&scene->hops[1], 200, NULL, NULL);
    proxy_scene_run_until(scene, is_answered);
    assert_true(client_got(&scene->clients[0], "HTTP/1.1 200 "));
    assert_int_equal(scene->record.tries, 2);
    assert_true(span_is_string(buf_bytes(&scene->hops[1].body), "bodyrest"));
    proxy_scene_free(scene);
}

/* The connection goes on behind it, also with what had come meanwhile. */
static void test_goes_on_behind_it(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin_stuck(0, POST "4\r\n\r\nbody");
    proxy_scene_kill(scene, 0);
    assert_int_equal(proxy_waiting(scene->proxy), 1);
    proxy_scene_say(&scene->clients[0], SPAN_LITERAL(POST "3\r\n\r\nnew"));
    proxy_scene_up(scene, 1);
    proxy_scene_run_until(scene, second_has_whole_request);
    assert_true(span_is_string(buf_bytes(&scene->hops[1].body), "body"));
    proxy_scene_answer(&scene->hops[1], 200, NULL, NULL);
    proxy_scene_run_until(scene, second_has_another_request);
    assert_true(span_is_string(buf_bytes(&scene->hops[1].body), "new"));
    proxy_scene_answer(&scene->hops[1], 200, NULL, NULL);
    proxy_scene_run_until(scene, both_are_answered);
    assert_int_equal(client_count(&scene->clients[0], "HTTP/1.1 "), 2);
    proxy_scene_free(scene);
}

/* A client that leaves while its request waits once more takes it along. */
static void test_client_leaves(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin_stuck(0, POST "4\r\n\r\nbody");
    proxy_scene_kill(scene, 0);
    assert_int_equal(proxy_waiting(scene->proxy), 1);
    conn_reset(scene->clients[0].conn);
    scene->clients[0].conn = NULL;
    proxy_scene_run_until(scene, is_recorded);
    assert_int_equal(scene->record.end, EXCHANGE_CANCELLED);
    assert_int_equal(proxy_waiting(scene->proxy), 0);
    proxy_scene_up(scene, 1);
    assert_int_equal(mux_stream_count(scene->hops[1].consumer.mux), 0);
    proxy_scene_free(scene);
}

/* Each of several keeps what is left of its time, whoever was held again
 * first. */
static void test_waits_no_longer(void **state)
{
    (void)state;
    struct proxy_scene *scene = begin_stuck(3600 * US_PER_S, POST "4\r\n\r\nbody");
    proxy_scene_ask(scene, &scene->clients[1], POST "0\r\n\r\n");
    proxy_scene_run_until(scene, first_holds_two);
    proxy_scene_kill(scene, 0);
    assert_int_equal(proxy_waiting(scene->proxy), 2);
    scene->hops[1].consumer.is_stuck = true;
    proxy_scene_up(scene, 1);
    assert_int_equal(proxy_waiting(scene->proxy), 0);
    proxy_scene_kill(scene, 1);
    assert_int_equal(proxy_waiting(scene->proxy), 2);
    proxy_set_problem(scene->proxy, "there is no place", true, 0);
    scene->wanted = 2;
    proxy_scene_run_until(scene, as_many_records);
    for (int i = 0; i < 2; i++)
        assert_true(client_got(&scene->clients[i], "HTTP/1.1 503 "));
    proxy_scene_free(scene);
}

/* Until its time is over, or where that is of no use. */
static void test_in_vain(void **state)
{
    (void)state;
    for (int is_lasting = 0; is_lasting < 2; is_lasting++) {
        struct proxy_scene *scene = begin_stuck(is_lasting ? 3600 * US_PER_S : 1, POST "0\r\n\r\n");
        proxy_set_problem(scene->proxy, "there is no place", is_lasting, 0);
        proxy_scene_kill(scene, 0);
        proxy_scene_run_until(scene, is_answered);
        assert_true(client_got(&scene->clients[0], "HTTP/1.1 503 "));
        assert_true(client_got(&scene->clients[0], "\r\nRetry-After: 5\r\n"));
        assert_true(client_got(&scene->clients[0], "is not connected: there is no place"));
        assert_int_equal(scene->record.end, EXCHANGE_DOWN);
        proxy_scene_free(scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits),         cmocka_unit_test(test_goes_on_behind_it),
        cmocka_unit_test(test_client_leaves), cmocka_unit_test(test_waits_no_longer),
        cmocka_unit_test(test_in_vain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
