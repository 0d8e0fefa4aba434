/*
 * Which chunks are lost and when, on a flight that the test writes.
 */
#include "testing.h"

#include "sctp/recovery.h"
#include "sctp/recovery_walk.h"

enum { FIRST = 100, RTT_MS = 40 };

/* Milliseconds since some time, in microseconds. */
#define AT(ms) (US_PER_S + (uint64_t)(ms)*US_PER_MS)

struct scene {
    struct flight flight;
    struct rtt rtt;
    struct recovery recovery;
};

/* So many chunks, one sent each millisecond. */
static struct scene scene_new(int count)
{
    struct scene s = {0};
    flight_init(&s.flight, FIRST);
    rtt_init(&s.rtt);
    rtt_sample(&s.rtt, RTT_MS * US_PER_MS);
    recovery_init(&s.recovery);
    recovery_set_visible(&s.recovery, UINT64_MAX);
    for (int i = 0; i < count; i++) {
        uint64_t tsn;
        struct sent_chunk *c = flight_push(&s.flight, &tsn);
        c->wire = c->len = 1000;
        flight_sent(&s.flight, tsn, AT(i));
    }
    return s;
}

static void ack(struct scene *s, int n, uint64_t now_us)
{
    struct sent_chunk *c = flight_at(&s->flight, FIRST + (uint64_t)n);
    recovery_on_acked(&s->recovery, &s->rtt, c, FIRST + (uint64_t)n, now_us);
    flight_ack(&s->flight, FIRST + (uint64_t)n);
    while (!flight_is_empty(&s->flight) &&
           flight_at(&s->flight, s->flight.first)->state == CHUNK_ACKED)
        flight_pop(&s->flight);
}

/* Loses what the walk finds; returns how many. */
static int lose_all(struct scene *s, struct recovery_walk *walk)
{
    int lost = 0;
    for (uint64_t tsn; (tsn = recovery_next_lost(&s->flight, walk)) != 0; lost++) {
        recovery_enter(&s->recovery, s->flight.next);
        recovery_on_lost(&s->recovery, tsn);
        flight_lose(&s->flight, tsn);
    }
    return lost;
}

static int lose_late(struct scene *s, uint64_t now_us, uint64_t *deadline_us)
{
    struct recovery_walk walk = recovery_walk_late(&s->recovery, &s->flight, &s->rtt, now_us);
    int lost = lose_all(s, &walk);
    *deadline_us = walk.deadline_us;
    return lost;
}

static void three_later_ones_make_a_loss(void **state)
{
    (void)state;
    struct scene s = scene_new(6);
    uint64_t deadline_us;
    ack(&s, 1, AT(41));
    ack(&s, 2, AT(42));
    /* Two could be reordering: a quarter of a round trip is waited. */
    assert_int_equal(lose_late(&s, AT(42), &deadline_us), 0);
    assert_int_equal(deadline_us, AT(0 + RTT_MS + RTT_MS / 4));
    ack(&s, 3, AT(43));
    assert_int_equal(lose_late(&s, AT(43), &deadline_us), 1);
    assert_int_equal(flight_at(&s.flight, FIRST)->state, CHUNK_LOST);
    assert_int_equal(deadline_us, TIME_NEVER); /* nothing was sent before what arrived */
    assert_true(s.recovery.in_recovery);
    flight_deinit(&s.flight);
}

static void time_makes_a_loss(void **state)
{
    (void)state;
    struct scene s = scene_new(3);
    uint64_t deadline_us;
    ack(&s, 1, AT(41));
    assert_int_equal(lose_late(&s, AT(49), &deadline_us), 0);
    assert_int_equal(lose_late(&s, deadline_us, &deadline_us), 1);
    flight_deinit(&s.flight);
}

