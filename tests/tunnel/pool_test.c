/*
 * Which provider a request goes to, told in stories: each begins with an empty
 * pool at its own time zero.
 */
#include "testing.h"

#include "tunnel/pool.h"

#define NOW_US (1000 * US_PER_S)

/* Three that are open, 0, 1 and 2, of which the second is the nearest. */
static void open_three(struct pool *pool, enum pool_pick pick)
{
    static const uint64_t round_trips_ms[] = {30, 10, 20};
    pool_init(pool, pick);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pool_join(pool, (unsigned)i), i);
        pool_open(pool, i);
        pool_set_round_trip(pool, i, round_trips_ms[i] * US_PER_MS);
    }
}

static void test_nobody(void **state)
{
    (void)state;
    struct pool pool;
    pool_init(&pool, POOL_BALANCED);
    assert_int_equal(pool_choose(&pool, POOL_NOBODY, 0, NOW_US), POOL_NOBODY);
    int provider = pool_join(&pool, 0);
    assert_int_equal(pool_choose(&pool, POOL_NOBODY, 0, NOW_US), POOL_NOBODY);
    pool_open(&pool, provider);
    assert_int_equal(pool_choose(&pool, POOL_NOBODY, 0, NOW_US), provider);
    pool_close(&pool, provider);
    assert_int_equal(pool_choose(&pool, POOL_NOBODY, 0, NOW_US), POOL_NOBODY);
    pool_leave(&pool, provider);
    assert_int_equal(pool_count(&pool), 0);
}

static void test_fewest_first(void **state)
{
    (void)state;
    struct pool pool;
    open_three(&pool, POOL_BALANCED);
    pool_begin(&pool, 0);
    pool_begin(&pool, 1);
    assert_int_equal(pool_choose(&pool, 0, 0, NOW_US), 2);
    pool_begin(&pool, 2);
    pool_begin(&pool, 2);
    pool_end(&pool, 0);
    assert_int_equal(pool_choose(&pool, 2, 0, NOW_US), 0);
}

static void test_then_who_knows_the_client(void **state)
{
    (void)state;
    struct pool pool;
    open_three(&pool, POOL_BALANCED);
    for (int last = 0; last < 3; last++)
        assert_int_equal(pool_choose(&pool, last, 0, NOW_US), last);
    pool_begin(&pool, 0);
    assert_int_equal(pool_choose(&pool, 2, 0, NOW_US), 2);
}

static void test_then_the_nearest(void **state)
{
    (void)state;
    struct pool pool;
    open_three(&pool, POOL_BALANCED);
    assert_int_equal(pool_choose(&pool, POOL_NOBODY, 0, NOW_US), 1);
    pool_begin(&pool, 1);
    assert_int_equal(pool_choose(&pool, 1, 0, NOW_US), 2);
    pool_set_round_trip(&pool, 2, 0); /* not known any more */
    assert_int_equal(pool_choose(&pool, 1, 0, NOW_US), 0);
}

