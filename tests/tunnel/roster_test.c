/*
 * Who is there, and when another path of somebody is news.
 */
#include "testing.h"

#include <stdio.h>

#include "tunnel/roster.h"

#define NOW_US (100 * US_PER_S)

static void test_names(void **state)
{
    struct roster roster;
    (void)state;
    roster_init(&roster);
    assert_int_equal(roster_last(&roster), 0);
    roster_enter(&roster, 1, 10, "phone", NOW_US - US_PER_S);
    roster_enter(&roster, 2, 20, NULL, NOW_US - US_PER_S);
    assert_string_equal(roster_find(&roster, 1)->name, "phone");
    assert_string_equal(roster_find(&roster, 2)->name, "#2");
    assert_null(roster_find(&roster, 3));
    assert_int_equal(roster.up, 2);
    assert_int_equal(roster_last(&roster), 20);
    roster_enter(&roster, 1, 11, "phone", NOW_US - US_PER_S); /* another session */
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
    roster_enter(&roster, 1, 10, "phone", NOW_US - US_PER_S);
    roster_enter(&roster, 2, 20, "laptop", NOW_US - US_PER_S);
    struct roster_entry *phone = roster_find(&roster, 1), *laptop = roster_find(&roster, 2);
    assert_int_equal(roster_news_us(&roster), TIME_NEVER);
    roster_change_path(phone, true, NOW_US);
    roster_change_path(phone, false, NOW_US + ROSTER_PATH_SETTLES_US - 1);
    roster_change_path(laptop, false, NOW_US + 1);
    assert_int_equal(roster_news_us(&roster), NOW_US + ROSTER_PATH_SETTLES_US);
    assert_null(roster_next_news(&roster, NOW_US + ROSTER_PATH_SETTLES_US - 1));
    assert_ptr_equal(roster_next_news(&roster, NOW_US + ROSTER_PATH_SETTLES_US), phone);
    assert_true(phone->was_broken);
    assert_false(phone->is_settling);
    assert_null(roster_next_news(&roster, NOW_US + ROSTER_PATH_SETTLES_US));
    assert_int_equal(roster_news_us(&roster), NOW_US + ROSTER_PATH_SETTLES_US + 1);
    roster_change_path(phone, false, NOW_US + US_PER_S); /* that was another time */
    assert_false(phone->was_broken);
    roster_deinit(&roster);
}

static struct peer_path path_of(const char *local, bool is_relayed)
{
    struct peer_path path = {.is_relayed = is_relayed};
    snprintf(path.local, sizeof path.local, "%s", local);
    return path;
}

static bool tells(struct roster_entry *entry, const char *local, bool is_relayed)
{
    struct peer_path path = path_of(local, is_relayed);
    return roster_tell_path(entry, &path);
}

static void test_what_is_news(void **state)
{
    struct roster_entry entry = {.told = path_of("host 192.0.2.1:1", false)};
    (void)state;
    assert_false(tells(&entry, "host 192.0.2.1:1", false));
    assert_true(tells(&entry, "host 192.0.2.1:2", false));
    assert_true(tells(&entry, "relay 192.0.2.1:2", true));
    assert_false(tells(&entry, "", false)); /* it has none now */
    entry.was_broken = true;
    assert_true(tells(&entry, "relay 192.0.2.1:2", true));
    entry.was_broken = false;
    entry.is_settling = true;
    assert_false(tells(&entry, "relay 192.0.2.1:3", true));
    assert_true(tells(&entry, "host 192.0.2.1:4", false));
    entry.is_settling = false;
    assert_false(tells(&entry, "host 192.0.2.1:4", false));
    entry.told = (struct peer_path){0}; /* of a session whose first is told with it */
    assert_false(tells(&entry, "host 192.0.2.1:5", false));
}

/* What follows the first at once belongs to it. */
static void test_first_path(void **state)
{
    struct roster roster;
    (void)state;
    roster_init(&roster);
    roster_enter(&roster, 1, 10, "phone", NOW_US);
    struct roster_entry *phone = roster_find(&roster, 1);
    roster_change_path(phone, false, NOW_US + ROSTER_PATH_SETTLES_US - 1);
    assert_true(phone->is_settling);
    assert_ptr_equal(roster_next_news(&roster, NOW_US + 2 * ROSTER_PATH_SETTLES_US), phone);
    roster_change_path(phone, false, NOW_US + 2 * ROSTER_PATH_SETTLES_US);
    assert_false(phone->is_settling);
    roster_enter(&roster, 1, 11, "phone", NOW_US);
    roster_settle(&roster);
    roster_change_path(phone, false, NOW_US);
    assert_false(phone->is_settling);
    roster_deinit(&roster);
}

/* Of a session that is over, or another one, nothing is told. */
static void test_path_of_the_past(void **state)
{
    struct roster roster;
    (void)state;
    roster_init(&roster);
    roster_enter(&roster, 1, 10, "phone", NOW_US - US_PER_S);
    roster_change_path(roster_find(&roster, 1), false, NOW_US);
    roster_strike(&roster, 1);
    assert_int_equal(roster_news_us(&roster), TIME_NEVER);
    roster_enter(&roster, 1, 11, "phone", NOW_US - US_PER_S);
    roster_change_path(roster_find(&roster, 1), false, NOW_US);
    roster_enter(&roster, 1, 12, "phone", NOW_US - US_PER_S);
    assert_int_equal(roster_news_us(&roster), TIME_NEVER);
    roster_deinit(&roster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_what_is_news),
        cmocka_unit_test(test_first_path),
        cmocka_unit_test(test_path_of_the_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