/* What arrives late by itself widens the window, and undoes the response. */
static void reordering_is_learnt(void **state)
{
    (void)state;
    struct scene s = scene_new(8);
    uint64_t deadline_us;
    for (int n = 1; n < 4; n++)
        ack(&s, n, AT(40 + n));
    assert_int_equal(lose_late(&s, AT(43), &deadline_us), 1);
    ack(&s, 0, AT(44)); /* it was not lost */
    unsigned verdict = recovery_after_sack(&s.recovery, &s.flight, true, AT(44));
    assert_int_equal(verdict, RECOVERY_UNDONE);
    assert_false(s.recovery.in_recovery);
    for (int n = 5; n < 8; n++)
        ack(&s, n, AT(40 + n));
    assert_int_equal(lose_late(&s, AT(47), &deadline_us), 0);
    assert_int_equal(deadline_us, AT(4 + RTT_MS + RTT_MS / 4));
    flight_deinit(&s.flight);
}

/* A duplicate shows that the retransmission was needless. */
static void duplicate_undoes(void **state)
{
    (void)state;
    struct scene s = scene_new(5);
    uint64_t deadline_us;
    for (int n = 1; n < 4; n++)
        ack(&s, n, AT(40 + n));
    lose_late(&s, AT(43), &deadline_us);
    flight_sent(&s.flight, FIRST, AT(44));
    assert_int_equal(recovery_after_sack(&s.recovery, &s.flight, true, AT(44)), 0);
    recovery_on_duplicate(&s.recovery, FIRST, s.flight.next);
    assert_int_equal(recovery_after_sack(&s.recovery, &s.flight, true, AT(90)), RECOVERY_UNDONE);
    assert_int_equal(s.recovery.reorder_mult, 2);
    flight_deinit(&s.flight);
}

static void recovery_ends_when_all_before_it_arrived(void **state)
{
    (void)state;
    struct scene s = scene_new(5);
    uint64_t deadline_us;
    for (int n = 1; n < 4; n++)
        ack(&s, n, AT(40 + n));
    lose_late(&s, AT(43), &deadline_us);
    flight_sent(&s.flight, FIRST, AT(44));
    ack(&s, 0, AT(44 + RTT_MS));
    assert_int_equal(recovery_after_sack(&s.recovery, &s.flight, true, AT(84)), 0);
    ack(&s, 4, AT(85));
    assert_int_equal(recovery_after_sack(&s.recovery, &s.flight, true, AT(85)), RECOVERY_ENDED);
    flight_deinit(&s.flight);
}

/* A SACK that was cut off says nothing about what is beyond it. */
static void what_is_not_visible_is_not_lost(void **state)
{
    (void)state;
    struct scene s = scene_new(8);
    uint64_t deadline_us;
    for (int n = 4; n < 8; n++)
        ack(&s, n, AT(40 + n));
    recovery_set_visible(&s.recovery, FIRST + 1);
    assert_int_equal(lose_late(&s, AT(60), &deadline_us), 2);
    assert_int_equal(flight_at(&s.flight, FIRST + 2)->state, CHUNK_IN_FLIGHT);
    recovery_set_visible(&s.recovery, UINT64_MAX);
    assert_int_equal(lose_late(&s, AT(60), &deadline_us), 2);
    flight_deinit(&s.flight);
}

/* When a whole message is given up in the middle of the walk, it goes on. */
static void walk_survives_what_is_abandoned(void **state)
{
    (void)state;
    struct scene s = scene_new(10);
    for (int n = 6; n < 10; n++)
        ack(&s, n, AT(40 + n));
    struct recovery_walk walk = recovery_walk_late(&s.recovery, &s.flight, &s.rtt, AT(90));
    assert_int_equal(recovery_next_lost(&s.flight, &walk), FIRST);
    for (uint64_t n = 0; n < 4; n++)
        flight_abandon(&s.flight, FIRST + n);
    assert_int_equal(recovery_next_lost(&s.flight, &walk), FIRST + 4);
    flight_deinit(&s.flight);
}

