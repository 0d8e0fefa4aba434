/*
 * The search for the largest packet, on paths of every width.
 */
#include "testing.h"

#include "base/clock.h"
#include "rtc/mtu_search.h"

enum { ROUND_TRIP_MS = 30 };

struct run {
    size_t found;
    uint64_t us; /* that it took */
    size_t sent; /* probes */
};

/* A path that lets so much through; every n-th probe is lost, 0: none. */
static struct run search(size_t width, size_t most, size_t least, unsigned lost)
{
    struct mtu_search s;
    struct run run = {0};
    uint64_t begun_us = US_PER_S, now_us = begun_us;
    mtu_search_init(&s, most, least, ROUND_TRIP_MS * US_PER_MS, now_us);
    while (mtu_search_due_us(&s) != TIME_NEVER) {
        uint16_t sizes[MTU_SEARCH_SENT_MAX];
        uint8_t number;
        now_us = mtu_search_due_us(&s);
        size_t count = mtu_search_next(&s, now_us, sizes, &number);
        for (size_t i = 0; i < count; i++) {
            assert_in_range(sizes[i], least, most);
            assert_int_equal(sizes[i] % MTU_SEARCH_STEP, 0);
            run.sent++;
            if (sizes[i] <= width && (lost == 0 || run.sent % lost != 0))
                mtu_search_on_answer(&s, number, sizes[i]);
        }
    }
    run.found = s.largest;
    run.us = now_us - begun_us;
    return run;
}

static void test_every_width(void **state)
{
    (void)state;
    for (size_t width = 576; width <= 1600; width++) {
        struct run run = search(width, 1500, 576, 0);
        size_t right = width < 1500 ? width / 4 * 4 : 1500;
        if (run.found != right)
            fail_msg("%zu is taken for %zu", width, run.found);
        assert_in_range(run.us, 0, 1300 * US_PER_MS);
        assert_in_range(run.sent, 1, 60 + 3 * 2); /* with the controls of three rounds */
    }
}

static void test_wide(void **state)
{
    (void)state;
    struct run run = search(1500, 65536, 576, 0);
    assert_int_equal(run.found, 1500);
    assert_int_equal(run.us, 0); /* its answer is the end */
}

/* What the interface does not take is not tried. */
static void test_own_link(void **state)
{
    (void)state;
    assert_int_equal(search(1500, 1420, 1280, 0).found, 1420);
    assert_int_equal(search(1500, 1279, 576, 0).found, 1276);
}

static void test_loss(void **state)
{
    (void)state;
    for (unsigned lost = 2; lost < 12; lost++)
        assert_in_range(search(1400, 1500, 576, lost).found, 1360, 1400);
}

static void test_nothing_comes(void **state)
{
    (void)state;
    struct run run = search(0, 1500, 576, 0);
    assert_int_equal(run.found, 0);
    assert_int_equal(run.us, 1600 * US_PER_MS);
}

struct late {
    uint64_t at_us;
    uint16_t size;
    uint8_t number;
};

/* A path whose server answers each probe so much later. */
static size_t search_late(size_t width, uint64_t late_us)
{
    enum { ANSWERS_MAX = 1000 };
    struct late answers[ANSWERS_MAX];
    size_t count = 0, next = 0;
    struct mtu_search s;
    mtu_search_init(&s, 1500, 576, ROUND_TRIP_MS * US_PER_MS, US_PER_S);
    while (mtu_search_due_us(&s) != TIME_NEVER) {
        uint16_t sizes[MTU_SEARCH_SENT_MAX];
        uint8_t number;
        uint64_t now_us = mtu_search_due_us(&s);
        if (next < count && answers[next].at_us <= now_us) {
            mtu_search_on_answer(&s, answers[next].number, answers[next].size);
            next++;
            continue;
        }
        size_t sent = mtu_search_next(&s, now_us, sizes, &number);
        for (size_t i = 0; i < sent; i++) {
            if (sizes[i] <= width && count < ANSWERS_MAX)
                answers[count++] = (struct late){now_us + late_us, sizes[i], number};
        }
    }
    return s.largest;
}

/* Late is not lost, up to a second: found is what is right, or nothing. */
static void test_late(void **state)
{
    (void)state;
    for (uint64_t late_ms = 0; late_ms <= 3000; late_ms += 50) {
        for (size_t width = 576; width <= 1500; width += 44) {
            size_t found = search_late(width, late_ms * US_PER_MS);
            if (found != width && (found != 0 || late_ms <= 1000))
                fail_msg("%zu is taken for %zu, %zu ms late", width, found, (size_t)late_ms);
        }
    }
}

/* The server is gone in the middle of it. */
static void test_goes_silent(void **state)
{
    (void)state;
    struct mtu_search s;
    uint16_t sizes[MTU_SEARCH_SENT_MAX];
    uint8_t number;
    mtu_search_init(&s, 1500, 576, 0, 0);
    for (int i = 0; i < 2; i++) {
        size_t count = mtu_search_next(&s, mtu_search_due_us(&s), sizes, &number);
        mtu_search_on_answer(&s, number, sizes[count - 1]);
    }
    assert_int_equal(s.largest, 576);
    while (mtu_search_due_us(&s) != TIME_NEVER)
        mtu_search_next(&s, mtu_search_due_us(&s), sizes, &number);
    assert_int_equal(s.largest, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_width),   cmocka_unit_test(test_wide),
        cmocka_unit_test(test_own_link),      cmocka_unit_test(test_loss),
        cmocka_unit_test(test_nothing_comes), cmocka_unit_test(test_late),
        cmocka_unit_test(test_goes_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
