/*
 * Two peers open: at once, whatever else they were told to ask or have to wait
 * for.
 */
#include "peer_scene.h"

#include <time.h>

#include "base/clock.h"

static uint64_t cpu_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / 1000;
}

/* Time that went by without work for us: a slow machine does not count. */
static uint64_t waited_us(uint64_t begin_us, uint64_t begin_cpu_us)
{
    uint64_t wall = clock_now_us() - begin_us;
    uint64_t cpu = cpu_now_us() - begin_cpu_us;
    return wall > cpu ? wall - cpu : 0;
}

static bool opens_at_once(struct scene *scene)
{
    uint64_t begin_us = clock_now_us();
    uint64_t begin_cpu_us = cpu_now_us();
    connect_both(scene);
    return waited_us(begin_us, begin_cpu_us) < US_PER_S / 2;
}

static void test_opens_at_once(void **state)
{
    assert_at_once(state, opens_at_once);
    struct scene *scene = *state;
    for (int i = 0; i < 2; i++) {
        struct end *end = &scene->ends[i];
        struct peer_path path;
        assert_true(peer_get_path(end->peer, &path));
        assert_false(path.is_relayed);
        assert_non_null(strstr(path.local, "host "));
        assert_int_equal(end->states, 1u << PEER_CONNECTING | 1u << PEER_SECURING |
                                          1u << PEER_OPENING | 1u << PEER_OPEN);
        assert_memory_equal(peer_remote_fingerprint(end->peer), cert_fingerprint(end->other->cert),
                            CERT_FINGERPRINT_LEN);
        assert_string_equal(peer_remote_tool(end->peer), end->other->config.tool);
        assert_true(span_is_string(peer_remote_promise(end->peer),
                                   end->other->config.promise ? end->other->config.promise : ""));
        assert_true(peer_is_writable(end->peer));
    }
}

static bool second_secures(struct scene *scene)
{
    return scene->ends[1].states & 1u << PEER_SECURING;
}

/* The answerer begins DTLS while its answer is held up, as libdatachannel does:
 * what it sends is kept, lest the next that it sends be waited for. */
static bool opens_behind_a_late_answer(struct scene *scene)
{
    struct end *first = &scene->ends[0];
    struct end *second = &scene->ends[1];
    scene->is_manual = true;
    peer_offer(first->peer);
    run_until(scene, first_described);
    give_description(first, SDP_OFFER);
    run_until(scene, second_secures);
    /* Between the fourth time that it is sent and the fifth. */
    run_for(scene, 750 * US_PER_MS);
    assert_false(first->is_open);
    uint64_t begin_us = clock_now_us();
    uint64_t begin_cpu_us = cpu_now_us();
    give_description(second, SDP_ANSWER);
    run_until(scene, both_open);
    return waited_us(begin_us, begin_cpu_us) < US_PER_S / 3;
}

static void test_dtls_before_the_answer(void **state)
{
    assert_at_once(state, opens_behind_a_late_answer);
}

static bool opens_beside_dead_servers(struct scene *scene)
{
    const char *why;
    assert_int_equal(ice_servers_add(scene->servers, "stun:stun.invalid:3478", NULL, NULL, &why),
                     0);
    assert_int_equal(ice_servers_add(scene->servers, "stun:127.0.0.1:9", NULL, NULL, &why), 0);
    assert_int_equal(ice_servers_add(scene->servers, "turn:127.0.0.1:9", "u", "p", &why), 0);
    return opens_at_once(scene);
}

/* A name server that does not answer, a STUN server that is not there: peers
 * that see each other do not wait for either. */
static void test_dead_servers_cost_no_time(void **state)
{
    assert_at_once(state, opens_beside_dead_servers);
}

static void add_unresolved_name(struct scene *scene)
{
    const char *why;
    assert_int_equal(ice_servers_add(scene->servers, "stun:stun.example.invalid", NULL, NULL, &why),
                     0);
}

static bool opens_beside_unresolved_name(struct scene *scene)
{
    add_unresolved_name(scene);
    return opens_at_once(scene);
}

/* The name is still being looked up when the agent starts, and for one of the
 * two still when it ends. */
static void test_unresolved_name_costs_no_time(void **state)
{
    assert_at_once(state, opens_beside_unresolved_name);
    scene_teardown(state);
    scene_setup(state);
    struct scene *scene = *state;
    add_unresolved_name(scene);
    peer_offer(scene->ends[0].peer);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_opens_at_once),
        TEST(test_dtls_before_the_answer),
        TEST(test_dead_servers_cost_no_time),
        TEST(test_unresolved_name_costs_no_time),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
