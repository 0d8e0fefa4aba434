/*
 * The pacer: its rate, what it lets a late owner make up for, and its bursts.
 */
#include "testing.h"

#include "base/clock.h"
#include "sctp/pacer.h"

enum { PACKET = 1000, RATE = 1000000 /* a packet a millisecond */ };

#define BEGIN_US (10 * US_PER_S)

/* Sends what may leave now; returns how many packets. */
static unsigned send_all(struct pacer *p, struct pacer_rate rate, uint64_t now_us)
{
    unsigned sent = 0;
    for (; pacer_allows(p, rate, now_us) && sent < 1000; sent++)
        pacer_spend(p, rate, PACKET, now_us);
    return sent;
}

static void keeps_the_rate(void **state)
{
    (void)state;
    const struct pacer_rate rates[] = {{RATE, 0}, {RATE, 8 * PACKET}, {100 * RATE, 60 * PACKET}};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct pacer p = {0};
        uint64_t sent = 0;
        uint64_t now_us = BEGIN_US;
        while (now_us < BEGIN_US + US_PER_S) {
            sent += send_all(&p, rates[i], now_us);
            now_us = pacer_deadline_us(&p, rates[i]);
        }
        uint64_t ideal = rates[i].bytes_per_s / PACKET;
        assert_true(sent >= ideal && sent <= ideal + rates[i].held / PACKET + 200);
    }
}

/* An owner that is 300 us late each time loses nothing; one that sleeps for a
 * second does not send a second's worth at once. */
static void late_owner_catches_up_a_little(void **state)
{
    (void)state;
    struct pacer_rate rate = {100 * RATE, 0};
    struct pacer p = {0};
    uint64_t sent = 0;
    uint64_t now_us = BEGIN_US;
    while (now_us < BEGIN_US + US_PER_S) {
        sent += send_all(&p, rate, now_us);
        now_us = pacer_deadline_us(&p, rate) + 300;
    }
    assert_true(sent >= 99000);
    /* A packet takes 10 us here, so half a millisecond is 50 of them. */
    assert_in_range(send_all(&p, rate, now_us + US_PER_S), 50, 52);
}

/* What is held back for a burst is made up for even where that takes longer
 * than an owner may be late. */
static void bursts_on_a_slow_path(void **state)
{
    (void)state;
    struct pacer_rate rate = {RATE, 3 * PACKET};
    struct pacer p = {0};
    send_all(&p, rate, BEGIN_US);
    for (int i = 0; i < 5; i++) {
        uint64_t due_us = pacer_deadline_us(&p, rate);
        assert_false(pacer_allows(&p, rate, due_us - 3 * US_PER_MS - 1));
        assert_int_equal(send_all(&p, rate, due_us), 4);
    }
}

static void without_a_rate_all_may_leave(void **state)
{
    (void)state;
    struct pacer_rate none = {0, PACKET};
    struct pacer p = {0};
    assert_int_equal(send_all(&p, none, BEGIN_US), 1000);
    struct pacer_rate rate = {RATE, 0};
    assert_int_equal(send_all(&p, rate, BEGIN_US), 1); /* and was not counted */
}

static void reset_lets_one_leave_at_once(void **state)
{
    (void)state;
    struct pacer_rate rate = {RATE, 0};
    struct pacer p = {0};
    pacer_spend(&p, rate, 60 * RATE, BEGIN_US);
    assert_false(pacer_allows(&p, rate, BEGIN_US + 59 * US_PER_S));
    pacer_reset(&p);
    assert_true(pacer_allows(&p, rate, BEGIN_US));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_rate),
        cmocka_unit_test(late_owner_catches_up_a_little),
        cmocka_unit_test(bursts_on_a_slow_path),
        cmocka_unit_test(without_a_rate_all_may_leave),
        cmocka_unit_test(reset_lets_one_leave_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
