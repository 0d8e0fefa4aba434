/*
 * What is suggested for a mistyped word, and when nothing is.
 */
#include "testing.h"

#include <stdlib.h>

#include "cli/nearest.h"

static void test_suggestions(void **state)
{
    (void)state;
    static const char *const names[] = {"serve",    "proxy",       "invite",      "invites",
                                        "--signal", "--link-file", "--qr",        "--upstream",
                                        "--failed", "--log-level", "--log-format"};
    static const struct {
        const char *word, *name;
    } rows[] = {
        {"server", "serve"},
        {"srve", "serve"},
        {"prxoy", "proxy"}, /* two letters in each other's place */
        {"invit", "invite"},
        {"invitess", "invites"},
        {"--singal", "--signal"},
        {"-signal", "--signal"},
        {"signal", "--signal"},
        {"--linkfile", "--link-file"},
        {"--upstreams", "--upstream"},
        /* The beginning of one alone. */
        {"--fail", "--failed"},
        {"-q", "--qr"},
        {"--log", NULL},
        /* Too far from all of them, too short, too long, nothing. */
        {"connect", NULL},
        {"--ipv4", NULL},
        {"s", NULL},
        {"-", NULL},
        {"--", NULL},
        {"", NULL},
        {"--qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nearest nearest;
        struct guard guard = guard_new(rows[i].word, strlen(rows[i].word));
        nearest_init(&nearest, guard.bytes);
        for (size_t j = 0; j < sizeof names / sizeof *names; j++)
            nearest_try(&nearest, names[j]);
        const char *name = nearest_name(&nearest) ? nearest_name(&nearest) : "nothing";
        if (strcmp(name, rows[i].name ? rows[i].name : "nothing") != 0)
            fail_msg("for '%s' %s is suggested", rows[i].word, name);
        guard_free(&guard);
    }
}

static void test_sentence(void **state)
{
    (void)state;
    struct nearest nearest;
    nearest_init(&nearest, SPAN_LITERAL("prox"));
    char *none = nearest_explain(&nearest);
    nearest_try(&nearest, "proxy");
    char *one = nearest_explain(&nearest);
    assert_string_equal(none, "is not known; see --help");
    assert_string_equal(one, "is not known; did you mean proxy? See --help");
    free(none);
    free(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suggestions),
        cmocka_unit_test(test_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
