/*
 * Reports, as they travel.
 */
#include "testing.h"

#include <errno.h>
#include <stdlib.h>

#include "tunnel/report.h"

static void test_both_ways(void **state)
{
    (void)state;
    static const struct report reports[] = {
        {0},
        {.is_refusal = true},
        {.knows_nat = true,
         .v4 = NAT_SYMMETRIC,
         .v6 = NAT_OPEN,
         .mapped = REPORT_MAPPED_PUBLIC,
         .has_turn = true,
         .session = REPORT_SESSION_RELAYED,
         .upstream_status = 503,
         .upstream_ms = 12},
        {.knows_nat = true,
         .v4 = NAT_UNCERTAIN,
         .mapped = REPORT_MAPPED_PRIVATE,
         .takes_relay = true,
         .is_relay_only = true,
         .asks_router = true,
         .session = REPORT_SESSION_DIRECT},
    };
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        struct report got;
        char *text = report_encode(&reports[i]);
        assert_int_equal(report_decode(text, &got), 0);
        char *again = report_encode(&got);
        assert_string_equal(text, again);
        assert_int_equal(got.v4, reports[i].v4);
        assert_int_equal(got.session, reports[i].session);
        assert_int_equal(got.upstream_status, reports[i].upstream_status);
        free(text);
        free(again);
    }
}

static void test_strange(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "[]", "{", "1", "{\"a\":1,\"a\":2}"};
    struct report got;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(report_decode(bad[i], &got), -EINVAL);
    assert_int_equal(report_decode("{\"ipv4\":\"quantum\",\"session\":7,\"upstream\":-1,"
                                   "\"upstreamMs\":1e99,\"turn\":\"yes\",\"more\":[1]}",
                                   &got),
                     0);
    assert_true(got.knows_nat);
    assert_int_equal(got.v4, NAT_SILENT);
    assert_int_equal(got.session, REPORT_SESSION_NONE);
    assert_int_equal(got.upstream_status, 0);
    assert_int_equal(got.upstream_ms, 0);
    assert_false(got.has_turn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_ways),
                                       cmocka_unit_test(test_strange)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
