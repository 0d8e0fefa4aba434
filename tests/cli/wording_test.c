/*
 * The table of cli/wording.h, each of its cells.
 */
#include "cli/wording.h"

#include <stdlib.h>

#include "testing.h"

static char *const args[] = {(char *)"tunnel", (char *)"x", (char *)"--turn=turn:a"};
static const struct wording without = {2, (char **)args};
static const struct wording with = {3, (char **)args};

struct row {
    const struct wording *wording;
    const char *variable; /* its value */
    const char *lacking, *given, *with;
};

static void check_text(char *text, const char *wanted)
{
    assert_string_equal(text, wanted);
    free(text);
}

static void test_table(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&without, "", "--turn URL (or TUNNEL_TURN)", "--turn", "--turn turn:b"},
        {&without, "turn:c", "--turn URL (or TUNNEL_TURN)", "TUNNEL_TURN", "TUNNEL_TURN=turn:b"},
        {&with, "turn:c", "--turn URL (or TUNNEL_TURN)", "--turn", "--turn turn:b"},
        {&wording_of_file, "turn:c", "turn = URL", "turn", "turn = turn:b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        assert_int_equal(setenv("TUNNEL_TURN", row->variable, 1), 0);
        check_text(wording_lacking(row->wording, "--turn"), row->lacking);
        assert_string_equal(wording_given(row->wording, "--turn"), row->given);
        check_text(wording_with(row->wording, "--turn", "turn:b"), row->with);
    }
    assert_int_equal(unsetenv("TUNNEL_TURN"), 0);
}

static void test_switch(void **state)
{
    (void)state;
    check_text(wording_lacking(&without, "--tls"), "--tls");
    check_text(wording_lacking(&without, "--relay-only"), "--relay-only (or TUNNEL_RELAY_ONLY)");
    check_text(wording_lacking(&wording_of_file, "--tls"), "tls = yes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_switch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