/* As many as there are take turns. */
static void test_spreads(void **state)
{
    (void)state;
    struct pool pool;
    int counts[3] = {0};
    open_three(&pool, POOL_BALANCED);
    for (int i = 0; i < 30; i++) {
        int provider = pool_choose(&pool, 0, 0, NOW_US);
        pool_begin(&pool, provider);
        counts[provider]++;
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(counts[i], 10);
}

static void test_passed_over(void **state)
{
    (void)state;
    struct pool pool;
    open_three(&pool, POOL_BALANCED);
    pool_shun(&pool, 1, 2 * US_PER_S, NOW_US);
    assert_int_equal(pool_choose(&pool, 1, 0, NOW_US), 2);
    pool_begin(&pool, 2);
    pool_begin(&pool, 0);
    assert_int_equal(pool_choose(&pool, 1, 0, NOW_US + 2 * US_PER_S - 1), 2);
    assert_int_equal(pool_choose(&pool, 1, 0, NOW_US + 2 * US_PER_S), 1);
    /* What an older request says does not make it shorter. */
    pool_shun(&pool, 1, 10 * US_PER_S, NOW_US);
    pool_shun(&pool, 1, 1 * US_PER_S, NOW_US);
    assert_int_equal(pool_choose(&pool, 1, 0, NOW_US + 9 * US_PER_S), 2);
}

/* A bad one is better than none; and nobody is believed for ever. */
static void test_all_passed_over(void **state)
{
    (void)state;
    struct pool pool;
    open_three(&pool, POOL_BALANCED);
    for (int i = 0; i < 3; i++)
        pool_shun(&pool, i, UINT64_MAX, NOW_US);
    assert_int_equal(pool_choose(&pool, POOL_NOBODY, 0, NOW_US), 1);
    pool_shun(&pool, 1, 2 * POOL_SHUN_MAX_US, NOW_US + 1);
    assert_int_equal(pool_choose(&pool, 1, 0, NOW_US + POOL_SHUN_MAX_US), 2);
    assert_int_equal(pool_choose(&pool, 1, 0, NOW_US + 1 + POOL_SHUN_MAX_US), 1);
}

/* Then the one that comes back first is asked, wherever it stands. */
static void test_first_to_come_back(void **state)
{
    (void)state;
    for (enum pool_pick pick = POOL_BALANCED; pick <= POOL_FIRST; pick++) {
        struct pool pool;
        open_three(&pool, pick);
        pool_shun(&pool, 0, 60 * US_PER_S, NOW_US);
        pool_shun(&pool, 1, 5 * US_PER_S, NOW_US);
        pool_shun(&pool, 2, 4 * US_PER_S, NOW_US);
        pool_begin(&pool, 2);
        assert_int_equal(pool_choose(&pool, 0, 0, NOW_US), 2);
        assert_int_equal(pool_choose(&pool, 0, 1U << 2, NOW_US), 1);
        pool_shun(&pool, 2, 5 * US_PER_S, NOW_US + US_PER_S); /* it was in vain */
        assert_int_equal(pool_choose(&pool, 0, 0, NOW_US + US_PER_S), 1);
    }
}

/* Where it has been it does not come again, passed over or not. */
static void test_tried(void **state)
{
    (void)state;
    struct pool pool;
    open_three(&pool, POOL_BALANCED);
    assert_int_equal(pool_choose(&pool, 1, 1U << 1, NOW_US), 2);
    pool_shun(&pool, 0, US_PER_S, NOW_US);
    assert_int_equal(pool_choose(&pool, 1, 1U << 1 | 1U << 2, NOW_US), 0);
    assert_int_equal(pool_choose(&pool, 1, 7, NOW_US), POOL_NOBODY);
}

static void test_first(void **state)
{
    (void)state;
    struct pool pool;
    open_three(&pool, POOL_FIRST);
    pool_begin(&pool, 0);
    assert_int_equal(pool_choose(&pool, 2, 0, NOW_US), 0);
    pool_shun(&pool, 0, US_PER_S, NOW_US);
    assert_int_equal(pool_choose(&pool, 2, 0, NOW_US), 1);
    pool_close(&pool, 1);
    assert_int_equal(pool_choose(&pool, POOL_NOBODY, 0, NOW_US), 2);
    assert_int_equal(pool_choose(&pool, POOL_NOBODY, 0, NOW_US + US_PER_S), 0);
}

/* Rank counts, not who came when. */
static void test_first_came_late(void **state)
{
    (void)state;
    struct pool pool;
    pool_init(&pool, POOL_FIRST);
    pool_open(&pool, pool_join(&pool, 7));
    int first = pool_join(&pool, 3);
    pool_open(&pool, first);
    assert_int_equal(pool_choose(&pool, POOL_NOBODY, 0, NOW_US), first);
}

/* Who has left is not mixed up with who comes, while requests of his end. */
static void test_numbers(void **state)
{
    (void)state;
    struct pool pool;
    open_three(&pool, POOL_BALANCED);
    pool_begin(&pool, 1);
    pool_leave(&pool, 1);
    assert_int_equal(pool_count(&pool), 2);
    assert_int_equal(pool_join(&pool, 0), 3);
    pool_end(&pool, 1);
    pool_shun(&pool, 1, US_PER_S, NOW_US); /* a late word of it */
    assert_int_equal(pool_join(&pool, 0), 1);
    pool_open(&pool, 1);
    assert_int_equal(pool_choose(&pool, 1, 0, NOW_US), 1);
}

static void test_full(void **state)
{
    (void)state;
    struct pool pool;
    pool_init(&pool, POOL_BALANCED);
    for (int i = 0; i < POOL_PROVIDERS_MAX; i++)
        assert_int_equal(pool_join(&pool, 0), i);
    assert_int_equal(pool_join(&pool, 0), POOL_NOBODY);
    pool_leave(&pool, 5);
    assert_int_equal(pool_join(&pool, 0), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_fewest_first),
        cmocka_unit_test(test_then_who_knows_the_client),
        cmocka_unit_test(test_then_the_nearest),
        cmocka_unit_test(test_spreads),
        cmocka_unit_test(test_passed_over),
        cmocka_unit_test(test_all_passed_over),
        cmocka_unit_test(test_first_to_come_back),
        cmocka_unit_test(test_tried),
        cmocka_unit_test(test_first),
        cmocka_unit_test(test_first_came_late),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
