/*
 * When a socket is left alone: only a busy one, on a path that is long, and for
 * no longer than its buffer lasts.
 */
#include "testing.h"

#include "base/clock.h"
#include "net/moderation.h"

enum { PACKET = 1400 };

#define BEGIN_US (10 * US_PER_S)
#define LONG_US  (40 * US_PER_MS)

/* So many reads of a packet each, spread over a window; what is decided. */
static uint64_t rest_after(unsigned reads, size_t len, uint64_t rtt_us)
{
    struct moderation m = {.since_us = BEGIN_US};
    uint64_t rest_us = 0;
    for (unsigned i = 1; i <= reads; i++) {
        moderation_note(&m, len);
        rest_us = moderation_rest_us(&m, rtt_us, BEGIN_US + i * MODERATION_WINDOW_US / reads);
    }
    return rest_us;
}

static void quiet_sockets_are_watched(void **state)
{
    (void)state;
    assert_int_equal(rest_after(1, PACKET, LONG_US), 0);
    assert_int_equal(rest_after(MODERATION_CALLS - 1, PACKET, LONG_US), 0);
    assert_true(rest_after(MODERATION_CALLS, PACKET, LONG_US) > 0);
}

static void rests_are_a_small_part_of_the_round_trip(void **state)
{
    (void)state;
    assert_int_equal(rest_after(20, PACKET, 0), 0); /* not known */
    assert_int_equal(rest_after(20, PACKET, 100), 0);
    assert_int_equal(rest_after(20, PACKET, 6 * US_PER_MS), 0);
    assert_int_equal(rest_after(20, PACKET, 32 * US_PER_MS), 1000);
    assert_int_equal(rest_after(20, PACKET, US_PER_S), MODERATION_MOST_US);
}

static void rests_bring_no_more_than_the_kernel_keeps(void **state)
{
    (void)state;
    /* A gigabit a second: 500 KB in a window. */
    uint64_t rest_us = rest_after(357, PACKET, US_PER_S);
    assert_in_range(rest_us * 357 * PACKET / MODERATION_WINDOW_US, MODERATION_BYTES * 9 / 10,
                    MODERATION_BYTES);
    /* Ten of them leave no time to rest. */
    assert_int_equal(rest_after(3570, PACKET, US_PER_S), 0);
}

static void sends_count_as_well(void **state)
{
    (void)state;
    assert_true(rest_after(MODERATION_CALLS, 0, LONG_US) > 0);
}

/* It rests from the end of one busy window to that of one that is not. */
static void decides_once_a_window(void **state)
{
    (void)state;
    struct moderation m = {.since_us = BEGIN_US};
    uint64_t now_us = BEGIN_US;
    for (int i = 0; i < 20; i++)
        moderation_note(&m, PACKET);
    assert_int_equal(moderation_rest_us(&m, LONG_US, now_us + MODERATION_WINDOW_US - 1), 0);
    now_us += MODERATION_WINDOW_US;
    assert_int_equal(moderation_rest_us(&m, LONG_US, now_us), LONG_US / MODERATION_SHARE);
    assert_int_equal(moderation_rest_us(&m, LONG_US, now_us + 1000), LONG_US / MODERATION_SHARE);
    moderation_note(&m, PACKET);
    now_us += MODERATION_WINDOW_US;
    assert_int_equal(moderation_rest_us(&m, LONG_US, now_us), 0);
    /* After a long silence a few at once are not busy. */
    for (int i = 0; i < 20; i++)
        moderation_note(&m, PACKET);
    assert_int_equal(moderation_rest_us(&m, LONG_US, now_us + US_PER_S), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quiet_sockets_are_watched),
        cmocka_unit_test(rests_are_a_small_part_of_the_round_trip),
        cmocka_unit_test(rests_bring_no_more_than_the_kernel_keeps),
        cmocka_unit_test(sends_count_as_well),
        cmocka_unit_test(decides_once_a_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
