/*
 * The timing wheel: nobody comes early, nor later than a moment and its owner
 * make it, whoever leaves, moves, and however late that owner is.
 */
#include "testing.h"

#include "base/clock.h"
#include "signal/wheel.h"

enum { NODES = 500, MOMENT = 10, FARTHEST = MOMENT * (WHEEL_SLOTS - 2) };

static struct wheel wheel;
static struct wheel_node nodes[NODES];
static uint64_t wanted_us[NODES]; /* 0: it is not there */
static uint32_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static void put(int i, uint64_t at_us)
{
    wheel_put(&wheel, &nodes[i], at_us);
    wanted_us[i] = at_us;
}

static void start(void)
{
    wheel_init(&wheel, MOMENT);
    for (int i = 0; i < NODES; i++) {
        wheel_node_init(&nodes[i]);
        wanted_us[i] = 0;
    }
}

/* All that have come are due, and all that are due have come; some go round
 * again. */
static void run(uint64_t now_us)
{
    struct wheel_node *node;
    while ((node = wheel_take(&wheel, now_us)) != NULL) {
        int i = (int)(node - nodes);
        assert_true(wanted_us[i] > 0 && wanted_us[i] <= now_us);
        wanted_us[i] = 0;
        if (draw(3) > 0)
            put(i, now_us + 1 + draw(FARTHEST));
    }
    assert_true(wheel.next_us > now_us);
    for (int i = 0; i < NODES; i++) {
        assert_true(wanted_us[i] == 0 || wanted_us[i] + MOMENT > now_us);
        assert_true(wanted_us[i] == 0 || wanted_us[i] + MOMENT > wheel.next_us);
    }
}

static void nodes_come_when_they_are_due(void **state)
{
    (void)state;
    for (uint32_t story = 1; story <= 50; story++) {
        seed = story;
        uint64_t now_us = 1000 + story;
        start();
        for (int turn = 0; turn < 200; turn++) {
            int i = (int)draw(NODES);
            put(i, now_us + 1 + draw(FARTHEST));
            i = (int)draw(NODES);
            list_remove(&nodes[i].link);
            wanted_us[i] = 0;
            now_us += draw(20) == 0 ? draw(5 * FARTHEST) : draw(MOMENT);
            run(now_us);
        }
    }
}

static void an_empty_wheel_is_never_due(void **state)
{
    (void)state;
    start();
    assert_true(wheel.next_us == TIME_NEVER);
    assert_null(wheel_take(&wheel, UINT64_MAX - 1));
    put(0, 1234);
    assert_int_equal(wheel.next_us, 1240);
    put(1, 1240); /* that moment itself */
    assert_int_equal(nodes[1].at_us, 1240);
    assert_null(wheel_take(&wheel, 1239));
    list_remove(&nodes[0].link);
    list_remove(&nodes[1].link);
    assert_null(wheel_take(&wheel, 1240));
    assert_true(wheel.next_us == TIME_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_come_when_they_are_due),
        cmocka_unit_test(an_empty_wheel_is_never_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
