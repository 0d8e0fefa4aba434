/*
 * When freed memory goes back to the system, by a clock of our own; and that
 * it does, by what the system counts.
 */
#include "net/net_testing.h"

#include <string.h>

#include "base/alloc.h"
#include "base/process.h"
#include "net/trim.h"

enum { BLOCK = 64 << 10, BLOCKS = 512, KEPT = 64 << 20 };

static uint64_t now_us;
static unsigned acts;

static uint64_t test_clock(void)
{
    return now_us;
}

static void count_act(void)
{
    acts++;
}

struct rig {
    struct timers timers;
    struct trim trim;
};

static void rig_init(struct rig *rig)
{
    now_us = 1000 * US_PER_S;
    acts = 0;
    timers_init(&rig->timers);
    trim_init(&rig->trim, &rig->timers, test_clock, count_act);
}

static void rig_deinit(struct rig *rig)
{
    trim_deinit(&rig->trim);
    timers_deinit(&rig->timers);
}

static void pass(struct rig *rig, uint64_t us)
{
    now_us += us;
    timers_run(&rig->timers, now_us);
}

static void test_a_second_behind_the_last_who_asks(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig);
    pass(&rig, 100 * US_PER_S);
    assert_int_equal(acts, 0);
    trim_ask(&rig.trim);
    pass(&rig, TRIM_QUIET_US - 1);
    trim_ask(&rig.trim);
    pass(&rig, 1);
    assert_int_equal(acts, 0);
    pass(&rig, TRIM_QUIET_US);
    assert_int_equal(acts, 1);
    pass(&rig, 100 * US_PER_S);
    assert_int_equal(acts, 1);
    trim_ask(&rig.trim);
    pass(&rig, TRIM_QUIET_US);
    assert_int_equal(acts, 2);
    rig_deinit(&rig);
}

static void test_not_forever(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig);
    for (uint64_t us = 0; us < 10 * TRIM_MOST_US; us += TRIM_QUIET_US / 10) {
        trim_ask(&rig.trim);
        pass(&rig, TRIM_QUIET_US / 10);
    }
    assert_true(acts >= 9 && acts <= 10);
    rig_deinit(&rig);
}

static void test_ended_while_asked(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig);
    trim_ask(&rig.trim);
    rig_deinit(&rig);
    assert_int_equal(acts, 0);
}

struct wait {
    bool is_done;
    uint64_t below;
};

static void look_at_memory(void *arg)
{
    struct wait *wait = arg;
    wait->is_done = process_resident_bytes() < wait->below;
}

/* Behind what is freed stands what is not: free() alone gives nothing back. */
static void test_memory_goes_back(void **state)
{
    (void)state;
#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__)
    printf("skipped: this heap is not glibc's\n");
    skip();
#endif
    static void *blocks[BLOCKS + 1];
    alloc_keep(KEPT);
    struct loop *loop = loop_new();
    for (int i = 0; i <= BLOCKS; i++)
        blocks[i] = memset(xcalloc(1, BLOCK), 1, BLOCK);
    uint64_t full = process_resident_bytes();
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    struct wait wait = {.below = full - BLOCKS * BLOCK / 2};
    look_at_memory(&wait);
    assert_false(wait.is_done);
    struct turn_hook *hook = turn_hook_new(loop, look_at_memory, NULL, &wait);
    loop_trim(loop);
    run_until(loop, &wait.is_done);
    turn_hook_free(hook);
    free(blocks[BLOCKS]);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_second_behind_the_last_who_asks),
        cmocka_unit_test(test_not_forever),
        cmocka_unit_test(test_ended_while_asked),
        cmocka_unit_test(test_memory_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
