/*
 * The search for the path's MTU, on paths of every size.
 */
#include "testing.h"

#include "base/clock.h"
#include "sctp/path.h"

enum { MTU_MAX = 9000, RTT_US = 20000 };

struct scene {
    struct path path;
    size_t carries; /* the path's true MTU; 0: nothing */
    uint64_t now_us;
    uint64_t nonce;
    unsigned probes;
};

static struct scene scene_new(size_t mtu_max, size_t carries)
{
    struct scene s = {.carries = carries, .now_us = US_PER_S, .nonce = 1};
    path_init(&s.path, BASE_MTU, mtu_max);
    path_start_search(&s.path, ++s.nonce, true, s.now_us);
    return s;
}

/* One step of the search, with the answers to its packets. */
static void step(struct scene *s)
{
    struct path *p = &s->path;
    s->now_us = p->due_us;
    if (path_on_due(p, s->now_us))
        path_choose_probe(p, ++s->nonce, s->now_us);
    size_t size = p->probe_size;
    if (size == 0)
        return;
    s->probes++;
    path_probed(p, RTT_US, s->now_us);
    uint64_t sent_us = s->now_us;
    if (s->carries > 0)
        assert_int_equal(path_on_answer(p, p->small_nonce, sent_us, sent_us + RTT_US),
                         PATH_SMALL_PASSED);
    if (size <= s->carries)
        assert_int_equal(path_on_answer(p, p->probe_nonce, sent_us, sent_us + RTT_US),
                         PATH_PROBE_PASSED);
}

static void search(struct scene *s)
{
    for (int i = 0; i < 100 && s->path.search != SEARCH_DONE; i++)
        step(s);
}

static void most_is_tried_first(void **state)
{
    (void)state;
    struct scene s = scene_new(MTU_MAX, MTU_MAX);
    step(&s);
    assert_int_equal(s.path.mtu, MTU_MAX);
    search(&s);
    assert_int_equal(s.probes, 1);
}

/* Whatever a path carries is found, nearly; nothing that it does not carry is
 * ever used for long. */
static void finds_every_size(void **state)
{
    (void)state;
    for (size_t carries = FLOOR_MTU; carries < MTU_MAX; carries += 13) {
        struct scene s = scene_new(MTU_MAX, carries);
        search(&s);
        assert_int_equal(s.path.search, SEARCH_DONE);
        assert_in_range(s.path.mtu, carries - 20, carries);
        assert_true(s.probes <= 40);
    }
}

static void looks_again_after_a_while(void **state)
{
    (void)state;
    struct scene s = scene_new(MTU_MAX, 1400);
    search(&s);
    assert_in_range(s.path.due_us, s.now_us + 600 * US_PER_S, s.now_us + 601 * US_PER_S);
    s.carries = MTU_MAX;
    step(&s);
    assert_int_equal(s.path.mtu, MTU_MAX);
}

/* Where nothing passes, no size is too large. */
static void outage_lowers_nothing(void **state)
{
    (void)state;
    struct scene s = scene_new(MTU_MAX, 4000);
    search(&s);
    size_t before = s.path.mtu;
    s.carries = 0;
    for (int i = 0; i < 50; i++)
        step(&s);
    assert_int_equal(s.path.mtu, before);
    for (unsigned n = 1; n < 10; n++)
        assert_true(path_on_timeout(&s.path, n, s.now_us, s.now_us + n));
    assert_int_equal(s.path.mtu, before);
}

/* Full packets vanish, a small HEARTBEAT passes: a black hole. Below the base
 * size that repeats itself down to the floor. */
static void black_hole_lowers_it(void **state)
{
    (void)state;
    struct scene s = scene_new(MTU_MAX, MTU_MAX);
    search(&s);
    uint64_t sent_us = s.now_us + US_PER_S;
    assert_true(path_on_timeout(&s.path, 1, sent_us, sent_us + 1)); /* one may be chance */
    path_on_answer(&s.path, s.path.small_nonce, sent_us + 1, sent_us + RTT_US);
    assert_false(path_on_timeout(&s.path, 2, sent_us, sent_us + 3 * RTT_US));
    assert_int_equal(s.path.mtu, BASE_MTU);
    assert_false(path_on_timeout(&s.path, 3, sent_us, sent_us + 9 * RTT_US));
    assert_int_equal(s.path.mtu, FLOOR_MTU);
    assert_false(path_on_timeout(&s.path, 4, sent_us, sent_us + 20 * RTT_US));
    assert_int_equal(s.path.mtu, FLOOR_MTU);
    assert_int_equal(s.path.search, SEARCH_STEPS); /* what is between? */
}

static void peer_without_pad_is_not_probed(void **state)
{
    (void)state;
    struct path p;
    path_init(&p, BASE_MTU, MTU_MAX);
    path_start_search(&p, 7, false, 1);
    assert_int_equal(p.due_us, TIME_NEVER);
    path_init(&p, BASE_MTU, 900);
    assert_int_equal(p.mtu, 900); /* no packet is larger than the most */
}

static void only_an_echo_counts(void **state)
{
    (void)state;
    struct scene s = scene_new(MTU_MAX, MTU_MAX);
    struct path *p = &s.path;
    path_asked(p, 77, 1000);
    assert_int_equal(path_on_answer(p, 78, 1000, 5000), PATH_NOT_ASKED);
    assert_int_equal(path_on_answer(p, 0, 1000, 5000), PATH_NOT_ASKED);
    assert_int_equal(path_on_answer(p, 77, 5001, 5000), PATH_NOT_ASKED); /* from the future */
    assert_int_equal(path_on_answer(p, 77, 1000, 5000), PATH_ALIVE);
    assert_int_equal(p->rtt_us, 4000);
    assert_int_equal(path_on_answer(p, 77, 1000, 5000), PATH_NOT_ASKED); /* once */
    path_change(p, 1000, 6000);
    assert_true(p->mtu == 1000 && p->rtt_us == 0 && p->since_us == 6000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(most_is_tried_first),
        cmocka_unit_test(finds_every_size),
        cmocka_unit_test(looks_again_after_a_while),
        cmocka_unit_test(outage_lowers_nothing),
        cmocka_unit_test(black_hole_lowers_it),
        cmocka_unit_test(peer_without_pad_is_not_probed),
        cmocka_unit_test(only_an_echo_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
