/*
 * Who is there, and when another path of somebody is news.
 */
#include "testing.h"

#include "tunnel/roster.h"

#define NOW_US (100 * US_PER_S)

static void test_names(void **state)
{
    struct roster roster;
    (void)state;
    roster_init(&roster);
    assert_int_equal(roster_last(&roster), 0);
    roster_enter(&roster, 1, 10, "phone");
    roster_enter(&roster, 2, 20, NULL);
    assert_string_equal(roster_find(&roster, 1)->name, "phone");
    assert_string_equal(roster_find(&roster, 2)->name, "#2");
    assert_null(roster_find(&roster, 3));
    assert_int_equal(roster.up, 2);
    assert_int_equal(roster_last(&roster), 20);
    roster_enter(&roster, 1, 11, "phone"); /* another session */
    assert_int_equal(roster.up, 2);
    assert_int_equal(roster_last(&roster), 11);
    roster_strike(&roster, 1);
    roster_strike(&roster, 1);
    assert_int_equal(roster.up, 1);
    roster_forget(&roster, 2);
    assert_null(roster_find(&roster, 2));
    assert_int_equal(roster.up, 0);
    roster_deinit(&roster);
}

/* However often it changes meanwhile, it is told once, and in time. */
static void test_path(void **state)
{
    struct roster roster;
    (void)state;
    roster_init(&roster);
    roster_enter(&roster, 1, 10, "phone");
    roster_enter(&roster, 2, 20, "laptop");
    struct roster_entry *phone = roster_find(&roster, 1), *laptop = roster_find(&roster, 2);
    assert_int_equal(roster_news_us(&roster), TIME_NEVER);
    roster_change_path(phone, true, NOW_US);
    roster_change_path(phone, false, NOW_US + ROSTER_PATH_SETTLES_US - 1);
    roster_change_path(laptop, false, NOW_US + 1);
    assert_int_equal(roster_news_us(&roster), NOW_US + ROSTER_PATH_SETTLES_US);
    assert_null(roster_next_news(&roster, NOW_US + ROSTER_PATH_SETTLES_US - 1));
    assert_ptr_equal(roster_next_news(&roster, NOW_US + ROSTER_PATH_SETTLES_US), phone);
    assert_true(phone->was_broken);
    assert_null(roster_next_news(&roster, NOW_US + ROSTER_PATH_SETTLES_US));
    assert_int_equal(roster_news_us(&roster), NOW_US + ROSTER_PATH_SETTLES_US + 1);
    roster_change_path(phone, false, NOW_US + US_PER_S); /* that was another time */
    assert_false(phone->was_broken);
    roster_deinit(&roster);
}

/* Of a session that is over, or another one, nothing is told. */
static void test_path_of_the_past(void **state)
{
    struct roster roster;
    (void)state;
    roster_init(&roster);
    roster_enter(&roster, 1, 10, "phone");
    roster_change_path(roster_find(&roster, 1), false, NOW_US);
    roster_strike(&roster, 1);
    assert_int_equal(roster_news_us(&roster), TIME_NEVER);
    roster_enter(&roster, 1, 11, "phone");
    roster_change_path(roster_find(&roster, 1), false, NOW_US);
    roster_enter(&roster, 1, 12, "phone");
    assert_int_equal(roster_news_us(&roster), TIME_NEVER);
    roster_deinit(&roster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_path_of_the_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