static void probes_before_it_times_out(void **state)
{
    (void)state;
    struct scene s = scene_new(3);
    struct recovery_times t = recovery_deadlines(&s.recovery, &s.flight, &s.rtt, false, AT(2));
    assert_int_equal(t.probe_us, AT(2 + 2 * RTT_MS + 20)); /* the newest and a late SACK */
    assert_int_equal(t.rto_us, AT(0) + s.rtt.rto_us);
    /* A probe that sends the last again, whose answer repairs a loss. */
    recovery_on_probe(&s.recovery, FIRST + 2, true);
    t = recovery_deadlines(&s.recovery, &s.flight, &s.rtt, false, AT(102));
    assert_int_equal(t.probe_us, TIME_NEVER);
    flight_sent(&s.flight, FIRST + 2, AT(102));
    for (int n = 0; n < 3; n++)
        ack(&s, n, AT(142));
    assert_int_equal(recovery_after_sack(&s.recovery, &s.flight, true, AT(142)), RECOVERY_REPAIRED);
    t = recovery_deadlines(&s.recovery, &s.flight, &s.rtt, false, AT(142));
    assert_true(t.probe_us == TIME_NEVER && t.rto_us == TIME_NEVER);
    flight_deinit(&s.flight);
}

static void timeouts_back_off_until_there_is_an_answer(void **state)
{
    (void)state;
    struct scene s = scene_new(3);
    uint64_t now_us = AT(0) + s.rtt.rto_us;
    for (unsigned n = 1; n <= 3; n++) {
        assert_int_equal(recovery_count_error(&s.recovery, 2), n == 3);
        assert_true(recovery_on_timeout(&s.recovery, s.flight.next, now_us));
        struct recovery_times t = recovery_deadlines(&s.recovery, &s.flight, &s.rtt, false, now_us);
        assert_int_equal(t.rto_us, now_us + (s.rtt.rto_us << n));
        assert_int_equal(t.probe_us, TIME_NEVER);
        now_us = t.rto_us;
    }
    recovery_after_sack(&s.recovery, &s.flight, true, now_us);
    struct recovery_times t = recovery_deadlines(&s.recovery, &s.flight, &s.rtt, false, now_us);
    assert_int_equal(t.rto_us, now_us + s.rtt.rto_us);
    assert_false(recovery_count_error(&s.recovery, 2));
    flight_deinit(&s.flight);
}

/* The oldest whatever its age, of the rest what had a round trip. */
static void timeout_spares_what_was_just_sent(void **state)
{
    (void)state;
    struct scene s = scene_new(60);
    struct recovery_walk walk = recovery_walk_overdue(&s.recovery, &s.flight, &s.rtt, true, AT(59));
    assert_int_equal(lose_all(&s, &walk), 10); /* 40 and a quarter before 59 */
    walk = recovery_walk_overdue(&s.recovery, &s.flight, &s.rtt, true, AT(11));
    assert_int_equal(lose_all(&s, &walk), 1);
    walk = recovery_walk_overdue(&s.recovery, &s.flight, &s.rtt, false, AT(11));
    assert_int_equal(lose_all(&s, &walk), 0);
    flight_deinit(&s.flight);
}

static void closed_window_explains_timeouts(void **state)
{
    (void)state;
    struct scene s = scene_new(1);
    assert_false(recovery_on_window_opened(&s.recovery));
    recovery_on_window(&s.recovery, true, true);
    assert_false(recovery_on_timeout(&s.recovery, s.flight.next, AT(500)));
    assert_true(recovery_on_timeout(&s.recovery, s.flight.next, AT(900))); /* heard nothing since */
    assert_true(recovery_on_window_opened(&s.recovery));
    assert_false(recovery_on_window_opened(&s.recovery));
    flight_deinit(&s.flight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_later_ones_make_a_loss),
        cmocka_unit_test(time_makes_a_loss),
        cmocka_unit_test(reordering_is_learnt),
        cmocka_unit_test(duplicate_undoes),
        cmocka_unit_test(recovery_ends_when_all_before_it_arrived),
        cmocka_unit_test(what_is_not_visible_is_not_lost),
        cmocka_unit_test(walk_survives_what_is_abandoned),
        cmocka_unit_test(probes_before_it_times_out),
        cmocka_unit_test(timeouts_back_off_until_there_is_an_answer),
        cmocka_unit_test(timeout_spares_what_was_just_sent),
        cmocka_unit_test(closed_window_explains_timeouts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
