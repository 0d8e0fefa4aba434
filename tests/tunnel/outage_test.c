/*
 * What a client is told of a tunnel that is down.
 */
#include "testing.h"

#include "base/clock.h"
#include "tunnel/outage.h"

#define NOW_US (1000 * US_PER_S)

static void check(struct outage *outage, enum keeper_state state, const char *problem,
                  const char *expected)
{
    const struct keeper_status status = {.state = state, .problem = problem};
    bool is_another = outage_update(outage, false, &status, NOW_US);
    assert_int_equal(is_another, expected != NULL);
    if (expected)
        assert_string_equal(outage->text, expected);
}

static void test_each_step_is_a_reason(void **state)
{
    struct outage outage = {0};
    (void)state;
    check(&outage, KEEPER_CONNECTING, NULL, "connecting to the signal server");
    check(&outage, KEEPER_WAITING, NULL, "`tunnel serve` is not in the room");
    check(&outage, KEEPER_NEGOTIATING, NULL, "still connecting to the other side");
    check(&outage, KEEPER_UP, NULL, NULL);
}

/* `tunnel status` asks a provider as well. */
static void test_provider_waits_for_a_proxy(void **state)
{
    (void)state;
    struct outage outage = {0};
    const struct keeper_status status = {.state = KEEPER_WAITING};
    assert_true(outage_update(&outage, true, &status, NOW_US));
    assert_string_equal(outage.text, "no `tunnel proxy` is in the room");
}

/* It is still why, while another attempt is made. */
static void test_failure_stays_true(void **state)
{
    struct outage outage = {0};
    (void)state;
    check(&outage, KEEPER_RETRYING, "refused", "refused");
    check(&outage, KEEPER_CONNECTING, NULL, NULL);
    assert_string_equal(outage.text, "refused");
    check(&outage, KEEPER_RETRYING, "refused again", "refused again");
    check(&outage, KEEPER_WAITING, NULL, NULL);
}

/* Each pair that was tried, with its addresses, is for the log. */
static void test_pairs_are_not_told(void **state)
{
    static const char *const rows[][2] = {
        {"no path, and there is no TURN server (stun server 192.0.2.1:3478 from 10.0.0.2: no "
         "answer; host 10.0.0.2:1 -> host 10.0.0.3:2: not tried (frozen); and 15 more)",
         "no path, and there is no TURN server"},
        {"the connection ended: silent (host [fe80::1%eth0]:1 -> host [fe80::2]:2: no answer)",
         "the connection ended: silent"},
        {"gone: broken (1006)", "gone: broken (1006)"},
        {"a web server (nginx: see README.md), or wss://", NULL},
        {"(a: b)", NULL},
        {"unopened: b)", NULL},
        {" (", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct outage outage = {0};
        check(&outage, KEEPER_RETRYING, rows[i][0], rows[i][1] ? rows[i][1] : rows[i][0]);
    }
}

/* Who is slow has not failed: it is why for as long as nothing else happens. */
static void test_slow_is_no_failure(void **state)
{
    struct outage outage = {0};
    const struct keeper_status slow = {.state = KEEPER_CONNECTING, .problem = "slow", .is_slow = 1};
    (void)state;
    assert_true(outage_update(&outage, false, &slow, NOW_US));
    assert_string_equal(outage.text, "slow");
    check(&outage, KEEPER_WAITING, NULL, "`tunnel serve` is not in the room");
    check(&outage, KEEPER_RETRYING, "refused", "refused");
    assert_false(outage_update(&outage, false, &slow, NOW_US));
    assert_string_equal(outage.text, "refused");
}

static void test_success_ends_it(void **state)
{
    struct outage outage = {0};
    (void)state;
    check(&outage, KEEPER_RETRYING, "refused", "refused");
    check(&outage, KEEPER_UP, NULL, NULL);
    assert_string_equal(outage.text, "");
    check(&outage, KEEPER_CONNECTING, NULL, "connecting to the signal server");
}

/* Who is not let in any more tries again after minutes. */
static void test_lasting(void **state)
{
    struct outage outage = {0};
    const struct keeper_status status = {.state = KEEPER_RETRYING,
                                         .problem = "expired",
                                         .retry_in_us = 150 * US_PER_S};
    const struct keeper_status soon = {.state = KEEPER_RETRYING, .retry_in_us = 30 * US_PER_S};
    (void)state;
    assert_true(outage_update(&outage, false, &status, NOW_US));
    assert_true(outage.is_lasting);
    assert_int_equal(outage.retry_at_us, NOW_US + 150 * US_PER_S);
    assert_true(outage_update(&outage, false, &soon, NOW_US)); /* the text is as it was */
    assert_false(outage.is_lasting);
    assert_string_equal(outage.text, "expired");
}

/* The same reason, another time. */
static void test_next_try(void **state)
{
    struct outage outage = {0};
    struct keeper_status status = {.state = KEEPER_NEGOTIATING, .problem = "full"};
    (void)state;
    status.retry_in_us = 2 * US_PER_S;
    assert_true(outage_update(&outage, false, &status, NOW_US));
    assert_true(outage_update(&outage, false, &status, NOW_US + 1));
    assert_int_equal(outage.retry_at_us, NOW_US + 1 + 2 * US_PER_S);
    status.retry_in_us = 0; /* it is made */
    assert_true(outage_update(&outage, false, &status, NOW_US + 2));
    assert_int_equal(outage.retry_at_us, 0);
    status.state = KEEPER_UP;
    status.problem = NULL;
    assert_false(outage_update(&outage, false, &status, NOW_US + 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_are_not_told),
        cmocka_unit_test(test_each_step_is_a_reason),
        cmocka_unit_test(test_provider_waits_for_a_proxy),
        cmocka_unit_test(test_failure_stays_true),
        cmocka_unit_test(test_slow_is_no_failure),
        cmocka_unit_test(test_lasting),
        cmocka_unit_test(test_next_try),
        cmocka_unit_test(test_success_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
